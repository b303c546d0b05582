//===- PieceKernel.cpp - Products of several classes ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All invocations of a group have the same member, so that barriers may stand
// behind the choice of its class. The pieces share the memory of tiles.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/PieceKernel.h"

#include "passes/gpu/kernels/ChainTiles.h"

#include "llvm/Support/MathExtras.h"
#include <optional>

using namespace mlir;
using namespace modc;

int64_t modc::getPieceColumns(ArrayRef<ProductPiece> pieces,
                              const ProductTile &tile) {
  int64_t groups = 1;
  for (const ProductPiece &piece : pieces)
    if (!piece.v)
      groups = std::max<int64_t>(groups,
                                 llvm::divideCeil(piece.width, tile.columns));
  return groups;
}

void modc::buildPieces(DeviceBuilder &b, ArrayRef<ProductPiece> pieces,
                       Value offsets, Value operandRows,
                       const ProductTile &tile) {
  ProductTiles tiles(b, tile);
  ProductTiles::Memory memory;
  if (llvm::any_of(pieces, [](const ProductPiece &p) { return bool(p.w); }))
    memory = tiles.allocate();
  std::optional<ChainTiles> chain;
  if (llvm::any_of(pieces, [](const ProductPiece &p) { return bool(p.v); }))
    chain.emplace(tiles, memory);
  Value column = b.mul(b.group(gpu::Dimension::y), tile.columns);
  bool manyColumns = getPieceColumns(pieces, tile) > 1;
  tiles.find(offsets, {});
  Value member = tiles.member;

  auto build = [&](const ProductPiece &piece) {
    auto store = [&](Value sum, const ProductPlace &place) {
      piece.store(b, sum, place);
    };
    Value rows = piece.gathered ? operandRows : Value();
    if (!piece.w)
      return tiles.forElements({}, {}, column, piece.width, store);
    int64_t hidden = sizeOf(piece.w, piece.transposedW ? 1 : 2);
    ProductTiles::Weights first{piece.w, piece.b, piece.transposedW,
                                sizeOf(piece.x, 1), hidden};
    if (!piece.v)
      return tiles.forElements(
          tiles.sumProduct(piece.x, rows, first, memory, column), {}, column,
          piece.width, store);
    ProductTiles::Weights second{piece.v, piece.c, piece.transposedV, hidden,
                                 piece.width};
    auto middle = [&](DeviceBuilder &b, Value sum, const ProductPlace &place) {
      return piece.middle ? piece.middle(b, sum, place) : sum;
    };
    chain->run(piece.x, rows, first, second, middle,
               [&](ArrayRef<Value> sums, Value at) {
                 tiles.forElements(sums, {}, at, piece.width, store);
               });
  };
  b.when(b.less(tiles.firstPosition, tiles.end), [&] {
    for (const ProductPiece &piece : pieces) {
      ClassMembers::Place place =
          piece.members.find(b, member, sizeOf(offsets, 0) - 1);
      tiles.member = place.slot;
      Value isOwn = place.isOwn;
      if (manyColumns)
        isOwn =
            b.both(isOwn, b.less(column, piece.v ? tile.columns : piece.width));
      b.when(isOwn, [&] { build(piece); });
    }
  });
}
