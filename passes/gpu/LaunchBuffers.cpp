//===- LaunchBuffers.cpp - How many buffers a launch takes ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts what the ops of a launch read and others read of them. Where a launch
// is cut, what its first part makes for its second goes through memory.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/LaunchBuffers.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/ReadValues.h"

using namespace mlir;
using namespace modc;

bool modc::isReadOutside(Value value, ArrayRef<Operation *> ops) {
  // By the launches over those rows, whatever their ops read.
  if (value.getDefiningOp<DistinctRowsOp>())
    return true;
  SmallVector<Value> list = {value};
  while (!list.empty()) {
    Value next = list.pop_back_val();
    for (Operation *user : next.getUsers()) {
      Operation *top = value.getParentBlock()->findAncestorOpInBlock(*user);
      if (top->hasTrait<OpTrait::IsTerminator>())
        return true;
      if (llvm::is_contained(ops, top))
        continue;
      if (!isCheap(top))
        return true;
      llvm::append_range(list, top->getResults());
    }
  }
  return false;
}

/// Buffers of the ops, and of others that are not cheap, which they read.
static void addRead(Operation *op, const DenseSet<Operation *> &own,
                    SetVector<Value> &read) {
  for (Value operand : getReadValues(op)) {
    Operation *source = operand.getDefiningOp();
    if (source && own.contains(source))
      continue;
    if (source && isCheap(source))
      addRead(source, own, read);
    else if (isa<ShapedType, SelectionType, PlanType>(operand.getType()))
      read.insert(operand);
  }
}

static unsigned countBuffers(const Launch &launch) {
  ArrayRef<Operation *> ops = launch.ops;
  DenseSet<Operation *> own(ops.begin(), ops.end());
  SetVector<Value> read;
  if (launch.rows.distinct)
    read.insert(launch.rows.distinct);
  // It says how many positions there are.
  if (launch.rows.plan)
    read.insert(launch.rows.plan);
  unsigned count = 0;
  for (Operation *op : ops) {
    addRead(op, own, read);
    // What it goes on from is where it writes.
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      read.remove(insert.getDest());
    for (Value result : op->getResults())
      count += isReadOutside(result, ops);
  }
  for (Value value : read)
    count += isa<PlanType>(value.getType()) ? kPlanParts : 1;
  return count;
}

/// Where to cut, as near to the middle as may be: no truth value goes through
/// memory, as there are no buffers of them. 0 where there is no such place.
static size_t findCut(ArrayRef<Operation *> ops) {
  auto isPlace = [&](size_t cut) {
    ArrayRef<Operation *> first = ops.take_front(cut);
    return llvm::none_of(first, [&](Operation *op) {
      return llvm::any_of(op->getResults(), [&](Value result) {
        return getElementTypeOrSelf(result.getType()).isInteger(1) &&
               isReadOutside(result, first);
      });
    });
  };
  size_t half = ops.size() / 2;
  for (size_t away = 0; away <= half; ++away)
    for (size_t cut : {half - away, half + away})
      if (cut > 0 && cut < ops.size() && isPlace(cut))
        return cut;
  return 0;
}

void modc::splitWideLaunches(SmallVectorImpl<Launch> &launches,
                             unsigned mostBuffers) {
  for (size_t i = 0; i < launches.size(); ++i) {
    Launch &launch = launches[i];
    if (launch.kind != Launch::Rows || countBuffers(launch) <= mostBuffers)
      continue;
    size_t cut = findCut(launch.ops);
    if (cut == 0)
      continue;
    Launch second = {launch.kind, launch.rows,
                     SmallVector<Operation *>(
                         ArrayRef<Operation *>(launch.ops).drop_front(cut))};
    launch.ops.truncate(cut);
    launches.insert(launches.begin() + i + 1, std::move(second));
    // Both may be too wide still.
    --i;
  }
}
