//===- LowerPlan.cpp - Plans by counting sort -----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One stable counting sort of a selection. A distinct plan sorts the distinct
// (operand row, member) pairs, so that rows which agree share a position; where
// none do, it is the first sort with operand rows in place of rows.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/PairLists.h"
#include "passes/cpu/Routing.h"

using namespace mlir;
using namespace modc;

Value PlanTensors::toPlan(TensorBuilder &b, Type type) const {
  SmallVector<Value> parts = {selection, rows, slots, offsets, position};
  if (owners)
    parts.push_back(owners);
  auto cast = UnrealizedConversionCastOp::create(b, TypeRange(type), parts);
  if (once)
    cast->setAttr("once", b.getUnitAttr());
  if (distinct)
    cast->setAttr("distinct", b.getUnitAttr());
  return cast.getResult(0);
}

std::optional<PlanTensors> modc::getPlanTensors(Value plan) {
  auto cast = plan.getDefiningOp<UnrealizedConversionCastOp>();
  if (!cast || (cast.getInputs().size() != 5 && cast.getInputs().size() != 6))
    return std::nullopt;
  auto in = cast.getInputs();
  return PlanTensors{in[0],
                     in[1],
                     in[2],
                     in[3],
                     in[4],
                     in.size() > 5 ? in[5] : Value(),
                     cast->hasAttr("once"),
                     cast->hasAttr("distinct")};
}

namespace {

/// The steps of the sort, as IR.
struct PlanBuilder {
  TensorBuilder &b;
  Value selection;
  int64_t choose, members;
  bool once;
  /// Where each row stands for another and no pair repeats, those others.
  Value operandRows;
  Type i32 = b.getI32Type();
  Value zero = b.index(0), one32 = b.integer(i32, 1);
  Value rowCount = b.dim(selection, 0);
  Value positions = b.mul(rowCount, b.index(choose));
  /// Where rows, slots, offsets and position are made, if not in tensors of
  /// their own.
  ValueRange destinations = {};
  /// Rows whose operand row is -1 have no positions.
  bool skipsRows = false;

  using Sizes = SmallVector<OpFoldResult>;
  Value makeTensor(SmallVector<OpFoldResult> sizes, int64_t value) {
    return b.fillInteger(tensor::EmptyOp::create(b, sizes, i32), value);
  }

  /// The tensor for a part of the plan.
  Value makePart(unsigned part, SmallVector<OpFoldResult> sizes,
                 int64_t value) {
    return destinations.empty() ? makeTensor(std::move(sizes), value)
                                : b.fillInteger(destinations[part], value);
  }

  /// Runs `body` for each pick that counts, in order, with row, pick, member.
  SmallVector<Value> forEachPick(
      ValueRange inits,
      function_ref<SmallVector<Value>(Value, Value, Value, ValueRange)> body) {
    auto forRow = [&](Value r, ValueRange outer) {
      return b.loop(zero, b.index(choose), outer, [&](Value k, ValueRange c) {
        Value member = b.extract(selection, {r, k});
        Value m = b.toIndex(member);
        if (!once || choose == 1)
          return body(r, k, m, c);
        Value repeated = b.loop(
            zero, k, b.integer(b.getI1Type(), 0),
            [&](Value j, ValueRange seen) {
              Value same =
                  arith::CmpIOp::create(b, arith::CmpIPredicate::eq, member,
                                        b.extract(selection, {r, j}));
              return SmallVector<Value>{arith::OrIOp::create(b, seen[0], same)};
            })[0];
        return b.branch(
            repeated, [&] { return SmallVector<Value>(c); },
            [&] { return body(r, k, m, c); });
      });
    };
    return b.loop(zero, rowCount, inits, [&](Value r, ValueRange outer) {
      if (!skipsRows)
        return forRow(r, outer);
      Value stands =
          arith::CmpIOp::create(b, arith::CmpIPredicate::sge,
                                b.extract(operandRows, r), b.integer(i32, 0));
      return b.branch(
          stands, [&] { return forRow(r, outer); },
          [&] { return SmallVector<Value>(outer); });
    });
  }

  Value increment(Value tensor, Value at) {
    return b.insert(b.add(b.extract(tensor, at), one32), tensor, at);
  }

  /// Counts of member m at m + 1 become first positions at m.
  Value prefixSum(Value counts) {
    return b.loop(zero, b.index(members), counts, [&](Value m, ValueRange c) {
      Value next = b.add(m, b.index(1));
      Value sum = b.add(b.extract(c[0], m), b.extract(c[0], next));
      return SmallVector<Value>{b.insert(sum, c[0], next)};
    })[0];
  }

  PlanTensors build() {
    PlanTensors plan;
    plan.selection = selection;
    plan.once = once;
    plan.distinct = static_cast<bool>(operandRows);
    Value counts = makePart(2, Sizes{b.getIndexAttr(members + 1)}, 0);
    counts = forEachPick(counts, [&](Value, Value, Value m, ValueRange c) {
      return SmallVector<Value>{increment(c[0], b.add(m, b.index(1)))};
    })[0];
    plan.offsets = prefixSum(counts);
    // What each position is beside its operand row: a pick, or where rows pick
    // once but stand for others, the row. A device's plan has no place for
    // that.
    bool keepsOwners = plan.distinct && destinations.empty();
    Value beside = plan.distinct && !keepsOwners
                       ? destinations[1]
                       : makePart(1, Sizes{positions}, 0);
    // A second tensor of positions moves on while the first stays.
    SmallVector<Value> sorted = forEachPick(
        {copy(plan.offsets), makePart(0, Sizes{positions}, 0),
         makePart(3, Sizes{rowCount, b.getIndexAttr(choose)}, -1), beside},
        [&](Value r, Value k, Value m, ValueRange c) {
          Value position = b.extract(c[0], m);
          Value at = b.toIndex(position);
          Value row = b.toInteger(r, i32);
          Value operandRow = operandRows ? b.extract(operandRows, r) : row;
          SmallVector<Value> next = {increment(c[0], m),
                                     b.insert(operandRow, c[1], at),
                                     b.insert(position, c[2], {r, k}), c[3]};
          if (!plan.distinct)
            next[3] = b.insert(b.toInteger(k, i32), c[3], at);
          else if (keepsOwners)
            next[3] = b.insert(row, c[3], at);
          return next;
        });
    plan.rows = sorted[1];
    plan.position = sorted[2];
    plan.slots = sorted[3];
    plan.owners = plan.distinct ? Value() : plan.rows;
    if (keepsOwners) {
      plan.owners = sorted[3];
      plan.slots = makeTensor(Sizes{b.getIndexAttr(0)}, 0);
    }
    return plan;
  }

  /// Row r stands for operand row `operandRows[r]` of n.
  PlanTensors buildDistinct(Value operandRows, Value n) {
    PlanTensors plan;
    plan.selection = selection;
    plan.once = once;
    plan.distinct = true;
    PairLists lists{b};
    constexpr unsigned size = PairLists::numCarried;
    SmallVector<Value> inits = lists.create(n, positions);
    inits.append({makeTensor(Sizes{b.getIndexAttr(members + 1)}, 0),
                  makeTensor(Sizes{rowCount, b.getIndexAttr(choose)}, -1)});
    // The pair of each pick, and at m + 1 the number of member m's pairs.
    SmallVector<Value> found =
        forEachPick(inits, [&](Value r, Value k, Value m, ValueRange c) {
          PairLists::State state(c.take_front(size));
          auto [pair, isNew] = lists.add(
              state, b.toIndex(b.extract(operandRows, r)), b.toInteger(m, i32));
          Value next = b.add(m, b.index(1));
          Value count = b.add(b.extract(c[size], next),
                              arith::ExtUIOp::create(b, i32, isNew));
          state.append({b.insert(count, c[size], next),
                        b.insert(pair, c[size + 1], {r, k})});
          return state;
        });
    plan.offsets = prefixSum(found[size]);
    // Operand rows ascend within a member.
    ValueRange state = ArrayRef(found).take_front(size);
    Value place =
        tensor::EmptyOp::create(b, ArrayRef<OpFoldResult>{positions}, i32);
    SmallVector<Value> sorted = b.loop(
        zero, n, {copy(plan.offsets), makeTensor(Sizes{positions}, 0), place},
        [&](Value j, ValueRange outer) {
          return lists.forEach(
              state, j, outer, [&](Value pair, Value key, ValueRange c) {
                Value m = b.toIndex(key);
                Value position = b.extract(c[0], m);
                return SmallVector<Value>{
                    increment(c[0], m),
                    b.insert(b.toInteger(j, i32), c[1], b.toIndex(position)),
                    b.insert(position, c[2], pair)};
              });
        });
    plan.rows = sorted[1];
    plan.slots = makeTensor(Sizes{b.getIndexAttr(0)}, 0);
    plan.position = b.map(found[size + 1], i32, [&](ValueRange v) -> Value {
      Value none = b.integer(i32, -1);
      if (!once)
        return b.extract(sorted[2], b.toIndex(v[0]));
      // Pair 0 in place of none: there is one if there is a pick.
      Value least = arith::MaxSIOp::create(b, v[0], b.integer(i32, 0));
      Value position = b.extract(sorted[2], b.toIndex(least));
      Value counts = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, v[0],
                                           b.integer(i32, 0));
      return arith::SelectOp::create(b, counts, position, none);
    });
    return plan;
  }

  Value copy(Value tensor) {
    return b.map(tensor, i32, [](ValueRange v) { return v[0]; });
  }
};

} // namespace

SmallVector<Value> modc::buildPlanInto(TensorBuilder &b, PlanOp op,
                                       Value selection, Value operandRows,
                                       ValueRange destinations) {
  auto type = cast<PlanType>(op.getType());
  PlanBuilder builder{b,
                      selection,
                      type.getChoose(),
                      type.getMembers(),
                      op.getDuplicates() == Duplicates::Once,
                      operandRows};
  builder.destinations = destinations;
  builder.skipsRows = static_cast<bool>(operandRows);
  PlanTensors plan = builder.build();
  return {plan.rows, plan.slots, plan.offsets, plan.position};
}

namespace {

struct LowerPlan : OpRewritePattern<PlanOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PlanOp op,
                                PatternRewriter &rewriter) const override {
    Value selection = getSelectionTensor(op.getSelection());
    if (!selection)
      return failure();
    TensorBuilder b(op.getLoc(), rewriter);
    auto type = cast<PlanType>(op.getType());
    PlanBuilder builder{b,
                        selection,
                        type.getChoose(),
                        type.getMembers(),
                        op.getDuplicates() == Duplicates::Once,
                        op.getUnique() ? op.getRows() : Value()};
    PlanTensors plan = op.isDistinct() && !op.getUnique()
                           ? builder.buildDistinct(op.getRows(), op.getCount())
                           : builder.build();
    rewriter.replaceOp(op, plan.toPlan(b, type));
    return success();
  }
};

} // namespace

void modc::populateLowerPlanPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerPlan>(patterns.getContext());
}
