//===- NameOps.cpp - Name ops by what they do -----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-name-ops: the last moment at which an op still says what it is for.
// Whatever loops and functions it becomes keep the name in their locations.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/OpNames.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_NAMEOPSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct NameOpsPass : modc::impl::NameOpsPassBase<NameOpsPass> {
  using NameOpsPassBase::NameOpsPassBase;

  void runOnOperation() override {
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      // What stands in a loop over elements has no function of its own.
      if (isa<linalg::LinalgOp>(op->getParentOp()))
        return WalkResult::skip();
      if (op == getOperation() || op->getNumResults() == 0 ||
          op->hasTrait<OpTrait::ConstantLike>())
        return WalkResult::advance();
      std::string name = joinNames(opNameOf(op->getLoc()), describeOp(op));
      op->setLoc(withOpName(op->getLoc(), name));
      ++numNamed;
      return WalkResult::advance();
    });
  }
};

} // namespace
