//===- DecomposeLinear.cpp - Linear maps and rows as linalg ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// linear, reshape, pick, tile_rows and take_rows as linalg and tensor ops. A
// contraction starts at the bias: one chain of additions an element.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/Decompose.h"

using namespace mlir;
using namespace modc;

Value modc::buildPick(TensorBuilder &b, Value input, Value index) {
  RankedTensorType type = tensorType(input);
  unsigned rank = type.getRank();
  Type element = type.getElementType();
  Value init = b.fill(b.emptyLike(index, element), 0.0);
  AffineMap all = b.getMultiDimIdentityMap(rank);
  AffineMap leading = all.dropResult(rank - 1);
  return b.generic(
      {input, index}, init, {all, leading, leading}, 1, [&](ValueRange v) {
        Value at =
            b.toInteger(linalg::IndexOp::create(b, rank - 1), v[1].getType());
        Value hit =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, at, v[1]);
        return SmallVector<Value>{arith::SelectOp::create(b, hit, v[0], v[2])};
      })[0];
}

Value modc::buildRowSum(TensorBuilder &b, Value input) {
  RankedTensorType type = tensorType(input);
  unsigned rank = type.getRank();
  SmallVector<OpFoldResult> sizes = b.sizes(input);
  sizes.pop_back();
  Value init =
      b.fill(tensor::EmptyOp::create(b, sizes, type.getElementType()), 0.0);
  AffineMap all = b.getMultiDimIdentityMap(rank);
  return b.generic(
      input, init, {all, all.dropResult(rank - 1)}, 1, [&](ValueRange v) {
        return SmallVector<Value>{arith::AddFOp::create(b, v[1], v[0])};
      })[0];
}

namespace {

/// [[0, 1, ..., d - 1], [d], ...]: the leading `count` dimensions become one.
SmallVector<ReassociationIndices> joinLeading(int64_t count, int64_t rank) {
  SmallVector<ReassociationIndices> groups(1);
  for (int64_t d = 0; d < count; ++d)
    groups[0].push_back(d);
  for (int64_t d = count; d < rank; ++d)
    groups.push_back({d});
  return groups;
}

struct DecomposeLinear : OpRewritePattern<LinearOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LinearOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value x = op.getInput();
    RankedTensorType type = op.getType();
    Type element = type.getElementType();
    int64_t rank = type.getRank();
    SmallVector<ReassociationIndices> groups = joinLeading(rank - 1, rank);
    // One dimension of rows, so that all contractions have one form.
    if (rank > 2)
      x = tensor::CollapseShapeOp::create(b, x, groups);
    Value w = op.getWeight();
    Value init = tensor::EmptyOp::create(
        b, ArrayRef<OpFoldResult>{b.sizes(x)[0], b.sizes(w)[1]}, element);
    AffineExpr i, j, k;
    bindDims(b.getContext(), i, j, k);
    auto map = [&](unsigned dims, ArrayRef<AffineExpr> results) {
      return AffineMap::get(dims, 0, results, b.getContext());
    };
    if (Value bias = op.getBias())
      init =
          b.generic(bias, init, {map(2, {j}), map(2, {i, j})}, 0,
                    [](ValueRange v) { return SmallVector<Value>{v[0]}; })[0];
    else
      init = b.fill(init, 0.0);
    Value y = b.generic(
        {x, w}, init, {map(3, {i, k}), map(3, {k, j}), map(3, {i, j})}, 1,
        [&](ValueRange v) {
          Value product = arith::MulFOp::create(b, v[0], v[1]);
          return SmallVector<Value>{arith::AddFOp::create(b, v[2], product)};
        })[0];
    if (rank > 2) {
      SmallVector<OpFoldResult> sizes = b.sizes(op.getInput());
      sizes.back() = b.sizes(w)[1];
      y = tensor::ExpandShapeOp::create(b, type, y, groups, sizes);
    }
    if (y.getType() != type)
      y = tensor::CastOp::create(b, type, y);
    rewriter.replaceOp(op, y);
    return success();
  }
};

struct DecomposeReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    RankedTensorType from = tensorType(op.getInput()), to = tensorType(op);
    Value value = op.getInput();
    // By way of [rows, product], where either side is more than a matrix.
    auto toMatrix = [](int64_t rank) {
      SmallVector<ReassociationIndices> groups = {{0}, {}};
      for (int64_t d = 1; d < rank; ++d)
        groups[1].push_back(d);
      return groups;
    };
    if (from.getRank() == 1) {
      SmallVector<ReassociationIndices> groups = {{0, 1}};
      SmallVector<OpFoldResult> sizes = {b.sizes(value)[0], b.getIndexAttr(1)};
      value = tensor::ExpandShapeOp::create(
          b,
          RankedTensorType::get({from.getDimSize(0), 1}, from.getElementType()),
          value, groups, sizes);
    } else if (from.getRank() > 2) {
      value =
          tensor::CollapseShapeOp::create(b, value, toMatrix(from.getRank()));
    }
    if (to.getRank() == 1) {
      SmallVector<ReassociationIndices> groups = {{0, 1}};
      value = tensor::CollapseShapeOp::create(b, to, value, groups);
    } else if (to.getRank() > 2) {
      SmallVector<OpFoldResult> sizes = {b.sizes(value)[0]};
      for (int64_t size : to.getShape().drop_front())
        sizes.push_back(b.getIndexAttr(size));
      value = tensor::ExpandShapeOp::create(b, to, value,
                                            toMatrix(to.getRank()), sizes);
    }
    rewriter.replaceOp(op, value);
    return success();
  }
};

struct DecomposePick : OpRewritePattern<PickOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PickOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, buildPick(b, op.getInput(), op.getIndex()));
    return success();
  }
};

/// A copy of all rows for each repetition.
struct DecomposeTileRows : OpRewritePattern<TileRowsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TileRowsOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value x = op.getInput();
    Value n = b.dim(x, 0);
    SmallVector<OpFoldResult> sizes = b.sizes(x);
    sizes[0] = b.mul(op.getTimes(), n);
    Value y = tensor::EmptyOp::create(b, sizes, tensorType(x).getElementType());
    y = b.loop(b.index(0), op.getTimes(), y, [&](Value s, ValueRange carried) {
      return SmallVector<Value>{b.insertRows(x, carried[0], b.mul(s, n), n)};
    })[0];
    rewriter.replaceOp(op, y);
    return success();
  }
};

struct DecomposeTakeRows : OpRewritePattern<TakeRowsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TakeRowsOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value x = op.getInput();
    SmallVector<OpFoldResult> sizes = b.sizes(x);
    sizes[0] = b.dim(op.getRows(), 0);
    Value y = tensor::EmptyOp::create(b, sizes, tensorType(x).getElementType());
    unsigned rank = sizes.size();
    AffineMap all = b.getMultiDimIdentityMap(rank);
    rewriter.replaceOp(
        op, b.generic(op.getRows(), y, {all.getSubMap({0}), all}, 0,
                      [&](ValueRange v) {
                        SmallVector<Value> at = {b.toIndex(v[0])};
                        for (unsigned d = 1; d < rank; ++d)
                          at.push_back(linalg::IndexOp::create(b, d));
                        return SmallVector<Value>{b.extract(x, at)};
                      }));
    return success();
  }
};

} // namespace

void modc::populateDecomposeLinearPatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeLinear, DecomposeReshape, DecomposePick,
               DecomposeTileRows, DecomposeTakeRows>(patterns.getContext());
}
