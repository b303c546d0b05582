//===- Decompose.cpp - The dialect's tensor ops as upstream ops ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-decompose: applies the patterns of Decompose*.cpp until none of
// their ops is left.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/cpu/Decompose.h"

namespace modc {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// linalg.softmax, which upstream takes apart by a function only.
struct DecomposeAggregated
    : OpInterfaceRewritePattern<linalg::AggregatedOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::AggregatedOpInterface op,
                                PatternRewriter &rewriter) const override {
    FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
    if (failed(values))
      return failure();
    rewriter.replaceOp(op, *values);
    return success();
  }
};

struct DecomposePass : modc::impl::DecomposePassBase<DecomposePass> {
  using DecomposePassBase::DecomposePassBase;

  void runOnOperation() override {
    Operation *root = getOperation();
    auto isHigh = [](Operation *op) {
      return isa<LinearOp, ReshapeOp, PickOp, TileRowsOp, ReluOp, GeluOp,
                 SigmoidOp, SoftplusOp, SoftmaxOp, LogSoftmaxOp, UniformOp,
                 InitializeOp, KeepBestOp, ScanOp, linalg::SoftmaxOp>(op);
    };
    root->walk([&](Operation *op) {
      if (isHigh(op))
        ++numDecomposed;
    });
    RewritePatternSet patterns(&getContext());
    populateDecomposeLinearPatterns(patterns);
    populateDecomposeActivationPatterns(patterns);
    populateDecomposeRandomPatterns(patterns);
    populateDecomposeTrainingPatterns(patterns);
    populateDecomposeScanPatterns(patterns);
    patterns.add<DecomposeAggregated>(&getContext());
    if (failed(applyPatternsGreedily(root, std::move(patterns))))
      return signalPassFailure();
    WalkResult left = root->walk([&](Operation *op) {
      if (!isHigh(op))
        return WalkResult::advance();
      op->emitOpError("cannot be decomposed: a result has a dynamic size that "
                      "is not the rows");
      return WalkResult::interrupt();
    });
    if (left.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
