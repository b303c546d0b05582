//===- PrepareDestinations.cpp - Let every value be made in one place
//------------===//
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

/// A tensor like `value`, without contents.
static Value makeEmpty(OpBuilder &builder, Location loc, Value value) {
  return tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, value),
      cast<RankedTensorType>(value.getType()).getElementType());
}

/// Gives an op that writes over a value with other readers a value of its own.
/// A chain of in-place ops from an empty tensor then has one reader, and the
/// empty tensor can stand for one destination.
static void ownInit(linalg::LinalgOp op, OpOperand &init) {
  Value value = init.get();
  if (!value.getDefiningOp() || value.hasOneUse() ||
      value.getDefiningOp<tensor::EmptyOp>())
    return;
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value empty = makeEmpty(builder, loc, value);
  if (!op.payloadUsesValueFromOperand(&init))
    return init.set(empty);
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return init.set(
        linalg::FillOp::create(builder, loc, fill.getInputs()[0], empty)
            .getResult(0));
  init.set(linalg::CopyOp::create(builder, loc, value, empty).getResult(0));
}

/// Gives a loop that starts from a filled tensor with other readers one of its
/// own.
static void ownFill(OpOperand &use) {
  auto fill = use.get().getDefiningOp<linalg::FillOp>();
  if (!fill || use.get().hasOneUse() || !fill.hasPureTensorSemantics())
    return;
  OpBuilder builder(use.getOwner());
  Location loc = fill.getLoc();
  Value empty = makeEmpty(builder, loc, use.get());
  use.set(linalg::FillOp::create(builder, loc, fill.getInputs()[0], empty)
              .getResult(0));
}

using Write = bufferization::MaterializeInDestinationOp;

/// Lets what comes after a write read what was written.
static void readDestination(Write write, Value source, Value written) {
  source.replaceUsesWithIf(written, [&](OpOperand &use) {
    Operation *user = write->getBlock()->findAncestorOpInBlock(*use.getOwner());
    return user && user != write && write->isBeforeInBlock(user) &&
           !user->hasTrait<OpTrait::IsTerminator>();
  });
}

/// Writes what a value is an expansion of into the collapsed destination: the
/// search for the empty tensor behind a value does not look through a change of
/// shape.
static Write writeCollapsed(Write write) {
  auto expand = write.getSource().getDefiningOp<tensor::ExpandShapeOp>();
  if (!expand || !expand.getResultType().hasStaticShape())
    return write;
  OpBuilder builder(write);
  Location loc = write.getLoc();
  Value place = tensor::CollapseShapeOp::create(
      builder, loc, expand.getSrcType(), write.getDest(),
      expand.getReassociationIndices());
  auto inner =
      Write::create(builder, loc, expand.getSrcType(), expand.getSrc(), place);
  Value written = tensor::ExpandShapeOp::create(
      builder, loc, expand.getResultType(), inner->getResult(0),
      expand.getReassociationIndices());
  readDestination(write, expand.getResult(), written);
  write->getResult(0).replaceAllUsesWith(written);
  write.erase();
  return inner;
}

/// Lets a loop that inserts slices into an empty tensor do so in the destination
/// of its result. Bufferization sees a conflict in a write of what stands in its
/// destination already.
static bool insertInPlace(Write write) {
  auto result = dyn_cast<OpResult>(write.getSource());
  auto loop = write.getSource().getDefiningOp<scf::ForOp>();
  auto destination = dyn_cast<BlockArgument>(write.getDest());
  if (!loop || !destination || !destination.hasOneUse() ||
      destination.getType() != result.getType() ||
      loop->getBlock() != destination.getOwner())
    return false;
  OpOperand &init = loop.getInitsMutable()[result.getResultNumber()];
  auto insert = loop.getYieldedValues()[result.getResultNumber()]
                    .getDefiningOp<tensor::InsertSliceOp>();
  if (!init.get().getDefiningOp<tensor::EmptyOp>() || !insert ||
      insert.getDest() != loop.getTiedLoopRegionIterArg(&init))
    return false;
  init.set(destination);
  write->getResult(0).replaceAllUsesWith(result);
  write.erase();
  return true;
}

namespace {
struct PrepareDestinations
    : modc::impl::PrepareDestinationsPassBase<PrepareDestinations> {
  void runOnOperation() override {
    SmallVector<tensor::EmptyOp> empties;
    SmallVector<Write> writes;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureTensorSemantics())
        for (OpOperand &init : op.getDpsInitsMutable())
          ownInit(op, init);
    });
    getOperation()->walk([&](LoopLikeOpInterface loop) {
      for (OpOperand &init : loop.getInitsMutable())
        ownFill(init);
    });
    getOperation()->walk([&](Operation *op) {
      if (auto empty = dyn_cast<tensor::EmptyOp>(op))
        empties.push_back(empty);
      if (auto write = dyn_cast<Write>(op))
        if (write->getNumResults() == 1)
          writes.push_back(write);
    });
    for (tensor::EmptyOp empty : empties) {
      if (empty->use_empty())
        continue;
      for (OpOperand &use :
           llvm::make_early_inc_range(llvm::drop_begin(empty->getUses()))) {
        OpBuilder builder(use.getOwner());
        use.set(builder.clone(*empty)->getResult(0));
        ++numCloned;
      }
    }
    for (Write write : writes) {
      if (insertInPlace(write))
        continue;
      write = writeCollapsed(write);
      readDestination(write, write.getSource(), write->getResult(0));
    }
  }
};
} // namespace
