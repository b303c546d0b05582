//===- RunningSums.h - Sums that go on from launch to launch ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The steps of a recurrence, and layers that share a pool, add to the same
// gradients. Each one's launch adds to what the one before has left in memory,
// where nothing else reads that.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_RUNNINGSUMS_H
#define MODC_PASSES_GPU_RUNNINGSUMS_H

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace modc {

/// What an op adds to `sum`, element by element and of the same type; null if
/// it is no such op.
mlir::Value getAddend(mlir::Operation *op, mlir::Value sum);

/// Of a program's sums over rows and gradients of members, of fixed size.
class RunningSums {
public:
  explicit RunningSums(mlir::func::FuncOp program);

  /// The sum that an op goes on from; null if it starts one, or is none.
  mlir::Value getContinued(mlir::Operation *op) const;
  /// The op that goes on from a value, if one does.
  mlir::Operation *getContinuation(mlir::Value value) const;
  /// What becomes of a sum when all have gone on from it.
  mlir::Value getLast(mlir::Value value) const;
  /// The gradient of members that an op only adds to the sum it goes on from:
  /// the launch of the gradient can do that.
  mlir::OpResult getAddedGradient(mlir::Operation *op) const;
  /// Whether a sum over rows goes on from another one, or another one from it.
  bool isPart(mlir::Operation *op) const {
    return getContinued(op) || getContinuation(op->getResult(0));
  }

private:
  bool isSum(mlir::Value value) const;
  void visit(mlir::Operation *op);

  llvm::DenseMap<mlir::Operation *, mlir::Value> continued;
  llvm::DenseMap<mlir::Operation *, mlir::OpResult> added;
};

} // namespace modc

#endif // MODC_PASSES_GPU_RUNNINGSUMS_H
