//===- SinkTileRows.cpp - Let candidates share work -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moves modular.tile_rows down past ops that work row by row, and into plans.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace modc {
#define GEN_PASS_DEF_SINKTILEROWSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// Clones `op` on unrepeated operands and repeats its result.
static void sinkPast(PatternRewriter &rewriter, Operation *op,
                     ValueRange operands, Value times) {
  Operation *once = rewriter.clone(*op);
  once->setOperands(operands);
  rewriter.replaceOpWithNewOp<TileRowsOp>(op, op->getResult(0).getType(),
                                          once->getResult(0), times);
}

namespace {
/// Ops whose first operand holds the rows and whose others hold none.
template <typename OpTy>
struct SinkPastRowOp : OpRewritePattern<OpTy> {
  SinkPastRowOp(MLIRContext *context, Pass::Statistic &sunk)
      : OpRewritePattern<OpTy>(context), sunk(sunk) {}
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    auto tile = op->getOperand(0).template getDefiningOp<TileRowsOp>();
    if (!tile)
      return failure();
    SmallVector<Value> operands(op->getOperands());
    operands[0] = tile.getInput();
    sinkPast(rewriter, op, operands, tile.getTimes());
    ++sunk;
    return success();
  }
  Pass::Statistic &sunk;
};

/// Elementwise ops whose operands are all repeated as often.
struct SinkPastElementwise : RewritePattern {
  SinkPastElementwise(MLIRContext *context, Pass::Statistic &sunk)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), sunk(sunk) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!OpTrait::hasElementwiseMappableTraits(op) ||
        op->getNumResults() != 1 || op->getNumOperands() == 0 ||
        !isa<RankedTensorType>(op->getResult(0).getType()))
      return failure();
    SmallVector<Value> operands;
    Value times;
    for (Value operand : op->getOperands()) {
      auto tile = operand.getDefiningOp<TileRowsOp>();
      if (!tile || (times && times != tile.getTimes()))
        return failure();
      times = tile.getTimes();
      operands.push_back(tile.getInput());
    }
    sinkPast(rewriter, op, operands, times);
    ++sunk;
    return success();
  }
  Pass::Statistic &sunk;
};

/// A grouped op whose gathered operands are all repeated gathers from the
/// unrepeated ones, by a plan of distinct pairs.
struct SinkIntoPlan : OpRewritePattern<GroupedOp> {
  SinkIntoPlan(MLIRContext *context, Pass::Statistic &shared)
      : OpRewritePattern(context), shared(shared) {}
  LogicalResult matchAndRewrite(GroupedOp op,
                                PatternRewriter &rewriter) const override {
    auto plan = op.getPlan().getDefiningOp<PlanOp>();
    if (!plan || plan.getDistinct() || op.getGathered().empty() ||
        !op.getAlong().empty())
      return failure();
    // Another grouped op, or a dispatch, would see the other plan's positions.
    for (Operation *user : plan->getUsers())
      if (user != op && !isa<CombineOp>(user))
        return failure();
    SmallVector<Value> rows, points;
    Value times;
    for (auto [operands, inputs] : {std::pair(op.getGathered(), &rows),
                                    std::pair(op.getPoints(), &points)})
      for (Value operand : operands) {
        auto tile = operand.getDefiningOp<TileRowsOp>();
        if (!tile || (times && times != tile.getTimes()))
          return failure();
        times = tile.getTimes();
        inputs->push_back(tile.getInput());
      }
    // Rows that are made after the plan, as far as the plan can't move.
    Operation *last = plan;
    for (Value row : rows)
      if (Operation *def = row.getDefiningOp();
          def && def->getBlock() == plan->getBlock() &&
          last->isBeforeInBlock(def))
        last = def;
    for (Operation *user : plan->getUsers())
      if (user->getBlock() != plan->getBlock() || user->isBeforeInBlock(last))
        return failure();
    rewriter.setInsertionPointAfter(last);
    if (last == plan)
      rewriter.setInsertionPoint(plan);
    Value count = tensor::DimOp::create(rewriter, op.getLoc(), rows[0], 0);
    if (last != plan)
      rewriter.moveOpAfter(plan, count.getDefiningOp());
    rewriter.modifyOpInPlace(
        plan, [&]() { plan.getDistinctMutable().assign(count); });
    rewriter.modifyOpInPlace(op, [&]() {
      op.getGatheredMutable().assign(rows);
      op.getPointsMutable().assign(points);
    });
    ++shared;
    return success();
  }
  Pass::Statistic &shared;
};

struct SinkTileRows : modc::impl::SinkTileRowsPassBase<SinkTileRows> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkPastRowOp<LinearOp>, SinkPastRowOp<ReluOp>,
                 SinkPastRowOp<GeluOp>, SinkPastRowOp<SigmoidOp>,
                 SinkPastRowOp<SoftplusOp>, SinkPastRowOp<SoftmaxOp>,
                 SinkPastRowOp<LogSoftmaxOp>, SinkPastRowOp<ReshapeOp>,
                 SinkPastRowOp<tensor::CollapseShapeOp>, SinkPastElementwise>(
        &getContext(), numSunk);
    patterns.add<SinkIntoPlan>(&getContext(), numShared);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
