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
  size_t numRows = op.getRowResults().size();
  size_t numPoints = op.getPointResults().size();
  GroupedLowering::MemberTables tables = lowering.memberTables();

  SmallVector<Value> inits;
  for (size_t i = 0; i < numRows; ++i)
    inits.push_back(lowering.emptyRowResult(i));
  for (size_t i = 0; i < numPoints; ++i)
    inits.push_back(b.fill(lowering.emptyPointResult(i), 0.0));
  SmallVector<unsigned> firstGradient;
  for (unsigned c = 0; c < op.getNumClasses(); ++c) {
    firstGradient.push_back(inits.size());
    for (size_t i = 0; i < op.getClassGradients(c).size(); ++i)
      inits.push_back(b.fill(lowering.emptyGradient(c, i), 0.0));
  }

  Value zero = b.index(0), one = b.index(1);
  // Runs class c's body on position p and puts its results in their places.
  auto runClass = [&](unsigned c, Value slot, Value p, ValueRange state) {
    SmallVector<Value> next(state);
    Value point = numPoints ? lowering.pointOf(p) : Value();
    SmallVector<Value> sums;
    for (size_t i = 0; i < numPoints; ++i)
      sums.push_back(b.row(state[numRows + i], point));
    for (size_t i = 0; i < op.getClassGradients(c).size(); ++i)
      sums.push_back(b.row(state[firstGradient[c] + i], slot));
    SmallVector<Value> values = lowering.runBody(c, slot, p, one, sums);
    for (size_t i = 0; i < numRows; ++i)
      next[i] = b.insertRows(values[i], next[i], p, one);
    for (size_t i = 0; i < sums.size(); ++i) {
      bool isPoint = i < numPoints;
      Value &whole =
          next[isPoint ? numRows + i : firstGradient[c] + i - numPoints];
      whole = b.insertRow(values[numRows + i], whole, isPoint ? point : slot);
    }
    return next;
  };
  return b.loop(
      zero, b.dim(plan.selection, 0), inits, [&](Value r, ValueRange outer) {
        return b.loop(
            zero, b.dim(plan.selection, 1), outer,
            [&](Value k, ValueRange state) {
              Value member = b.toIndex(b.extract(plan.selection, {r, k}));
              Value position = b.extract(plan.position, {r, k});
              auto run = [&] {
                Value p = b.toIndex(position);
                return lowering.switchMember(
                    tables, member, [&](unsigned c, Value slot) {
                      return runClass(c, slot, p, state);
                    });
              };
              if (!plan.once)
                return run();
              Value counts = arith::CmpIOp::create(b, arith::CmpIPredicate::sge,
                                                   position, b.integer(i32, 0));
              return b.branch(counts, run,
                              [&] { return SmallVector<Value>(state); });
            });
      });
}
