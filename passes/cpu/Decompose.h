//===- Decompose.h - Patterns that replace the dialect's tensor ops ----*- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the patterns of modular-decompose by topic, and the pieces that
// lowerings of choices share with them.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_DECOMPOSE_H
#define MODC_PASSES_CPU_DECOMPOSE_H

#include "dialect/ModularOps.h"
#include "passes/cpu/TensorBuilder.h"

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace modc {

/// linear, reshape, pick, tile_rows, take_rows.
void populateDecomposeLinearPatterns(mlir::RewritePatternSet &patterns);
/// relu, gelu, sigmoid, softplus, softmax, log_softmax.
void populateDecomposeActivationPatterns(mlir::RewritePatternSet &patterns);
/// uniform, initialize.
void populateDecomposeRandomPatterns(mlir::RewritePatternSet &patterns);
/// keep_best.
void populateDecomposeTrainingPatterns(mlir::RewritePatternSet &patterns);
/// scan.
void populateDecomposeScanPatterns(mlir::RewritePatternSet &patterns);

/// y[...] = x[..., index[...]], 0 where the index is out of range.
mlir::Value buildPick(TensorBuilder &b, mlir::Value input, mlir::Value index);
/// Over the last dimension: x less its largest, the exponential of that, and
/// the sum of these.
struct SoftmaxParts {
  mlir::Value shifted, powers, sums;
};
SoftmaxParts buildSoftmaxParts(TensorBuilder &b, mlir::Value input);
/// Softmax, or its logarithm, over the last dimension.
mlir::Value buildSoftmax(TensorBuilder &b, mlir::Value input, bool logarithm);
/// Σ over the last dimension, ascending, from 0.
mlir::Value buildRowSum(TensorBuilder &b, mlir::Value input);

/// The numbers of one row of a `modular.uniform`, as a tensor [1, picks] of
/// `type`: of point number `point` (i64), candidate (index), and row `within`
/// the rows of the point (index).
mlir::Value buildUniformRow(TensorBuilder &b, UniformOp op,
                            mlir::RankedTensorType type, mlir::Value point,
                            mlir::Value seed, mlir::Value step,
                            mlir::Value slot, mlir::Value candidate,
                            mlir::Value within);

} // namespace modc

#endif // MODC_PASSES_CPU_DECOMPOSE_H
