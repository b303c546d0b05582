//===- OrderLoops.cpp - Loops along rows of buffers -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-order-loops: reductions whose output and input share their last
// dimension run along it inside, where memory is adjacent and sums are
// independent.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"

namespace modc {
#define GEN_PASS_DEF_ORDERLOOPSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// The loop that the last index of `map` is; none if it is not a loop.
static std::optional<unsigned> lastLoop(AffineMap map) {
  if (map.getNumResults() == 0)
    return std::nullopt;
  auto expr = dyn_cast<AffineDimExpr>(map.getResults().back());
  return expr ? std::optional<unsigned>(expr.getPosition()) : std::nullopt;
}

/// The loop that should be inside, if it is not.
static std::optional<unsigned> betterInner(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumReductionLoops() == 0 ||
      op.hasIndexSemantics() || op.getNumDpsInits() != 1)
    return std::nullopt;
  unsigned inner = op.getNumLoops() - 1;
  std::optional<unsigned> output =
      lastLoop(op.getMatchingIndexingMap(op.getDpsInitOperand(0)));
  if (!output || *output == inner)
    return std::nullopt;
  bool shared = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    std::optional<unsigned> last = lastLoop(op.getMatchingIndexingMap(input));
    if (last == inner)
      return std::nullopt;
    shared |= last == output;
  }
  return shared ? output : std::nullopt;
}

namespace {

struct OrderLoopsPass : modc::impl::OrderLoopsPassBase<OrderLoopsPass> {
  using OrderLoopsPassBase::OrderLoopsPassBase;

  void runOnOperation() override {
    SmallVector<std::pair<linalg::GenericOp, unsigned>> ops;
    getOperation()->walk([&](linalg::GenericOp op) {
      if (std::optional<unsigned> inner = betterInner(op))
        ops.push_back({op, *inner});
    });
    IRRewriter rewriter(&getContext());
    for (auto [op, inner] : ops) {
      SmallVector<unsigned> order;
      for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
        if (loop != inner)
          order.push_back(loop);
      order.push_back(inner);
      rewriter.setInsertionPoint(op);
      remarkPassed(getArgument(), "Interchanged", op)
          << remark::add("a sum over rows runs along rows inside");
      if (succeeded(linalg::interchangeGenericOp(rewriter, op, order)))
        ++numOrdered;
    }
  }
};

} // namespace
