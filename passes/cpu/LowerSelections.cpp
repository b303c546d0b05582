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
#include "mlir/Dialect/Math/IR/Math.h"
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

/// The first member with the largest score, [rows, K]; all members where every
/// score is a NaN. Two reductions that run in vectors: the largest score, then
/// the first member that has it. The result is laid over `picks`.
Value firstOfLargest(TensorBuilder &b, Value scores, Value picks) {
  RankedTensorType type = tensorType(scores);
  Type element = type.getElementType(), i32 = b.getI32Type();
  int64_t members = type.getDimSize(2);
  AffineMap all = b.getMultiDimIdentityMap(3), outer = all.dropResult(2);
  Value largest = b.fill(b.emptyLike(picks, element),
                         -std::numeric_limits<double>::infinity());
  largest = b.generic(scores, largest, {all, outer}, 1, [&](ValueRange v) {
    Value more =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, v[0], v[1]);
    return SmallVector<Value>{arith::SelectOp::create(b, more, v[0], v[1])};
  })[0];
  Value none = b.integer(i32, members);
  return b.generic(
      {scores, largest}, b.fillInteger(picks, members), {all, outer, outer}, 1,
      [&](ValueRange v) {
        Value m = b.toInteger(linalg::IndexOp::create(b, 2), i32);
        Value has =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, v[0], v[1]);
        Value candidate = arith::SelectOp::create(b, has, m, none);
        return SmallVector<Value>{arith::MinSIOp::create(b, candidate, v[2])};
      })[0];
}

/// Bytes of scores that both reductions go over before the next ones are read,
/// and of a row from which on that matters.
constexpr int64_t kScoreBytes = 16 << 10, kLongRow = 1 << 10;

struct LowerMode : OpRewritePattern<ModeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ModeOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value scores = op.getScores();
    RankedTensorType type = tensorType(scores);
    Type i32 = b.getI32Type();
    Value first = emptyPicks(b, scores, i32);
    int64_t row = type.getDimSize(1) * type.getDimSize(2) *
                  llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    if (row < kLongRow)
      first = firstOfLargest(b, scores, first);
    else
      first = b.parallelBlocks(
          b.dim(scores, 0), std::max<int64_t>(1, kScoreBytes / row), first,
          [&](Value begin, Value count, ValueRange pieces) {
            return SmallVector<Value>{
                firstOfLargest(b, b.rows(scores, begin, count), pieces[0])};
          })[0];
    // A NaN is no score; where all are, member 0 is the one.
    Value result = b.map(first, i32, [&](ValueRange v) -> Value {
      Value none = b.integer(i32, type.getDimSize(2));
      Value all =
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, v[0], none);
      return arith::SelectOp::create(b, all, b.integer(i32, 0), v[0]);
    });
    rewriter.replaceOp(
        op, toSelection(b, cast<SelectionType>(op.getType()), result));
    return success();
  }
};

/// For each row the cumulative probabilities of its scores [R, K, M], and the
/// last member [R, K] that has any.
std::pair<Value, Value> buildCumulative(TensorBuilder &b, Value scores,
                                        int64_t rowBlock) {
  RankedTensorType type = tensorType(scores);
  Type element = type.getElementType(), i32 = b.getI32Type();
  Value p = buildSoftmax(b, scores, /*logarithm=*/false);
  SmallVector<Value> outputs = {b.emptyLike(scores, element),
                                emptyPicks(b, scores, i32)};
  Value zero = b.index(0);
  outputs = b.parallelRows(
      b.dim(scores, 0), rowBlock, outputs, [&](Value r, ValueRange row) {
        return b.loop(
            zero, b.index(type.getDimSize(1)), row,
            [&](Value k, ValueRange outer) {
              SmallVector<Value> found = b.loop(
                  zero, b.index(type.getDimSize(2)),
                  {outer[0], b.real(element, 0), b.integer(i32, 0)},
                  [&](Value m, ValueRange c) {
                    Value share = b.extract(p, {r, k, m});
                    Value total = arith::AddFOp::create(b, c[1], share);
                    Value possible =
                        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT,
                                              share, b.real(element, 0));
                    return SmallVector<Value>{
                        b.insert(total, c[0], {k, m}), total,
                        arith::SelectOp::create(b, possible,
                                                b.toInteger(m, i32), c[2])};
                  });
              return SmallVector<Value>{found[0],
                                        b.insert(found[2], outer[1], k)};
            });
      });
  return {outputs[0], outputs[1]};
}

/// The row of scores for the row at hand in a generic op's body: a number that
/// was read from `rows`, or the row itself.
Value rowOfScores(TensorBuilder &b, Value rows, Value number) {
  return rows ? b.toIndex(number) : linalg::IndexOp::create(b, 0).getResult();
}

/// Members whose cumulative probabilities are read with a stride: they share
/// lines of a cache.
constexpr int64_t kFewMembers = 16;

struct LowerSample : OpRewritePattern<SampleOp> {
  LowerSample(MLIRContext *context, int64_t rowBlock)
      : OpRewritePattern(context), rowBlock(rowBlock) {}
  int64_t rowBlock;

  LogicalResult matchAndRewrite(SampleOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value uniforms = op.getUniforms(), rows = op.getRows();
    Type i32 = b.getI32Type();
    Value totals, last;
    std::tie(totals, last) = buildCumulative(b, op.getScores(), rowBlock);
    // As totals ascend, the first one above u stands behind as many as are not.
    // Only the size of `members` matters.
    Value members = tensor::EmptyOp::create(
        b, ArrayRef<OpFoldResult>{b.getIndexAttr(op.getType().getMembers())},
        b.getI8Type());
    // Few members go outside: rows then run in vectors.
    bool fewMembers = op.getType().getMembers() <= kFewMembers;
    unsigned rowLoop = fewMembers ? 1 : 0, pickLoop = rowLoop + 1;
    unsigned memberLoop = fewMembers ? 0 : 2;
    AffineMap all = b.getMultiDimIdentityMap(3);
    AffineMap picks = all.getSubMap({rowLoop, pickLoop});
    SmallVector<Value> inputs = {uniforms, members};
    SmallVector<AffineMap> maps = {picks, all.getSubMap({memberLoop})};
    if (rows) {
      inputs.push_back(rows);
      maps.push_back(all.getSubMap({rowLoop}));
    }
    maps.push_back(picks);
    SmallVector<utils::IteratorType> iterators(3,
                                               utils::IteratorType::parallel);
    iterators[memberLoop] = utils::IteratorType::reduction;
    Value none = b.fillInteger(b.emptyLike(uniforms, i32), 0);
    auto counts = linalg::GenericOp::create(
        b, none.getType(), inputs, none, maps, iterators,
        [&](OpBuilder &nested, Location loc, ValueRange v) {
          TensorBuilder inner(loc, nested);
          inner.setInsertionPoint(nested.getInsertionBlock(),
                                  nested.getInsertionPoint());
          Value row = rows ? inner.toIndex(v[2])
                           : linalg::IndexOp::create(inner, rowLoop);
          Value k = linalg::IndexOp::create(inner, pickLoop);
          Value m = linalg::IndexOp::create(inner, memberLoop);
          Value isBelow =
              arith::CmpFOp::create(inner, arith::CmpFPredicate::ULE,
                                    inner.extract(totals, {row, k, m}), v[0]);
          Value more = arith::ExtUIOp::create(inner, i32, isBelow);
          linalg::YieldOp::create(inner, inner.add(v.back(), more));
        });
    Value below = counts.getResult(0);
    inputs = {below};
    AffineMap two = b.getMultiDimIdentityMap(2);
    maps = {two};
    if (rows) {
      inputs.push_back(rows);
      maps.push_back(two.getSubMap({0}));
    }
    maps.push_back(two);
    Value result = b.generic(
        inputs, b.emptyLike(uniforms, i32), maps, 0, [&](ValueRange v) {
          Value row = rowOfScores(b, rows, v[1]);
          Value k = linalg::IndexOp::create(b, 1);
          return SmallVector<Value>{
              arith::MinSIOp::create(b, v[0], b.extract(last, {row, k}))};
        })[0];
    rewriter.replaceOp(
        op, toSelection(b, cast<SelectionType>(op.getType()), result));
    return success();
  }
};

/// log p of each pick, [R, K], of the scores of `rows` (null: of row r itself).
Value buildPickedLogs(TensorBuilder &b, Value scores, Value rows,
                      Value selection) {
  Type element = tensorType(scores).getElementType();
  SoftmaxParts parts = buildSoftmaxParts(b, scores);
  Value logs = b.map(parts.sums, element, [&](ValueRange v) -> Value {
    return math::LogOp::create(b, v[0]);
  });
  SmallVector<Value> inputs = {selection};
  AffineMap all = b.getMultiDimIdentityMap(2);
  SmallVector<AffineMap> maps = {all};
  if (rows) {
    inputs.push_back(rows);
    maps.push_back(all.getSubMap({0}));
  }
  maps.push_back(all);
  return b.generic(
      inputs, b.emptyLike(selection, element), maps, 0, [&](ValueRange v) {
        Value row = rowOfScores(b, rows, v[1]);
        Value k = linalg::IndexOp::create(b, 1);
        Value shifted = b.extract(parts.shifted, {row, k, b.toIndex(v[0])});
        return SmallVector<Value>{
            arith::SubFOp::create(b, shifted, b.extract(logs, {row, k}))};
      })[0];
}

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
    Value count =
        arith::MinUIOp::create(b, b.dim(stored, 0), b.dim(selection, 0));
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
    counts = b.loop(
        zero, b.dim(selection, 0), counts, [&](Value r, ValueRange outer) {
          return b.loop(zero, b.dim(selection, 1), outer,
                        [&](Value k, ValueRange inner) {
                          return SmallVector<Value>{countPick(r, k, inner[0])};
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
    Value logs = buildPickedLogs(b, op.getScores(), op.getRows(), selection);
    rewriter.replaceOp(op, buildRowSum(b, logs));
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
    Value picked = buildPickedLogs(b, op.getScores(), op.getRows(), selection);
    Value gates = buildSoftmax(b, picked, /*logarithm=*/false);
    rewriter.replaceOp(op, gates);
    return success();
  }
};

} // namespace

void modc::populateLowerSelectionPatterns(RewritePatternSet &patterns,
                                          int64_t rowBlock) {
  patterns.add<LowerToSelection, LowerFromSelection, LowerMode, LowerKeepStored,
               LowerUsage, LowerLogProbability, LowerGates>(
      patterns.getContext());
  patterns.add<LowerSample>(patterns.getContext(), rowBlock);
}
