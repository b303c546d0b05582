//===- TaskCloning.h - Tasks that are built from other tasks ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A parallel loop's body that is built again inside another one, under a
// condition or with more to do.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_TASKCLONING_H
#define MODC_PASSES_CPU_TASKCLONING_H

#include "mlir/IR/IRMapping.h"
#include "passes/cpu/TensorBuilder.h"

namespace modc {

/// Where a task writes its part of a result.
struct TaskSlice {
  llvm::SmallVector<mlir::OpFoldResult> offsets, sizes, strides;
  mlir::RankedTensorType type;

  /// That of `insert`; what it is computed from is cloned by `mapping`.
  static TaskSlice cloneOf(TensorBuilder &b,
                           mlir::tensor::ParallelInsertSliceOp insert,
                           mlir::IRMapping &mapping);
  mlir::Value extractFrom(TensorBuilder &b, mlir::Value whole) const;
  void insertInto(TensorBuilder &b, mlir::Value part, mlir::Value whole) const;
};

/// Clones the ops of `body`, but for its terminator and those whose results
/// `mapping` has already.
void cloneRest(TensorBuilder &b, mlir::Block &body, mlir::IRMapping &mapping);

/// `body` where `condition` is `is`, as a loop of one round or none: what it
/// carries stays in place, where bufferization would copy a branch's result.
llvm::SmallVector<mlir::Value> runWhen(
    TensorBuilder &b, mlir::Value condition, bool is, mlir::ValueRange carried,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)> body);

} // namespace modc

#endif // MODC_PASSES_CPU_TASKCLONING_H
