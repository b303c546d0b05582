//===- GroupedTiles.h - Grouped ops by tiles --------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A grouped op whose classes are each one unit (BodyUnits.h) is a kernel of
// pieces: tiles of members in shared memory, whose elements are made what they
// become before they are stored.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_GROUPEDTILES_H
#define MODC_PASSES_GPU_GROUPEDTILES_H

#include "passes/gpu/BodyUnits.h"
#include "passes/gpu/TileRoles.h"
#include "passes/gpu/kernels/ProductKernel.h"

namespace modc {

/// Notes on the kernel's function that its place is taken by pieces, if the op
/// can be and is worth it. Destination i of the function is for `outputs[i]`.
void setGroupedKernel(KernelFunction &kernel, GroupedOp op, RowCount rows,
                      llvm::ArrayRef<mlir::Value> outputs);

/// The tile of a function with pieces.
ProductTile getPieceTile(const TileArguments &arguments);
/// Fills the kernel's body, at the builder, and gives the groups of its second
/// dimension. Tiles have two copies where `sharedBytes` allow it.
int64_t buildPieceKernel(DeviceBuilder &b, const TileArguments &arguments,
                         mlir::gpu::GPUFuncOp kernel, int64_t sharedBytes);

} // namespace modc

#endif // MODC_PASSES_GPU_GROUPEDTILES_H
