//===- Grouped.h - Grouped ops as loops -------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The two lowerings of modular.grouped, naive and grouped, and what they
// share: cloning a class's body onto rows of one member.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_GROUPED_H
#define MODC_PASSES_CPU_GROUPED_H

#include "dialect/ModularOps.h"
#include "passes/cpu/Routing.h"

namespace modc {

/// What the lowerings of one grouped op have in common.
struct GroupedLowering {
  TensorBuilder &b;
  GroupedOp op;
  PlanTensors plan;
  int64_t rowBlock;
  /// Whether a matrix product reads rows where they are, instead of a tile that
  /// they were copied to.
  bool gathersInProducts = false;

  /// Number of positions, R·K.
  mlir::Value positionCount();
  /// Undefined row results and zeroed or undefined gradients, in result order.
  mlir::Value emptyRowResult(unsigned i);
  mlir::Value emptyGradient(unsigned c, unsigned i);

  /// The class's region on rows [first, first + count) of the grouped order:
  /// gathers rows, takes the member's slices and clones the body. Gives the
  /// values that are yielded. `accumulators`, if given, are added to by the
  /// gradients: one for each of the class.
  llvm::SmallVector<mlir::Value> runBody(unsigned c, mlir::Value slot,
                                         mlir::Value first, mlir::Value count,
                                         mlir::ValueRange accumulators);

  /// Number of the class's member with this place in the class.
  mlir::Value memberOf(unsigned c, mlir::Value slot);
  /// First position of a member, and how many it has.
  std::pair<mlir::Value, mlir::Value> segmentOf(mlir::Value member);
};

/// A loop over rows and picks, a switch over classes, bodies on one row: the
/// reference. Gives the op's results.
llvm::SmallVector<mlir::Value> lowerGroupedNaively(GroupedLowering &lowering);

/// Tasks of at most `rowBlock` rows of one member in parallel; gradients in
/// parallel over members. Gives the op's results.
llvm::SmallVector<mlir::Value> lowerGroupedByTasks(GroupedLowering &lowering);

} // namespace modc

#endif // MODC_PASSES_CPU_GROUPED_H
