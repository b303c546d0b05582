//===- Panels.h - Matrices in panels of columns -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A matrix [d, h] in panels is a tensor [h / w, d, w]: panel p holds columns
// p·w to p·w + w - 1, one row after another. Products read such a matrix as one
// stream, whatever its width (the packed operand of K. Goto and R. A. van de
// Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34(3),
// 2008), without packing it first.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_PANELS_H
#define MODC_PASSES_CPU_PANELS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace modc {

/// On an argument of a program: columns of a panel of what it holds.
constexpr const char *kPanelsAttribute = "modular.panels";

/// Bytes of a row of a panel: a whole number of vectors and of columns of a
/// tile on every processor.
constexpr int64_t kPanelBytes = 256;

/// Columns of a panel of `element`s.
int64_t getPanelColumns(mlir::Type element);

/// The loops p and c of a column p·width + c; none if `expr` is something else.
std::optional<std::pair<unsigned, unsigned>>
matchPanelColumn(mlir::AffineExpr expr, int64_t width);

/// Whether `op` sums up products of two matrices, c[i, j] += a·b, of which any
/// may be transposed and one may be in panels.
bool isMatrixProduct(mlir::linalg::LinalgOp op);

} // namespace modc

#endif // MODC_PASSES_CPU_PANELS_H
