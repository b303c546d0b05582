//===- ProductKernel.cpp - Products of rows on a device -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tiles are kept as vectors of four, x's along k and W's along columns: what is
// read from shared memory is then four times as much as with scalars. Places
// outside of the buffers are clamped, and what stands there is replaced by 0 or
// not stored: no load is behind a condition.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/ProductKernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace modc;

namespace {

struct ProductBuilder {
  DeviceBuilder &b;
  const ProductBuffers &buffers;
  const ProductTile &tile;
  int64_t depth = sizeOf(buffers.x, 1), width = sizeOf(buffers.y, 1);
  int64_t threads = tile.threads();
  /// Vectors of a row of a tile, and of a tile.
  int64_t vectorsOfX = tile.depth / 4, vectorsOfW = tile.columns / 4;
  int64_t sizeOfX = tile.rows * vectorsOfX, sizeOfW = tile.depth * vectorsOfW;
  int64_t copies = tile.twice ? 2 : 1;
  Value thread = b.thread();
  Value tileColumn = b.rem(thread, tile.columns / tile.width);
  Value tileRow = b.div(thread, tile.columns / tile.width);
  /// Of the group's tile.
  Value firstColumn = b.mul(b.group(gpu::Dimension::y), tile.columns);
  Value member = {}, firstPosition = {}, end = {};
  Value tileOfX = {}, tileOfW = {};

  int64_t countMembers() const {
    return buffers.offsets ? sizeOf(buffers.offsets, 0) - 1 : 0;
  }

  /// Where member m's tiles begin if each one before has at most one tile that
  /// is not full: strictly ascending, and no tile of m comes at or behind the
  /// first of m + 1.
  Value firstTile(Value m, Value offset) {
    return b.add(b.div(offset, tile.rows), m);
  }

  void findTile() {
    Value number = b.group();
    if (!buffers.offsets) {
      firstPosition = b.mul(number, tile.rows);
      end = b.toIndex(buffers.rowCount);
      return;
    }
    // The last member whose tiles begin at this one or before.
    int64_t members = countMembers();
    member = b.index(0);
    for (int64_t step = llvm::PowerOf2Ceil(members) / 2; step; step /= 2) {
      Value next = b.add(member, step);
      Value at = b.clamp(next, members - 1);
      Value first = firstTile(at, b.loadIndex(buffers.offsets, at));
      Value reached =
          arith::CmpIOp::create(b, arith::CmpIPredicate::ule, first, number);
      member = b.select(b.both(b.less(next, members), reached), next, member);
    }
    Value offset = b.loadIndex(buffers.offsets, member);
    end = b.loadIndex(buffers.offsets, b.add(member, 1));
    Value before = b.sub(number, firstTile(member, offset));
    firstPosition = b.add(offset, b.mul(before, tile.rows));
  }

  Value lastPosition() { return b.sub(end, b.index(1)); }

  /// One row of the tile of x that an invocation loads from.
  struct RowOfX {
    Value exists, row;
  };
  /// Vectors of a tile that an invocation loads.
  static int64_t share(int64_t size, int64_t threads) {
    assert(size % threads == 0);
    return size / threads;
  }

  SmallVector<RowOfX> findRows() {
    SmallVector<RowOfX> rows;
    for (int64_t i = 0; i < share(sizeOfX, threads); ++i) {
      Value place = b.add(thread, i * threads);
      Value position = b.add(firstPosition, b.div(place, vectorsOfX));
      Value exists = b.less(position, end);
      Value row = b.min(position, lastPosition());
      if (buffers.operandRows)
        row = b.loadIndex(buffers.operandRows, row);
      rows.push_back({exists, row});
    }
    return rows;
  }

  /// Elements [k, k + 4) of a row of x; those from `depth` on are 0.
  Value loadX(const RowOfX &from, Value k) {
    SmallVector<Value> lanes;
    bool whole = depth % 4 == 0;
    for (auto [i, at] : llvm::enumerate(b.fourPlaces(k, depth))) {
      Value value = b.load(buffers.x, {from.row, at});
      lanes.push_back(whole ? value
                            : b.select(b.less(b.add(k, int64_t(i)), depth),
                                       value, b.real(0)));
    }
    bool full = depth % tile.depth == 0;
    Value exists =
        b.both(from.exists, whole && !full ? b.less(k, depth) : Value());
    return b.select(exists, b.vector(lanes), b.splat(b.real(0)));
  }

  Value loadElementOfW(Value k, Value column) {
    SmallVector<Value> at;
    if (sizeOfRank(buffers.w) == 3)
      at.push_back(member ? member : b.index(0));
    at.append(buffers.transposed ? std::initializer_list<Value>{column, k}
                                 : std::initializer_list<Value>{k, column});
    return b.load(buffers.w, at);
  }
  static int64_t sizeOfRank(Value buffer) {
    return cast<MemRefType>(buffer.getType()).getRank();
  }

  /// Elements [column, column + 4) of row k of W. Columns that y lacks come out
  /// as some other, and are not stored.
  Value loadW(Value k, Value column) {
    SmallVector<Value> lanes;
    for (Value at : b.fourPlaces(column, width))
      lanes.push_back(loadElementOfW(b.clamp(k, depth - 1), at));
    Value exists = depth % tile.depth ? b.less(k, depth) : Value();
    return b.select(exists, b.vector(lanes), b.splat(b.real(0)));
  }

  /// Row and vector of the tile of W at a place of the loads: neighbours in a
  /// group read neighbours in memory.
  std::pair<Value, Value> placeOfW(int64_t i) {
    Value place = b.add(thread, i * threads);
    if (buffers.transposed)
      return {b.rem(place, tile.depth), b.div(place, tile.depth)};
    return {b.div(place, vectorsOfW), b.rem(place, vectorsOfW)};
  }

  /// The vectors of both tiles from k on that this invocation loads.
  SmallVector<Value> fetch(ArrayRef<RowOfX> rows, Value k) {
    SmallVector<Value> loaded;
    for (auto [i, row] : llvm::enumerate(rows)) {
      Value place = b.add(thread, int64_t(i) * threads);
      loaded.push_back(
          loadX(row, b.add(k, b.mul(b.rem(place, vectorsOfX), 4))));
    }
    for (int64_t i = 0; i < share(sizeOfW, threads); ++i) {
      auto [row, vector] = placeOfW(i);
      loaded.push_back(
          loadW(b.add(k, row), b.add(firstColumn, b.mul(vector, 4))));
    }
    return loaded;
  }

  /// Puts them in copy `copy` (index, 0 or 1) of the tiles.
  void put(ArrayRef<Value> loaded, Value copy) {
    int64_t ofX = share(sizeOfX, threads);
    for (auto [i, vector] : llvm::enumerate(loaded.take_front(ofX)))
      b.store(vector, tileOfX,
              b.add(b.mul(copy, sizeOfX), b.add(thread, int64_t(i) * threads)));
    for (auto [i, vector] : llvm::enumerate(loaded.drop_front(ofX))) {
      auto [row, column] = placeOfW(i);
      b.store(
          vector, tileOfW,
          b.add(b.mul(copy, sizeOfW), b.add(b.mul(row, vectorsOfW), column)));
    }
  }

  int64_t vectorsOfRow() const { return tile.width / 4; }

  /// b, or zeros.
  SmallVector<Value> startSums() {
    SmallVector<Value> row;
    for (int64_t v = 0; v < vectorsOfRow(); ++v) {
      SmallVector<Value> lanes;
      for (int64_t i = 0; i < 4; ++i) {
        if (!buffers.b) {
          lanes.push_back(b.real(0));
          continue;
        }
        SmallVector<Value> at;
        if (sizeOfRank(buffers.b) == 2)
          at.push_back(member ? member : b.index(0));
        at.push_back(b.clamp(columnOf(4 * v + i), width - 1));
        lanes.push_back(b.load(buffers.b, at));
      }
      row.push_back(b.vector(lanes));
    }
    SmallVector<Value> sums;
    for (int64_t i = 0; i < tile.height; ++i)
      sums.append(row);
    return sums;
  }
  Value columnOf(int64_t j) {
    return b.add(firstColumn, b.add(b.mul(tileColumn, tile.width), j));
  }

  /// Adds what copy `copy` of the tiles gives.
  SmallVector<Value> multiply(ValueRange sums, Value copy) {
    Value ofX =
        b.add(b.mul(copy, sizeOfX), b.mul(tileRow, tile.height * vectorsOfX));
    Value ofW = b.add(b.mul(copy, sizeOfW), b.mul(tileColumn, vectorsOfRow()));
    return b.loop(
        b.index(0), b.index(vectorsOfX), 1, sums,
        [&](Value k4, ValueRange carried) {
          SmallVector<Value> x, sums(carried);
          for (int64_t i = 0; i < tile.height; ++i)
            x.push_back(b.load(tileOfX, b.add(ofX, b.add(k4, i * vectorsOfX))));
          Value row = b.add(ofW, b.mul(k4, 4 * vectorsOfW));
          for (int64_t k = 0; k < 4; ++k) {
            SmallVector<Value> w;
            for (int64_t v = 0; v < vectorsOfRow(); ++v)
              w.push_back(b.load(tileOfW, b.add(row, k * vectorsOfW + v)));
            for (int64_t i = 0; i < tile.height; ++i) {
              Value factor = b.splat(b.lane(x[i], k));
              for (int64_t v = 0; v < vectorsOfRow(); ++v) {
                Value &sum = sums[i * vectorsOfRow() + v];
                sum = b.fma(factor, w[v], sum);
              }
            }
          }
          return sums;
        });
  }

  SmallVector<Value> sumUp() {
    SmallVector<RowOfX> rows = findRows();
    SmallVector<Value> sums = startSums();
    Value first = b.index(0);
    Value stop = b.index(llvm::alignTo(depth, tile.depth));
    if (!tile.twice)
      return b.loop(first, stop, tile.depth, sums,
                    [&](Value k, ValueRange carried) {
                      put(fetch(rows, k), b.index(0));
                      b.barrier();
                      SmallVector<Value> next = multiply(carried, b.index(0));
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
          SmallVector<Value> loaded = fetch(rows, b.add(k, tile.depth));
          SmallVector<Value> next = multiply(carried.drop_back(), copy);
          put(loaded, other);
          b.barrier();
          next.push_back(other);
          return next;
        });
    sums.pop_back();
    return sums;
  }

  void storeSums(ArrayRef<Value> sums, ProductEpilogue epilogue) {
    for (int64_t i = 0; i < tile.height; ++i) {
      Value position =
          b.add(firstPosition, b.add(b.mul(tileRow, tile.height), i));
      b.when(b.less(position, end), [&] {
        Value row = buffers.resultRows
                        ? b.loadIndex(buffers.resultRows, position)
                        : position;
        for (int64_t j = 0; j < tile.width; ++j) {
          Value column = columnOf(j);
          Value exists = width % tile.columns ? b.less(column, width) : Value();
          b.when(exists, [&] {
            Value sum = b.lane(sums[i * vectorsOfRow() + j / 4], j % 4);
            if (epilogue)
              sum = epilogue(b, sum, {position, row, column, member});
            b.store(sum, buffers.y, {row, column});
          });
        }
      });
    }
  }

  void build(ProductEpilogue epilogue) {
    tileOfX = b.shared(copies * sizeOfX, b.vector4());
    tileOfW = b.shared(copies * sizeOfW, b.vector4());
    findTile();
    b.when(b.less(firstPosition, end), [&] { storeSums(sumUp(), epilogue); });
  }
};

} // namespace

void modc::buildProduct(DeviceBuilder &b, const ProductBuffers &buffers,
                        const ProductTile &tile, ProductEpilogue epilogue) {
  ProductBuilder builder{b, buffers, tile};
  builder.build(epilogue);
}
