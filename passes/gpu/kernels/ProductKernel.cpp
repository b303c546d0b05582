//===- ProductKernel.cpp - Products of rows on a device -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loop over k, with one copy of the tiles in shared memory or two.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/ProductTiles.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace modc;

namespace {

struct ProductBuilder {
  using Values = DeviceBuilder::Values;
  DeviceBuilder &b;
  const ProductBuffers &buffers;
  ProductTiles tiles;
  ProductTiles::Weights weights;
  Value tileOfX, tileOfW;
  Value column;

  ProductBuilder(DeviceBuilder &b, const ProductBuffers &buffers,
                 const ProductTile &tile)
      : b(b), buffers(buffers), tiles(b, tile),
        weights{buffers.w, buffers.b, buffers.transposed, sizeOf(buffers.x, 1),
                sizeOf(buffers.y, 1)},
        tileOfX(b.shared((tile.twice ? 2 : 1) * tiles.sizeOfX, b.vector4())),
        tileOfW(b.shared((tile.twice ? 2 : 1) * tiles.sizeOfW, b.vector4())),
        column(b.mul(b.group(gpu::Dimension::y), tile.columns)) {}

  struct Loaded {
    Values x, w;
  };
  Loaded fetch(ArrayRef<ProductTiles::Row> rows, Value k) {
    return {tiles.fetchX(buffers.x, rows, k), tiles.fetchW(weights, k, column)};
  }
  /// Into a copy of the tiles, 0 or 1.
  void put(const Loaded &loaded, Value copy) {
    tiles.putX(loaded.x, tileOfX, b.mul(copy, tiles.sizeOfX));
    tiles.putW(weights, loaded.w, tileOfW, b.mul(copy, tiles.sizeOfW));
  }
  Values multiply(ValueRange sums, Value copy) {
    return tiles.multiply(
        sums, {tileOfX, b.mul(copy, tiles.sizeOfX), tiles.vectorsOfX},
        {tileOfW, b.mul(copy, tiles.sizeOfW), tiles.vectorsOfW});
  }

  Values sumUp() {
    const ProductTile &tile = tiles.tile;
    auto rows = tiles.findRows(buffers.operandRows);
    Values sums = tiles.startSums(weights, column);
    Value first = b.index(0);
    Value stop = b.index(llvm::alignTo(weights.depth, tile.depth));
    if (!tile.twice)
      return b.loop(first, stop, tile.depth, sums,
                    [&](Value k, ValueRange carried) {
                      put(fetch(rows, k), b.index(0));
                      b.barrier();
                      Values next = multiply(carried, b.index(0));
                      b.barrier();
                      return next;
                    });
    put(fetch(rows, first), first);
    b.barrier();
    sums.push_back(first);
    sums =
        b.loop(first, stop, tile.depth, sums, [&](Value k, ValueRange carried) {
          Value copy = carried.back();
          Value other = b.sub(b.index(1), copy);
          // Behind the last one anything: it is not used.
          Loaded loaded = fetch(rows, b.add(k, tile.depth));
          Values next = multiply(carried.drop_back(), copy);
          put(loaded, other);
          b.barrier();
          next.push_back(other);
          return next;
        });
    sums.pop_back();
    return sums;
  }

  void build(ProductEpilogue epilogue) {
    tiles.find(buffers.offsets, buffers.rowCount);
    b.when(b.less(tiles.firstPosition, tiles.end), [&] {
      tiles.storeSums(sumUp(), buffers.y, buffers.resultRows, column, epilogue);
    });
  }
};

} // namespace

void modc::buildProduct(DeviceBuilder &b, const ProductBuffers &buffers,
                        const ProductTile &tile, ProductEpilogue epilogue) {
  ProductBuilder builder(b, buffers, tile);
  builder.build(epilogue);
}
