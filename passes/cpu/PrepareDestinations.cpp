//===- PrepareDestinations.cpp - Let every value be made in one place ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Undoes what common subexpression elimination merged and bufferization must
// keep apart: empty tensors, and values that go into several arguments.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_PREPAREDESTINATIONSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {
struct PrepareDestinations
    : modc::impl::PrepareDestinationsPassBase<PrepareDestinations> {
  void runOnOperation() override {
    SmallVector<tensor::EmptyOp> empties;
    SmallVector<bufferization::MaterializeInDestinationOp> writes;
    getOperation()->walk([&](Operation *op) {
      if (auto empty = dyn_cast<tensor::EmptyOp>(op))
        empties.push_back(empty);
      if (auto write = dyn_cast<bufferization::MaterializeInDestinationOp>(op))
        if (write->getNumResults() == 1)
          writes.push_back(write);
    });
    for (tensor::EmptyOp empty : empties)
      for (OpOperand &use :
           llvm::make_early_inc_range(llvm::drop_begin(empty->getUses()))) {
        OpBuilder builder(use.getOwner());
        use.set(builder.clone(*empty)->getResult(0));
        ++numCloned;
      }
    for (auto write : writes)
      write.getSource().replaceUsesWithIf(
          write->getResult(0), [&](OpOperand &use) {
            Operation *user =
                write->getBlock()->findAncestorOpInBlock(*use.getOwner());
            return user && user != write && write->isBeforeInBlock(user);
          });
  }
};
} // namespace
