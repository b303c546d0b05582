//===- GuardEmptyLoops.cpp - Loops that may make no round -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-guard-empty-loops: works around upstream's lowering of scf.for to
// SPIR-V, which forgets the initial values of a loop without a round. Goes when
// the packages have llvm-project's pull request 206280.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_GUARDEMPTYLOOPSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

static arith::CmpIPredicate getOrder(scf::ForOp loop) {
  return loop.getUnsignedCmp() ? arith::CmpIPredicate::ult
                               : arith::CmpIPredicate::slt;
}

/// Whether constants say that there is a round.
static bool surelyRuns(scf::ForOp loop) {
  APInt lower, upper;
  if (!matchPattern(loop.getLowerBound(), m_ConstantInt(&lower)) ||
      !matchPattern(loop.getUpperBound(), m_ConstantInt(&upper)))
    return false;
  return loop.getUnsignedCmp() ? lower.ult(upper) : lower.slt(upper);
}

static void guard(scf::ForOp loop) {
  ImplicitLocOpBuilder builder(loop.getLoc(), loop);
  builder.setInsertionPointAfter(loop);
  Value runs = arith::CmpIOp::create(
      builder, getOrder(loop), loop.getLowerBound(), loop.getUpperBound());
  for (auto [result, initial] :
       llvm::zip_equal(loop.getResults(), loop.getInitArgs())) {
    Value condition = runs;
    // SPIR-V before 1.4 selects vectors by vectors only.
    if (auto vector = dyn_cast<VectorType>(result.getType()))
      condition = vector::BroadcastOp::create(
          builder, vector.clone(builder.getI1Type()), runs);
    auto select = arith::SelectOp::create(builder, condition, result, initial);
    result.replaceAllUsesExcept(select, select);
  }
}

namespace {

struct GuardEmptyLoopsPass
    : public modc::impl::GuardEmptyLoopsPassBase<GuardEmptyLoopsPass> {
  using GuardEmptyLoopsPassBase::GuardEmptyLoopsPassBase;

  void runOnOperation() override {
    getOperation()->walk([&](scf::ForOp loop) {
      if (loop.getNumResults() == 0 || surelyRuns(loop))
        return;
      guard(loop);
      ++numGuarded;
    });
  }
};

} // namespace
