//===- DecomposeTraining.cpp - Updates and candidates as loops ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The optimizer's step, in place and only on slices that are active, and the
// choice of each point's best candidate.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/Decompose.h"
#include <limits>

using namespace mlir;
using namespace modc;

namespace {

//===----------------------------------------------------------------------===//
// update
//===----------------------------------------------------------------------===//

/// Elements of one task of an update: enough that handing it out costs nothing.
constexpr int64_t kUpdateElements = 16384;

/// Parts into which `size` equal rows of `row` elements split evenly, so that
/// each has about kUpdateElements.
int64_t getNumParts(int64_t size, int64_t row) {
  int64_t parts = std::max<int64_t>(1, size * row / kUpdateElements);
  parts = std::min(parts, size);
  while (size % parts)
    --parts;
  return parts;
}

/// Builds the rule on one slice. Ops of the rule that depend on no element
/// (powers of the decay rates) run once, before the elements.
SmallVector<Value> buildRule(TensorBuilder &b, UpdateOp op, Value step,
                             Value gradient, ValueRange targets) {
  Block &rule = op.getRule().front();
  Type element = tensorType(op.getParameter()).getElementType();
  Value one = b.real(element, 1);
  Value keep = arith::SubFOp::create(
      b, one, arith::MulFOp::create(b, op.getLr(), op.getDecay()));
  Value count = arith::SIToFPOp::create(b, element, step);
  IRMapping mapping;
  mapping.map(rule.getArgument(2), op.getLr());
  mapping.map(rule.getArgument(3), count);
  DenseSet<Operation *> perElement;
  auto isPerElement = [&](Value v) {
    if (auto argument = dyn_cast<BlockArgument>(v))
      return argument.getOwner() == &rule && argument.getArgNumber() != 2 &&
             argument.getArgNumber() != 3;
    return perElement.contains(v.getDefiningOp());
  };
  for (Operation &inner : rule.without_terminator()) {
    if (llvm::any_of(inner.getOperands(), isPerElement) ||
        inner.getNumRegions())
      perElement.insert(&inner);
    else
      b.clone(inner, mapping);
  }
  SmallVector<Value> inputs = {gradient};
  SmallVector<AffineMap> maps(
      1 + targets.size(),
      b.getMultiDimIdentityMap(tensorType(gradient).getRank()));
  return b.generic(inputs, targets, maps, 0, [&](ValueRange v) {
    mapping.map(rule.getArgument(0), arith::MulFOp::create(b, v[1], keep));
    mapping.map(rule.getArgument(1),
                arith::MulFOp::create(b, v[0], op.getScale()));
    for (auto [argument, value] :
         llvm::zip(rule.getArguments().drop_front(4), v.drop_front(2)))
      mapping.map(argument, value);
    for (Operation &inner : rule.without_terminator())
      if (perElement.contains(&inner))
        b.clone(inner, mapping);
    SmallVector<Value> results;
    for (Value value : rule.getTerminator()->getOperands())
      results.push_back(mapping.lookupOrDefault(value));
    return results;
  });
}

/// active[i] != 0.
Value isActive(TensorBuilder &b, UpdateOp op, Value i) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                               b.extract(op.getActive(), i),
                               b.integer(b.getI8Type(), 0));
}

/// The rule on a scalar under `active[i] != 0`.
SmallVector<Value> buildGuardedRule(TensorBuilder &b, UpdateOp op, Value i,
                                    Value gradient, ValueRange targets) {
  return b.branch(
      isActive(b, op, i),
      [&] {
        Value step = b.extract(op.getSteps(), i);
        return buildRule(b, op, step, gradient, targets);
      },
      [&] { return SmallVector<Value>(targets); });
}

struct DecomposeUpdate : OpRewritePattern<UpdateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UpdateOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> targets = {op.getParameter()};
    llvm::append_range(targets, op.getStates());
    RankedTensorType type = tensorType(op.getParameter());
    bool stacked = op.getStacked();
    if (type.getRank() == 0) {
      rewriter.replaceOp(
          op, buildGuardedRule(b, op, b.index(0), op.getGradient(), targets));
      return success();
    }
    // Task t works on part t % parts of slice t / parts; a part is a block of
    // the first dimension of a slice.
    int64_t slices = stacked ? type.getDimSize(0) : 1;
    ArrayRef<int64_t> shape = type.getShape().drop_front(stacked);
    int64_t size = shape.empty() ? 1 : shape[0];
    int64_t parts = getNumParts(size, ShapedType::getNumElements(shape) / size);
    auto forall = scf::ForallOp::create(
        b, ArrayRef<OpFoldResult>{b.getIndexAttr(slices * parts)}, targets,
        std::nullopt);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(forall.getTerminator());
      Value task = forall.getInductionVar(0);
      Value slice = arith::DivUIOp::create(b, task, b.index(parts));
      Value part = arith::RemUIOp::create(b, task, b.index(parts));
      SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
      SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
      SmallVector<OpFoldResult> sizes = b.sizes(op.getParameter());
      if (stacked) {
        offsets[0] = slice;
        sizes[0] = b.getIndexAttr(1);
      }
      SmallVector<int64_t> partShape(shape);
      if (!shape.empty()) {
        // No rows where there is nothing to do: what stays is then not the
        // result of a branch, which bufferization would copy.
        Value rows = b.index(size / parts);
        offsets[stacked] = b.mul(part, rows);
        sizes[stacked] =
            arith::SelectOp::create(b, isActive(b, op, slice), rows, b.index(0))
                .getResult();
        partShape[0] = ShapedType::kDynamic;
      }
      auto partType = RankedTensorType::get(partShape, type.getElementType());
      auto extract = [&](Value v) -> Value {
        return tensor::ExtractSliceOp::create(b, partType, v, offsets, sizes,
                                              strides);
      };
      // Through the shared arguments: reading the outer values would copy them.
      SmallVector<Value> pieces;
      for (BlockArgument shared : forall.getRegionIterArgs())
        pieces.push_back(extract(shared));
      Value gradient = extract(op.getGradient());
      SmallVector<Value> results =
          shape.empty() ? buildGuardedRule(b, op, slice, gradient, pieces)
                        : buildRule(b, op, b.extract(op.getSteps(), slice),
                                    gradient, pieces);
      b.setInsertionPointToEnd(forall.getTerminator().getBody());
      for (auto [result, shared] :
           llvm::zip(results, forall.getRegionIterArgs()))
        tensor::ParallelInsertSliceOp::create(b, result, shared, offsets, sizes,
                                              strides);
    }
    rewriter.replaceOp(op, forall.getResults());
    return success();
  }
};

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
    AffineExpr i, s;
    bindDims(b.getContext(), i, s);
    auto map = [&](ArrayRef<AffineExpr> results) {
      return AffineMap::get(2, 0, results, b.getContext());
    };
    Value chosen = b.generic(
        candidates, {largest, first}, {map({s}), map({i}), map({i})}, 1,
        [&](ValueRange v) {
          Value s = linalg::IndexOp::create(b, 1);
          Value at = b.toInteger(s, i32);
          Value j = b.extract(
              objective, b.add(b.mul(s, n), linalg::IndexOp::create(b, 0)));
          Value more =
              arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, j, v[1]);
          return SmallVector<Value>{arith::SelectOp::create(b, more, j, v[1]),
                                    arith::SelectOp::create(b, more, at, v[2])};
        })[1];
    auto candidateRow = [&](Value candidate) {
      return b.add(b.mul(b.toIndex(candidate), n),
                   linalg::IndexOp::create(b, 0));
    };
    SmallVector<OpFoldResult> sizes = b.sizes(choices);
    sizes[0] = n;
    Value best = tensor::EmptyOp::create(b, sizes, i32);
    AffineMap all = map({i, s});
    best = b.generic(chosen, best, {map({i}), all}, 0, [&](ValueRange v) {
      Value pick = linalg::IndexOp::create(b, 1);
      return SmallVector<Value>{b.extract(choices, {candidateRow(v[0]), pick})};
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
  patterns.add<DecomposeUpdate, DecomposeKeepBest>(patterns.getContext());
}
