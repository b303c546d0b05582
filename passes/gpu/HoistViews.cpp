//===- HoistViews.cpp - Views that branches agree on ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bufferization gives each branch of a switch over classes a view of the place
// that all of them write to, and yields it. Kernels have no views as values.
// Where branches yield different buffers, they copy them to one, as undefined
// values of two results, which bufferization takes for one, make them do.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
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

/// Whether nothing is written through a result or a view of it: what it holds
/// when the branch ends is all that is asked of it, as bufferization writes
/// nothing over what is still to be read.
bool isOnlyRead(Value value) {
  return llvm::all_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<ViewLikeOpInterface>(user) && user->getNumResults() == 1)
      return isOnlyRead(user->getResult(0));
    if (isa<scf::YieldOp>(user) && isa<scf::IfOp>(user->getParentOp()))
      return isOnlyRead(user->getParentOp()->getResult(use.getOperandNumber()));
    auto effects = dyn_cast<MemoryEffectOpInterface>(user);
    SmallVector<MemoryEffects::EffectInstance> ofValue;
    if (effects)
      effects.getEffectsOnValue(value, ofValue);
    return effects && llvm::all_of(ofValue, [](const auto &effect) {
             return isa<MemoryEffects::Read>(effect.getEffect());
           });
  });
}

/// The buffer that both branches copy what they yield to; null if they may mean
/// a buffer of others.
Value shareBuffer(OpResult result) {
  auto branch = cast<scf::IfOp>(result.getOwner());
  auto type = cast<MemRefType>(result.getType());
  unsigned number = result.getResultNumber();
  scf::YieldOp yields[] = {branch.thenYield(), branch.elseYield()};
  bool isFree =
      isOnlyRead(result) || llvm::any_of(yields, [&](scf::YieldOp yield) {
        return isFresh(yield.getOperand(number), branch);
      });
  if (!type.hasStaticShape() || !isFree)
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
