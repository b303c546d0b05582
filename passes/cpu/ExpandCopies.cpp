//===- ExpandCopies.cpp - Copies of strided buffers as loops --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-expand-copies: upstream lowers a copy between strided buffers to a
// call of a runtime library that models do not have.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_EXPANDCOPIESPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct ExpandCopiesPass : modc::impl::ExpandCopiesPassBase<ExpandCopiesPass> {
  using ExpandCopiesPassBase::ExpandCopiesPassBase;

  void runOnOperation() override {
    getOperation()->walk([&](memref::CopyOp op) {
      auto from = dyn_cast<MemRefType>(op.getSource().getType());
      auto to = dyn_cast<MemRefType>(op.getTarget().getType());
      if (!from || !to)
        return;
      if (op.getSource() == op.getTarget()) {
        op.erase();
        return;
      }
      if (from.getLayout().isIdentity() && to.getLayout().isIdentity())
        return;
      OpBuilder builder(op);
      linalg::CopyOp::create(builder, op.getLoc(), op.getSource(),
                             op.getTarget());
      op.erase();
      ++numExpanded;
    });
  }
};

} // namespace
