//===- LowerSelections.cpp - Choices as integer tensors -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modes, draws and probabilities of choices as reductions over the members.
// Rows are independent, so nothing here depends on the number of threads.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/Decompose.h"
#include "passes/cpu/Routing.h"
#include <limits>

using namespace mlir;
using namespace modc;

Value modc::getSelectionTensor(Value selection) {
  auto cast = selection.getDefiningOp<UnrealizedConversionCastOp>();
  if (!cast || cast.getInputs().size() != 1)
    return {};
  return cast.getInputs()[0];
}

namespace {

Value toSelection(TensorBuilder &b, SelectionType type, Value tensor) {
  return UnrealizedConversionCastOp::create(b, TypeRange(type), tensor)
      .getResult(0);
}

/// Integers into [0, M), so that no later op can read out of bounds.
Value clamp(TensorBuilder &b, SelectionType type, Value integers) {
  Type i32 = b.getI32Type();
  return b.map(integers, i32, [&](ValueRange v) -> Value {
    Value least = arith::MaxSIOp::create(b, v[0], b.integer(i32, 0));
    return arith::MinSIOp::create(b, least,
                                  b.integer(i32, type.getMembers() - 1));
  });
}

struct LowerToSelection : OpRewritePattern<ToSelectionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ToSelectionOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    auto type = cast<SelectionType>(op.getType());
    rewriter.replaceOp(op, toSelection(b, type, clamp(b, type, op.getInput())));
    return success();
  }
};

struct LowerFromSelection : OpRewritePattern<FromSelectionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(FromSelectionOp op,
                                PatternRewriter &rewriter) const override {
    Value tensor = getSelectionTensor(op.getInput());
    if (!tensor)
      return failure();
    rewriter.replaceOp(op, tensor);
    return success();
  }
};

/// Undefined [rows, K] for scores [rows, K, M].
Value emptyPicks(TensorBuilder &b, Value scores, Type element) {
  SmallVector<OpFoldResult> sizes = b.sizes(scores);
  sizes.pop_back();
  return tensor::EmptyOp::create(b, sizes, element);
}

struct LowerMode : OpRewritePattern<ModeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ModeOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value scores = op.getScores();
    Type element = tensorType(scores).getElementType();
    Type i32 = b.getI32Type();
    Value largest = b.fill(emptyPicks(b, scores, element),
                           -std::numeric_limits<double>::infinity());
    Value member = b.fillInteger(emptyPicks(b, scores, i32), 0);
    AffineMap all = b.getMultiDimIdentityMap(3), picks = all.dropResult(2);
    Value result =
        b.generic(scores, {largest, member}, {all, picks, picks}, 1,
                  [&](ValueRange v) {
                    Value m =
                        b.toInteger(linalg::IndexOp::create(b, 2), i32);
                    Value more = arith::CmpFOp::create(
                        b, arith::CmpFPredicate::OGT, v[0], v[1]);
                    return SmallVector<Value>{
                        arith::SelectOp::create(b, more, v[0], v[1]),
                        arith::SelectOp::create(b, more, m, v[2])};
                  })[1];
    rewriter.replaceOp(
        op, toSelection(b, cast<SelectionType>(op.getType()), result));
    return success();
  }
};

struct LowerSample : OpRewritePattern<SampleOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SampleOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value scores = op.getScores();
    Type element = tensorType(scores).getElementType();
    Type i32 = b.getI32Type();
    Value p = buildSoftmax(b, scores, /*logarithm=*/false);
    Value sum = b.fill(emptyPicks(b, scores, element), 0.0);
    Value none = b.fillInteger(emptyPicks(b, scores, i32), -1);
    Value zero = b.fillInteger(emptyPicks(b, scores, i32), 0);
    AffineMap all = b.getMultiDimIdentityMap(3), picks = all.dropResult(2);
    // Cumulative probability, first member above u, last that is possible.
    SmallVector<Value> found = b.generic(
        {p, op.getUniforms()}, {sum, none, zero},
        {all, picks, picks, picks, picks}, 1, [&](ValueRange v) {
          Value m = b.toInteger(linalg::IndexOp::create(b, 2), i32);
          Value total = arith::AddFOp::create(b, v[2], v[0]);
          Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT,
                                              total, v[1]);
          Value open = arith::CmpIOp::create(
              b, arith::CmpIPredicate::slt, v[3], b.integer(i32, 0));
          Value hit = arith::AndIOp::create(b, above, open);
          Value possible = arith::CmpFOp::create(
              b, arith::CmpFPredicate::OGT, v[0], b.real(element, 0));
          return SmallVector<Value>{
              total, arith::SelectOp::create(b, hit, m, v[3]),
              arith::SelectOp::create(b, possible, m, v[4])};
        });
    Value result =
        b.map({found[1], found[2]}, i32, [&](ValueRange v) -> Value {
          Value open = arith::CmpIOp::create(
              b, arith::CmpIPredicate::slt, v[0], b.integer(i32, 0));
          return arith::SelectOp::create(b, open, v[1], v[0]);
        });
    rewriter.replaceOp(
        op, toSelection(b, cast<SelectionType>(op.getType()), result));
    return success();
  }
};

struct LowerKeepStored : OpRewritePattern<KeepStoredOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(KeepStoredOp op,
                                PatternRewriter &rewriter) const override {
    Value selection = getSelectionTensor(op.getSelection());
    if (!selection)
      return failure();
    TensorBuilder b(op.getLoc(), rewriter);
    auto type = cast<SelectionType>(op.getType());
    // Clamped, as by to_selection: stored choices come from outside.
    Value stored = clamp(b, type, op.getStored());
    Value count = arith::MinUIOp::create(b, b.dim(stored, 0),
                                         b.dim(selection, 0));
    Value result = b.insertRows(b.rows(stored, b.index(0), count), selection,
                                b.index(0), count);
    rewriter.replaceOp(op, toSelection(b, type, result));
    return success();
  }
};

struct LowerUsage : OpRewritePattern<UsageOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UsageOp op,
                                PatternRewriter &rewriter) const override {
    Value selection = getSelectionTensor(op.getSelection());
    if (!selection)
      return failure();
    TensorBuilder b(op.getLoc(), rewriter);
    Type i32 = b.getI32Type();
    Value counts =
        b.fillInteger(b.empty(cast<RankedTensorType>(op.getType())), 0);
    Value zero = b.index(0);
    auto countPick = [&](Value r, Value k, Value into) {
      Value m = b.toIndex(b.extract(selection, {r, k}));
      Value more = b.add(b.extract(into, m), b.integer(i32, 1));
      return b.insert(more, into, m);
    };
    counts = b.loop(zero, b.dim(selection, 0), counts,
                    [&](Value r, ValueRange outer) {
                      return b.loop(zero, b.dim(selection, 1), outer,
                                    [&](Value k, ValueRange inner) {
                                      return SmallVector<Value>{
                                          countPick(r, k, inner[0])};
                                    });
                    })[0];
    rewriter.replaceOp(op, counts);
    return success();
  }
};

struct LowerLogProbability : OpRewritePattern<LogProbabilityOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LogProbabilityOp op,
                                PatternRewriter &rewriter) const override {
    Value selection = getSelectionTensor(op.getSelection());
    if (!selection)
      return failure();
    TensorBuilder b(op.getLoc(), rewriter);
    Value logs = buildSoftmax(b, op.getScores(), /*logarithm=*/true);
    rewriter.replaceOp(op, buildRowSum(b, buildPick(b, logs, selection)));
    return success();
  }
};

struct LowerGates : OpRewritePattern<GatesOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GatesOp op,
                                PatternRewriter &rewriter) const override {
    Value selection = getSelectionTensor(op.getSelection());
    if (!selection)
      return failure();
    TensorBuilder b(op.getLoc(), rewriter);
    // p / Σ p as a softmax over the picks of log p, which stays a number where
    // each p is too small for one.
    Value logs = buildSoftmax(b, op.getScores(), /*logarithm=*/true);
    Value picked = buildPick(b, logs, selection);
    Value gates = buildSoftmax(b, picked, /*logarithm=*/false);
    rewriter.replaceOp(op, gates);
    return success();
  }
};

} // namespace

void modc::populateLowerSelectionPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerToSelection, LowerFromSelection, LowerMode, LowerSample,
               LowerKeepStored, LowerUsage, LowerLogProbability, LowerGates>(
      patterns.getContext());
}
