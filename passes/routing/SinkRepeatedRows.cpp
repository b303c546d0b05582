//===- SinkRepeatedRows.cpp - Repeat results, not operands ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moves repetitions of rows down past ops that work row by row: the op then
// runs once for the rows that candidates share.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/routing/RepeatedRows.h"

using namespace mlir;
using namespace modc;

/// Clones `op` on unrepeated operands and repeats its results.
static void sinkPast(PatternRewriter &rewriter, Operation *op,
                     ValueRange operands, const Repetition &how) {
  Operation *once = rewriter.clone(*op);
  once->setOperands(operands);
  SmallVector<Value> results;
  for (Value result : once->getResults())
    results.push_back(repeat(rewriter, op->getLoc(), result, how));
  rewriter.replaceOp(op, results);
}

namespace {

/// Ops whose first operands hold rows and whose others hold none.
template <typename OpTy, unsigned numRowOperands = 1>
struct SinkPastRowOp : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> operands(op->getOperands());
    auto how =
        getCommonRepetition(ArrayRef(operands).take_front(numRowOperands));
    if (!how)
      return failure();
    for (unsigned i = 0; i < numRowOperands; ++i)
      operands[i] = getSource(rewriter, op.getLoc(), operands[i], *how);
    sinkPast(rewriter, op, operands, *how);
    return success();
  }
};

/// Merging the first dimension with others keeps whole repetitions together,
/// but not single rows.
struct SinkPastCollapse : OpRewritePattern<tensor::CollapseShapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::CollapseShapeOp op,
                                PatternRewriter &rewriter) const override {
    auto repeated = getRepeatedRows(op.getSrc());
    if (!repeated || (repeated->how.index &&
                      op.getReassociationIndices().front().size() != 1))
      return failure();
    sinkPast(rewriter, op, repeated->source, repeated->how);
    return success();
  }
};

/// Elementwise ops whose operands are all repeated.
struct SinkPastElementwise : RewritePattern {
  SinkPastElementwise(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!OpTrait::hasElementwiseMappableTraits(op) ||
        op->getNumResults() != 1 || op->getNumOperands() == 0 ||
        !isa<RankedTensorType>(op->getResult(0).getType()))
      return failure();
    auto how = getCommonRepetition(op->getOperands());
    if (!how)
      return failure();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(getSource(rewriter, op->getLoc(), operand, *how));
    sinkPast(rewriter, op, operands, *how);
    return success();
  }
};

/// Linalg ops with a parallel loop over rows: what has that loop has it first,
/// is repeated, or is an empty or filled destination.
struct SinkPastLinalg : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics())
      return failure();
    std::optional<unsigned> loop;
    for (OpOperand *input : op.getDpsInputOperands())
      if (getRepeatedRows(input->get()) && !loop)
        if (auto first = dyn_cast<AffineDimExpr>(
                op.getMatchingIndexingMap(input).getResult(0)))
          loop = first.getPosition();
    if (!loop ||
        op.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel)
      return failure();
    WalkResult readsRow = op.getBlock()->walk([&](linalg::IndexOp index) {
      return index.getDim() == *loop ? WalkResult::interrupt()
                                     : WalkResult::advance();
    });
    if (readsRow.wasInterrupted())
      return failure();
    SmallVector<Value> repeated;
    for (OpOperand *input : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(input);
      if (!map.isFunctionOfDim(*loop))
        continue;
      if (!hasRowsFirst(map, *loop))
        return failure();
      repeated.push_back(input->get());
    }
    for (OpOperand &init : op.getDpsInitsMutable())
      if (!hasRowsFirst(op.getMatchingIndexingMap(&init), *loop) ||
          !isMadeHere(init.get()))
        return failure();
    std::optional<Repetition> how = getCommonRepetition(repeated);
    if (!how)
      return failure();

    Location loc = op.getLoc();
    SmallVector<Value> operands(op->getOperands());
    Value size;
    for (OpOperand *input : op.getDpsInputOperands()) {
      if (!op.getMatchingIndexingMap(input).isFunctionOfDim(*loop))
        continue;
      Value &operand = operands[input->getOperandNumber()];
      operand = getSource(rewriter, loc, operand, *how);
      if (!size)
        size = tensor::DimOp::create(rewriter, loc, operand, 0);
    }
    for (OpOperand &init : op.getDpsInitsMutable())
      operands[init.getOperandNumber()] = remake(rewriter, init.get(), size);
    sinkPast(rewriter, op, operands, *how);
    return success();
  }

private:
  static bool hasRowsFirst(AffineMap map, unsigned loop) {
    return map.getNumResults() &&
           map.getResult(0) == getAffineDimExpr(loop, map.getContext()) &&
           !map.dropResult(0).isFunctionOfDim(loop);
  }

  static bool isMadeHere(Value value) {
    if (auto fill = value.getDefiningOp<linalg::FillOp>())
      value = fill.getOutputs()[0];
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return value.getDefiningOp<tensor::EmptyOp>() && type.getRank() &&
           type.isDynamicDim(0) && type.getNumDynamicDims() == 1;
  }

  static Value remake(PatternRewriter &rewriter, Value value, Value size) {
    Location loc = value.getLoc();
    Value empty = tensor::EmptyOp::create(
        rewriter, loc, cast<RankedTensorType>(value.getType()),
        ValueRange{size});
    auto fill = value.getDefiningOp<linalg::FillOp>();
    return fill ? linalg::FillOp::create(rewriter, loc, fill.getInputs()[0],
                                         empty)
                      .getResult(0)
                : empty;
  }
};

/// Ops on scores that can read those of another row.
template <typename OpTy>
struct LookUpScores : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    auto repeated = getRepeatedRows(op.getScores());
    if (!repeated || op.getRows())
      return failure();
    Value index =
        getIndex(rewriter, op.getLoc(), repeated->source, repeated->how);
    rewriter.modifyOpInPlace(op, [&] {
      op.getScoresMutable().assign(repeated->source);
      op.getRowsMutable().assign(index);
    });
    return success();
  }
};

struct SinkPastMode : OpRewritePattern<ModeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ModeOp op,
                                PatternRewriter &rewriter) const override {
    auto repeated = getRepeatedRows(op.getScores());
    if (!repeated)
      return failure();
    Location loc = op.getLoc();
    Value once = ModeOp::create(rewriter, loc, op.getType(), repeated->source);
    auto type =
        RankedTensorType::get({ShapedType::kDynamic, op.getType().getChoose()},
                              rewriter.getI32Type());
    Value picks = FromSelectionOp::create(rewriter, loc, type, once);
    picks = repeat(rewriter, loc, picks, repeated->how);
    rewriter.replaceOpWithNewOp<ToSelectionOp>(op, op.getType(), picks);
    return success();
  }
};

} // namespace

void modc::populateSinkRepeatedRowsPatterns(RewritePatternSet &patterns) {
  patterns.add<
      SinkPastRowOp<LinearOp>, SinkPastRowOp<ReluOp>, SinkPastRowOp<GeluOp>,
      SinkPastRowOp<SigmoidOp>, SinkPastRowOp<SoftplusOp>,
      SinkPastRowOp<SoftmaxOp>, SinkPastRowOp<LogSoftmaxOp>,
      SinkPastRowOp<ReshapeOp>, SinkPastRowOp<PickOp, 2>, SinkPastCollapse,
      SinkPastElementwise, SinkPastLinalg, LookUpScores<SampleOp>,
      LookUpScores<LogProbabilityOp>, LookUpScores<GatesOp>, SinkPastMode>(
      patterns.getContext());
}
