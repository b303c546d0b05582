//===- Network.h - From the argument MODEL to a loaded model ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sub-commands take a compiled model or a network as text; a network is
// compiled first, into a temporary directory that is gone before this returns.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_NETWORK_H
#define MODC_TOOLS_MODC_NETWORK_H

#include "runtime/Artefact.h"
#include "runtime/Dataset.h"
#include "runtime/Session.h"
#include "tools/modc/Flags.h"

#include <memory>
#include <string>

namespace modc::driver {

class DeviceFlag;
class TraceOutput;

/// What a file is, by its first bytes.
enum class FileKind {
  Missing,
  Directory,
  Library,
  Bytecode,
  Safetensors,
  Npy,
  Text
};
FileKind fileKind(const std::string &path);

/// How a network becomes a model; without meaning for a compiled one.
struct BuildOptions {
  std::string dispatch = "grouped";
  int64_t optimization = 2;
  /// Replaces the network's update rule; empty keeps it.
  std::string optimizer;
  /// Of devices, besides this processor: "vulkan", "cuda:sm_80".
  std::vector<std::string> deviceTargets;
};

/// The flags of a command that compiles what it is given.
void addBuildFlags(Flags &flags, BuildOptions &options);

/// Loads a `model.so`, or compiles a network for this processor and loads it.
/// Build flags that were given for a `model.so` are refused.
Result<std::shared_ptr<const Model>> openModel(const std::string &path,
                                               const BuildOptions &options,
                                               const Flags &flags);

/// Refuses what openModel would refuse, but does not compile: mistakes that
/// only passes find are left.
Status checkModel(const std::string &path, const BuildOptions &options,
                  const Flags &flags);

/// The signature of a network, compiled for this processor.
Result<ArtefactNote> compiledNote(const std::string &path,
                                  const BuildOptions &options);

/// A session on that model; `threads` = 0 takes all processors. It reports to
/// `trace` and runs on `device` where those are not null.
Result<std::unique_ptr<Session>>
openSession(const std::string &path, const BuildOptions &options,
            const Flags &flags, int64_t threads, TraceOutput *trace = nullptr,
            DeviceFlag *device = nullptr);

/// Data for a network of that signature. Where no flag named it, `isDefault`,
/// the error says so.
Result<Dataset> openData(const Signature &signature, const std::string &source,
                         bool isDefault, Split split,
                         const DataOptions &options);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_NETWORK_H
