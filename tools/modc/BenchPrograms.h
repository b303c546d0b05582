//===- BenchPrograms.h - Programs with data to be timed on ------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program of a model, bound to generated inputs and to choices of a given
// kind. Repeated calls do the same work: the learning rate is 0, so that
// parameters stay as they are.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_BENCHPROGRAMS_H
#define MODC_TOOLS_MODC_BENCHPROGRAMS_H

#include "runtime/BatchBuffers.h"

#include <optional>
#include <string>
#include <vector>

namespace modc::driver {

struct BenchData {
  int64_t points = 256;
  int64_t candidates = 10;
  /// "uniform", "zipf", "one" or "model".
  std::string routing = "uniform";
  uint64_t seed = 0;
};

/// Choices [points, slots] for every layer: members drawn uniformly, by Zipf's
/// law with exponent 1.2, or the first ones always. A row's picks in one layer
/// differ while the pool lasts.
std::vector<int32_t> makeChoices(const Signature &signature,
                                 const BenchData &data);

class BenchProgram {
public:
  /// The session must outlive it and have parameters. Routing "model" takes the
  /// choices of `infer`.
  static Result<BenchProgram> create(Session &session, const std::string &name,
                                     const BenchData &data);

  const std::string &name() const { return spec->name; }
  Status call() { return buffers.program(spec->name).run(points, candidates); }

  /// Whether the choices come from the benchmark or from the controllers.
  bool isRouted() const { return routed; }
  /// FLOPs of a call, where the compiler counted them.
  std::optional<double> flops() const;
  /// Bytes of the parameters that a call uses, each counted once; nothing where
  /// the members that run are not known. Valid after a call.
  std::optional<int64_t> parameterBytes() const;

private:
  BenchProgram(Session &session, const ProgramSpec &spec, BatchBuffers buffers)
      : session(&session), spec(&spec), buffers(std::move(buffers)) {}
  void fill(const BenchData &data);

  Session *session;
  const ProgramSpec *spec;
  BatchBuffers buffers;
  int64_t points = 0, candidates = 1;
  bool routed = false;
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_BENCHPROGRAMS_H
