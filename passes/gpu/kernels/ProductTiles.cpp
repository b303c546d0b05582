//===- ProductTiles.cpp - Tiles of products -------------------------------===//
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

#include "passes/gpu/kernels/ProductTiles.h"

#include "passes/gpu/kernels/PositionBlocks.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace modc;

static bool isStacked(Value buffer, int64_t rank) {
  return cast<MemRefType>(buffer.getType()).getRank() > rank;
}

ProductTiles::ProductTiles(DeviceBuilder &b, const ProductTile &tile)
    : b(b), tile(tile), vectorsOfX(tile.depth / 4),
      vectorsOfW(tile.columns / 4), vectorsOfPart(tile.width / 4),
      sizeOfX(tile.rows * vectorsOfX), sizeOfW(tile.depth * vectorsOfW),
      shareOfX(sizeOfX / tile.threads()), shareOfW(sizeOfW / tile.threads()),
      thread(b.thread()), partColumn(b.rem(thread, tile.columns / tile.width)),
      partRow(b.div(thread, tile.columns / tile.width)) {
  assert(sizeOfX % tile.threads() == 0 && sizeOfW % tile.threads() == 0 &&
         "invocations load equal shares");
}

void ProductTiles::find(Value offsets, Value rowCount) {
  PositionBlock block =
      findPositionBlock(b, offsets, rowCount, tile.rows, b.group());
  member = block.member;
  firstPosition = block.first;
  end = block.end;
}

Value ProductTiles::hasDistinct(Value distinct) {
  if (!distinct)
    return {};
  Value last = b.min(b.add(firstPosition, tile.rows), end);
  Value own = b.loop(
      firstPosition, last, 1, b.integer(0), [&](Value row, ValueRange found) {
        Value isOwn = b.equal(b.load(distinct, row), b.toInteger(row));
        return Values{b.select(isOwn, b.integer(1), found[0])};
      })[0];
  return b.equal(own, b.integer(1));
}

SmallVector<ProductTiles::Row> ProductTiles::findRows(Value operandRows) {
  SmallVector<Row> rows;
  for (int64_t i = 0; i < shareOfX; ++i) {
    Value place = b.add(thread, i * tile.threads());
    Value position = b.add(firstPosition, b.div(place, vectorsOfX));
    Value row = b.min(position, b.sub(end, b.index(1)));
    if (operandRows)
      row = b.loadIndex(operandRows, row);
    rows.push_back({b.less(position, end), row});
  }
  return rows;
}

ProductTiles::Values ProductTiles::fetchX(Value x, ArrayRef<Row> rows,
                                          Value k) {
  int64_t depth = sizeOf(x, 1);
  bool whole = depth % 4 == 0;
  Values vectors;
  for (auto [i, row] : llvm::enumerate(rows)) {
    Value place = b.add(thread, int64_t(i) * tile.threads());
    Value first = b.add(k, b.mul(b.rem(place, vectorsOfX), 4));
    Values lanes;
    for (auto [j, at] : llvm::enumerate(b.fourPlaces(first, depth))) {
      Value value = b.load(x, {row.number, at});
      // Not left to W's zeros: infinity times 0 is none.
      lanes.push_back(whole ? value
                            : b.select(b.less(b.add(first, int64_t(j)), depth),
                                       value, b.real(0)));
    }
    bool full = depth % tile.depth == 0;
    Value exists =
        b.both(row.exists, whole && !full ? b.less(first, depth) : Value());
    vectors.push_back(b.select(exists, b.vector(lanes), b.splat(b.real(0))));
  }
  return vectors;
}

void ProductTiles::putX(ArrayRef<Value> vectors, Value shared, Value at) {
  for (auto [i, vector] : llvm::enumerate(vectors))
    b.store(vector, shared,
            b.add(at, b.add(thread, int64_t(i) * tile.threads())));
}

ProductTiles::PlaceOfW ProductTiles::placeOfW(const Weights &weights,
                                              int64_t i) {
  Value place = b.add(thread, i * tile.threads());
  if (weights.transposed)
    return {b.rem(place, tile.depth), b.div(place, tile.depth)};
  return {b.div(place, vectorsOfW), b.rem(place, vectorsOfW)};
}

ProductTiles::Values ProductTiles::fetchW(const Weights &weights, Value k,
                                          Value column) {
  Values vectors;
  for (int64_t i = 0; i < shareOfW; ++i) {
    PlaceOfW place = placeOfW(weights, i);
    Value row = b.add(k, place.row);
    Value at = b.clamp(row, weights.depth - 1);
    Value first = b.add(column, b.mul(place.vector, 4));
    Values lanes;
    // Columns that W lacks come out as others, and are not stored.
    for (Value c : b.fourPlaces(first, weights.width)) {
      Values places;
      if (isStacked(weights.w, 2))
        places.push_back(member ? member : b.index(0));
      places.append(weights.transposed ? Values{c, at} : Values{at, c});
      lanes.push_back(b.load(weights.w, places));
    }
    Value exists =
        weights.depth % tile.depth ? b.less(row, weights.depth) : Value();
    vectors.push_back(b.select(exists, b.vector(lanes), b.splat(b.real(0))));
  }
  return vectors;
}

void ProductTiles::putW(const Weights &weights, ArrayRef<Value> vectors,
                        Value shared, Value at) {
  for (auto [i, vector] : llvm::enumerate(vectors)) {
    PlaceOfW place = placeOfW(weights, int64_t(i));
    b.store(vector, shared,
            b.add(at, b.add(b.mul(place.row, vectorsOfW), place.vector)));
  }
}

ProductTiles::Values ProductTiles::startSums(const Weights &weights,
                                             Value column) {
  Values row;
  for (int64_t v = 0; v < vectorsOfPart; ++v) {
    Values lanes;
    for (int64_t j = 4 * v; j < 4 * v + 4; ++j) {
      if (!weights.b) {
        lanes.push_back(b.real(0));
        continue;
      }
      Values at;
      if (isStacked(weights.b, 1))
        at.push_back(member ? member : b.index(0));
      at.push_back(b.clamp(columnOf(column, j), weights.width - 1));
      lanes.push_back(b.load(weights.b, at));
    }
    row.push_back(b.vector(lanes));
  }
  Values sums;
  for (int64_t i = 0; i < tile.height; ++i)
    sums.append(row);
  return sums;
}

ProductTiles::Values ProductTiles::multiply(ValueRange sums, const Shared &x,
                                            const Shared &w) {
  Value firstOfX = b.add(x.first, b.mul(partRow, tile.height * x.rowLength));
  Value firstOfW = b.add(w.first, b.mul(partColumn, vectorsOfPart));
  return b.loop(
      b.index(0), b.index(vectorsOfX), 1, sums,
      [&](Value k4, ValueRange carried) {
        Values ofX, sums(carried);
        for (int64_t i = 0; i < tile.height; ++i)
          ofX.push_back(
              b.load(x.buffer, b.add(firstOfX, b.add(k4, i * x.rowLength))));
        Value row = b.add(firstOfW, b.mul(k4, 4 * w.rowLength));
        for (int64_t k = 0; k < 4; ++k) {
          Values ofW;
          for (int64_t v = 0; v < vectorsOfPart; ++v)
            ofW.push_back(b.load(w.buffer, b.add(row, k * w.rowLength + v)));
          for (int64_t i = 0; i < tile.height; ++i) {
            Value factor = b.splat(b.lane(ofX[i], k));
            for (int64_t v = 0; v < vectorsOfPart; ++v) {
              Value &sum = sums[i * vectorsOfPart + v];
              sum = b.fma(factor, ofW[v], sum);
            }
          }
        }
        return sums;
      });
}

ProductTiles::Memory ProductTiles::allocate() {
  int64_t copies = tile.twice ? 2 : 1;
  return {b.shared(copies * sizeOfX, b.vector4()),
          b.shared(copies * sizeOfW, b.vector4())};
}

ProductTiles::Values ProductTiles::sumProduct(Value x, Value operandRows,
                                              const Weights &weights,
                                              const Memory &memory,
                                              Value column) {
  SmallVector<Row> rows = findRows(operandRows);
  struct Loaded {
    Values x, w;
  };
  auto fetch = [&](Value k) {
    return Loaded{fetchX(x, rows, k), fetchW(weights, k, column)};
  };
  // Into a copy of the tiles, 0 or 1.
  auto put = [&](const Loaded &loaded, Value copy) {
    putX(loaded.x, memory.x, b.mul(copy, sizeOfX));
    putW(weights, loaded.w, memory.w, b.mul(copy, sizeOfW));
  };
  auto multiplyCopy = [&](ValueRange sums, Value copy) {
    return multiply(sums, {memory.x, b.mul(copy, sizeOfX), vectorsOfX},
                    {memory.w, b.mul(copy, sizeOfW), vectorsOfW});
  };
  Values sums = startSums(weights, column);
  Value first = b.index(0);
  Value stop = b.index(llvm::alignTo(weights.depth, tile.depth));
  if (!tile.twice)
    return b.loop(first, stop, tile.depth, sums,
                  [&](Value k, ValueRange carried) {
                    put(fetch(k), b.index(0));
                    b.barrier();
                    Values next = multiplyCopy(carried, b.index(0));
                    b.barrier();
                    return next;
                  });
  put(fetch(first), first);
  b.barrier();
  sums.push_back(first);
  sums =
      b.loop(first, stop, tile.depth, sums, [&](Value k, ValueRange carried) {
        Value copy = carried.back();
        Value other = b.sub(b.index(1), copy);
        // Behind the last one anything: it is not used.
        Loaded loaded = fetch(b.add(k, tile.depth));
        Values next = multiplyCopy(carried.drop_back(), copy);
        put(loaded, other);
        b.barrier();
        next.push_back(other);
        return next;
      });
  sums.pop_back();
  return sums;
}

void ProductTiles::forElements(ArrayRef<Value> sums, Value rows, Value column,
                               int64_t width, ForElement body) {
  for (int64_t i = 0; i < tile.height; ++i) {
    Value position = b.add(firstPosition, rowOf(i));
    b.when(b.less(position, end), [&] {
      Value row = rows ? b.loadIndex(rows, position) : position;
      for (int64_t j = 0; j < tile.width; ++j) {
        Value at = columnOf(column, j);
        b.when(width % tile.columns ? b.less(at, width) : Value(), [&] {
          body(sums.empty() ? Value() : sumOf(sums, i, j),
               {position, row, at, member});
        });
      }
    });
  }
}

void ProductTiles::storeSums(ArrayRef<Value> sums, Value y, Value resultRows,
                             Value column, ProductEpilogue epilogue) {
  forElements(sums, resultRows, column, sizeOf(y, 1),
              [&](Value sum, const ProductPlace &place) {
                if (epilogue)
                  sum = epilogue(b, sum, place);
                b.store(sum, y, {place.row, place.column});
              });
}
