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
#include "passes/Passes.h"

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

/// Whether the producer of `operand` may move into the op that reads it.
static bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || !operand->get().hasOneUse())
    return false;
  // A contraction has kernels of its own, which want plain operands, also where
  // its rows are chosen by number.
  if (linalg::isaContractionOpInterface(consumer) ||
      !consumer.getBody()->getOps<tensor::ExtractOp>().empty())
    return false;
  // The order of a sum is fixed, which keeps its loop scalar: functions stay in
  // loops of their own, which become vectors.
  if (consumer.getNumReductionLoops() && callsFunctions(producer))
    return false;
  // Where the reader runs over more than the producer does, it would compute
  // each element more than once.
  AffineMap map = consumer.getMatchingIndexingMap(operand);
  return map.isPermutation() || isCheap(producer);
}

namespace {

struct FuseElementwisePass
    : modc::impl::FuseElementwisePassBase<FuseElementwisePass> {
  using FuseElementwisePassBase::FuseElementwisePassBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(
        patterns, [this](OpOperand *operand) {
          bool fuse = shouldFuse(operand);
          numFused += fuse;
          return fuse;
        });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
