//===- FlopCount.h - Work of programs in the signature ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts the multiplications and additions of each program's matrix products
// and convolutions, so that a benchmark can say how near it is to the machine's
// peak. Counted on tensors, where gradients are ops and nothing is tiled yet.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_FLOPCOUNT_H
#define MODC_FRONTEND_FLOPCOUNT_H

#include "mlir/IR/BuiltinOps.h"

namespace modc {

/// Writes `flops` into the signature's programs (docs/artefact.md). The module
/// is in the phase `programs`. A program gets none where its work is not a
/// function of the sizes of the call: members of a pool that differ in work. Also
/// writes `products`, what each of them computes and touches.
void recordFlops(mlir::ModuleOp module);

} // namespace modc

#endif // MODC_FRONTEND_FLOPCOUNT_H
