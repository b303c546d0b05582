//===- LowerDistinct.cpp - Distinct rows of candidates ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One loop over the candidates, in order. With one key of few values a table says
// which pairs there are already; else candidates go down a trie of lists, one level
// a key, whose leaves are the distinct rows.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/PairLists.h"
#include "passes/cpu/Routing.h"

using namespace mlir;
using namespace modc;

namespace {

/// The number of each row, and the first row of each number in its first
/// `count` places.
struct Numbers {
  Value index, first, count;
};

/// Up to this bound of keys there is a table of all pairs: nothing is searched,
/// for up to 64 bytes a parent.
constexpr int64_t kTableKeys = 16;

/// Rows of one key: place key of row parent holds the pair's number, or -1.
Numbers numberByTable(TensorBuilder &b, DistinctRowsOp op) {
  Type i32 = b.getI32Type();
  Value rows = b.dim(op.getKeys(), 0);
  auto make = [&](SmallVector<OpFoldResult> sizes) -> Value {
    return tensor::EmptyOp::create(b, sizes, i32);
  };
  Value table =
      b.fillInteger(make({op.getCount(),
                          b.getIndexAttr(static_cast<int32_t>(op.getBound()))}),
                    -1);
  SmallVector<Value> carried = b.loop(
      b.index(0), rows, {table, make({rows}), make({rows}), b.integer(i32, 0)},
      [&](Value r, ValueRange c) {
        Value at[] = {b.toIndex(b.extract(op.getParent(), r)),
                      b.toIndex(b.extract(op.getKeys(), {r, b.index(0)}))};
        Value known = b.extract(c[0], at);
        Value isNew = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, known,
                                            b.integer(i32, 0));
        Value number = arith::SelectOp::create(b, isNew, c[3], known);
        // What stands behind the last number is overwritten by the next one.
        return SmallVector<Value>{
            b.insert(number, c[0], at), b.insert(number, c[1], r),
            b.insert(b.toInteger(r, i32), c[2], b.toIndex(c[3])),
            b.add(c[3], arith::ExtUIOp::create(b, i32, isNew))};
      });
  return {carried[1], carried[2], b.toIndex(carried[3])};
}

Numbers numberByLists(TensorBuilder &b, DistinctRowsOp op) {
  Type i32 = b.getI32Type();
  Value keys = op.getKeys();
  Value rows = b.dim(keys, 0);
  int64_t levels = op.getKeys().getType().getDimSize(1);
  auto make = [&](Value size) -> Value {
    return tensor::EmptyOp::create(b, ArrayRef<OpFoldResult>{size}, i32);
  };
  // A parent of the first level is one of the op's; of another, it is pair p
  // of the level before, as number count + p.
  PairLists lists{b};
  Value pairs = b.mul(rows, b.index(levels));
  Value count = op.getCount();
  Value parents = levels > 1 ? b.add(count, pairs) : count;
  SmallVector<Value> carried = lists.create(parents, pairs);
  carried.append({make(rows), make(rows)});
  // Leaf and number of distinct rows, where pairs aren't all leaves.
  if (levels > 1)
    carried.append({make(pairs), b.integer(i32, 0)});
  carried = b.loop(b.index(0), rows, carried, [&](Value r, ValueRange c) {
    constexpr unsigned n = PairLists::numCarried;
    Value index = c[n], first = c[n + 1];
    Value parent = b.toIndex(b.extract(op.getParent(), r));
    SmallVector<Value> path(c.take_front(n));
    if (levels > 1) {
      path.push_back(parent);
      path = b.loop(
          b.index(0), b.index(levels - 1), path, [&](Value k, ValueRange p) {
            PairLists::State state(p.take_front(n));
            auto found = lists.add(state, p[n], b.extract(keys, {r, k}));
            state.push_back(b.add(b.toIndex(found.pair), count));
            return state;
          });
      parent = path.pop_back_val();
    }
    PairLists::Found found =
        lists.add(path, parent, b.extract(keys, {r, b.index(levels - 1)}));
    Value number = found.pair;
    SmallVector<Value> more;
    if (levels > 1) {
      Value leaf = c[n + 2], leaves = c[n + 3];
      Value at = b.toIndex(found.pair);
      number =
          arith::SelectOp::create(b, found.isNew, leaves, b.extract(leaf, at));
      more = {b.insert(number, leaf, at),
              b.add(leaves, arith::ExtUIOp::create(b, i32, found.isNew))};
    }
    Value at = b.toIndex(number);
    Value earliest = arith::SelectOp::create(
        b, found.isNew, b.toInteger(r, i32), b.extract(first, at));
    SmallVector<Value> results = std::move(path);
    results.append({b.insert(number, index, r), b.insert(earliest, first, at)});
    llvm::append_range(results, more);
    return results;
  });
  return {carried[PairLists::numCarried], carried[PairLists::numCarried + 1],
          b.toIndex(levels > 1 ? carried.back() : PairLists::getSize(carried))};
}

struct LowerDistinctRows : OpRewritePattern<DistinctRowsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DistinctRowsOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    bool byTable = op.getKeys().getType().getDimSize(1) == 1 &&
                   static_cast<int32_t>(op.getBound()) <= kTableKeys;
    Numbers numbers = byTable ? numberByTable(b, op) : numberByLists(b, op);
    // A minimum, so that buffers of distinct rows have a bound.
    Value count =
        arith::MinUIOp::create(b, numbers.count, b.dim(op.getKeys(), 0));
    rewriter.replaceOp(
        op, {numbers.index, b.rows(numbers.first, b.index(0), count)});
    return success();
  }
};

} // namespace

void modc::populateLowerDistinctPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerDistinctRows>(patterns.getContext());
}
