//===- Routing.h - Choices and plans as integer tensors ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What selections and plans are below the routed level, and the patterns that
// replace the ops on them.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_ROUTING_H
#define MODC_PASSES_CPU_ROUTING_H

#include "dialect/ModularOps.h"
#include "passes/cpu/TensorBuilder.h"

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace modc {

/// A plan as tensors of i32. R rows with K picks have P = R·K positions, of
/// which the first offsets[M] are used; what stands behind them is 0.
struct PlanTensors {
  mlir::Value selection; ///< [R, K] the member of each pick
  mlir::Value rows;      ///< [P] the operand row of each position
  mlir::Value slots;     ///< [P] the pick of each position (not with distinct)
  mlir::Value offsets;   ///< [M + 1] the first position of each member
  mlir::Value position;  ///< [R, K] the position of each pick, −1 for none
  mlir::Value owners; ///< [P] the row of each position, where it has one; not
                      ///< set in a device's kernels, which move rows
  bool once = false;  ///< duplicates have no position
  bool distinct =
      false; ///< rows stand for operand rows, and may share positions

  /// A value of the plan's type made from the tensors.
  mlir::Value toPlan(TensorBuilder &b, mlir::Type type) const;
};

/// Rows, slots, offsets and position of a plan, made in tensors of their sizes.
/// `operandRows` has the operand row of each row, null where it is the row; a
/// row of which it is -1 has no positions. Pairs of a plan that shares
/// positions have one each.
llvm::SmallVector<mlir::Value> buildPlanInto(TensorBuilder &b, PlanOp op,
                                             mlir::Value selection,
                                             mlir::Value operandRows,
                                             mlir::ValueRange destinations);

/// The tensors behind a value of plan type, if it has been lowered.
std::optional<PlanTensors> getPlanTensors(mlir::Value plan);

/// The rows that a combine makes, in parallel by blocks of `rowBlock`.
mlir::Value buildCombine(TensorBuilder &b, CombineOp op,
                         const PlanTensors &plan, int64_t rowBlock);

/// Whether a combine only moves rows of a grouped op's result, one for each
/// row, so that the grouped op can lay them there itself.
bool onlyMovesRows(CombineOp op, const PlanTensors &plan);

/// `tensor<?xKxi32>` behind a value of selection type, null if that has not
/// been lowered.
mlir::Value getSelectionTensor(mlir::Value selection);

/// to_selection, from_selection, mode, sample, keep_stored, usage,
/// log_probability, gates, by blocks of `rowBlock` rows.
void populateLowerSelectionPatterns(mlir::RewritePatternSet &patterns,
                                    int64_t rowBlock);
/// distinct_rows.
void populateLowerDistinctPatterns(mlir::RewritePatternSet &patterns);
/// plan.
void populateLowerPlanPatterns(mlir::RewritePatternSet &patterns);
/// combine, dispatch, gate_cotangent, by blocks of `rowBlock` rows.
void populateLowerCombinePatterns(mlir::RewritePatternSet &patterns,
                                  int64_t rowBlock);

} // namespace modc

#endif // MODC_PASSES_CPU_ROUTING_H
