//===- RunningSums.cpp - Sums that go on from launch to launch ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sum over rows goes on from its init, a gradient of members by an addition
// behind it. The first of a chain starts at zero.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/RunningSums.h"
#include "passes/cpu/Grouped.h"
#include "passes/gpu/PointKernel.h"

using namespace mlir;
using namespace modc;

Value modc::getAddend(Operation *op, Value sum) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic.getNumDpsInputs() != 2 ||
      generic->getNumResults() != 1 || generic.getNumReductionLoops() != 0 ||
      generic.getBody()->getOperations().size() != 2 ||
      generic->getResult(0).getType() != sum.getType() ||
      !llvm::all_of(generic.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isIdentity(); }))
    return {};
  Block *body = generic.getBody();
  auto add = dyn_cast<arith::AddFOp>(body->front());
  if (!add || body->getTerminator()->getOperand(0) != add.getResult())
    return {};
  Value a = body->getArgument(0), b = body->getArgument(1);
  if (!((add.getLhs() == a && add.getRhs() == b) ||
        (add.getLhs() == b && add.getRhs() == a)))
    return {};
  Value left = generic.getDpsInputs()[0], right = generic.getDpsInputs()[1];
  if (left == right)
    return {};
  return left == sum ? right : right == sum ? left : Value();
}

/// A gradient of members that has a launch of its own, which can add to a sum.
static bool isGradient(Value value) {
  auto grouped = value.getDefiningOp<GroupedOp>();
  return grouped &&
         cast<OpResult>(value).getResultNumber() >=
             grouped.getRowResults().size() +
                 grouped.getPointResults().size() &&
         !hasGradientsByPoint(grouped);
}

RunningSums::RunningSums(func::FuncOp program) {
  for (Operation &op : program.getBody().front().without_terminator())
    visit(&op);
}

/// Whether an op may go on from a value: one that a launch of its own makes.
bool RunningSums::isSum(Value value) const {
  Operation *op = value.getDefiningOp();
  if (!op || !value.hasOneUse())
    return false;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return isGradient(value) || continued.contains(op) ||
         (generic && modc::isSum(generic) &&
          tensorType(value).hasStaticShape());
}

void RunningSums::visit(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic->getNumResults() != 1 ||
      !tensorType(generic.getResult(0)).hasStaticShape())
    return;
  Value init = generic.getDpsInits()[0];
  if (modc::isSum(generic) && isSum(init)) {
    continued[op] = init;
    return;
  }
  if (generic.getNumDpsInputs() != 2)
    return;
  Value sum = generic.getDpsInputs()[0], gradient = generic.getDpsInputs()[1];
  if (getAddend(op, sum) != gradient || !isSum(sum) || !isSum(gradient))
    return;
  // The later one's launch does it.
  if (gradient.getDefiningOp()->isBeforeInBlock(sum.getDefiningOp()))
    std::swap(sum, gradient);
  if (!isGradient(gradient) ||
      !sum.getDefiningOp()->isBeforeInBlock(gradient.getDefiningOp()))
    return;
  continued[op] = sum;
  added[op] = cast<OpResult>(gradient);
}

Value RunningSums::getContinued(Operation *op) const {
  return continued.lookup(op);
}

Operation *RunningSums::getContinuation(Value value) const {
  if (!value.hasOneUse())
    return nullptr;
  Operation *user = *value.user_begin();
  if (getContinued(user) == value)
    return user;
  // A gradient, added to a sum.
  return getAddedGradient(user) == value ? user : nullptr;
}

Value RunningSums::getLast(Value value) const {
  while (Operation *next = getContinuation(value))
    value = next->getResult(0);
  return value;
}

OpResult RunningSums::getAddedGradient(Operation *op) const {
  return added.lookup(op);
}
