//===- RowGrouped.cpp - Bodies of members on one position -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A position is of one member, and its row of one point: the body runs on that
// row and on slices of what belongs to the member and the point. Nothing is
// gathered first.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/IRMapping.h"
#include "passes/cpu/Grouped.h"
#include "passes/gpu/RowKernel.h"

using namespace mlir;
using namespace modc;

RankedTensorType modc::sliceType(Value result) {
  auto type = cast<RankedTensorType>(result.getType());
  return RankedTensorType::get(type.getShape().drop_front(),
                               type.getElementType());
}

/// The body of class c on one position: its rows, and the slices of its point
/// and its member.
RowKernel::Values RowKernel::emitBody(GroupedOp op, unsigned c, Value slot,
                                      Value at) {
  PlanTensors plan = kernel.plan(op.getPlan());
  Block &body = op.getClassBody(c);
  IRMapping mapping;
  bool failed = false;
  auto argument = body.args_begin();
  auto bind = [&](ValueRange operands, function_ref<Value(Value)> get) {
    for (Value operand : operands) {
      BlockArgument wanted = *argument++;
      if (wanted.use_empty())
        continue;
      Value value = get(operand);
      failed |= !value;
      if (value && value.getType() != wanted.getType())
        value = tensor::CastOp::create(b, wanted.getType(), value);
      mapping.map(wanted, value);
    }
  };
  auto number = [&] { return b.toIndex(b.extract(plan.rows, at)); };
  auto rowOf = [&](Value whole, Value number) {
    return placement.get(whole) ? row(whole, number)
                                : slice(kernel.whole(whole), Placed(), number);
  };
  bind(op.getGathered(), [&](Value whole) { return rowOf(whole, number()); });
  bind(op.getAlong(), [&](Value whole) { return rowOf(whole, at); });
  bind(op.getPoints(), [&](Value whole) -> Value {
    Value point =
        arith::DivUIOp::create(b, number(), b.index(op.getRowsPerPoint()));
    Value one = rowOf(whole, point);
    return one ? b.row(one, b.index(0)) : Value();
  });
  bind(op.getShared(), [&](Value whole) { return kernel.whole(whole); });
  bind(op.getClassParameters(c),
       [&](Value stack) { return b.row(kernel.whole(stack), slot); });
  if (failed)
    return {};
  for (Operation &inner : body.without_terminator())
    b.clone(inner, mapping);
  return llvm::map_to_vector(
      body.getTerminator()->getOperands(),
      [&](Value value) { return mapping.lookupOrDefault(value); });
}

/// One position: the body of the member whose segment it is in. Points results
/// and gradients are what the position adds to them; gradients of other classes
/// are undefined.
RowKernel::Values RowKernel::emitGrouped(GroupedOp op, Value at) {
  PlanTensors plan = kernel.plan(op.getPlan());
  int64_t members = cast<PlanType>(op.getPlan().getType()).getMembers();
  Type i32 = b.getI32Type();
  // The last member whose first position is not behind it: of those that share
  // one, all but the last are empty.
  Value position = b.toInteger(at, i32);
  Value member = b.loop(
      b.index(1), b.index(members), b.index(0), [&](Value m, ValueRange c) {
        Value begins = arith::CmpIOp::create(
            b, arith::CmpIPredicate::sge, position, b.extract(plan.offsets, m));
        return SmallVector<Value>{arith::SelectOp::create(b, begins, m, c[0])};
      })[0];
  GroupedLowering lowering{b, op, plan, /*rowBlock=*/1};
  size_t numOthers = op.getRowResults().size() + op.getPointResults().size();
  GroupedLowering::MemberTables tables = lowering.memberTables();
  bool failed = false;
  Values results =
      lowering.switchMember(tables, member, [&](unsigned c, Value slot) {
        Values values = emitBody(op, c, slot, at);
        failed |= values.empty();
        Values gradients(
            ArrayRef(values).drop_front(std::min(numOthers, values.size())));
        values.resize(numOthers);
        for (unsigned other = 0; other < op.getNumClasses(); ++other)
          for (auto [i, result] : llvm::enumerate(op.getClassGradients(other)))
            values.push_back(other == c && i < gradients.size()
                                 ? gradients[i]
                                 : b.empty(sliceType(result)));
        for (auto [value, result] : llvm::zip(values, op.getRowResults())) {
          // Branches have one place for what they yield: no views of others.
          bool isView =
              isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                              tensor::ExtractSliceOp>(value.getDefiningOp());
          RankedTensorType type = rowType(result);
          if (value.getType() != type)
            value = tensor::CastOp::create(b, type, value);
          if (isView && op.getNumClasses() > 1)
            value =
                linalg::CopyOp::create(b, value, b.empty(type)).getResult(0);
        }
        return values;
      });
  return failed ? Values() : results;
}

/// Sums and what is added to them.
static SmallVector<Value> addAll(TensorBuilder &b, ValueRange sums,
                                 ValueRange values) {
  SmallVector<Value> next;
  for (auto [value, sum] : llvm::zip_equal(values, sums)) {
    AffineMap id = b.getMultiDimIdentityMap(tensorType(sum).getRank());
    next.push_back(b.generic(value, sum, {id, id}, 0, [&](ValueRange v) {
      return SmallVector<Value>{arith::AddFOp::create(b, v[1], v[0])};
    })[0]);
  }
  return next;
}

static SmallVector<Value> zerosLike(TensorBuilder &b, ValueRange results) {
  return llvm::map_to_vector(results, [&](Value result) {
    return b.fill(b.empty(sliceType(result)), 0.0);
  });
}

RowKernel::Values RowKernel::memberSums(GroupedOp op, unsigned c) {
  GroupedLowering lowering{b, op, kernel.plan(op.getPlan()), /*rowBlock=*/1};
  auto [first, count] = lowering.segmentOf(lowering.memberOf(c, self));
  size_t numOthers = op.getRowResults().size() + op.getPointResults().size();
  bool failed = false;
  Values sums = b.loop(
      first, b.add(first, count), zerosLike(b, op.getClassGradients(c)),
      [&](Value position, ValueRange carried) {
        Values values = emitBody(op, c, self, position);
        failed |= values.empty();
        return values.empty()
                   ? Values(carried)
                   : addAll(b, carried, ArrayRef(values).drop_front(numOthers));
      });
  return failed ? Values() : sums;
}

RowKernel::Values RowKernel::pointSums(GroupedOp op) {
  PlanTensors plan = kernel.plan(op.getPlan());
  int64_t choose = cast<PlanType>(op.getPlan().getType()).getChoose();
  size_t numRows = op.getRowResults().size();
  size_t numPoints = op.getPointResults().size();
  Values sums = zerosLike(b, op.getPointResults());
  Value perPoint = b.index(op.getRowsPerPoint());
  Value first = b.mul(self, perPoint);
  bool failed = false;
  auto addPosition = [&](Value position, ValueRange carried) {
    Values values = emitGrouped(op, b.toIndex(position));
    failed |= values.empty();
    return values.empty()
               ? Values(carried)
               : addAll(b, carried, ArrayRef(values).slice(numRows, numPoints));
  };
  sums = b.loop(b.index(0), perPoint, sums, [&](Value r, ValueRange outer) {
    return b.loop(
        b.index(0), b.index(choose), outer, [&](Value k, ValueRange carried) {
          Value position = b.extract(plan.position, {b.add(first, r), k});
          if (!plan.once)
            return addPosition(position, carried);
          Value counts =
              arith::CmpIOp::create(b, arith::CmpIPredicate::sge, position,
                                    b.integer(b.getI32Type(), 0));
          return b.branch(
              counts, [&] { return addPosition(position, carried); },
              [&] { return Values(carried); });
        });
  });
  return failed ? Values() : sums;
}
