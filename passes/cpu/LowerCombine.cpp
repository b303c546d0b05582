//===- LowerCombine.cpp - Results of picks to rows and back ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// combine, dispatch and gate_cotangent as parallel loops over rows in the
// order of picks: no atomics, one order of additions for any number of
// threads.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/Routing.h"

using namespace mlir;
using namespace modc;

namespace {

/// Block k of the last dimension of a row of K blocks.
struct LastBlock {
  SmallVector<OpFoldResult> offsets, sizes, strides;
  LastBlock(TensorBuilder &b, Value row, Value k, int64_t width) {
    sizes = b.sizes(row);
    sizes.back() = b.getIndexAttr(width);
    offsets.assign(sizes.size(), b.getIndexAttr(0));
    strides.assign(sizes.size(), b.getIndexAttr(1));
    offsets.back() = b.mul(k, b.index(width));
  }
};

} // namespace

bool modc::onlyMovesRows(CombineOp op, const PlanTensors &plan) {
  auto result = dyn_cast<OpResult>(op.getValues());
  if (!result || !result.hasOneUse() || op.getGates() || !plan.owners ||
      cast<PlanType>(op.getPlan().getType()).getChoose() != 1 ||
      result.getType() != op.getType())
    return false;
  auto grouped = dyn_cast<GroupedOp>(result.getOwner());
  return grouped && grouped.getPlan() == op.getPlan() &&
         result.getResultNumber() < grouped.getRowResults().size();
}

Value modc::buildCombine(TensorBuilder &b, CombineOp op,
                         const PlanTensors &plan, int64_t rowBlock) {
  Value values = op.getValues(), gates = op.getGates();
  int64_t choose = cast<PlanType>(op.getPlan().getType()).getChoose();
  int64_t width = tensorType(values).getShape().back();
  Value rows = b.dim(plan.selection, 0);
  SmallVector<OpFoldResult> sizes = b.sizes(values);
  sizes[0] = getAsOpFoldResult(rows);
  bool concat = op.getCompose() == Compose::Concat;
  if (concat)
    sizes.back() = b.getIndexAttr(width * choose);
  Type element = tensorType(values).getElementType();
  Value result = tensor::EmptyOp::create(b, sizes, element);

  auto valueOf = [&](Value position) {
    return b.row(values, b.toIndex(position));
  };
  auto gated = [&](Value gate, Value v) -> Value {
    return gate ? arith::MulFOp::create(b, gate, v).getResult() : v;
  };
  auto gateOf = [&](Value r, Value k) {
    return gates ? b.extract(gates, {r, k}) : Value();
  };
  result = b.parallelRows(rows, rowBlock, result, [&](Value r, ValueRange old) {
    auto positionOf = [&](Value k) { return b.extract(plan.position, {r, k}); };
    if (concat)
      return b.loop(b.index(0), b.index(choose), old,
                    [&](Value k, ValueRange c) {
                      LastBlock at(b, c[0], k, width);
                      Value v = valueOf(positionOf(k));
                      return SmallVector<Value>{tensor::InsertSliceOp::create(
                          b, v, c[0], at.offsets, at.sizes, at.strides)};
                    });
    // The first pick of a row always has a position.
    Value first = valueOf(positionOf(b.index(0)));
    Value gate = gateOf(r, b.index(0));
    // A copy that stays one: else the sum would run in `values`, on a copy.
    Value sum = gate
                    ? b.mapInto(first, old[0],
                                [&](ValueRange v) { return gated(gate, v[0]); })
                    : linalg::CopyOp::create(b, first, old[0]).getResult(0);
    auto addPick = [&](Value k, Value position, Value sum) {
      Value gate = gateOf(r, k);
      AffineMap id = b.getMultiDimIdentityMap(tensorType(sum).getRank());
      return b.generic(valueOf(position), sum, {id, id}, 0, [&](ValueRange v) {
        return SmallVector<Value>{
            arith::AddFOp::create(b, v[1], gated(gate, v[0]))};
      });
    };
    if (choose > 1)
      sum =
          b.loop(b.index(1), b.index(choose), sum, [&](Value k, ValueRange c) {
            Value position = positionOf(k);
            if (!plan.once)
              return addPick(k, position, c[0]);
            Value counts =
                arith::CmpIOp::create(b, arith::CmpIPredicate::sge, position,
                                      b.integer(b.getI32Type(), 0));
            return b.branch(
                counts, [&] { return addPick(k, position, c[0]); },
                [&] { return SmallVector<Value>(c); });
          })[0];
    if (op.getCompose() == Compose::Mean && choose > 1) {
      AffineMap id = b.getMultiDimIdentityMap(tensorType(sum).getRank());
      Value by = b.real(element, choose);
      sum = b.generic({}, sum, id, 0, [&](ValueRange v) {
        return SmallVector<Value>{arith::DivFOp::create(b, v[0], by)};
      })[0];
    }
    return SmallVector<Value>{sum};
  })[0];
  return result;
}

namespace {

struct LowerCombine : OpRewritePattern<CombineOp> {
  LowerCombine(MLIRContext *context, int64_t rowBlock)
      : OpRewritePattern(context), rowBlock(rowBlock) {}
  int64_t rowBlock;

  LogicalResult matchAndRewrite(CombineOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<PlanTensors> plan = getPlanTensors(op.getPlan());
    // modular-lower-grouped does what only moves rows.
    if (!plan || onlyMovesRows(op, *plan))
      return failure();
    TensorBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, buildCombine(b, op, *plan, rowBlock));
    return success();
  }
};

struct LowerDispatch : OpRewritePattern<DispatchOp> {
  LowerDispatch(MLIRContext *context, int64_t rowBlock)
      : OpRewritePattern(context), rowBlock(rowBlock) {}
  int64_t rowBlock;

  LogicalResult matchAndRewrite(DispatchOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<PlanTensors> plan = getPlanTensors(op.getPlan());
    if (!plan)
      return failure();
    if (plan->distinct)
      return op.emitOpError(
          "needs a plan without 'distinct': its positions have no one row");
    TensorBuilder b(op.getLoc(), rewriter);
    Value values = op.getValues(), gates = op.getGates();
    int64_t choose = cast<PlanType>(op.getPlan().getType()).getChoose();
    Type element = tensorType(values).getElementType();
    SmallVector<OpFoldResult> sizes = b.sizes(values);
    Value positions = b.mul(b.dim(plan->selection, 0), b.index(choose));
    sizes[0] = positions;
    bool concat = op.getCompose() == Compose::Concat;
    int64_t width = tensorType(values).getShape().back();
    if (concat)
      sizes.back() = b.getIndexAttr(width / choose);
    Value result = tensor::EmptyOp::create(b, sizes, element);
    // Positions that no row uses copy row 0, which there is if they are.
    result = b.parallelRows(
        positions, rowBlock, result, [&](Value p, ValueRange old) {
          Value r = b.toIndex(b.extract(plan->rows, p));
          Value k = b.toIndex(b.extract(plan->slots, p));
          Value row = b.row(values, r);
          if (concat) {
            LastBlock at(b, row, k, width / choose);
            row = tensor::ExtractSliceOp::create(b, row, at.offsets, at.sizes,
                                                 at.strides);
          }
          Value gate = gates ? b.extract(gates, {r, k}) : Value();
          return SmallVector<Value>{
              b.mapInto(row, old[0], [&](ValueRange v) -> Value {
                if (gate)
                  return arith::MulFOp::create(b, gate, v[0]);
                if (op.getCompose() == Compose::Mean && choose > 1)
                  return arith::DivFOp::create(b, v[0],
                                               b.real(element, choose));
                return v[0];
              })};
        })[0];
    rewriter.replaceOp(op, result);
    return success();
  }
};

struct LowerGateCotangent : OpRewritePattern<GateCotangentOp> {
  LowerGateCotangent(MLIRContext *context, int64_t rowBlock)
      : OpRewritePattern(context), rowBlock(rowBlock) {}
  int64_t rowBlock;

  LogicalResult matchAndRewrite(GateCotangentOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<PlanTensors> plan = getPlanTensors(op.getPlan());
    if (!plan)
      return failure();
    TensorBuilder b(op.getLoc(), rewriter);
    Type element = tensorType(op.getValues()).getElementType();
    int64_t choose = cast<PlanType>(op.getPlan().getType()).getChoose();
    Value rows = b.dim(plan->selection, 0);
    Value result = tensor::EmptyOp::create(
        b,
        ArrayRef<OpFoldResult>{getAsOpFoldResult(rows), b.getIndexAttr(choose)},
        element);
    result =
        b.parallelRows(rows, rowBlock, result, [&](Value r, ValueRange old) {
          Value cotangent = b.row(op.getCotangent(), r);
          AffineMap all =
              b.getMultiDimIdentityMap(tensorType(cotangent).getRank());
          AffineMap none = AffineMap::get(all.getNumDims(), 0, b.getContext());
          return b.loop(
              b.index(0), b.index(choose), old, [&](Value k, ValueRange c) {
                Value position = b.extract(plan->position, {r, k});
                auto product = [&] {
                  Value zero =
                      b.fill(b.empty(RankedTensorType::get({}, element)), 0.0);
                  Value sum = b.generic(
                      {b.row(op.getValues(), b.toIndex(position)), cotangent},
                      zero, {all, all, none}, all.getNumDims(),
                      [&](ValueRange v) {
                        Value product = arith::MulFOp::create(b, v[0], v[1]);
                        return SmallVector<Value>{
                            arith::AddFOp::create(b, v[2], product)};
                      })[0];
                  return SmallVector<Value>{b.extract(sum, {})};
                };
                Value value;
                if (plan->once) {
                  Value counts = arith::CmpIOp::create(
                      b, arith::CmpIPredicate::sge, position,
                      b.integer(b.getI32Type(), 0));
                  value = b.branch(counts, product, [&] {
                    return SmallVector<Value>{b.real(element, 0)};
                  })[0];
                } else {
                  value = product()[0];
                }
                return SmallVector<Value>{b.insert(value, c[0], k)};
              });
        })[0];
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

void modc::populateLowerCombinePatterns(RewritePatternSet &patterns,
                                        int64_t rowBlock) {
  patterns.add<LowerCombine, LowerDispatch, LowerGateCotangent>(
      patterns.getContext(), rowBlock);
}
