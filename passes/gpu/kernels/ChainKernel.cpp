//===- ChainKernel.cpp - Two products in one launch -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first product's tile has whole rows, so that it is the second one's tile
// of x: only weights are then loaded.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/ChainKernel.h"

#include "passes/gpu/kernels/ProductTiles.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace modc;

namespace {

struct ChainBuilder {
  using Values = DeviceBuilder::Values;
  DeviceBuilder &b;
  const ChainBuffers &buffers;
  ProductTiles tiles;
  ProductTiles::Weights first, second;
  Value tileOfX, tileOfW, rowsBetween;

  ChainBuilder(DeviceBuilder &b, const ChainBuffers &buffers,
               const ProductTile &tile)
      : b(b), buffers(buffers), tiles(b, tile),
        first{buffers.w, buffers.b, buffers.transposedW, sizeOf(buffers.x, 1),
              buffers.hidden},
        second{buffers.v, buffers.c, buffers.transposedV, buffers.hidden,
               sizeOf(buffers.y, 1)},
        tileOfX(b.shared(tiles.sizeOfX, b.vector4())),
        tileOfW(b.shared(tiles.sizeOfW, b.vector4())),
        rowsBetween(b.shared(tile.rows * tiles.vectorsOfW, b.vector4())) {
    assert(tile.columns == kChainWidth && buffers.hidden <= kChainWidth);
  }

  ProductTiles::Shared weightTile() {
    return {tileOfW, b.index(0), tiles.vectorsOfW};
  }

  /// Sums of the first product.
  Values sumFirst() {
    auto rows = tiles.findRows(buffers.operandRows);
    Value zero = b.index(0);
    return b.loop(
        zero, b.index(first.depth), tiles.tile.depth,
        tiles.startSums(first, zero), [&](Value k, ValueRange carried) {
          tiles.putX(tiles.fetchX(buffers.x, rows, k), tileOfX, zero);
          tiles.putW(first, tiles.fetchW(first, k, zero), tileOfW, zero);
          b.barrier();
          Values next = tiles.multiply(
              carried, {tileOfX, zero, tiles.vectorsOfX}, weightTile());
          b.barrier();
          return next;
        });
  }

  /// Sums of the second one, of columns from `column` on.
  Values sumSecond(Value column) {
    Value zero = b.index(0);
    return b.loop(
        zero, b.index(second.depth), tiles.tile.depth,
        tiles.startSums(second, column), [&](Value k, ValueRange carried) {
          tiles.putW(second, tiles.fetchW(second, k, column), tileOfW, zero);
          b.barrier();
          Values next = tiles.multiply(
              carried, {rowsBetween, b.div(k, 4), tiles.vectorsOfW},
              weightTile());
          b.barrier();
          return next;
        });
  }

  /// f of an element, where there is one, else 0: the second product goes on to
  /// the end of its last tile.
  Value applyMiddle(Value sum, Value position, Value column,
                    ProductEpilogue middle) {
    Value exists =
        b.both(b.less(position, tiles.end), b.less(column, buffers.hidden));
    auto choice = scf::IfOp::create(b, b.getF32Type(), exists, true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    if (middle)
      sum = middle(b, sum, {position, position, column, tiles.member});
    scf::YieldOp::create(b, sum);
    b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(b, b.real(0));
    return choice.getResult(0);
  }

  void storeBetween(ArrayRef<Value> sums, ProductEpilogue middle) {
    for (int64_t i = 0; i < tiles.tile.height; ++i) {
      Value row = tiles.rowOf(i);
      Value position = b.add(tiles.firstPosition, row);
      for (int64_t v = 0; v < tiles.vectorsOfPart; ++v) {
        Values lanes;
        for (int64_t j = 4 * v; j < 4 * v + 4; ++j)
          lanes.push_back(applyMiddle(tiles.sumOf(sums, i, j), position,
                                      tiles.columnOf(b.index(0), j), middle));
        Value part = b.add(b.mul(tiles.partColumn, tiles.vectorsOfPart), v);
        b.store(b.vector(lanes), rowsBetween,
                b.add(b.mul(row, tiles.vectorsOfW), part));
      }
    }
  }

  void build(ProductEpilogue middle, ProductEpilogue epilogue) {
    tiles.find(buffers.offsets, buffers.rowCount);
    b.when(b.less(tiles.firstPosition, tiles.end), [&] {
      storeBetween(sumFirst(), middle);
      b.barrier();
      b.loop(b.index(0), b.index(second.width), tiles.tile.columns,
             [&](Value column) {
               tiles.storeSums(sumSecond(column), buffers.y, buffers.resultRows,
                               column, epilogue);
             });
    });
  }
};

} // namespace

void modc::buildChain(DeviceBuilder &b, const ChainBuffers &buffers,
                      const ProductTile &tile, ProductEpilogue middle,
                      ProductEpilogue epilogue) {
  ChainBuilder builder(b, buffers, tile);
  builder.build(middle, epilogue);
}
