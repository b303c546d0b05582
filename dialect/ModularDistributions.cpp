//===- ModularDistributions.cpp - Distributions of choices as IR ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What each distribution attribute builds for modes, draws and probabilities.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace modc;

static SelectionType getSelectionType(Value scores) {
  auto type = cast<RankedTensorType>(scores.getType());
  return SelectionType::get(type.getContext(), type.getDimSize(1),
                            type.getDimSize(2));
}

/// `tensor<?xf>`, one number a row.
static RankedTensorType getRowType(Value scores) {
  auto type = cast<RankedTensorType>(scores.getType());
  return RankedTensorType::get({type.getDimSize(0)}, type.getElementType());
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

bool SoftmaxAttr::isRandom() const { return true; }

Value SoftmaxAttr::buildMode(OpBuilder &builder, Location loc,
                             Value scores) const {
  return ModeOp::create(builder, loc, getSelectionType(scores), scores);
}

Value SoftmaxAttr::buildSample(OpBuilder &builder, Location loc, Value scores,
                               Value uniforms) const {
  return SampleOp::create(builder, loc, getSelectionType(scores), scores,
                          /*rows=*/Value(), uniforms);
}

Value SoftmaxAttr::buildLogProbability(OpBuilder &builder, Location loc,
                                       Value scores, Value selection) const {
  return LogProbabilityOp::create(builder, loc, getRowType(scores), scores,
                                  /*rows=*/Value(), selection);
}

Value SoftmaxAttr::buildProbabilities(OpBuilder &builder, Location loc,
                                      Value scores) const {
  return SoftmaxOp::create(builder, loc, scores.getType(), scores);
}

//===----------------------------------------------------------------------===//
// Fixed
//===----------------------------------------------------------------------===//

bool FixedAttr::isRandom() const { return false; }

Value FixedAttr::buildMode(OpBuilder &builder, Location loc,
                           Value scores) const {
  return ModeOp::create(builder, loc, getSelectionType(scores), scores);
}

Value FixedAttr::buildSample(OpBuilder &builder, Location loc, Value scores,
                             Value uniforms) const {
  return buildMode(builder, loc, scores);
}

/// A tensor of one value, with the leading dimension of `like`.
static Value buildFilled(OpBuilder &builder, Location loc, Value like,
                         RankedTensorType type, double value) {
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(tensor::DimOp::create(builder, loc, like, 0));
  Value empty = tensor::EmptyOp::create(builder, loc, type, sizes);
  Value scalar = arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(type.getElementType(), value));
  return linalg::FillOp::create(builder, loc, scalar, empty).getResult(0);
}

Value FixedAttr::buildLogProbability(OpBuilder &builder, Location loc,
                                     Value scores, Value selection) const {
  return buildFilled(builder, loc, scores, getRowType(scores), 0.0);
}

Value FixedAttr::buildProbabilities(OpBuilder &builder, Location loc,
                                    Value scores) const {
  // The indicator of the mode: 1 at the chosen member of each pick, else 0.
  auto type = cast<RankedTensorType>(scores.getType());
  auto picksType = RankedTensorType::get(
      {type.getDimSize(0), type.getDimSize(1)}, builder.getI32Type());
  Value mode = buildMode(builder, loc, scores);
  Value picks = FromSelectionOp::create(builder, loc, picksType, mode);
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(tensor::DimOp::create(builder, loc, scores, 0));
  Value empty = tensor::EmptyOp::create(builder, loc, type, sizes);
  AffineMap id = builder.getMultiDimIdentityMap(3);
  SmallVector<utils::IteratorType> parallel(3, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, type, picks, empty,
             ArrayRef<AffineMap>{id.dropResult(2), id}, parallel,
             [&](OpBuilder &b, Location l, ValueRange args) {
               Value m = arith::IndexCastOp::create(
                   b, l, b.getI32Type(), linalg::IndexOp::create(b, l, 2));
               Value hit = arith::CmpIOp::create(
                   b, l, arith::CmpIPredicate::eq, m, args[0]);
               Value value = arith::UIToFPOp::create(
                   b, l, type.getElementType(), hit);
               linalg::YieldOp::create(b, l, value);
             })
      .getResult(0);
}
