//===- Artefact.h - A compiled model, ready to be called --------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens a `model.so`: reads and checks its note, then loads it and asks its
// entry for the variant that this processor runs. A model that a JIT holds in
// memory goes through the same checks.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_ARTEFACT_H
#define MODC_RUNTIME_ARTEFACT_H

#include "runtime/ModelAbi.h"
#include "runtime/Signature.h"
#include "runtime/formats/Result.h"

#include <memory>
#include <string>
#include <string_view>

namespace modc {

/// Signature of a model file and its text, read without loading the file.
struct ArtefactNote {
  Signature signature;
  std::string text;
};
Result<ArtefactNote> readArtefactNote(const std::string &path);

/// A loaded model: immutable, shared by any number of sessions on any threads.
class Model {
public:
  /// Loads a file. Nothing in it runs before its note has been accepted.
  static Result<std::shared_ptr<const Model>> open(const std::string &path);

  /// Takes a model that is already in memory and outlives this object. `keep`
  /// is held as long as the model is: the owner of the code.
  static Result<std::shared_ptr<const Model>>
  fromEntry(modc_model_entry_fn entry, std::string_view signature,
            std::shared_ptr<void> keep = nullptr);

  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;

  const Signature &signature() const { return spec; }
  /// The JSON text that the signature was read from.
  const std::string &signatureText() const { return text; }
  /// Name of the variant that was chosen, such as "x86-64-v3".
  const char *target() const { return loaded->target; }
  /// In the order of the signature's programs.
  const modc_program &program(int index) const {
    return loaded->programs[index];
  }
  /// Images of kernels, which the signature's `devices` divide.
  std::string_view deviceCode() const {
    return {static_cast<const char *>(loaded->device_code),
            size_t(loaded->device_code_bytes)};
  }

private:
  Model() = default;
  static Result<std::shared_ptr<const Model>> make(modc_model_entry_fn entry,
                                                   ArtefactNote note,
                                                   std::shared_ptr<void> keep);

  // Destroyed last: it unloads the code.
  std::shared_ptr<void> owner;
  Signature spec;
  std::string text;
  const modc_model *loaded = nullptr;
};

} // namespace modc

#endif // MODC_RUNTIME_ARTEFACT_H
