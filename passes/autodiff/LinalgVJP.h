//===- LinalgVJP.h - Windows of linalg operands -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where an operand of a linalg op is read at sums of loop indices (a
// convolution), its cotangent comes from a larger tensor, folded.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_AUTODIFF_LINALGVJP_H
#define MODC_PASSES_AUTODIFF_LINALGVJP_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace modc {

/// `map` itself if it is a projected permutation; else all dimensions that its
/// results name, ascending.
mlir::AffineMap getUnfoldedMap(mlir::AffineMap map);

/// The bounds of the loops `dims` of `op`.
llvm::SmallVector<mlir::OpFoldResult>
getLoopSizes(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
             llvm::ArrayRef<mlir::AffineExpr> dims);

/// `unfolded` has the dimensions of getUnfoldedMap(map). Sums its elements to
/// where `map` takes their indices, in a tensor of the sizes of `like`.
/// Null if `map` is not linear.
mlir::Value foldWindows(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value unfolded, mlir::AffineMap map,
                        mlir::Value like);

} // namespace modc

#endif // MODC_PASSES_AUTODIFF_LINALGVJP_H
