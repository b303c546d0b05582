//===- LowerDistinct.cpp - Distinct rows by a trie  -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Candidates go down a trie of lists, one level a pick; each leaf is a distinct
// row. One loop over the candidates, in order.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/PairLists.h"
#include "passes/cpu/Routing.h"

using namespace mlir;
using namespace modc;

namespace {

struct LowerDistinctRows : OpRewritePattern<DistinctRowsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DistinctRowsOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Type i32 = b.getI32Type();
    Value keys = op.getKeys();
    Value rows = b.dim(keys, 0);
    int64_t levels = op.getKeys().getType().getDimSize(1);
    auto make = [&](Value size) -> Value {
      return tensor::EmptyOp::create(b, ArrayRef<OpFoldResult>{size}, i32);
    };
    // A parent of the first level is one of the op's; of another, it is pair p
    // of the level before, as number rows + p.
    PairLists lists{b};
    Value pairs = b.mul(rows, b.index(levels));
    Value parents = levels > 1 ? b.add(rows, pairs) : rows;
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
              state.push_back(b.add(b.toIndex(found.pair), rows));
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
        number = arith::SelectOp::create(b, found.isNew, leaves,
                                         b.extract(leaf, at));
        more = {b.insert(number, leaf, at),
                b.add(leaves, arith::ExtUIOp::create(b, i32, found.isNew))};
      }
      Value at = b.toIndex(number);
      Value earliest = arith::SelectOp::create(
          b, found.isNew, b.toInteger(r, i32), b.extract(first, at));
      SmallVector<Value> results = std::move(path);
      results.append(
          {b.insert(number, index, r), b.insert(earliest, first, at)});
      llvm::append_range(results, more);
      return results;
    });
    Value count =
        b.toIndex(levels > 1 ? carried.back() : PairLists::getSize(carried));
    // A minimum, so that buffers of distinct rows have a bound.
    count = arith::MinUIOp::create(b, count, rows);
    rewriter.replaceOp(
        op, {carried[PairLists::numCarried],
             b.rows(carried[PairLists::numCarried + 1], b.index(0), count)});
    return success();
  }
};

} // namespace

void modc::populateLowerDistinctPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerDistinctRows>(patterns.getContext());
}
