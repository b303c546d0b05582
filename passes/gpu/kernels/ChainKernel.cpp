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

#include "passes/gpu/kernels/ChainTiles.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace modc;

ChainTiles::ChainTiles(ProductTiles &tiles, const ProductTiles::Memory &memory)
    : b(tiles.b), tiles(tiles), memory(memory),
      rowsBetween(b.shared(tiles.tile.rows * tiles.vectorsOfW, b.vector4())) {}

ProductTiles::Values ChainTiles::sumSecond(const Weights &second,
                                           Value column) {
  Value zero = b.index(0);
  Value stop = b.index(second.depth);
  auto fetch = [&](Value k) { return tiles.fetchW(second, k, column); };
  // Into a copy of the tile, 0 or 1.
  auto put = [&](ArrayRef<Value> loaded, Value copy) {
    tiles.putW(second, loaded, memory.w, b.mul(copy, tiles.sizeOfW));
  };
  auto multiply = [&](ValueRange sums, Value k, Value copy) {
    return tiles.multiply(
        sums, {rowsBetween, b.div(k, 4), tiles.vectorsOfW},
        {memory.w, b.mul(copy, tiles.sizeOfW), tiles.vectorsOfW});
  };
  Values sums = tiles.startSums(second, column);
  if (!tiles.tile.twice)
    return b.loop(zero, stop, tiles.tile.depth, sums,
                  [&](Value k, ValueRange carried) {
                    put(fetch(k), zero);
                    b.barrier();
                    Values next = multiply(carried, k, zero);
                    b.barrier();
                    return next;
                  });
  put(fetch(zero), zero);
  b.barrier();
  sums.push_back(zero);
  sums = b.loop(zero, stop, tiles.tile.depth, sums,
                [&](Value k, ValueRange carried) {
                  Value copy = carried.back();
                  Value other = b.sub(b.index(1), copy);
                  // Behind the last one anything: it is not used.
                  Values loaded = fetch(b.add(k, tiles.tile.depth));
                  Values next = multiply(carried.drop_back(), k, copy);
                  put(loaded, other);
                  b.barrier();
                  next.push_back(other);
                  return next;
                });
  sums.pop_back();
  return sums;
}

/// f of an element, where there is one, else 0: the second product goes on to
/// the end of its last tile.
Value ChainTiles::applyMiddle(Value sum, Value position, Value column,
                              int64_t hidden, ProductEpilogue middle) {
  Value exists = b.both(b.less(position, tiles.end), b.less(column, hidden));
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

void ChainTiles::storeBetween(ArrayRef<Value> sums, int64_t hidden,
                              ProductEpilogue middle) {
  for (int64_t i = 0; i < tiles.tile.height; ++i) {
    Value row = tiles.rowOf(i);
    Value position = b.add(tiles.firstPosition, row);
    for (int64_t v = 0; v < tiles.vectorsOfPart; ++v) {
      Values lanes;
      for (int64_t j = 4 * v; j < 4 * v + 4; ++j)
        lanes.push_back(applyMiddle(tiles.sumOf(sums, i, j), position,
                                    tiles.columnOf(b.index(0), j), hidden,
                                    middle));
      Value part = b.add(b.mul(tiles.partColumn, tiles.vectorsOfPart), v);
      b.store(b.vector(lanes), rowsBetween,
              b.add(b.mul(row, tiles.vectorsOfW), part));
    }
  }
}

void ChainTiles::run(Value x, Value operandRows, const Weights &first,
                     const Weights &second, ProductEpilogue middle,
                     Store store) {
  assert(first.width <= tiles.tile.columns && first.width == second.depth);
  Value zero = b.index(0);
  storeBetween(tiles.sumProduct(x, operandRows, first, memory, zero),
               first.width, middle);
  b.barrier();
  b.loop(zero, b.index(second.width), tiles.tile.columns,
         [&](Value column) { store(sumSecond(second, column), column); });
}

void modc::buildChain(DeviceBuilder &b, const ChainBuffers &buffers,
                      const ProductTile &tile, ProductEpilogue middle,
                      ProductEpilogue epilogue) {
  ProductTiles tiles(b, tile);
  ProductTiles::Memory memory = tiles.allocate();
  ChainTiles chain(tiles, memory);
  tiles.find(buffers.offsets, buffers.rowCount);
  b.when(b.less(tiles.firstPosition, tiles.end), [&] {
    chain.run(buffers.x, buffers.operandRows,
              {buffers.w, buffers.b, buffers.transposedW, sizeOf(buffers.x, 1),
               buffers.hidden},
              {buffers.v, buffers.c, buffers.transposedV, buffers.hidden,
               sizeOf(buffers.y, 1)},
              middle, [&](ArrayRef<Value> sums, Value column) {
                tiles.storeSums(sums, buffers.y, buffers.resultRows, column,
                                epilogue);
              });
  });
}
