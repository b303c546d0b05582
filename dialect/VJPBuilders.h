//===- VJPBuilders.h - Pieces that derivatives are built of -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Zeros, elementwise linalg ops, sums and dead-code removal, as the VJPs of
// this dialect and of upstream dialects need them.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_VJPBUILDERS_H
#define MODC_DIALECT_VJPBUILDERS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace modc {

/// Whether values of `type` have cotangents: floats and ranked tensors of them.
bool hasCotangent(mlir::Type type);

/// Zero of the type and, where dynamic, the sizes of `like`.
mlir::Value createZeros(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value like);

/// A tensor of `sizes` filled with zeros.
mlir::Value createZeros(mlir::OpBuilder &builder, mlir::Location loc,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        mlir::Type element);

/// Adds two values of one type, floats or tensors of floats.
mlir::Value createSum(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value lhs, mlir::Value rhs);

/// A computation on scalars: of the inputs' elements, of the result's before.
using ScalarBody = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// A linalg.generic with one result, without the inputs that `body` does not
/// read. `maps` holds the inputs' maps and then that of `init`; dimensions that
/// the last map lacks are reductions.
mlir::Value createGeneric(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::ValueRange inputs,
                          llvm::ArrayRef<mlir::AffineMap> maps,
                          mlir::Value init, ScalarBody body);

/// Applies `body` to each element of tensors of the shape of `like`. Inputs of
/// lower rank run along the leading dimensions; scalars are broadcast.
mlir::Value createElementwise(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::ValueRange inputs, mlir::Value like,
                              ScalarBody body);

/// The same summed over the last dimension of `like`.
mlir::Value createSumOverLast(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::ValueRange inputs, mlir::Value like,
                              ScalarBody body);

/// Σ a·b over the dimensions that `resultMap` lacks, starting at zeros.
mlir::Value createContraction(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::Value a, mlir::Value b,
                              mlir::AffineMap aMap, mlir::AffineMap bMap,
                              mlir::AffineMap resultMap,
                              llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// Drops the inputs that the body does not read, as long as the others still
/// determine all loop bounds.
mlir::linalg::GenericOp dropUnusedInputs(mlir::OpBuilder &builder,
                                         mlir::linalg::GenericOp op);

/// Fails at `op` if rows of `plan` share positions: what candidates share is
/// never trained, and has no adjoint.
llvm::LogicalResult checkPlanHasAdjoint(mlir::Operation *op, mlir::Value plan);

/// Erases ops of `block` without uses and side effects.
void eraseDeadOps(mlir::Block &block);

} // namespace modc

#endif // MODC_DIALECT_VJPBUILDERS_H
