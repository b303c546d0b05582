//===- CarriedBuffers.h - Fixed places for what loops carry -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loop that hands a new buffer to its next iteration gets one outside of it
// instead.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_ABI_CARRIEDBUFFERS_H
#define MODC_PASSES_CPU_ABI_CARRIEDBUFFERS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace modc {

/// Rewrites each `scf.for` of the function that yields a buffer which it
/// allocated: the value is copied at the end of an iteration to a buffer in
/// front of the loop. Returns the number of such buffers.
unsigned pinCarriedBuffers(mlir::func::FuncOp function);

} // namespace modc

#endif // MODC_PASSES_CPU_ABI_CARRIEDBUFFERS_H
