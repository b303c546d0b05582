//===- GatherDispatched.cpp - Rows that are only moved --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A launch less for each layer's gradients, and no copy of cotangents.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/GatherDispatched.h"

#include "dialect/ModularOps.h"

using namespace mlir;
using namespace modc;

/// The op that has only moved the rows of an operand to the op's positions.
static DispatchOp getMover(GroupedOp op, Value operand) {
  auto dispatch = operand.getDefiningOp<DispatchOp>();
  return dispatch && dispatch.getPlan() == op.getPlan() &&
                 !dispatch.getGates() && dispatch.getCompose() == Compose::Sum
             ? dispatch
             : DispatchOp();
}

static void gather(GroupedOp op) {
  SmallVector<Value> gathered(op.getGathered()), along;
  SmallVector<bool> moves;
  for (Value operand : op.getAlong()) {
    DispatchOp mover = getMover(op, operand);
    moves.push_back(bool(mover));
    if (mover)
      gathered.push_back(mover.getValues());
    else
      along.push_back(operand);
  }
  if (along.size() == moves.size())
    return;
  unsigned numGathered = op.getGathered().size();
  for (Region &region : op.getBodies()) {
    Block &body = region.front();
    unsigned place = numGathered;
    SmallVector<unsigned> moved;
    for (auto [i, moves] : llvm::enumerate(moves)) {
      if (!moves)
        continue;
      BlockArgument old = body.getArgument(numGathered + i + moved.size());
      BlockArgument argument =
          body.insertArgument(place++, old.getType(), old.getLoc());
      old.replaceAllUsesWith(argument);
      moved.push_back(numGathered + i);
    }
    for (unsigned i : llvm::reverse(moved))
      body.eraseArgument(i + moved.size());
  }
  op.getGatheredMutable().assign(gathered);
  op.getAlongMutable().assign(along);
}

void modc::gatherDispatched(func::FuncOp program) {
  SmallVector<GroupedOp> ops;
  program.walk([&](GroupedOp op) { ops.push_back(op); });
  for (GroupedOp op : ops)
    if (!op.isByPoint())
      gather(op);
  SmallVector<DispatchOp> movers;
  program.walk([&](DispatchOp op) { movers.push_back(op); });
  for (DispatchOp op : movers)
    if (op.use_empty())
      op.erase();
}
