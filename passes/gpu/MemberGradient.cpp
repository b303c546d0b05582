//===- MemberGradient.cpp - Gradients of members as launches --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An element is followed through the body to rows of the member, whose sums run
// in the order of the plan. What cannot be followed has no rows: one invocation
// computes it for its member.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/MemberGradient.h"
#include "dialect/RowIndependence.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/cpu/Grouped.h"
#include "passes/gpu/ElementBuilder.h"
#include "passes/gpu/ElementKernel.h"

using namespace mlir;
using namespace modc;

namespace {

struct MemberGradient {
  KernelFunction &kernel;
  const Placement &placement;
  GroupedOp op;
  unsigned c;
  Value gradient;
  RankedTensorType type;
  TensorBuilder &b;

  MemberGradient(KernelFunction &kernel, const Placement &placement,
                 GroupedOp op, unsigned c, unsigned i)
      : kernel(kernel), placement(placement), op(op), c(c), b(kernel.b) {
    size_t first = op.getRowResults().size() + op.getPointResults().size();
    gradient = op.getClassBody(c).getTerminator()->getOperand(first + i);
    type = tensorType(op.getClassGradients(c)[i]);
  }

  size_t numRowOperands() {
    return op.getGathered().size() + op.getAlong().size();
  }

  /// The operand that all members see, or the stack of their own; null of
  /// anything else.
  Value sharedOf(BlockArgument argument) {
    size_t first = numRowOperands() + op.getPoints().size();
    size_t number = argument.getArgNumber();
    return number >= first && number < first + op.getShared().size()
               ? op.getShared()[number - first]
               : Value();
  }
  Value stackOf(BlockArgument argument) {
    size_t first =
        numRowOperands() + op.getPoints().size() + op.getShared().size();
    size_t number = argument.getArgNumber();
    return number >= first ? op.getClassParameters(c)[number - first] : Value();
  }

  LogicalResult refuse(Value through) {
    InFlightDiagnostic error =
        op.emitOpError("has a gradient that a device cannot compute");
    error.attachNote(through.getLoc()) << "it is made of this value";
    return failure();
  }

  LogicalResult emitElements(bool adds);
  LogicalResult emitMembers(bool adds);
};

} // namespace

LogicalResult MemberGradient::emitElements(bool adds) {
  Block &body = op.getClassBody(c);
  Value e = kernel.beginLoop({type.getNumElements(), false, false, {}});
  SmallVector<Value> at = coordinatesOf(b, e, type.getShape());
  size_t numGathered = op.getGathered().size();
  Value begin, count;
  PlanTensors plan;
  if (llvm::any_of(body.getArguments().take_front(numRowOperands()),
                   [](BlockArgument row) { return !row.use_empty(); })) {
    plan = kernel.plan(op.getPlan());
    GroupedLowering lowering{b, op, plan, 1};
    std::tie(begin, count) = lowering.segmentOf(lowering.memberOf(c, at[0]));
  }
  RowKernel rows(kernel, placement, {}, {});
  RowAnalysis analysis = analyzeRows(op, c);
  bool missing = false;
  // One chain of additions where a sum starts from zero, else one addition.
  auto sum = gradient.getDefiningOp<linalg::GenericOp>();
  bool continues =
      adds && sum && isSum(sum) && getZeroFill(sum.getDpsInits()[0]);
  auto load = [&](Value value, ValueRange where) -> Value {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument)
      return {};
    SmallVector<Value> place(where);
    unsigned number = argument.getArgNumber();
    if (number < numRowOperands()) {
      Value position = b.add(begin, place[0]);
      Value row = number < numGathered
                      ? rows.row(op.getGathered()[number],
                                 b.toIndex(b.extract(plan.rows, position)))
                      : rows.row(op.getAlong()[number - numGathered], position);
      missing |= !row;
      place[0] = b.index(0);
      return row ? b.extract(row, place) : Value();
    }
    if (Value shared = sharedOf(argument))
      return b.extract(kernel.whole(shared), place);
    if (Value stack = stackOf(argument)) {
      place.insert(place.begin(), at[0]);
      return b.extract(kernel.whole(stack), place);
    }
    return {};
  };
  auto size = [&](Value value, int64_t d) -> std::pair<Value, int64_t> {
    RowState state = analysis.get(value);
    if (!state.isRows() || state.dim != d)
      return {};
    return {count, state.multiple};
  };
  ElementBuilder elements(b, load, size);
  writeElements(kernel, at, 1, [&](ArrayRef<Value> old) {
    // Zeros that the body reads elsewhere stay zeros.
    if (continues)
      elements.setStart(sum, old[0]);
    Value value = elements.element(gradient, ArrayRef(at).drop_front());
    if (adds && !continues)
      value = arith::AddFOp::create(b, old[0], value);
    return SmallVector<Value>{value};
  });
  if (missing)
    return failure();
  if (Value unknown = elements.getUnknown())
    return refuse(unknown);
  return success();
}

LogicalResult MemberGradient::emitMembers(bool adds) {
  // What it is made of.
  SetVector<Value> needed;
  SmallVector<Value> list = {gradient};
  while (!list.empty()) {
    Value value = list.pop_back_val();
    if (!needed.insert(value) || !value.getDefiningOp())
      continue;
    Operation *definition = value.getDefiningOp();
    llvm::append_range(list, definition->getOperands());
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(definition->getRegions(), captured);
    llvm::append_range(list, captured);
  }
  Value member = kernel.beginLoop({type.getDimSize(0), false, false, {}});
  IRMapping mapping;
  for (Value value : needed) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument)
      continue;
    if (Value shared = sharedOf(argument))
      mapping.map(value, kernel.whole(shared));
    else if (Value stack = stackOf(argument))
      mapping.map(value, b.row(kernel.whole(stack), member));
    else
      return refuse(gradient);
  }
  for (Operation &inner : op.getClassBody(c).without_terminator())
    if (llvm::any_of(inner.getResults(),
                     [&](Value result) { return needed.contains(result); }))
      b.clone(inner, mapping);
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> sizes =
      getAsIndexOpFoldResult(b.getContext(), type.getShape());
  offsets[0] = member;
  sizes[0] = b.getIndexAttr(1);
  Value value = mapping.lookup(gradient);
  if (adds)
    value = b.map({b.row(kernel.destination(0), member), value},
                  type.getElementType(), [&](ValueRange v) -> Value {
                    return arith::AddFOp::create(b, v[0], v[1]);
                  });
  kernel.write(value, 0, offsets, sizes);
  return success();
}

LogicalResult modc::emitMemberGradient(KernelFunction &kernel,
                                       const Placement &placement, GroupedOp op,
                                       unsigned c, unsigned i, bool adds) {
  MemberGradient gradient(kernel, placement, op, c, i);
  Operation *last = gradient.gradient.getDefiningOp();
  return last && !ElementBuilder::supports(last) ? gradient.emitMembers(adds)
                                                 : gradient.emitElements(adds);
}
