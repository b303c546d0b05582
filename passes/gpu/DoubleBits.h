//===- DoubleBits.h - f64 by the integers of their bits ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Programs report sums in f64, which kernels do not have: they sum pairs of
// f32, and make of a pair the bits of its f64 when they store it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_DOUBLEBITS_H
#define MODC_PASSES_GPU_DOUBLEBITS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace modc {

/// Makes i64 of the f64 in a kernel, its buffers included: constants, f32 that
/// are extended, sums of two of these, rounded to nearest, and what moves f64
/// about. Subnormal f32 become zeros. Any other op on f64 is an error.
llvm::LogicalResult replaceDoubles(mlir::gpu::GPUFuncOp kernel);

} // namespace modc

#endif // MODC_PASSES_GPU_DOUBLEBITS_H
