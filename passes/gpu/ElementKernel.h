//===- ElementKernel.h - Launches with an invocation an element -*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What has no rows: sums over rows and updates of parameters. Each invocation
// computes one element, its sum in the order of the rows.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_ELEMENTKERNEL_H
#define MODC_PASSES_GPU_ELEMENTKERNEL_H

#include "passes/gpu/RowKernel.h"

namespace modc {

/// The coordinates of element `e` of a tensor of this shape, whose first
/// dimension may be dynamic.
llvm::SmallVector<mlir::Value> coordinatesOf(TensorBuilder &b, mlir::Value e,
                                             llvm::ArrayRef<int64_t> shape);

/// Makes the element at these coordinates of each of the first `count`
/// destinations; `body` gets the old values.
void writeElements(KernelFunction &kernel, llvm::ArrayRef<mlir::Value> at,
                   unsigned count,
                   llvm::function_ref<llvm::SmallVector<mlir::Value>(
                       llvm::ArrayRef<mlir::Value>)>
                       body);

/// Whether an invocation can make an element of the op's one result, which has
/// no rows.
bool hasElements(mlir::Operation *op);

/// The result of such an op, a sum over rows or anything without rows, into
/// destination 0; `inPlace` where this holds what the op starts from. Fails
/// with a diagnostic.
llvm::LogicalResult emitElements(KernelFunction &kernel,
                                 const Placement &placement,
                                 mlir::Operation *op, bool inPlace);

/// The parameter and its states, which are destinations 0 and following, in
/// place.
void emitUpdate(KernelFunction &kernel, UpdateOp op);

/// Sums of squares of parts of the gradients that `op` reads, as two numbers
/// whose sum each is: [parts, 2]. A launch makes those of `count` gradients
/// from number `first` on, as many as kBuffers let it have.
mlir::RankedTensorType squareSumsType(GradientNormOp op);
unsigned countSquares(GradientNormOp op, unsigned first);
void emitSquareSums(KernelFunction &kernel, GradientNormOp op, unsigned first,
                    unsigned count);

/// The norm and the scale as tensors of one, of those sums.
llvm::SmallVector<mlir::Value>
emitGradientNorm(KernelFunction &kernel, GradientNormOp op, mlir::Value sums);

} // namespace modc

#endif // MODC_PASSES_GPU_ELEMENTKERNEL_H
