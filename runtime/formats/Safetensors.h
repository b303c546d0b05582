//===- Safetensors.h - Named tensors in one file ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads and writes safetensors files, the format of weights and checkpoints:
// a length, a JSON header of names, types, shapes and offsets, and the bytes.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_SAFETENSORS_H
#define MODC_RUNTIME_FORMATS_SAFETENSORS_H

#include "runtime/formats/File.h"
#include "runtime/formats/Tensor.h"

#include <map>

namespace modc {

/// The key under which files that modc writes carry their hash.
inline constexpr std::string_view hashKey = "modc.hash";

/// What a file holds, in the order of the names.
struct Safetensors {
  std::map<std::string, Tensor> tensors;
  /// The texts of `__metadata__`, without the hash.
  std::map<std::string, std::string> metadata;
};

/// The tensors in `file`, in place. Refuses, naming file and tensor: a header
/// that is longer than 100 MB or the file, or does not parse; duplicate names;
/// types other than DType's; shapes that overflow; offsets that do not fit the
/// shape, overlap, leave a gap or go beyond the file; bytes after the last
/// tensor. Where the metadata has a hash it is verified: it covers names,
/// types, shapes, bytes and the other metadata, but neither the order of the
/// tensors nor the spelling of the header.
Result<Safetensors> readSafetensors(const File &file);
Result<Safetensors> readSafetensors(const std::string &path);

/// Writes the file atomically and adds the hash. The bytes depend on nothing
/// but the contents: wider types first, then by name, each tensor aligned to
/// its type and the first to 64 bytes. Refuses names that are not UTF-8, a
/// tensor named `__metadata__` and a metadata key `modc.hash`.
Status writeSafetensors(const std::string &path, const Safetensors &contents);

} // namespace modc

#endif // MODC_RUNTIME_FORMATS_SAFETENSORS_H
