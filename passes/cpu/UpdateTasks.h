//===- UpdateTasks.h - Updates and gradients in parts -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parts of a parameter that are tasks of their own, and what such a task does
// to them. A gradient's norm is summed up by these parts, whichever program
// does it, so that its bits are always the same.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_UPDATETASKS_H
#define MODC_PASSES_CPU_UPDATETASKS_H

#include "dialect/ModularOps.h"
#include "passes/cpu/TensorBuilder.h"

namespace modc {

/// Parts of the first dimension of one slice: `count` parts of `size` each, but
/// for the last.
struct SliceParts {
  int64_t count = 1, size = 1;

  static SliceParts of(llvm::ArrayRef<int64_t> shape);
};

/// active[i] != 0.
mlir::Value isActive(TensorBuilder &b, mlir::Value active, mlir::Value i);

/// Builds the rule on one slice, or a part of one: the new values of `targets`,
/// parameter and states. Ops of the rule that depend on no element (powers of
/// the decay rates) run once, before the elements. Without a scale, the
/// gradient is as it is.
llvm::SmallVector<mlir::Value> buildRule(TensorBuilder &b, UpdateOp op,
                                         mlir::Value step, mlir::Value gradient,
                                         mlir::ValueRange targets,
                                         mlir::Value scale);

/// Replaces an update by tasks over its slices; none of them runs where
/// `enabled` is false. It may be null.
void lowerUpdate(mlir::RewriterBase &rewriter, UpdateOp op,
                 mlir::Value enabled);

/// Moves what defines `value` before `op`, if that is in one block with it;
/// false if it cannot be.
bool hoist(mlir::Value value, mlir::Operation *op);

/// Has the tasks that compute `op`'s value leave out slices that are undefined.
/// Each has to compute a part of one slice; gives why not, empty if done.
llvm::StringRef skipUndefined(mlir::RewriterBase &rewriter, DefinedWhereOp op);

/// Element i as a vector of one, and the end of a task that has computed it.
mlir::Value sliceOne(TensorBuilder &b, mlir::Value vector, mlir::Value i);
void insertOne(TensorBuilder &b, mlir::Value one, mlir::Value vector,
               mlir::Value i);

/// Σ x² over a part of a slice, in f64: along all of it, which becomes lanes,
/// or down to the last dimension first where its size is not known.
mlir::Value buildSquareSum(TensorBuilder &b, mlir::Value part);

/// Σ x² of each part of each slice of a gradient, in f64 and 0 where the slice
/// is not active: tensor<Pxf64>.
mlir::Value buildPartSums(TensorBuilder &b, mlir::Value gradient,
                          mlir::Value active, bool stacked);

/// Replaces a norm by the root of its gradients' sums; `sums` has those that
/// are known, by number.
void lowerGradientNorm(mlir::RewriterBase &rewriter, GradientNormOp op,
                       const llvm::DenseMap<unsigned, mlir::Value> &sums);

} // namespace modc

#endif // MODC_PASSES_CPU_UPDATETASKS_H
