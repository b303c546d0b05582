//===- GradientKernel.cpp - Gradients of weights on a device --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A group goes through all positions of a member for one tile of its dW, so
// that sums have one order. The pieces of a launch share the memory of tiles.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/GradientKernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace modc;

static int64_t countTiles(int64_t size, int64_t ofTile) {
  return llvm::divideCeil(size, ofTile);
}

static int64_t countMembers(const GradientPiece &piece) {
  if (piece.members)
    return piece.members->size();
  return piece.offsets ? sizeOf(piece.offsets, 0) - 1 : 1;
}

int64_t modc::getGradientGroups(const GradientPiece &piece,
                                const GradientTile &tile) {
  int64_t members = piece.partials ? 1 : countMembers(piece);
  return members * countTiles(sizeOf(piece.x, 1), tile.rows) *
         countTiles(sizeOf(piece.g, 1), tile.columns);
}

static void storeOfMember(DeviceBuilder &b, Value buffer, Value member,
                          Value value, ValueRange at, bool adds = false) {
  SmallVector<Value> places(at);
  if (cast<MemRefType>(buffer.getType()).getRank() > int64_t(at.size()))
    places.insert(places.begin(), member);
  if (adds)
    value = arith::AddFOp::create(b, b.load(buffer, places), value);
  b.store(value, buffer, places);
}

namespace {

struct GradientBuilder {
  DeviceBuilder &b;
  const GradientPiece &piece;
  const GradientTile &tile;
  Value tileOfX, tileOfG;
  /// Of the group, among those of the piece.
  Value number;
  int64_t depth = sizeOf(piece.x, 1), width = sizeOf(piece.g, 1);
  int64_t threads = tile.threads();
  int64_t vectorsOfRow = tile.width / 4, vectorsOfColumn = tile.height / 4;
  Value thread = b.thread();
  Value tileColumn = b.rem(thread, tile.columns / tile.width);
  Value tileRow = b.div(thread, tile.columns / tile.width);
  int64_t tilesOfWidth = countTiles(width, tile.columns);
  int64_t tilesOfDepth = countTiles(depth, tile.rows);
  Value firstColumn = b.mul(b.rem(number, tilesOfWidth), tile.columns);
  Value firstRow =
      b.mul(b.rem(b.div(number, tilesOfWidth), tilesOfDepth), tile.rows);
  /// Its place among the slices of dw.
  Value member = b.div(b.div(number, tilesOfWidth), tilesOfDepth);
  /// Of positions; where there are partials.
  Value block = {};

  /// Loads elements [column, column + columns) of the rows of positions from
  /// `position` on into a tile; rows from `end` on are 0.
  void loadTile(Value buffer, Value rows, Value shared, Value column,
                int64_t columns, Value position, Value end) {
    int64_t vectors = columns / 4, size = tile.depth * vectors;
    assert(size % threads == 0);
    for (int64_t i = 0; i < size / threads; ++i) {
      Value place = b.add(thread, i * threads);
      Value at = b.add(position, b.div(place, vectors));
      Value row = b.min(at, b.sub(end, b.index(1)));
      if (rows)
        row = b.loadIndex(rows, row);
      Value first = b.add(column, b.mul(b.rem(place, vectors), 4));
      SmallVector<Value> lanes;
      for (Value c : b.fourPlaces(first, sizeOf(buffer, 1)))
        lanes.push_back(b.load(buffer, {row, c}));
      // A row that does not exist must not bring in what another one holds:
      // infinity times 0 is none.
      b.store(b.select(b.less(at, end), b.vector(lanes), b.splat(b.real(0))),
              shared, place);
    }
  }

  /// Sums of the tile, row by row, then those of db.
  SmallVector<Value> sumUp(Value begin, Value end) {
    int64_t ofTile = tile.height * vectorsOfRow;
    SmallVector<Value> zeros(ofTile + (piece.db ? vectorsOfRow : 0),
                             b.splat(b.real(0)));
    return b.loop(
        begin, end, tile.depth, zeros, [&](Value position, ValueRange carried) {
          loadTile(piece.x, piece.operandRows, tileOfX, firstRow, tile.rows,
                   position, end);
          loadTile(piece.g, piece.resultRows, tileOfG, firstColumn,
                   tile.columns, position, end);
          b.barrier();
          SmallVector<Value> next = b.loop(
              b.index(0), b.index(tile.depth), 1, carried,
              [&](Value k, ValueRange carried) { return addRow(k, carried); });
          b.barrier();
          return next;
        });
  }

  SmallVector<Value> addRow(Value k, ValueRange carried) {
    SmallVector<Value> sums(carried), x, g;
    auto load = [&](Value shared, int64_t columns, Value first, int64_t i) {
      Value row = b.mul(k, columns / 4);
      return b.load(shared, b.add(row, b.add(first, i)));
    };
    for (int64_t i = 0; i < vectorsOfColumn; ++i)
      x.push_back(load(tileOfX, tile.rows, b.mul(tileRow, vectorsOfColumn), i));
    for (int64_t j = 0; j < vectorsOfRow; ++j)
      g.push_back(
          load(tileOfG, tile.columns, b.mul(tileColumn, vectorsOfRow), j));
    for (int64_t i = 0; i < tile.height; ++i) {
      Value factor = b.splat(b.lane(x[i / 4], i % 4));
      for (int64_t j = 0; j < vectorsOfRow; ++j) {
        Value &sum = sums[i * vectorsOfRow + j];
        sum = b.fma(factor, g[j], sum);
      }
    }
    if (piece.db)
      for (int64_t j = 0; j < vectorsOfRow; ++j) {
        Value &sum = sums[tile.height * vectorsOfRow + j];
        sum = arith::AddFOp::create(b, sum, g[j]);
      }
    return sums;
  }

  void storeWeight(Value sum, Value row, Value column) {
    if (piece.partials)
      return b.store(sum, piece.partials, {block, row, column});
    storeOfMember(b, piece.dw, member, sum, {row, column}, piece.adds);
  }
  void storeBias(Value sum, Value column) {
    if (piece.partials)
      return b.store(sum, piece.partials, {block, b.index(depth), column});
    storeOfMember(b, piece.db, member, sum, column, piece.adds);
  }

  void storeSums(ArrayRef<Value> sums) {
    auto forColumns = [&](ArrayRef<Value> row,
                          llvm::function_ref<void(Value, Value)> body) {
      for (int64_t j = 0; j < tile.width; ++j) {
        Value column =
            b.add(firstColumn, b.add(b.mul(tileColumn, tile.width), j));
        bool full = width % tile.columns == 0;
        b.when(full ? Value() : b.less(column, width),
               [&] { body(column, b.lane(row[j / 4], j % 4)); });
      }
    };
    for (int64_t i = 0; i < tile.height; ++i) {
      Value row = b.add(firstRow, b.add(b.mul(tileRow, tile.height), i));
      bool full = depth % tile.rows == 0;
      b.when(full ? Value() : b.less(row, depth), [&] {
        forColumns(
            sums.slice(i * vectorsOfRow, vectorsOfRow),
            [&](Value column, Value sum) { storeWeight(sum, row, column); });
      });
    }
    if (!piece.db)
      return;
    // Once for all tiles of a column.
    Value isFirst = b.equal(b.add(firstRow, tileRow), b.index(0));
    b.when(isFirst, [&] {
      forColumns(sums.take_back(vectorsOfRow),
                 [&](Value column, Value sum) { storeBias(sum, column); });
    });
  }

  void build() {
    if (piece.partials) {
      assert(!piece.members && "blocks are of all members");
      block = b.group(gpu::Dimension::y);
      PositionBlock own = findPositionBlock(b, piece.offsets, piece.rowCount,
                                            kGradientBlock, block);
      Value end = b.min(b.add(own.first, kGradientBlock), own.end);
      b.when(b.less(own.first, end), [&] { storeSums(sumUp(own.first, end)); });
      return;
    }
    Value begin = b.index(0), end;
    if (piece.offsets) {
      Value ofPool =
          piece.members ? piece.members->memberAt(b, member) : member;
      begin = b.loadIndex(piece.offsets, ofPool);
      end = b.loadIndex(piece.offsets, b.add(ofPool, 1));
    } else {
      end = b.toIndex(piece.rowCount);
    }
    b.when(piece.keepsEmpty || piece.adds ? b.less(begin, end) : Value(),
           [&] { storeSums(sumUp(begin, end)); });
  }
};

} // namespace

void modc::buildGradients(DeviceBuilder &b, ArrayRef<GradientPiece> pieces,
                          const GradientTile &tile) {
  Value tileOfX = b.shared(tile.depth * tile.rows / 4, b.vector4());
  Value tileOfG = b.shared(tile.depth * tile.columns / 4, b.vector4());
  Value group = b.group();
  bool hasBlocks = llvm::any_of(
      pieces, [](const GradientPiece &piece) { return bool(piece.partials); });
  Value isFirstBlock =
      hasBlocks ? b.equal(b.group(gpu::Dimension::y), b.index(0)) : Value();
  int64_t first = 0;
  for (const GradientPiece &piece : pieces) {
    int64_t end = first + getGradientGroups(piece, tile);
    // Unsigned: groups before the first are beyond the last.
    Value number = b.sub(group, b.index(first));
    // The same in all invocations of a group, so that barriers may stand
    // behind it.
    Value isOwn = b.less(number, end - first);
    b.when(b.both(isOwn, piece.partials ? Value() : isFirstBlock), [&] {
      GradientBuilder builder{b, piece, tile, tileOfX, tileOfG, number};
      builder.build();
    });
    first = end;
  }
}

static int64_t countSums(const GradientPiece &piece) {
  int64_t rows = sizeOf(piece.x, 1) + (piece.db ? 1 : 0);
  return countMembers(piece) * rows * sizeOf(piece.g, 1);
}

int64_t modc::getGradientSumGroups(const GradientPiece &piece) {
  return llvm::divideCeil(countSums(piece), kGradientThreads);
}

void modc::buildGradientSums(DeviceBuilder &b, const GradientPiece &piece) {
  int64_t depth = sizeOf(piece.x, 1), width = sizeOf(piece.g, 1);
  int64_t rows = depth + (piece.db ? 1 : 0);
  Value number = b.add(b.mul(b.group(), kGradientThreads), b.thread());
  Value column = b.rem(number, width);
  Value row = b.rem(b.div(number, width), rows);
  Value member = b.div(number, width * rows);
  b.when(b.less(number, countSums(piece)), [&] {
    Value first = b.index(0), begin = first, end;
    if (piece.offsets) {
      begin = b.loadIndex(piece.offsets, member);
      end = b.loadIndex(piece.offsets, b.add(member, 1));
      first = getFirstBlock(b, member, begin, kGradientBlock);
    } else {
      end = b.toIndex(piece.rowCount);
    }
    Value positions = b.sub(end, begin);
    Value blocks = b.div(b.add(positions, kGradientBlock - 1), kGradientBlock);
    Value sum = b.loop(first, b.add(first, blocks), 1, b.real(0),
                       [&](Value block, ValueRange carried) {
                         Value part =
                             b.load(piece.partials, {block, row, column});
                         return DeviceBuilder::Values{
                             arith::AddFOp::create(b, carried[0], part)};
                       })[0];
    b.when(piece.keepsEmpty ? b.less(begin, end) : Value(), [&] {
      b.when(b.less(row, depth),
             [&] { storeOfMember(b, piece.dw, member, sum, {row, column}); });
      if (piece.db)
        b.when(b.equal(row, b.index(depth)),
               [&] { storeOfMember(b, piece.db, member, sum, column); });
    });
  });
}
