//===- RowKernel.h - What one invocation does with its row ------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of a batch never see one another, so that an op on all rows is the same
// op on one row, for each of them. The ops of a launch are cloned with one row
// in place of all; what else an op reads, it reads where it is.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_ROWKERNEL_H
#define MODC_PASSES_GPU_ROWKERNEL_H

#include "passes/gpu/KernelFunction.h"

namespace modc {

/// The type of one slice of a result: of one row, point or member.
mlir::RankedTensorType sliceType(mlir::Value result);

class RowKernel {
public:
  /// `ops` are those of the launch, `self` is the number of the row.
  RowKernel(KernelFunction &kernel, const Placement &placement,
            mlir::ArrayRef<mlir::Operation *> ops, mlir::Value self)
      : kernel(kernel), b(kernel.b), placement(placement),
        ops(ops.begin(), ops.end()), self(self) {}

  /// A value of the program that destination i holds, and is changed there.
  void tie(mlir::Value value, unsigned i) { tied[value] = i; }

  /// Row `at` of a value: one row of a placed one, else the value. Null after
  /// an error.
  mlir::Value row(mlir::Value value, mlir::Value at);
  /// One element of a row [1] or [1, ...] of integers.
  mlir::Value element(mlir::Value value, mlir::Value at);

  /// What the rows of the own point, with all their picks, add to the points
  /// results of `op`, and what those of the own member of class c add to its
  /// gradients; empty after an error.
  llvm::SmallVector<mlir::Value> pointSums(GroupedOp op);
  llvm::SmallVector<mlir::Value> memberSums(GroupedOp op, unsigned c);

  /// Emits the ops in order; fails with a diagnostic.
  llvm::LogicalResult emit(mlir::ArrayRef<mlir::Operation *> ordered);
  /// The own row as a tensor: of a selection, its members.
  mlir::Value result(mlir::Value value);

private:
  using Values = llvm::SmallVector<mlir::Value>;
  /// The results of an op for row `at`; empty after an error.
  Values emit(mlir::Operation *op, mlir::Value at);
  Values emitUniform(UniformOp op, mlir::Value at);
  Values emitDistinct(DistinctRowsOp op, mlir::Value at);
  Values emitKeepStored(KeepStoredOp op, mlir::Value at);
  Values emitFirstRows(mlir::tensor::InsertSliceOp op, RowCount count,
                       mlir::Value at);
  Values emitKeepBest(KeepBestOp op, mlir::Value at);
  Values emitAt(mlir::Operation *op, mlir::Value rows, mlir::Value scores,
                mlir::Value at);
  Values emitCombine(mlir::Operation *op, mlir::Value at);
  Values emitDispatch(DispatchOp op, mlir::Value at);
  Values emitGrouped(GroupedOp op, mlir::Value at);
  Values emitBody(GroupedOp op, unsigned c, mlir::Value slot, mlir::Value at);
  Values emitMerged(mlir::tensor::CollapseShapeOp op, mlir::Value at);
  Values emitParted(mlir::tensor::ExpandShapeOp op, mlir::Value at);
  Values emitClone(mlir::Operation *op, mlir::Value at);
  Values emitShape(mlir::Operation *op, mlir::Value at);
  mlir::Value slice(mlir::Value whole, const Placed &placed, mlir::Value at);
  /// Rows [at·count, at·count + count) of a value, side by side.
  mlir::Value severalRows(mlir::Value value, int64_t count, mlir::Value at);
  mlir::RankedTensorType rowType(mlir::Value value);

  KernelFunction &kernel;
  TensorBuilder &b;
  const Placement &placement;
  llvm::DenseSet<mlir::Operation *> ops;
  mlir::Value self;
  llvm::DenseMap<mlir::Value, unsigned> tied;
  llvm::DenseMap<std::pair<mlir::Value, mlir::Value>, mlir::Value> rows;
};

} // namespace modc

#endif // MODC_PASSES_GPU_ROWKERNEL_H
