//===- DropResults.cpp - Functions without results ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-drop-results: after bufferization each result of a program is one of
// its arguments, written in place; nothing needs to be returned.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Passes.h"
#include "passes/cpu/LoweringRemarks.h"

namespace modc {
#define GEN_PASS_DEF_DROPRESULTSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct DropResultsPass : modc::impl::DropResultsPassBase<DropResultsPass> {
  using DropResultsPassBase::DropResultsPassBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    remarkOnUpdates(func);
    if (func.isExternal() || func.getNumResults() == 0 ||
        !llvm::hasSingleElement(func.getBody()))
      return;
    Operation *end = func.getBody().front().getTerminator();
    BitVector drop(func.getNumResults());
    for (auto [i, value] : llvm::enumerate(end->getOperands())) {
      while (auto cast = value.getDefiningOp<memref::CastOp>())
        value = cast.getSource();
      if (isa<MemRefType>(value.getType()) && isa<BlockArgument>(value))
        drop.set(i);
    }
    numDropped += drop.count();
    end->eraseOperands(drop);
    if (failed(func.eraseResults(drop)))
      signalPassFailure();
  }
};

} // namespace
