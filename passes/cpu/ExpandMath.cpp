//===- ExpandMath.cpp - Math functions as arithmetic ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-expand-math: one table from math ops to the builders of MathBuilder.
// f32 functions are computed in f64 and rounded once.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/ExpandMath.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

using Build = Value (*)(MathBuilder &, ValueRange);

/// log x / log base.
template <int base>
Value logBase(MathBuilder &b, ValueRange v) {
  double reciprocal = base == 2 ? 0x1.71547652b82fep+0 : 0x1.bcb7b1526e50ep-2;
  return b.mul(b.log(v[0]), b.real(reciprocal));
}

const std::pair<StringLiteral, Build> kFunctions[] = {
#define UNARY(NAME, FUNCTION)                                                  \
  {NAME, [](MathBuilder &b, ValueRange v) { return b.FUNCTION(v[0]); }}
    UNARY("math.exp", exp),
    UNARY("math.exp2", exp2),
    UNARY("math.expm1", expm1),
    UNARY("math.log", log),
    UNARY("math.log1p", log1p),
    UNARY("math.cbrt", cubeRoot),
    UNARY("math.atan", atan),
    UNARY("math.asin", asin),
    UNARY("math.acos", acos),
    UNARY("math.sinh", sinh),
    UNARY("math.cosh", cosh),
    UNARY("math.tanh", tanh),
    UNARY("math.asinh", asinh),
    UNARY("math.acosh", acosh),
    UNARY("math.atanh", atanh),
    UNARY("math.erf", erf),
    UNARY("math.erfc", erfc),
    UNARY("math.ceil", ceil),
    UNARY("math.trunc", truncate),
    UNARY("math.round", round),
    UNARY("math.roundeven", roundEven),
#undef UNARY
    {"math.log2", logBase<2>},
    {"math.log10", logBase<10>},
    {"math.sin",
     [](MathBuilder &b, ValueRange v) { return b.sineCosine(v[0]).first; }},
    {"math.cos",
     [](MathBuilder &b, ValueRange v) { return b.sineCosine(v[0]).second; }},
    {"math.tan",
     [](MathBuilder &b, ValueRange v) {
       auto [sine, cosine] = b.sineCosine(v[0]);
       return b.div(sine, cosine);
     }},
    {"math.rsqrt", [](MathBuilder &b,
                      ValueRange v) { return b.div(b.real(1), b.sqrt(v[0])); }},
    {"math.atan2",
     [](MathBuilder &b, ValueRange v) { return b.atan2(v[0], v[1]); }},
    {"math.powf",
     [](MathBuilder &b, ValueRange v) { return b.power(v[0], v[1]); }},
    {"math.copysign",
     [](MathBuilder &b, ValueRange v) { return b.copySign(v[0], v[1]); }},
};

struct ExpandMathPass : modc::impl::ExpandMathPassBase<ExpandMathPass> {
  using ExpandMathPassBase::ExpandMathPassBase;

  LogicalResult expand(Operation *op, Build build) {
    Type type = op->getResult(0).getType();
    if (!type.isF32() && !type.isF64())
      return op->emitOpError("cannot be expanded for ") << type;
    MathBuilder b(op->getLoc(), op, /*single=*/type.isF32());
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(
          type.isF64()
              ? operand
              : arith::ExtFOp::create(b, b.getF64Type(), operand).getResult());
    Value result = build(b, operands);
    if (!type.isF64())
      result = arith::TruncFOp::create(b, type, result);
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
    ++numExpanded;
    return success();
  }

  void runOnOperation() override {
    llvm::StringMap<Build> table;
    for (auto [name, build] : kFunctions)
      table[name] = build;
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (table.contains(op->getName().getStringRef()))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      if (failed(expand(op, table[op->getName().getStringRef()])))
        return signalPassFailure();
  }
};

} // namespace
