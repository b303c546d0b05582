//===- DecomposeActivations.cpp - Activations and softmax as linalg
//------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise activations and softmax as linalg.generic ops with arith and
// math bodies, in forms that neither overflow nor bring NaN rules with them.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/Decompose.h"
#include <limits>

using namespace mlir;
using namespace modc;

/// An elementwise op on a value and a number for each of its rows.
static Value spreadRows(TensorBuilder &b, Value value, Value row,
                        function_ref<Value(Value, Value)> body) {
  RankedTensorType type = tensorType(value);
  AffineMap all = b.getMultiDimIdentityMap(type.getRank());
  AffineMap leading = all.dropResult(type.getRank() - 1);
  return b.generic({value, row}, b.emptyLike(value, type.getElementType()),
                   {all, leading, all}, 0, [&](ValueRange v) {
                     return SmallVector<Value>{body(v[0], v[1])};
                   })[0];
}

SoftmaxParts modc::buildSoftmaxParts(TensorBuilder &b, Value input) {
  RankedTensorType type = tensorType(input);
  Type element = type.getElementType();
  unsigned rank = type.getRank();
  AffineMap all = b.getMultiDimIdentityMap(rank);
  AffineMap leading = all.dropResult(rank - 1);
  SmallVector<OpFoldResult> sizes = b.sizes(input);
  sizes.pop_back();
  Value empty = tensor::EmptyOp::create(b, sizes, element);
  Value lowest = b.fill(empty, -std::numeric_limits<double>::infinity());
  // A comparison and a select: one instruction, no rules about NaN.
  Value largest =
      b.generic(input, lowest, {all, leading}, 1, [&](ValueRange v) {
        Value more =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, v[0], v[1]);
        return SmallVector<Value>{arith::SelectOp::create(b, more, v[0], v[1])};
      })[0];
  SoftmaxParts parts;
  parts.shifted = spreadRows(b, input, largest, [&](Value x, Value m) -> Value {
    return arith::SubFOp::create(b, x, m);
  });
  parts.powers = b.map(parts.shifted, element, [&](ValueRange v) -> Value {
    return math::ExpOp::create(b, v[0]);
  });
  parts.sums = buildRowSum(b, parts.powers);
  return parts;
}

Value modc::buildSoftmax(TensorBuilder &b, Value input, bool logarithm) {
  Type element = tensorType(input).getElementType();
  SoftmaxParts parts = buildSoftmaxParts(b, input);
  if (!logarithm)
    return spreadRows(b, parts.powers, parts.sums,
                      [&](Value e, Value s) -> Value {
                        return arith::DivFOp::create(b, e, s);
                      });
  Value logs = b.map(parts.sums, element, [&](ValueRange v) -> Value {
    return math::LogOp::create(b, v[0]);
  });
  return spreadRows(b, parts.shifted, logs, [&](Value x, Value l) -> Value {
    return arith::SubFOp::create(b, x, l);
  });
}

namespace {

Value buildSigmoid(TensorBuilder &b, Value x) {
  Value one = b.real(x.getType(), 1);
  Value power = math::ExpOp::create(b, arith::NegFOp::create(b, x));
  return arith::DivFOp::create(b, one, arith::AddFOp::create(b, one, power));
}

/// max(x, 0) + log1p(exp(-|x|)).
Value buildSoftplus(TensorBuilder &b, Value x) {
  Value zero = b.real(x.getType(), 0);
  Value positive = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, zero);
  Value part = arith::SelectOp::create(b, positive, x, zero);
  Value power = math::ExpOp::create(
      b, arith::NegFOp::create(b, math::AbsFOp::create(b, x)));
  return arith::AddFOp::create(b, part, math::Log1pOp::create(b, power));
}

Value buildRelu(TensorBuilder &b, Value x) {
  Value zero = b.real(x.getType(), 0);
  Value positive = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, zero);
  return arith::SelectOp::create(b, positive, x, zero);
}

/// x·(1 + erf(x/√2))/2.
Value buildGelu(TensorBuilder &b, Value x) {
  Type type = x.getType();
  Value scaled =
      arith::MulFOp::create(b, x, b.real(type, 0.70710678118654752440));
  Value phi =
      arith::AddFOp::create(b, b.real(type, 1), math::ErfOp::create(b, scaled));
  Value half = arith::MulFOp::create(b, x, b.real(type, 0.5));
  return arith::MulFOp::create(b, half, phi);
}

/// An op that maps each element by `build`.
template <typename Op, Value (*build)(TensorBuilder &, Value)>
struct DecomposeElementwise : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Type element = tensorType(op.getInput()).getElementType();
    rewriter.replaceOp(op, b.map(op.getInput(), element,
                                 [&](ValueRange v) { return build(b, v[0]); }));
    return success();
  }
};

template <typename Op, bool logarithm>
struct DecomposeSoftmax : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, buildSoftmax(b, op.getInput(), logarithm));
    return success();
  }
};

} // namespace

void modc::populateDecomposeActivationPatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeElementwise<ReluOp, buildRelu>,
               DecomposeElementwise<GeluOp, buildGelu>,
               DecomposeElementwise<SigmoidOp, buildSigmoid>,
               DecomposeElementwise<SoftplusOp, buildSoftplus>,
               DecomposeSoftmax<SoftmaxOp, false>,
               DecomposeSoftmax<LogSoftmaxOp, true>>(patterns.getContext());
}
