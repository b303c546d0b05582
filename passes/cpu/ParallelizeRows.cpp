//===- ParallelizeRows.cpp - Large ops as tasks over rows -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is left between grouped ops and products, such as softmax, losses and
// sums over parameters, runs on all threads where it is large. How many rows a
// task has follows from static shapes; every element is computed as before.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"

namespace modc {
#define GEN_PASS_DEF_PARALLELIZEROWSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// Elements, or as much work, below which a task costs more than it saves.
constexpr int64_t kTaskWork = 1 << 14;
/// A task of more rows than this would be all of most batches.
constexpr int64_t kManyRows = 512;
/// What a math function costs, in additions.
constexpr int64_t kMathWork = 16;

/// Rows of a task, or 0 where there should be one task.
static int64_t getRowsOfTask(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumLoops() == 0 ||
      op.getIteratorTypesArray()[0] != utils::IteratorType::parallel)
    return 0;
  // Each row writes what no other does.
  for (OpOperand &init : op.getDpsInitsMutable()) {
    ArrayRef<AffineExpr> results =
        op.getMatchingIndexingMap(&init).getResults();
    auto isRow = [](AffineExpr expr) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      return dim && dim.getPosition() == 0;
    };
    if (llvm::none_of(results, isRow))
      return 0;
  }
  int64_t work = 1;
  op->walk([&](Operation *inner) {
    if (isa<math::MathDialect>(inner->getDialect()))
      work += kMathWork;
  });
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (int64_t size : ArrayRef(sizes).drop_front())
    work *= ShapedType::isDynamic(size) ? 1 : size;
  int64_t rows = llvm::divideCeil(kTaskWork, std::max<int64_t>(work, 1));
  if (rows > kManyRows)
    return 0;
  if (!ShapedType::isDynamic(sizes[0]) && sizes[0] < 2 * rows)
    return 0;
  return rows;
}

namespace {

struct ParallelizeRowsPass
    : modc::impl::ParallelizeRowsPassBase<ParallelizeRowsPass> {
  using ParallelizeRowsPassBase::ParallelizeRowsPassBase;

  void runOnOperation() override {
    SmallVector<std::pair<linalg::LinalgOp, int64_t>> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op->getParentOfType<scf::ParallelOp>() ||
          op->getParentOfType<scf::ForallOp>())
        return;
      if (int64_t rows = getRowsOfTask(op))
        ops.push_back({op, rows});
      else if (op.getNumLoops())
        remarkMissed(getArgument(), "Tasks", op)
            << remark::add("one task computes all of it")
            << remark::reason("rows share a result or are too little work");
    });
    IRRewriter rewriter(&getContext());
    for (auto [op, rows] : ops) {
      SmallVector<int64_t> sizes(op.getNumLoops(), 0);
      sizes[0] = rows;
      linalg::LinalgTilingOptions options;
      options.setTileSizes(sizes);
      options.setLoopType(linalg::LinalgTilingLoopType::ParallelLoops);
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::TiledLinalgOp> tiled =
          linalg::tileLinalgOp(rewriter, op, options);
      if (failed(tiled))
        continue;
      remarkPassed(getArgument(), "Tasks", op)
          << remark::add("rows are tasks of {0}", rows);
      rewriter.eraseOp(op);
      ++numSplit;
    }
  }
};

} // namespace
