//===- RowDistinct.cpp - The first candidate with the same choices --------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each row looks at the earlier candidates of its point, which are few: no row
// waits for another one, and nothing is counted.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/RowKernel.h"
#include "passes/routing/RepeatedRows.h"

using namespace mlir;
using namespace modc;

/// The rows that candidates repeat, where rows with one parent stand for one of
/// them: row s·N + n stands for row n of N.
static TileRowsOp getPoints(DistinctRowsOp op) {
  Value parent = op.getParent();
  while (auto earlier = parent.getDefiningOp<DistinctRowsOp>())
    parent = earlier.getParent();
  auto tile = parent.getDefiningOp<TileRowsOp>();
  return tile && isCounting(tile.getInput()) ? tile : TileRowsOp();
}

/// The first row that agrees with row `at`, and the parent of `at` if it is
/// that row itself, else -1.
RowKernel::Values RowKernel::emitDistinct(DistinctRowsOp op, Value at) {
  Type i32 = b.getI32Type();
  TileRowsOp points = getPoints(op);
  // Those of a point, or, where nothing is known of parents, all.
  Value stride =
      points ? kernel.size(placement.get(points.getInput())->rows) : b.index(1);
  Value earlier = arith::DivUIOp::create(b, at, stride);
  Value point = arith::RemUIOp::create(b, at, stride);
  auto keysOf = [&](Value at) {
    Values keys;
    if (Value one = row(op.getKeys(), at))
      for (int64_t p = 0; p < tensorType(one).getDimSize(1); ++p)
        keys.push_back(b.extract(one, {b.index(0), b.index(p)}));
    return keys;
  };
  auto equal = [&](Value x, Value y) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, y);
  };
  Value own = b.toInteger(at, i32);
  bool isOfPoint = points && op.getParent() == points.getResult();
  Value parent =
      isOfPoint ? b.toInteger(point, i32) : element(op.getParent(), at);
  Values keys = keysOf(at);
  if (!parent || keys.empty())
    return {};
  Value index =
      b.loop(b.index(0), earlier, own, [&](Value s, ValueRange found) {
        Value other = b.add(b.mul(s, stride), point);
        Value same = equal(found[0], own);
        auto require = [&](Value x, Value y) {
          same = arith::AndIOp::create(b, same, equal(x, y));
        };
        if (!isOfPoint)
          require(element(op.getParent(), other), parent);
        for (auto [x, y] : llvm::zip_equal(keysOf(other), keys))
          require(x, y);
        return Values{arith::SelectOp::create(b, same, b.toInteger(other, i32),
                                              found[0])};
      })[0];
  Value first =
      arith::SelectOp::create(b, equal(index, own), parent, b.integer(i32, -1));
  auto asRow = [&](Value value) {
    return b.insert(value, b.empty(rowType(op.getIndex())), b.index(0));
  };
  return {asRow(index), asRow(first)};
}
