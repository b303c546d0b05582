//===- Jit.h - Compile a network into this process --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Makes a model of a network in memory, for callers that have LLVM at hand:
// the same code that a model.so holds, without a file or a linker.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_JIT_H
#define MODC_FRONTEND_JIT_H

#include "frontend/Network.h"
#include "runtime/modc.hpp"

namespace modc {
namespace api {

struct JitOptions {
  /// 0 to 3, as for a C compiler.
  unsigned optimization = 2;
  /// Runs rows one by one: the reference for every other lowering.
  bool naive = false;
  /// The programs that the model has, such as {"infer"}: the fewer, the sooner
  /// it is compiled. All of them if empty.
  std::vector<std::string> programs;
  /// As on the command line.
  std::string target = "cpu:host";
  /// Tells `perf` the names of functions, in /tmp/perf-<process>.map; nothing
  /// happens where that cannot be written.
  bool perfMap = false;
};

/// Compiled code. Copies share it; the last copy frees it, so that one must
/// outlive the models and sessions made of it.
///
///   Network network("toy");
///   ...
///   Result<Jit> jit = Jit::compile(network);
///   if (!jit) ... jit.error().message()
///   Session session(jit->model());
///   session.init(1);
class MODC_JIT_API Jit {
public:
  /// The network stays as it is and may be compiled again.
  static Result<Jit> compile(const Network &network,
                             const JitOptions &options = {});

  modc_model_entry_fn entry() const;
  /// JSON text (docs/artefact.md).
  const std::string &signature() const;

  /// For sessions of libmodc; throws Failure as modc.hpp does.
  Model model() const { return Model(entry(), signature()); }

private:
  struct Code;
  explicit Jit(std::shared_ptr<Code> code);
  std::shared_ptr<Code> code;
};

} // namespace api
} // namespace modc

#endif // MODC_FRONTEND_JIT_H
