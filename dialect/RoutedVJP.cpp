//===- RoutedVJP.cpp - Derivatives of choices and dispatch ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// VJPs of log-probabilities and gates with respect to scores, and of combine
// and dispatch, which are each other's adjoint. Plans and selections carry no
// gradient.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "dialect/VJPBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace modc;

/// For scores[r, k, m] and a weight w of each pick: w·([m is picked] − p[m]),
/// the derivative of Σ w·log softmax(scores)[picked]. `weight` is [r] or [r,
/// k].
static Value pullBackLogSoftmaxPick(OpBuilder &builder, Location loc,
                                    Value scores, Value selection,
                                    Value weight) {
  auto type = cast<RankedTensorType>(scores.getType());
  auto choices = RankedTensorType::get({type.getDimSize(0), type.getDimSize(1)},
                                       builder.getI32Type());
  Value picks = FromSelectionOp::create(builder, loc, choices, selection);
  Value shares = SoftmaxOp::create(builder, loc, type, scores);
  return createElementwise(
      builder, loc, {weight, picks, shares}, scores,
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        Value member = linalg::IndexOp::create(b, l, 2);
        Value pick = arith::IndexCastOp::create(b, l, b.getIndexType(), x[1]);
        Value hit =
            arith::CmpIOp::create(b, l, arith::CmpIPredicate::eq, member, pick);
        auto number = [&](double value) -> Value {
          return arith::ConstantOp::create(
              b, l, b.getFloatAttr(x[0].getType(), value));
        };
        Value one =
            arith::SelectOp::create(b, l, hit, number(1.0), number(0.0));
        Value slope = arith::SubFOp::create(b, l, one, x[2]);
        return arith::MulFOp::create(b, l, x[0], slope);
      });
}

/// Several rows may read the scores of one.
static LogicalResult checkScoresHaveAdjoint(Operation *op, Value rows) {
  if (!rows)
    return success();
  return op->emitOpError("has no derivative with scores that rows share");
}

LogicalResult LogProbabilityOp::buildVJP(OpBuilder &builder,
                                         ArrayRef<Value> cotangents,
                                         Differentiator &differentiator) {
  if (failed(checkScoresHaveAdjoint(*this, getRows())))
    return failure();
  differentiator.accumulate(builder, getScores(),
                            pullBackLogSoftmaxPick(builder, getLoc(),
                                                   getScores(), getSelection(),
                                                   cotangents[0]));
  return success();
}

LogicalResult GatesOp::buildVJP(OpBuilder &builder, ArrayRef<Value> cotangents,
                                Differentiator &differentiator) {
  if (failed(checkScoresHaveAdjoint(*this, getRows())))
    return failure();
  // g is the softmax over picks of log p_k[a_k]: with w = g ∘ (dg − Σ_j
  // dg_j·g_j) the cotangent of these logarithms, the rest is that of
  // log_probability.
  Location loc = getLoc();
  auto multiply = [](OpBuilder &b, Location l, ValueRange x) -> Value {
    return arith::MulFOp::create(b, l, x[0], x[1]);
  };
  Value sum = createSumOverLast(builder, loc, {cotangents[0], getResult()},
                                getResult(), multiply);
  Value weight = createElementwise(
      builder, loc, {cotangents[0], getResult(), sum}, getResult(),
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        Value rest = arith::SubFOp::create(b, l, x[0], x[2]);
        return arith::MulFOp::create(b, l, x[1], rest);
      });
  differentiator.accumulate(builder, getScores(),
                            pullBackLogSoftmaxPick(builder, loc, getScores(),
                                                   getSelection(), weight));
  return success();
}

LogicalResult CombineOp::buildVJP(OpBuilder &builder,
                                  ArrayRef<Value> cotangents,
                                  Differentiator &differentiator) {
  if (failed(checkPlanHasAdjoint(*this, getPlan())))
    return failure();
  if (differentiator.isActive(getValues())) {
    Value dv =
        DispatchOp::create(builder, getLoc(), getValues().getType(), getPlan(),
                           cotangents[0], getGates(), getCompose());
    differentiator.accumulate(builder, getValues(), dv);
  }
  if (getGates() && differentiator.isActive(getGates())) {
    Value dg = GateCotangentOp::create(builder, getLoc(), getGates().getType(),
                                       getPlan(), getValues(), cotangents[0]);
    differentiator.accumulate(builder, getGates(), dg);
  }
  return success();
}

LogicalResult DispatchOp::buildVJP(OpBuilder &builder,
                                   ArrayRef<Value> cotangents,
                                   Differentiator &differentiator) {
  if (failed(checkPlanHasAdjoint(*this, getPlan())))
    return failure();
  if (differentiator.isActive(getValues())) {
    Value dy =
        CombineOp::create(builder, getLoc(), getValues().getType(), getPlan(),
                          cotangents[0], getGates(), getCompose());
    differentiator.accumulate(builder, getValues(), dy);
  }
  if (getGates() && differentiator.isActive(getGates())) {
    Value dg = GateCotangentOp::create(builder, getLoc(), getGates().getType(),
                                       getPlan(), cotangents[0], getValues());
    differentiator.accumulate(builder, getGates(), dg);
  }
  return success();
}
