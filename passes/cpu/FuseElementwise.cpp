//===- FuseElementwise.cpp - Merge elementwise loops ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-fuse-elementwise: an elementwise op whose result has one reader
// becomes part of that reader, so that what lies between them is never in
// memory.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/OpNames.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/cpu/Panels.h"

namespace modc {
#define GEN_PASS_DEF_FUSEELEMENTWISEPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// Whether an element of `op` costs no more than to load it.
static bool isCheap(linalg::GenericOp op) {
  auto body = op.getBody()->without_terminator();
  return body.empty() || (llvm::hasSingleElement(body) &&
                          isa<arith::ArithDialect>(body.begin()->getDialect()));
}

/// Whether the body of `op` has math functions.
static bool callsFunctions(linalg::GenericOp op) {
  return llvm::any_of(*op.getBody(), [](Operation &inner) {
    return isa<math::MathDialect>(inner.getDialect());
  });
}

/// Why the producer of `operand` may not move into the op that reads it; empty
/// if it may.
static StringRef whyNotFused(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = cast<linalg::GenericOp>(operand->getOwner());
  if (!operand->get().hasOneUse())
    return "several ops read it, and would each compute it";
  // A contraction has kernels of its own, which want plain operands, also where
  // its rows are chosen by number.
  if (linalg::isaContractionOpInterface(consumer) || isMatrixProduct(consumer))
    return "the kernel of a product reads plain operands";
  if (consumer.getNumReductionLoops() &&
      !consumer.getBody()->getOps<tensor::ExtractOp>().empty())
    return "a sum that reads rows by number reads plain operands beside them";
  // The order of a sum is fixed, which keeps its loop scalar: functions stay in
  // loops of their own, which become vectors.
  if (consumer.getNumReductionLoops() && callsFunctions(producer))
    return "functions of the loop of a sum would be computed one by one";
  // Where the reader runs over more than the producer does, it would compute
  // each element more than once.
  AffineMap map = consumer.getMatchingIndexingMap(operand);
  if (!map.isPermutation() && !isCheap(producer))
    return "the reader would compute each element more than once";
  return {};
}

/// Whether a generic op reads another one by `operand`.
static bool isBetweenGenerics(OpOperand *operand) {
  return operand->get().getDefiningOp<linalg::GenericOp>() &&
         isa<linalg::GenericOp>(operand->getOwner());
}

namespace {

struct FuseElementwisePass
    : modc::impl::FuseElementwisePassBase<FuseElementwisePass> {
  using FuseElementwisePassBase::FuseElementwisePassBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(
        patterns, [this](OpOperand *operand) {
          if (!isBetweenGenerics(operand) || !whyNotFused(operand).empty())
            return false;
          ++numFused;
          Operation *producer = operand->get().getDefiningOp();
          remarkPassed(getArgument(), "Fused", producer)
              << remark::add("is part of '{0}', which reads it",
                             opNameOf(operand->getOwner()->getLoc()));
          return true;
        });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    remarkOnMissed();
  }

private:
  /// What is left, once: patterns look at an op again and again.
  void remarkOnMissed() {
    if (!wantsRemarks(&getContext()))
      return;
    getOperation()->walk([&](linalg::GenericOp consumer) {
      for (OpOperand *operand : consumer.getDpsInputOperands()) {
        auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
        if (!producer || producer.getNumReductionLoops())
          continue;
        StringRef why = whyNotFused(operand);
        remarkMissed(getArgument(), "Fused", producer)
            << remark::add("is not part of '{0}', which reads it",
                           opNameOf(consumer.getLoc()))
            << remark::reason("{0}",
                              why.empty() ? "its loops do not fit" : why);
      }
    });
  }
};

} // namespace
