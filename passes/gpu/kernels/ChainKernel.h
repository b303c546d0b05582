//===- ChainKernel.h - Two products in one launch ---------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernel of y = f(x·W + b)·V + c, for modules of two layers with a narrow
// one between them: its row stays in shared memory.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_CHAINKERNEL_H
#define MODC_PASSES_GPU_KERNELS_CHAINKERNEL_H

#include "passes/gpu/kernels/ProductKernel.h"

namespace modc {

/// As ProductBuffers, with a second product from H to O columns.
struct ChainBuffers {
  mlir::Value x; ///< [rows, D]
  mlir::Value w; ///< [M, D, H] or [D, H]; transposed: [M, H, D] or [H, D]
  mlir::Value b; ///< [M, H] or [H], or null: zeros
  mlir::Value v; ///< [M, H, O] or [H, O]; transposed: [M, O, H] or [O, H]
  mlir::Value c; ///< [M, O] or [O], or null: zeros
  mlir::Value y; ///< [rows, O], out
  mlir::Value rowCount, offsets, operandRows, resultRows;
  bool transposedW = false, transposedV = false;
  /// Columns between the products, at most `kChainWidth`.
  int64_t hidden = 0;
};
inline constexpr int64_t kChainWidth = 64;

/// Tiles of 64 columns that leave room for the rows between the products.
inline ProductTile getChainTile(bool fewRows = false) {
  return fewRows ? ProductTile{16, kChainWidth, 16, 4, 4}
                 : ProductTile{32, kChainWidth, 16, 4, 8};
}

/// Shared memory of the rows between the products.
inline int64_t getBetweenBytes(const ProductTile &tile) {
  return tile.rows * tile.columns * 4;
}

/// The body of a kernel of `tile.threads()` invocations and
/// `getProductTiles` groups. `middle` makes f's result of the first product's
/// sum, once for each element, and may store either; its place has the position
/// as the row. Null: f is the identity.
void buildChain(DeviceBuilder &b, const ChainBuffers &buffers,
                const ProductTile &tile, ProductEpilogue middle,
                ProductEpilogue epilogue = {});

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_CHAINKERNEL_H
