//===- ProductKernel.cpp - Products of rows on a device -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One tile, and what is stored of it.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/ProductTiles.h"

using namespace mlir;
using namespace modc;

void modc::buildProduct(DeviceBuilder &b, const ProductBuffers &buffers,
                        const ProductTile &tile, ProductEpilogue epilogue) {
  ProductTiles tiles(b, tile);
  ProductTiles::Memory memory = tiles.allocate();
  ProductTiles::Weights weights{buffers.w, buffers.b, buffers.transposed,
                                sizeOf(buffers.x, 1), sizeOf(buffers.y, 1)};
  Value column = b.mul(b.group(gpu::Dimension::y), tile.columns);
  tiles.find(buffers.offsets, buffers.rowCount);
  b.when(b.less(tiles.firstPosition, tiles.end), [&] {
    b.when(tiles.hasDistinct(buffers.distinct), [&] {
      tiles.storeSums(tiles.sumProduct(buffers.x, buffers.operandRows, weights,
                                       memory, column),
                      buffers.y, buffers.resultRows, column, epilogue);
    });
  });
}
