//===- ExpandKernelMath.cpp - Math functions of kernels -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-expand-kernel-math: the table of modular-expand-math with the
// builders of SingleMath, which compute in f32.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "passes/MathTable.h"
#include "passes/Passes.h"
#include "passes/gpu/SingleMath.h"

namespace modc {
#define GEN_PASS_DEF_EXPANDKERNELMATHPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct ExpandKernelMathPass
    : public modc::impl::ExpandKernelMathPassBase<ExpandKernelMathPass> {
  using ExpandKernelMathPassBase::ExpandKernelMathPassBase;

  void runOnOperation() override {
    getOperation()->walk([&](Operation *op) {
      BuildMath<SingleMath> build = findMath<SingleMath>(op);
      // Other types are for modular-check-kernels to name.
      if (!build || !getElementTypeOrSelf(op->getResult(0)).isF32())
        return;
      SingleMath builder(op->getLoc(), op, op->getResult(0).getType());
      op->getResult(0).replaceAllUsesWith(build(builder, op->getOperands()));
      op->erase();
      ++numExpanded;
    });
  }
};

} // namespace
