//===- ElementwiseVJP.cpp - Derivatives of elementwise upstream ops
//------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds scalar formulas on floats, or in the body of a linalg.generic.
//
//===----------------------------------------------------------------------===//

#include "passes/autodiff/ElementwiseVJP.h"

using namespace mlir;
using namespace modc;

LogicalResult modc::buildElementwiseVJP(Operation *op, OpBuilder &builder,
                                        Value cotangent,
                                        Differentiator &differentiator,
                                        ScalarRule rule) {
  Location loc = op->getLoc();
  unsigned numOperands = op->getNumOperands();
  // Operands, then the result and its cotangent.
  SmallVector<Value> values(op->getOperands());
  values.push_back(op->getResult(0));
  values.push_back(cotangent);
  for (unsigned i = 0; i < numOperands; ++i) {
    Value operand = op->getOperand(i);
    if (!differentiator.isActive(operand))
      continue;
    auto apply = [&](OpBuilder &b, Location l, ValueRange values) -> Value {
      SmallVector<Scalar> x;
      for (Value value : values.take_front(numOperands + 2))
        x.push_back({&b, l, value});
      return rule(i, ArrayRef(x).take_front(numOperands), x[numOperands],
                  x[numOperands + 1])
          .value;
    };
    bool isZero = false;
    Value result;
    if (isa<FloatType>(operand.getType())) {
      result = apply(builder, loc, values);
    } else {
      result = createElementwise(
          builder, loc, values, operand,
          [&](OpBuilder &b, Location l, ValueRange x) -> Value {
            Value value = apply(b, l, x);
            isZero = !value;
            return isZero ? x.back() : value;
          });
    }
    if (!isZero)
      differentiator.accumulate(builder, operand, result);
  }
  return success();
}
