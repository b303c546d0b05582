//===- ContractionFusion.h - What products take in --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the ops around a matrix product that its kernel can do while sums are
// in registers: what fills c before, an elementwise op on c after, and what
// lays rows of c among others.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_CONTRACTIONFUSION_H
#define MODC_PASSES_CPU_CONTRACTIONFUSION_H

#include "passes/cpu/Contraction.h"
#include "llvm/ADT/SetVector.h"

namespace modc {

/// Ops that a kernel does. They stay where they are until all products have
/// been seen, and then go.
using AbsorbedOps = llvm::SetVector<mlir::Operation *>;

/// Makes the sums of `op` start at zero or at a row of constants where a fill
/// or a copy of the row to each row of c comes before. Also where `op` is in a
/// loop that continues one sum: the first round starts it.
bool fuseStart(mlir::linalg::GenericOp op, Contraction &contraction,
               AbsorbedOps &absorbed);

/// Applies a cheap elementwise op on the sums of `op`, the next to read them,
/// before they are stored. `late` are rows that absorbed ops read: their
/// kernels read them later, so that no finish may write there. All starts have
/// to be known before.
bool fuseFinish(mlir::linalg::GenericOp op, Contraction &contraction,
                AbsorbedOps &absorbed, llvm::ArrayRef<mlir::Value> late);

/// Computes results where a scatter_rows op puts them, the only one to read
/// them: nothing is left of the buffer that it read. All finishes have to be
/// known before.
bool fuseScatter(mlir::linalg::GenericOp op, Contraction &contraction,
                 AbsorbedOps &absorbed, llvm::ArrayRef<mlir::Value> late);

/// Whether vectors of a buffer can be loaded: its elements are stored as they
/// are in a vector, unlike bits.
bool hasVectorElements(mlir::MemRefType type);

} // namespace modc

#endif // MODC_PASSES_CPU_CONTRACTIONFUSION_H
