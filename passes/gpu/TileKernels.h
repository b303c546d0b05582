//===- TileKernels.h - Launches that have kernels of their own --*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every launch has a function that says what it computes, an invocation a row
// or an element. Plans and matrix products of some size are computed by groups
// that share memory instead (passes/gpu/kernels): their functions carry which
// of their arguments are what.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_TILEKERNELS_H
#define MODC_PASSES_GPU_TILEKERNELS_H

#include "passes/gpu/GroupedTiles.h"

namespace modc {

/// A product of rows by a matrix of parameters that is worth tiles.
bool isTiledProduct(mlir::Operation *op, const Placement &placement);
void setProductKernel(KernelFunction &kernel, mlir::Operation *op,
                      RowCount rows);

/// The gradient of the weights of such a product, which `adds` to what the
/// destination holds.
void setGradientKernel(KernelFunction &kernel, GroupedOp op, unsigned c,
                       unsigned i, bool adds);

void setPlanKernel(KernelFunction &kernel, PlanOp op);

/// Fills the body of `kernel`, whose arguments are the buffers of `function`,
/// and gives the number of invocations of a group. Tiles of products have two
/// copies where a group may share so many bytes.
int64_t buildTileKernel(mlir::func::FuncOp function,
                        mlir::gpu::GPUFuncOp kernel, int64_t sharedBytes);

/// Groups of a launch of such a function in both dimensions, as formulas in
/// which `rows` is that of the rows.
struct TileGroups {
  /// The argument that has the rows, and a factor; none: the counts are fixed.
  int64_t argument = -1, factor = 1;
  /// rows / tile + members, or rows / tile rounded up.
  int64_t tile = 0, members = 0;
  int64_t x = 1, y = 1;
};
TileGroups getTileGroups(mlir::func::FuncOp function);

} // namespace modc

#endif // MODC_PASSES_GPU_TILEKERNELS_H
