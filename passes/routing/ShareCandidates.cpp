//===- ShareCandidates.cpp - Let candidates share work --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layers of candidates run each distinct row once: rows are the same if they
// stand for one row of the layer's operands and made the same choices.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/routing/RepeatedRows.h"

namespace modc {
#define GEN_PASS_DEF_SHARECANDIDATESPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// A layer (plan, grouped op, combines) whose row operands are all repeated.
struct ShareLayer : OpRewritePattern<GroupedOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GroupedOp op,
                                PatternRewriter &rewriter) const override {
    auto plan = op.getPlan().getDefiningOp<PlanOp>();
    if (!plan || plan.isDistinct() || op.getGathered().empty() ||
        !op.getAlong().empty() ||
        op->getNumResults() != op.getRowResults().size())
      return failure();
    // Another grouped op, or a dispatch, would see the other plan's positions.
    SmallVector<CombineOp> combines;
    for (Operation *user : plan->getUsers()) {
      auto combine = dyn_cast<CombineOp>(user);
      if (user != op && (!combine || combine.getValues().getDefiningOp() != op))
        return failure();
      if (combine)
        combines.push_back(combine);
    }
    for (Operation *user : op->getUsers())
      if (!llvm::is_contained(combines, user))
        return failure();
    std::optional<Repetition> how = getCommonRepetition(op.getGathered());
    if (!how)
      return failure();
    // The point of an operand row is known by its number, where operand rows
    // are those of the points.
    SmallVector<Value> points;
    for (Value value : op.getPoints()) {
      auto repeated = getRepeatedRows(value);
      if (!repeated || !how->times || !(repeated->how == *how))
        return failure();
      points.push_back(repeated->source);
    }
    share(rewriter, op, plan, combines, *how, points);
    return success();
  }

private:
  static void share(PatternRewriter &rewriter, GroupedOp op, PlanOp plan,
                    ArrayRef<CombineOp> combines, const Repetition &how,
                    ValueRange points) {
    Location loc = op.getLoc();
    SelectionType type = plan.getSelection().getType();
    auto picksType = RankedTensorType::get(
        {ShapedType::kDynamic, type.getChoose()}, rewriter.getI32Type());
    auto numbersType =
        RankedTensorType::get({ShapedType::kDynamic}, rewriter.getI32Type());
    auto take = [&](Value value, Value rows) -> Value {
      return TakeRowsOp::create(rewriter, loc, value.getType(), value, rows);
    };
    SmallVector<Value> rows;
    for (Value value : op.getGathered())
      rows.push_back(getSource(rewriter, loc, value, how));
    Value parents = getIndex(rewriter, loc, rows[0], how);
    Value picks =
        FromSelectionOp::create(rewriter, loc, picksType, plan.getSelection());
    Value count = tensor::DimOp::create(rewriter, loc, rows[0], 0);
    auto distinct = DistinctRowsOp::create(
        rewriter, loc, numbersType, numbersType, picks,
        static_cast<int32_t>(type.getMembers()), parents, count);
    Value selection = ToSelectionOp::create(rewriter, loc, type,
                                            take(picks, distinct.getFirst()));
    // Rows differ in operand row or picks. Those of a point stand side by side
    // only in a plan that looks for more.
    bool unique = type.getChoose() == 1 && !op.isByPoint();
    Value shared = PlanOp::create(rewriter, loc, plan.getType(), selection,
                                  take(parents, distinct.getFirst()), count,
                                  unique, plan.getDuplicates());
    rewriter.modifyOpInPlace(op, [&] {
      op.getPlanMutable().assign(shared);
      op.getGatheredMutable().assign(rows);
      op.getPointsMutable().assign(points);
    });
    for (CombineOp combine : combines) {
      rewriter.setInsertionPoint(combine);
      Value gates = combine.getGates();
      if (gates)
        gates = take(gates, distinct.getFirst());
      Value once = CombineOp::create(
          rewriter, combine.getLoc(), combine.getType(), shared,
          combine.getValues(), gates, combine.getCompose());
      rewriter.replaceOp(combine, take(once, distinct.getIndex()));
    }
  }
};

struct ShareCandidates : modc::impl::ShareCandidatesPassBase<ShareCandidates> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateSinkRepeatedRowsPatterns(patterns);
    patterns.add<ShareLayer>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
    getOperation()->walk([&](DistinctRowsOp) { ++numLayers; });
  }
};
} // namespace
