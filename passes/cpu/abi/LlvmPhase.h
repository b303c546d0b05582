//===- LlvmPhase.h - From buffers to the LLVM dialect -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pipeline of the last phase, which every target shares.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_ABI_LLVMPHASE_H
#define MODC_PASSES_CPU_ABI_LLVMPHASE_H

#include "mlir/Pass/PassManager.h"

namespace modc {

/// Adds the passes that lead from the phase `buffers` to `llvm`.
void buildLlvmPhase(mlir::OpPassManager &manager);

} // namespace modc

#endif // MODC_PASSES_CPU_ABI_LLVMPHASE_H
