//===- DecomposeScan.cpp - Recurrences as scf.for -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular.scan becomes a loop over dimension 1 of its sequences that carries
// the values and the stacked results.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/Decompose.h"

using namespace mlir;
using namespace modc;

namespace {

struct DecomposeScan : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ScanOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value first = op.getSequences().front();
    Value steps = b.dim(first, 1);
    SmallVector<Value> inits(op.getInits());
    Block &body = op.getBody().front();
    Operation *yield = body.getTerminator();
    size_t numCarried = op.getInits().size();
    // Stacked results have the elements' sizes; dynamic ones are the rows.
    for (Value result : op.getStacked()) {
      auto type = cast<RankedTensorType>(result.getType());
      SmallVector<Value> dynamic;
      for (int64_t d = 0; d < type.getRank(); ++d)
        if (type.isDynamicDim(d)) {
          if (d > 1)
            return rewriter.notifyMatchFailure(
                op, "stacked results may be dynamic in dimensions 0 and 1");
          dynamic.push_back(d == 0 ? b.dim(first, 0) : steps);
        }
      inits.push_back(b.empty(type, dynamic));
    }
    SmallVector<Value> results = b.loop(
        b.index(0), steps, inits, [&](Value i, ValueRange carried) {
          Value t = i;
          if (op.getReverse())
            t = b.sub(b.sub(steps, b.index(1)), i);
          IRMapping mapping;
          mapping.map(op.getStep(), t);
          for (auto [argument, value] : llvm::zip(op.getCarried(), carried))
            mapping.map(argument, value);
          for (auto [argument, sequence] :
               llvm::zip(op.getElements(), op.getSequences()))
            mapping.map(argument, b.slice(sequence, t, 1));
          for (Operation &inner : body.without_terminator())
            b.clone(inner, mapping);
          SmallVector<Value> next;
          for (auto [k, value] : llvm::enumerate(yield->getOperands())) {
            Value mapped = mapping.lookupOrDefault(value);
            next.push_back(k < numCarried
                               ? mapped
                               : b.insertSlice(mapped, carried[k], t, 1));
          }
          return next;
        });
    rewriter.replaceOp(op, results);
    return success();
  }
};

} // namespace

void modc::populateDecomposeScanPatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeScan>(patterns.getContext());
}
