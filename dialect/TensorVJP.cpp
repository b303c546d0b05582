//===- TensorVJP.cpp - Derivatives of the short tensor ops ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// VJPs of linear maps, activations, softmax, reshaping and picking.
// Contractions stay linalg ops of the multiply-add form, which the lowerings
// know.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "dialect/VJPBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace modc;

static Value constant(OpBuilder &b, Location loc, Type type, double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

static Value multiply(OpBuilder &b, Location loc, ValueRange x) {
  return arith::MulFOp::create(b, loc, x[0], x[1]);
}

//===----------------------------------------------------------------------===//
// Linear
//===----------------------------------------------------------------------===//

LogicalResult LinearOp::buildVJP(OpBuilder &builder, ArrayRef<Value> cotangents,
                                 Differentiator &differentiator) {
  Location loc = getLoc();
  Value dy = cotangents[0];
  unsigned lead = getInput().getType().getRank() - 1;
  // dx[i..., d] = Σ_h dy[i..., h]·W[d, h], and dW[d, h] = Σ_i x[i...,
  // d]·dy[i..., h]: parallel loops outside, the sum inside.
  MLIRContext *context = getContext();
  auto dims = [&](unsigned from, unsigned count) {
    SmallVector<AffineExpr> result;
    for (unsigned i = 0; i < count; ++i)
      result.push_back(getAffineDimExpr(from + i, context));
    return result;
  };
  auto map = [&](unsigned numDims, SmallVector<AffineExpr> exprs,
                 ArrayRef<AffineExpr> last = {}) {
    llvm::append_range(exprs, last);
    return AffineMap::get(numDims, 0, exprs, context);
  };
  if (differentiator.isActive(getInput())) {
    AffineExpr d = getAffineDimExpr(lead, context);
    AffineExpr h = getAffineDimExpr(lead + 1, context);
    Value dx = createContraction(
        builder, loc, dy, getWeight(), map(lead + 2, dims(0, lead), h),
        map(lead + 2, {d, h}), map(lead + 2, dims(0, lead), d),
        tensor::getMixedSizes(builder, loc, getInput()));
    differentiator.accumulate(builder, getInput(), dx);
  }
  if (differentiator.isActive(getWeight())) {
    AffineExpr d = getAffineDimExpr(0, context);
    AffineExpr h = getAffineDimExpr(1, context);
    Value dw = createContraction(
        builder, loc, getInput(), dy, map(lead + 2, dims(2, lead), d),
        map(lead + 2, dims(2, lead), h), map(lead + 2, {d, h}),
        tensor::getMixedSizes(builder, loc, getWeight()));
    differentiator.accumulate(builder, getWeight(), dw);
  }
  if (getBias() && differentiator.isActive(getBias())) {
    AffineExpr h = getAffineDimExpr(0, context);
    Value zeros = createZeros(builder, loc, getBias());
    Value db = createGeneric(
        builder, loc, dy, {map(lead + 1, dims(1, lead), h), map(lead + 1, {h})},
        zeros, [](OpBuilder &b, Location l, ValueRange x) -> Value {
          return arith::AddFOp::create(b, l, x[1], x[0]);
        });
    differentiator.accumulate(builder, getBias(), db);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

LogicalResult ReluOp::buildVJP(OpBuilder &builder, ArrayRef<Value> cotangents,
                               Differentiator &differentiator) {
  // By the result: what a saved activation can give.
  Value dx = createElementwise(
      builder, getLoc(), {cotangents[0], getResult()}, getInput(),
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        Value zero = constant(b, l, x[0].getType(), 0.0);
        Value on =
            arith::CmpFOp::create(b, l, arith::CmpFPredicate::OGT, x[1], zero);
        return arith::SelectOp::create(b, l, on, x[0], zero);
      });
  differentiator.accumulate(builder, getInput(), dx);
  return success();
}

LogicalResult GeluOp::buildVJP(OpBuilder &builder, ArrayRef<Value> cotangents,
                               Differentiator &differentiator) {
  // d/dx x·Φ(x) = Φ(x) + x·φ(x).
  Value dx = createElementwise(
      builder, getLoc(), {cotangents[0], getInput()}, getInput(),
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        Type type = x[0].getType();
        auto mul = [&](Value lhs, Value rhs) -> Value {
          return arith::MulFOp::create(b, l, lhs, rhs);
        };
        Value half = constant(b, l, type, 0.5);
        Value scaled = mul(x[1], constant(b, l, type, 0.70710678118654752440));
        Value erf = math::ErfOp::create(b, l, scaled);
        Value one = constant(b, l, type, 1.0);
        Value cdf = mul(half, arith::AddFOp::create(b, l, one, erf));
        Value square = mul(x[1], x[1]);
        Value exponent = mul(square, constant(b, l, type, -0.5));
        Value density = mul(math::ExpOp::create(b, l, exponent),
                            constant(b, l, type, 0.39894228040143267794));
        Value slope = arith::AddFOp::create(b, l, cdf, mul(x[1], density));
        return mul(x[0], slope);
      });
  differentiator.accumulate(builder, getInput(), dx);
  return success();
}

LogicalResult SigmoidOp::buildVJP(OpBuilder &builder,
                                  ArrayRef<Value> cotangents,
                                  Differentiator &differentiator) {
  Value dx = createElementwise(
      builder, getLoc(), {cotangents[0], getResult()}, getInput(),
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        Value one = constant(b, l, x[0].getType(), 1.0);
        Value rest = arith::SubFOp::create(b, l, one, x[1]);
        Value slope = arith::MulFOp::create(b, l, x[1], rest);
        return arith::MulFOp::create(b, l, x[0], slope);
      });
  differentiator.accumulate(builder, getInput(), dx);
  return success();
}

LogicalResult SoftplusOp::buildVJP(OpBuilder &builder,
                                   ArrayRef<Value> cotangents,
                                   Differentiator &differentiator) {
  Location loc = getLoc();
  Value slope =
      SigmoidOp::create(builder, loc, getInput().getType(), getInput());
  Value dx = createElementwise(builder, loc, {cotangents[0], slope}, getInput(),
                               multiply);
  differentiator.accumulate(builder, getInput(), dx);
  return success();
}

LogicalResult SoftmaxOp::buildVJP(OpBuilder &builder,
                                  ArrayRef<Value> cotangents,
                                  Differentiator &differentiator) {
  // dx = y ∘ (dy − Σ dy·y).
  Location loc = getLoc();
  Value sum = createSumOverLast(builder, loc, {cotangents[0], getResult()},
                                getInput(), multiply);
  Value dx = createElementwise(
      builder, loc, {cotangents[0], getResult(), sum}, getInput(),
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        Value rest = arith::SubFOp::create(b, l, x[0], x[2]);
        return arith::MulFOp::create(b, l, x[1], rest);
      });
  differentiator.accumulate(builder, getInput(), dx);
  return success();
}

LogicalResult LogSoftmaxOp::buildVJP(OpBuilder &builder,
                                     ArrayRef<Value> cotangents,
                                     Differentiator &differentiator) {
  // dx = dy − exp(y)·Σ dy.
  Location loc = getLoc();
  Value sum = createSumOverLast(
      builder, loc, cotangents[0], getInput(),
      [](OpBuilder &, Location, ValueRange x) -> Value { return x[0]; });
  Value dx = createElementwise(
      builder, loc, {cotangents[0], getResult(), sum}, getInput(),
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        Value share = math::ExpOp::create(b, l, x[1]);
        Value common = arith::MulFOp::create(b, l, share, x[2]);
        return arith::SubFOp::create(b, l, x[0], common);
      });
  differentiator.accumulate(builder, getInput(), dx);
  return success();
}

//===----------------------------------------------------------------------===//
// Elements and rows
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::buildVJP(OpBuilder &builder,
                                  ArrayRef<Value> cotangents,
                                  Differentiator &differentiator) {
  Value dx =
      ReshapeOp::create(builder, getLoc(), getInput().getType(), cotangents[0]);
  differentiator.accumulate(builder, getInput(), dx);
  return success();
}

LogicalResult PickOp::buildVJP(OpBuilder &builder, ArrayRef<Value> cotangents,
                               Differentiator &differentiator) {
  int64_t last = getInput().getType().getRank() - 1;
  Value dx = createElementwise(
      builder, getLoc(), {cotangents[0], getIndex()}, getInput(),
      [&](OpBuilder &b, Location l, ValueRange x) -> Value {
        Value here = linalg::IndexOp::create(b, l, last);
        Value picked = arith::IndexCastOp::create(b, l, b.getIndexType(), x[1]);
        Value hit =
            arith::CmpIOp::create(b, l, arith::CmpIPredicate::eq, here, picked);
        Value zero = constant(b, l, x[0].getType(), 0.0);
        return arith::SelectOp::create(b, l, hit, x[0], zero);
      });
  differentiator.accumulate(builder, getInput(), dx);
  return success();
}

LogicalResult TileRowsOp::buildVJP(OpBuilder &builder,
                                   ArrayRef<Value> cotangents,
                                   Differentiator &differentiator) {
  // The sum over the repetitions, in their order.
  Location loc = getLoc();
  auto type = cast<RankedTensorType>(getInput().getType());
  unsigned rank = type.getRank();
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, loc, getInput());
  SmallVector<OpFoldResult> apart = {getTimes()};
  llvm::append_range(apart, sizes);
  SmallVector<int64_t> shape = {ShapedType::kDynamic};
  llvm::append_range(shape, type.getShape());
  SmallVector<ReassociationIndices> groups = {{0, 1}};
  for (unsigned i = 2; i <= rank; ++i)
    groups.push_back({i});
  Value repetitions = tensor::ExpandShapeOp::create(
      builder, loc, RankedTensorType::get(shape, type.getElementType()),
      cotangents[0], groups, apart);
  AffineMap all = builder.getMultiDimIdentityMap(rank + 1);
  SmallVector<AffineExpr> kept;
  for (unsigned i = 1; i <= rank; ++i)
    kept.push_back(builder.getAffineDimExpr(i));
  Value zeros = createZeros(builder, loc, getInput());
  Value dx =
      createGeneric(builder, loc, repetitions,
                    {all, AffineMap::get(rank + 1, 0, kept, getContext())},
                    zeros, [](OpBuilder &b, Location l, ValueRange x) -> Value {
                      return arith::AddFOp::create(b, l, x[1], x[0]);
                    });
  differentiator.accumulate(builder, getInput(), dx);
  return success();
}
