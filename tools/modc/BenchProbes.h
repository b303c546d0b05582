//===- BenchProbes.h - What the machine can do right now --------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two loops that do nothing but multiply and add, or read memory, on the
// threads that a model runs on. Run between the calls of a benchmark, so that a
// share of the peak means the machine as it was in that moment.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_BENCHPROBES_H
#define MODC_TOOLS_MODC_BENCHPROBES_H

#include "runtime/Arena.h"
#include "runtime/Executor.h"
#include "runtime/formats/Tensor.h"

#include <string>

namespace modc::driver {

/// Multiply-adds on registers alone, in the widest vectors of this processor.
class PeakProbe {
public:
  /// For elements of `type`, f32 or f64.
  explicit PeakProbe(DType type);

  /// "avx512 f32"; empty on a processor that there is no loop for.
  const std::string &kind() const { return name; }
  /// Runs for about a millisecond on all workers; FLOP/s of all together.
  double run(Executor &executor) const;

private:
  using Loop = void (*)(int64_t iterations);
  std::string name;
  Loop loop = nullptr;
  double flopsOfIteration = 0;
};

/// Reads of memory that no cache holds.
class ReadProbe {
public:
  /// Allocates several times the largest cache.
  Status prepare();

  int64_t windowBytes() const { return window; }
  /// Reads the next window, shared out among the workers; bytes/s.
  double run(Executor &executor);

private:
  Arena arena;
  int64_t window = 0;
  int64_t position = 0;
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_BENCHPROBES_H
