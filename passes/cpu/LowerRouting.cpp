//===- LowerRouting.cpp - Choices and plans as integer tensors ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-lower-routing: applies the patterns of LowerSelections,
// LowerDistinct, LowerPlan and LowerCombine. Plans that grouped ops still need
// stay behind casts.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/cpu/Routing.h"

namespace modc {
#define GEN_PASS_DEF_LOWERROUTINGPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct LowerRoutingPass : modc::impl::LowerRoutingPassBase<LowerRoutingPass> {
  using LowerRoutingPassBase::LowerRoutingPassBase;

  void runOnOperation() override {
    auto isOurs = [](Operation *op) {
      return isa<ToSelectionOp, FromSelectionOp, ModeOp, SampleOp, KeepStoredOp,
                 UsageOp, LogProbabilityOp, GatesOp, DistinctRowsOp, PlanOp,
                 CombineOp, DispatchOp, GateCotangentOp>(op);
    };
    getOperation()->walk([&](Operation *op) {
      if (isa<PlanOp>(op))
        ++numPlans;
    });
    RewritePatternSet patterns(&getContext());
    populateLowerSelectionPatterns(patterns, rowBlock);
    populateLowerDistinctPatterns(patterns);
    populateLowerPlanPatterns(patterns);
    populateLowerCombinePatterns(patterns, rowBlock);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    WalkResult left = getOperation()->walk([&](Operation *op) {
      if (!isOurs(op))
        return WalkResult::advance();
      if (auto combine = dyn_cast<CombineOp>(op)) {
        std::optional<PlanTensors> plan = getPlanTensors(combine.getPlan());
        if (plan && onlyMovesRows(combine, *plan))
          return WalkResult::advance();
      }
      op->emitOpError("has a selection or plan that no op of the function "
                      "makes");
      return WalkResult::interrupt();
    });
    if (left.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
