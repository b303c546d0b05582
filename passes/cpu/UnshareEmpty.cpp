//===- UnshareEmpty.cpp - One tensor.empty for each use -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Common subexpression elimination merges empty tensors of one shape;
// eliminating such a tensor would give its users one destination.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_UNSHAREEMPTYPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {
struct UnshareEmpty : modc::impl::UnshareEmptyPassBase<UnshareEmpty> {
  void runOnOperation() override {
    SmallVector<tensor::EmptyOp> empties;
    getOperation()->walk([&](tensor::EmptyOp op) { empties.push_back(op); });
    for (tensor::EmptyOp empty : empties)
      for (OpOperand &use :
           llvm::make_early_inc_range(llvm::drop_begin(empty->getUses()))) {
        OpBuilder builder(use.getOwner());
        use.set(builder.clone(*empty)->getResult(0));
        ++numCloned;
      }
  }
};
} // namespace
