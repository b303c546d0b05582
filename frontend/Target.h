//===- Target.h - Processors that models are compiled for -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A target is a processor family: what LLVM calls it, and which features a
// processor must have before code for it may run.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_TARGET_H
#define MODC_FRONTEND_TARGET_H

#include "runtime/formats/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

/// One variant of a compiled model.
struct CpuTarget {
  /// Architecture level as LLVM and the signature name it: "x86-64-v3".
  std::string name;
  /// The processor that instructions are scheduled for.
  std::string tuning;
  /// Mask of MODC_CPU_* that the code needs.
  uint64_t features = 0;

  /// "cpu:host" or "cpu:x86-64-v2", "-v3", "-v4". The host is the highest level
  /// that this processor has, tuned for it.
  static Result<CpuTarget> parse(std::string_view text);

  /// Width of a vector register: 512, 256 or 128.
  int64_t vectorBits() const;
};

/// All that a model can be compiled for, as they are written.
std::vector<std::string> knownTargets();

/// What a device of CUDA runs best, "sm_86" or later ones than are known: the
/// newest target that is not newer. Where there is none, a name that is no
/// target.
std::string cudaTargetFor(std::string_view architecture);

/// "vulkan" and "cuda:sm_XX" among `texts`, in their order. Fails at a chip
/// that no kernels are made for, and at what is given twice.
Result<std::vector<std::string>>
parseDeviceTargets(const std::vector<std::string> &texts);

/// All targets of one compilation, the most demanding first, each once.
Result<std::vector<CpuTarget>>
parseTargets(const std::vector<std::string> &texts);

} // namespace modc

#endif // MODC_FRONTEND_TARGET_H
