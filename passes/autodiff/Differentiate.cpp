//===- Differentiate.cpp - Replace pullbacks by ops -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reverse-mode differentiation as explicit IR, on functions of the routed
// phase.
//
//===----------------------------------------------------------------------===//

#include "dialect/VJPBuilders.h"
#include "passes/Passes.h"
#include "passes/autodiff/ReverseSweep.h"

using namespace mlir;
using namespace modc;

namespace modc {
#define GEN_PASS_DEF_DIFFERENTIATEPASS
#include "passes/Passes.h.inc"
} // namespace modc

namespace {

struct DifferentiatePass
    : public modc::impl::DifferentiatePassBase<DifferentiatePass> {
  void runOnOperation() override {
    SmallVector<PullbackOp> pullbacks;
    getOperation()->walk([&](PullbackOp op) { pullbacks.push_back(op); });
    for (PullbackOp op : pullbacks) {
      Block *block = op->getBlock();
      if (failed(replacePullback(op)))
        return signalPassFailure();
      // Forward ops that were replaced, and cotangents that nobody reads.
      eraseDeadOps(*block);
      ++numPullbacks;
    }
  }

private:
  LogicalResult replacePullback(PullbackOp op) {
    OpBuilder builder(op);
    ReverseSweep sweep;
    SmallVector<Value> seeds(op.getCotangents()), gradients;
    if (failed(sweep.run(builder, *op->getBlock(), op.getValues(), seeds,
                         op.getInputs(), {}, gradients)))
      return failure();
    for (auto [gradient, input] : llvm::zip(gradients, op.getInputs()))
      if (!gradient)
        gradient = createZeros(builder, op.getLoc(), input);
    op.replaceAllUsesWith(gradients);
    op.erase();
    return success();
  }
};

} // namespace
