//===- ContractionKernel.h - Register-tiled matrix products -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Emits a matrix product as loops over tiles whose accumulators stay in vector
// registers. The caller decides where the code goes.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_CONTRACTIONKERNEL_H
#define MODC_PASSES_CPU_CONTRACTIONKERNEL_H

#include "passes/cpu/Contraction.h"

namespace modc {

/// The machine that a kernel is for.
struct KernelSchedule {
  int64_t vectorBits = 256; ///< width of a vector register
  int64_t kBlock = 256;     ///< length of a block of k
};

/// Emits loops over blocks of k, panels of columns and tiles of rows. Each
/// element of c is one chain of fused additions over ascending k that starts at
/// its old value, whatever its tile. b must not be transposed.
void buildContraction(mlir::OpBuilder &builder, mlir::Location loc,
                      const Contraction &contraction,
                      const KernelSchedule &schedule);

} // namespace modc

#endif // MODC_PASSES_CPU_CONTRACTIONKERNEL_H
