//===- HoistViews.cpp - Views that branches agree on ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bufferization gives each branch of a switch over classes a view of the place
// that all of them write to, and yields it. Kernels have no views as values.
// Where branches yield different buffers, they copy them to one.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_HOISTVIEWSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// The op that makes what a branch yields, through branches that agree; null if
/// they do not.
Operation *getView(Value value) {
  if (auto branch = value.getDefiningOp<scf::IfOp>()) {
    unsigned number = cast<OpResult>(value).getResultNumber();
    Operation *yes = getView(branch.thenYield().getOperand(number));
    Operation *no = getView(branch.elseYield().getOperand(number));
    // Two allocations are two places, however alike.
    bool same =
        yes && no &&
        (yes == no || (isa<memref::SubViewOp>(yes) &&
                       OperationEquivalence::isEquivalentTo(
                           yes, no, OperationEquivalence::IgnoreLocations)));
    return same ? yes : nullptr;
  }
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<memref::SubViewOp, memref::AllocOp>(op) ? op : nullptr;
}

/// Whether a branch yields memory that only it has: it is nobody else's then,
/// whatever another branch yields.
bool isFresh(Value value, scf::IfOp branch) {
  while (auto cast = value.getDefiningOp<memref::CastOp>())
    value = cast.getSource();
  if (auto inner = value.getDefiningOp<scf::IfOp>()) {
    unsigned number = cast<OpResult>(value).getResultNumber();
    return isFresh(inner.thenYield().getOperand(number), branch) ||
           isFresh(inner.elseYield().getOperand(number), branch);
  }
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<memref::AllocOp>(op) && branch->isAncestor(op);
}

/// The buffer that both branches copy what they yield to; null if they may mean
/// a buffer of others.
Value shareBuffer(OpResult result) {
  auto branch = cast<scf::IfOp>(result.getOwner());
  auto type = cast<MemRefType>(result.getType());
  unsigned number = result.getResultNumber();
  scf::YieldOp yields[] = {branch.thenYield(), branch.elseYield()};
  if (!type.hasStaticShape() || llvm::none_of(yields, [&](scf::YieldOp yield) {
        return isFresh(yield.getOperand(number), branch);
      }))
    return {};
  OpBuilder builder(branch);
  Location loc = branch.getLoc();
  Value buffer = memref::AllocOp::create(
      builder, loc, MemRefType::get(type.getShape(), type.getElementType()));
  Value view = buffer;
  if (view.getType() != type)
    view = memref::CastOp::create(builder, loc, type, buffer);
  for (scf::YieldOp yield : yields) {
    builder.setInsertionPoint(yield);
    memref::CopyOp::create(builder, loc, yield.getOperand(number), buffer);
  }
  return view;
}

bool isDefinedBefore(Value value, Operation *op) {
  return value.getParentRegion()->isAncestor(op->getParentRegion()) &&
         !op->isProperAncestor(value.getParentRegion()->getParentOp());
}

struct HoistViewsPass : modc::impl::HoistViewsPassBase<HoistViewsPass> {
  using HoistViewsPassBase::HoistViewsPassBase;

  void runOnOperation() override {
    // Outer branches first: what they hoist is no result of inner ones then.
    getOperation()->walk<WalkOrder::PreOrder>([&](scf::IfOp branch) {
      for (OpResult result : branch.getResults()) {
        if (!isa<MemRefType>(result.getType()))
          continue;
        Operation *view = getView(result);
        if (!view ||
            !llvm::all_of(view->getOperands(),
                          [&](Value operand) {
                            return isDefinedBefore(operand, branch);
                          }) ||
            (isa<memref::AllocOp>(view) && branch->isAncestor(view))) {
          if (Value buffer = result.use_empty() ? Value() : shareBuffer(result))
            result.replaceAllUsesWith(buffer);
          continue;
        }
        OpBuilder builder(branch);
        Operation *hoisted =
            isa<memref::AllocOp>(view) ? view : builder.clone(*view);
        result.replaceAllUsesWith(hoisted->getResult(0));
        ++numHoisted;
      }
    });
  }
};

} // namespace
