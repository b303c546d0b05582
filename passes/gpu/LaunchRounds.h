//===- LaunchRounds.h - How long the loops of a launch run ------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// lavapipe leaves all loops of an invocation after 65,535 rounds together,
// without a word. So each launch tells how many it makes, at most, and the
// runtime refuses those that a device would not finish.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_LAUNCHROUNDS_H
#define MODC_PASSES_GPU_LAUNCHROUNDS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace modc {

/// On an scf.if: all invocations of a group take the same branch.
constexpr llvm::StringLiteral kByGroups = "modular.by_groups";

/// Rounds of the loops of one invocation, at most: a number, and one for each
/// row of the longest buffer, where how often a loop runs is not known here.
struct LaunchRounds {
  /// No count is larger: more than any device with a limit makes.
  static constexpr int64_t kMany = int64_t(1) << 31;
  int64_t fixed = 0, perRow = 0;
  /// How many loops there are.
  int64_t loops = 0;

  /// Of a launch's function, on buffers.
  static LaunchRounds of(mlir::func::FuncOp function);
};

} // namespace modc

#endif // MODC_PASSES_GPU_LAUNCHROUNDS_H
