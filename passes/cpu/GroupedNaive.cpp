//===- GroupedNaive.cpp - Grouped ops row by row --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reference dispatch: for each row and pick, a switch over the classes and
// the chosen member's body on that one row.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/Grouped.h"

using namespace mlir;
using namespace modc;

SmallVector<Value> modc::lowerGroupedNaively(GroupedLowering &lowering) {
  TensorBuilder &b = lowering.b;
  GroupedOp op = lowering.op;
  PlanTensors &plan = lowering.plan;
  Type i32 = b.getI32Type();
  unsigned numClasses = op.getNumClasses();
  size_t numRows = op.getRowResults().size();

  // Class and place in it of each member.
  int64_t members = cast<PlanType>(op.getPlan().getType()).getMembers();
  SmallVector<int32_t> classOf(members), slotOf(members);
  for (unsigned c = 0; c < numClasses; ++c)
    for (auto [slot, member] : llvm::enumerate(op.getClassMembers(c))) {
      classOf[member] = c;
      slotOf[member] = slot;
    }
  auto table = [&](ArrayRef<int32_t> values) -> Value {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(RankedTensorType::get({members}, i32),
                                  values));
  };
  Value classes = table(classOf), slots = table(slotOf);

  SmallVector<Value> inits;
  for (size_t i = 0; i < numRows; ++i)
    inits.push_back(lowering.emptyRowResult(i));
  SmallVector<unsigned> firstGradient;
  for (unsigned c = 0; c < numClasses; ++c) {
    firstGradient.push_back(inits.size());
    for (size_t i = 0; i < op.getClassGradients(c).size(); ++i)
      inits.push_back(b.fill(lowering.emptyGradient(c, i), 0.0));
  }

  Value zero = b.index(0), one = b.index(1);
  // Runs class c's body on position p and puts its results in their places.
  auto runClass = [&](unsigned c, Value slot, Value p, ValueRange state) {
    SmallVector<Value> next(state);
    SmallVector<Value> sums;
    for (size_t i = 0; i < op.getClassGradients(c).size(); ++i)
      sums.push_back(b.row(state[firstGradient[c] + i], slot));
    SmallVector<Value> values = lowering.runBody(c, slot, p, one, sums);
    for (size_t i = 0; i < numRows; ++i)
      next[i] = b.insertRows(values[i], next[i], p, one);
    for (size_t i = 0; i < sums.size(); ++i) {
      Value &whole = next[firstGradient[c] + i];
      whole = b.insertRow(values[numRows + i], whole, slot);
    }
    return next;
  };
  // An if for each class but the last: the switch.
  std::function<SmallVector<Value>(unsigned, Value, Value, Value, ValueRange)>
      dispatch = [&](unsigned c, Value kind, Value slot, Value p,
                     ValueRange state) -> SmallVector<Value> {
    if (c + 1 == numClasses)
      return runClass(c, slot, p, state);
    Value hit = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, kind,
                                      b.integer(i32, c));
    return b.branch(
        hit, [&] { return runClass(c, slot, p, state); },
        [&] { return dispatch(c + 1, kind, slot, p, state); });
  };
  return b.loop(
      zero, b.dim(plan.selection, 0), inits, [&](Value r, ValueRange outer) {
        return b.loop(
            zero, b.dim(plan.selection, 1), outer,
            [&](Value k, ValueRange state) {
              Value member = b.toIndex(b.extract(plan.selection, {r, k}));
              Value position = b.extract(plan.position, {r, k});
              auto run = [&] {
                return dispatch(0, b.extract(classes, member),
                                b.toIndex(b.extract(slots, member)),
                                b.toIndex(position), state);
              };
              if (!plan.once)
                return run();
              Value counts =
                  arith::CmpIOp::create(b, arith::CmpIPredicate::sge,
                                        position, b.integer(i32, 0));
              return b.branch(counts, run,
                              [&] { return SmallVector<Value>(state); });
            });
      });
}
