//===- FoldPermutations.cpp - Transposed tensors, read where they are -----===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Other compilers write weights as [out, in] and transpose them in front of
// each product, and what they get back. An invocation would move a whole weight
// for its row: it reads and writes the elements where they belong instead.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "passes/Passes.h"
#include "passes/cpu/TensorBuilder.h"
#include "passes/gpu/FoldIndexChecks.h"

namespace modc {
#define GEN_PASS_DEF_FOLDPERMUTATIONSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// A tensor with the dimensions of another one in another order.
struct Permutation {
  linalg::LinalgOp op;
  Value source;
  /// Coordinates of the source, of those of the result.
  AffineMap map;

  static std::optional<Permutation> match(Value value) {
    Operation *op = value.getDefiningOp();
    if (!isa_and_nonnull<linalg::TransposeOp, linalg::GenericOp>(op))
      return std::nullopt;
    auto linalgOp = cast<linalg::LinalgOp>(op);
    if (linalgOp.getNumDpsInputs() != 1 || op->getNumResults() != 1 ||
        !llvm::hasSingleElement(*linalgOp.getBlock()) ||
        linalgOp.getBlock()->getTerminator()->getOperand(0) !=
            linalgOp.getBlock()->getArgument(0))
      return std::nullopt;
    SmallVector<AffineMap> maps = linalgOp.getIndexingMapsArray();
    if (maps.size() != 2 || !maps[0].isPermutation() ||
        !maps[1].isPermutation())
      return std::nullopt;
    return Permutation{linalgOp, op->getOperand(0),
                       maps[0].compose(inversePermutation(maps[1]))};
  }
};

linalg::GenericOp generalize(IRRewriter &rewriter, linalg::LinalgOp op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(*op))
    return generic;
  rewriter.setInsertionPoint(op);
  auto generic = linalg::generalizeNamedOp(rewriter, op);
  return succeeded(generic) ? *generic : linalg::GenericOp();
}

struct FoldPermutationsPass
    : public modc::impl::FoldPermutationsPassBase<FoldPermutationsPass> {
  using FoldPermutationsPassBase::FoldPermutationsPassBase;

  void runOnOperation() override {
    getOperation().walk([](linalg::GenericOp op) { foldIndexChecks(op); });
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.hasPureTensorSemantics() && op.getNumLoops() > 0 &&
          !isa<linalg::FillOp>(op))
        ops.push_back(op);
    });
    // What reads a permuted tensor first, then what is only permuted.
    for (linalg::LinalgOp &op : ops)
      op = readUnpermuted(op);
    for (linalg::LinalgOp op : ops)
      if (op)
        writePermuted(op);
  }

private:
  linalg::LinalgOp readUnpermuted(linalg::LinalgOp op) {
    IRRewriter rewriter(&getContext());
    for (unsigned i = 0; i < op.getNumDpsInputs(); ++i)
      while (auto permuted =
                 Permutation::match(op.getDpsInputOperand(i)->get())) {
        linalg::GenericOp generic = generalize(rewriter, op);
        if (!generic)
          return op;
        SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
        maps[i] = permuted->map.compose(maps[i]);
        generic.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
        generic->setOperand(i, permuted->source);
        op = generic;
        ++numRead;
      }
    return op;
  }

  /// What the op permutes, if nothing else reads it, is computed in that order.
  void writePermuted(linalg::LinalgOp op) {
    if (op->getNumResults() != 1)
      return;
    auto permutation = Permutation::match(op->getResult(0));
    if (!permutation || permutation->map.isIdentity())
      return;
    auto source = permutation->source.getDefiningOp<linalg::LinalgOp>();
    if (!source || !source->hasOneUse() || source.getNumDpsInits() != 1 ||
        isa<linalg::FillOp>(source))
      return;
    Value start = source.getDpsInits()[0];
    auto fill = start.getDefiningOp<linalg::FillOp>();
    if (!fill && !start.getDefiningOp<tensor::EmptyOp>())
      return;
    Value empty = op.getDpsInits()[0];
    if (!empty.getDefiningOp<tensor::EmptyOp>())
      return;
    IRRewriter rewriter(&getContext());
    linalg::GenericOp sum = generalize(rewriter, source);
    if (!sum)
      return;
    rewriter.setInsertionPoint(op);
    if (fill)
      empty = linalg::FillOp::create(rewriter, fill.getLoc(), fill.getInputs(),
                                     empty)
                  .getResult(0);
    SmallVector<AffineMap> maps = sum.getIndexingMapsArray();
    maps.back() = inversePermutation(permutation->map).compose(maps.back());
    auto permuted = linalg::GenericOp::create(
        rewriter, sum.getLoc(), op->getResultTypes(), sum.getInputs(), empty,
        maps, sum.getIteratorTypesArray());
    rewriter.inlineRegionBefore(sum.getRegion(), permuted.getRegion(),
                                permuted.getRegion().begin());
    rewriter.replaceOp(op, permuted);
    rewriter.eraseOp(sum);
    ++numWritten;
  }
};

} // namespace
