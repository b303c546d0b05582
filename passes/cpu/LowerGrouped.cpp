//===- LowerGrouped.cpp - Grouped ops as loops over rows ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-lower-grouped: replaces each modular.grouped by naive or by grouped
// dispatch. The naive one is the reference that the other is tested against.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/cpu/Grouped.h"

namespace modc {
#define GEN_PASS_DEF_LOWERGROUPEDPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct LowerGroupedPass : modc::impl::LowerGroupedPassBase<LowerGroupedPass> {
  using LowerGroupedPassBase::LowerGroupedPassBase;

  LogicalResult lower(GroupedOp op) {
    std::optional<PlanTensors> plan = getPlanTensors(op.getPlan());
    if (!plan)
      return op.emitOpError("has a plan that is not lowered; run "
                            "modular-lower-routing before");
    bool gradients = op.getOutputs().size() > op.getRowResults().size();
    if (plan->distinct && gradients)
      return op.emitOpError("has gradients over a 'distinct' plan, whose "
                            "positions stand for several rows");
    if (dispatch == "naive")
      remarkMissed(getArgument(), "Tasks", op)
          << remark::add("rows run one after another")
          << remark::reason("dispatch is naive");
    else
      remarkPassed(getArgument(), "Tasks", op)
          << remark::add("{0} results come from tasks of rows of one member, "
                         "{1} gradients from tasks of members",
                         op.getRowResults().size(),
                         op.getOutputs().size() - op.getRowResults().size() -
                             op.getPointResults().size());
    IRRewriter rewriter(op);
    TensorBuilder b(op.getLoc(), rewriter);
    b.setInsertionPoint(op);
    GroupedLowering lowering{b, op, *plan, rowBlock, dispatch != "naive"};
    SmallVector<Value> results = dispatch == "naive"
                                     ? lowerGroupedNaively(lowering)
                                     : lowerGroupedByTasks(lowering);
    for (unsigned i = 0, e = op.getRowResults().size(); i < e; ++i)
      if (CombineOp mover = lowering.getMover(i)) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(mover);
        rewriter.replaceOp(mover, dispatch == "naive"
                                      ? buildCombine(b, mover, *plan, rowBlock)
                                      : op.getRowResults()[i]);
      }
    for (auto [result, type] : llvm::zip(results, op.getResultTypes()))
      if (result.getType() != type)
        result = tensor::CastOp::create(b, type, result);
    rewriter.replaceOp(op, results);
    ++numGrouped;
    return success();
  }

  void runOnOperation() override {
    if (dispatch != "naive" && dispatch != "grouped") {
      emitError(getOperation()->getLoc())
          << "dispatch is '" << dispatch << "', not 'naive' or 'grouped'";
      return signalPassFailure();
    }
    SmallVector<GroupedOp> ops;
    getOperation()->walk([&](GroupedOp op) { ops.push_back(op); });
    for (GroupedOp op : ops)
      if (failed(lower(op)))
        return signalPassFailure();
    // The casts that held plans and selections have no uses left.
    SmallVector<UnrealizedConversionCastOp> casts;
    getOperation()->walk(
        [&](UnrealizedConversionCastOp cast) { casts.push_back(cast); });
    for (UnrealizedConversionCastOp cast : llvm::reverse(casts))
      if (cast->use_empty())
        cast.erase();
  }
};

} // namespace
