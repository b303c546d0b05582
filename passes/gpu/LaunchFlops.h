//===- LaunchFlops.h - Operations of a launch -------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts the operations on floating-point numbers that a launch makes, for the
// roofline of its kernel.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_LAUNCHFLOPS_H
#define MODC_PASSES_GPU_LAUNCHFLOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>

namespace modc {

/// `factor` for each product of rows of these arguments, which are sizes, or
/// buffers whose dynamic dimension is meant; divided by `divisor`.
struct FlopTerm {
  /// Stands for the argument with the most rows.
  static constexpr int64_t kLongest = -1;

  int64_t factor = 0;
  llvm::SmallVector<int64_t, 2> arguments;
  int64_t divisor = 1;
};

/// Of a call of the function of a kernel, phase `kernels`. An addition, a
/// multiplication, a comparison, a division and a function are one operation
/// each, a fused multiply-add two. Of branches that no number of an invocation
/// decides, the one with more is counted, and so of the classes that share the
/// positions of a plan: this is an upper bound. Only loops over a member's own
/// positions count as if all members had equally many. Nothing where loops are
/// not understood.
std::optional<llvm::SmallVector<FlopTerm>>
countLaunchFlops(mlir::func::FuncOp function);

} // namespace modc

#endif // MODC_PASSES_GPU_LAUNCHFLOPS_H
