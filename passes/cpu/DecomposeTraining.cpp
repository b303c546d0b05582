//===- DecomposeTraining.cpp - Candidates as loops ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The choice of each point's best candidate.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/Decompose.h"
#include <limits>

using namespace mlir;
using namespace modc;

namespace {

//===----------------------------------------------------------------------===//
// keep_best
//===----------------------------------------------------------------------===//

struct DecomposeKeepBest : OpRewritePattern<KeepBestOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(KeepBestOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value objective = op.getObjective(), choices = op.getChoices();
    Type element = tensorType(objective).getElementType();
    Value n = arith::DivUIOp::create(
        b, b.dim(objective, 0),
        arith::MaxUIOp::create(b, op.getCandidates(), b.index(1)));
    // Only its size matters: an expand_shape of J into two dynamic dimensions
    // crashes upstream's expand-strided-metadata.
    Value candidates = tensor::EmptyOp::create(
        b, ArrayRef<OpFoldResult>{op.getCandidates()}, b.getI8Type());
    Value row = tensor::EmptyOp::create(b, ArrayRef<OpFoldResult>{n}, element);
    Type i32 = b.getI32Type();
    Value largest = b.fill(row, -std::numeric_limits<double>::infinity());
    Value first = b.fillInteger(b.emptyLike(row, i32), 0);
    // Candidates outside: points run in vectors.
    AffineExpr s, i;
    bindDims(b.getContext(), s, i);
    auto map = [&](ArrayRef<AffineExpr> results) {
      return AffineMap::get(2, 0, results, b.getContext());
    };
    Value chosen =
        linalg::GenericOp::create(
            b, TypeRange{largest.getType(), first.getType()}, candidates,
            ValueRange{largest, first},
            ArrayRef<AffineMap>{map({s}), map({i}), map({i})},
            ArrayRef{utils::IteratorType::reduction,
                     utils::IteratorType::parallel},
            [&](OpBuilder &nested, Location loc, ValueRange v) {
              TensorBuilder inner(loc, nested);
              inner.setInsertionPoint(nested.getInsertionBlock(),
                                      nested.getInsertionPoint());
              Value candidate = linalg::IndexOp::create(inner, 0);
              Value point = linalg::IndexOp::create(inner, 1);
              Value j = inner.extract(
                  objective, inner.add(inner.mul(candidate, n), point));
              Value more = arith::CmpFOp::create(
                  inner, arith::CmpFPredicate::OGT, j, v[1]);
              Value at = inner.toInteger(candidate, i32);
              linalg::YieldOp::create(
                  inner,
                  ValueRange{arith::SelectOp::create(inner, more, j, v[1]),
                             arith::SelectOp::create(inner, more, at, v[2])});
            })
            .getResult(1);
    auto candidateRow = [&](Value candidate) {
      return b.add(b.mul(b.toIndex(candidate), n),
                   linalg::IndexOp::create(b, 0));
    };
    SmallVector<OpFoldResult> sizes = b.sizes(choices);
    sizes[0] = n;
    Value best = tensor::EmptyOp::create(b, sizes, i32);
    AffineMap all = b.getMultiDimIdentityMap(2);
    best = b.generic(chosen, best, {all.getSubMap({0}), all}, 0,
                     [&](ValueRange v) {
                       Value pick = linalg::IndexOp::create(b, 1);
                       return SmallVector<Value>{
                           b.extract(choices, {candidateRow(v[0]), pick})};
                     })[0];
    Value after = b.map(chosen, element, [&](ValueRange v) {
      return b.extract(objective, candidateRow(v[0]));
    });
    SmallVector<Value> results = {best, b.rows(objective, b.index(0), n),
                                  after};
    for (auto [i, type] : llvm::enumerate(op.getResultTypes()))
      if (results[i].getType() != type)
        results[i] = tensor::CastOp::create(b, type, results[i]);
    rewriter.replaceOp(op, results);
    return success();
  }
};

} // namespace

void modc::populateDecomposeTrainingPatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeKeepBest>(patterns.getContext());
}
