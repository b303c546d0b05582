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
#include "passes/MathTable.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct ExpandMathPass : modc::impl::ExpandMathPassBase<ExpandMathPass> {
  using ExpandMathPassBase::ExpandMathPassBase;

  LogicalResult expand(Operation *op, BuildMath<MathBuilder> build) {
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
    WalkResult walk = getOperation()->walk([&](Operation *op) {
      BuildMath<MathBuilder> build = findMath<MathBuilder>(op);
      return build && failed(expand(op, build)) ? WalkResult::interrupt()
                                                : WalkResult::advance();
    });
    if (walk.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
