//===- ModularFolds.cpp - Folds of the dialect's ops ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small simplifications that hold at every level.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace modc;

OpFoldResult ToSelectionOp::fold(FoldAdaptor) {
  // The other way round clamps, so only this one folds.
  auto integers = getInput().getDefiningOp<FromSelectionOp>();
  if (integers && integers.getInput().getType() == getType())
    return integers.getInput();
  return {};
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  // A reshape of a reshape reads the first one's operand.
  if (auto inner = getInput().getDefiningOp<ReshapeOp>()) {
    if (inner.getInput().getType() == getType())
      return inner.getInput();
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  return {};
}

OpFoldResult TileRowsOp::fold(FoldAdaptor) {
  return matchPattern(getTimes(), m_One()) ? OpFoldResult(getInput())
                                           : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// Canonical forms
//===----------------------------------------------------------------------===//

/// With one pick, a mean, a concatenation and a sum are the same.
template <typename OpTy>
static LogicalResult composeOnePick(OpTy op, PatternRewriter &rewriter) {
  bool isSum = op.getCompose() == Compose::Mean ||
               op.getCompose() == Compose::Concat;
  if (!isSum || op.getPlan().getType().getChoose() != 1)
    return failure();
  rewriter.modifyOpInPlace(op, [&] { op.setCompose(Compose::Sum); });
  return success();
}

LogicalResult CombineOp::canonicalize(CombineOp op, PatternRewriter &rewriter) {
  return composeOnePick(op, rewriter);
}

LogicalResult DispatchOp::canonicalize(DispatchOp op,
                                       PatternRewriter &rewriter) {
  return composeOnePick(op, rewriter);
}

namespace {
/// Results that nothing reads: a program that wants one of a member's results,
/// or one of its gradients, computes no others.
struct DropGroupedResults : OpRewritePattern<GroupedOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GroupedOp op,
                                PatternRewriter &rewriter) const override {
    if (op.use_empty() ||
        llvm::none_of(op.getResults(), [](Value v) { return v.use_empty(); }))
      return failure();
    auto isUsed = [](Value v) { return !v.use_empty(); };
    int64_t numPoints = llvm::count_if(op.getPointResults(), isUsed);
    SmallVector<int64_t> gradientCounts;
    SmallVector<SmallVector<Value>> yields;
    for (unsigned c = 0, e = op.getNumClasses(); c < e; ++c) {
      SmallVector<Value> results(op.getRowResults());
      llvm::append_range(results, op.getPointResults());
      llvm::append_range(results, op.getClassGradients(c));
      gradientCounts.push_back(
          llvm::count_if(op.getClassGradients(c), isUsed));
      yields.emplace_back();
      for (auto [result, value] : llvm::zip_equal(
               results, op.getClassBody(c).getTerminator()->getOperands()))
        if (isUsed(result))
          yields.back().push_back(value);
    }
    SmallVector<Value> kept;
    llvm::copy_if(op.getResults(), std::back_inserter(kept), isUsed);
    auto pruned = GroupedOp::create(
        rewriter, op.getLoc(), ValueRange(kept).getTypes(), op.getPlan(),
        op.getGathered(), op.getAlong(), op.getPoints(), op.getShared(),
        op.getParameters(), op.getClasses(), op.getParameterCounts(),
        gradientCounts, op.getRowsPerPoint(), numPoints, op.getNumClasses());
    for (auto [c, values] : llvm::enumerate(yields)) {
      rewriter.inlineRegionBefore(op.getBodies()[c], pruned.getBodies()[c],
                                  pruned.getBodies()[c].end());
      Operation *yield = pruned.getClassBody(c).getTerminator();
      rewriter.startOpModification(yield);
      yield->setOperands(values);
      rewriter.finalizeOpModification(yield);
    }
    for (auto [value, result] : llvm::zip_equal(kept, pruned.getResults()))
      rewriter.replaceAllUsesWith(value, result);
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void GroupedOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<DropGroupedResults>(context);
}

LogicalResult ScanOp::canonicalize(ScanOp op, PatternRewriter &rewriter) {
  // Stacked results that nothing reads need no tensor. Carried values may be
  // read by the next step.
  unsigned numCarried = op.getInits().size();
  if (op.use_empty() ||
      llvm::none_of(op.getStacked(), [](Value v) { return v.use_empty(); }))
    return failure();
  Operation *yield = op.getBody().front().getTerminator();
  SmallVector<Value> kept(op.getFinals());
  SmallVector<Value> values(yield->getOperands().take_front(numCarried));
  for (auto [result, value] : llvm::zip_equal(
           op.getStacked(), yield->getOperands().drop_front(numCarried)))
    if (!result.use_empty()) {
      kept.push_back(result);
      values.push_back(value);
    }
  auto pruned =
      ScanOp::create(rewriter, op.getLoc(), ValueRange(kept).getTypes(),
                     op.getInits(), op.getSequences(), op.getReverse());
  rewriter.inlineRegionBefore(op.getBody(), pruned.getBody(),
                              pruned.getBody().end());
  rewriter.modifyOpInPlace(yield, [&] { yield->setOperands(values); });
  for (auto [value, result] : llvm::zip_equal(kept, pruned.getResults()))
    rewriter.replaceAllUsesWith(value, result);
  rewriter.eraseOp(op);
  return success();
}
