//===- MatrixProduct.h - Ops that are matrix products -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernels of products are matched on: `modular.linear`, and generic
// ops that sum products of two matrices.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_MATRIXPRODUCT_H
#define MODC_PASSES_GPU_MATRIXPRODUCT_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>

namespace modc {

/// y = x·w + b, or x·wᵀ + b.
struct MatrixProduct {
  mlir::Value x, w, b;
  bool transposed = false;

  /// A `modular.linear` or a contraction of two matrices that starts at zero.
  static std::optional<MatrixProduct> match(mlir::Operation *op);
};

/// Whether a generic op adds up products of elements of two matrices of f32 in
/// a third one, from zero.
bool isContraction(mlir::linalg::GenericOp op);
/// The map of three loops to two of them.
mlir::AffineMap getMatrixMap(unsigned row, unsigned column,
                             mlir::MLIRContext *context);

/// Whether one side of a matrix is longer than that.
bool isWide(mlir::Value matrix, int64_t than);

} // namespace modc

#endif // MODC_PASSES_GPU_MATRIXPRODUCT_H
