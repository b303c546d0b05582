//===- FoldIndexChecks.h - Checks of loop indices that hold -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Part of modular-fold-permutations: what a window's adjoint asks of dimensions
// that it does not move.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_FOLDINDEXCHECKS_H
#define MODC_PASSES_GPU_FOLDINDEXCHECKS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace modc {

/// Drops comparisons of an index of a loop of `op` with its bounds, and selects
/// of such an index where a tensor is read that is as long.
void foldIndexChecks(mlir::linalg::GenericOp op);

} // namespace modc

#endif // MODC_PASSES_GPU_FOLDINDEXCHECKS_H
