//===- PointKernel.cpp - Sums over the rows of a point --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of a sum depends on the point's rows and their picks alone: neither
// on the batch, nor on which members were picked.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/PointKernel.h"
#include "dialect/RowIndependence.h"
#include "passes/cpu/Grouped.h"
#include "passes/gpu/ElementKernel.h"

using namespace mlir;
using namespace modc;

/// Elements that a position may leave: 4 KiB.
constexpr int64_t kSummands = 1024;

/// Whether a gradient adds up, over rows, what rows compute.
static bool isRowSum(Value gradient, const RowAnalysis &rows) {
  auto sum = gradient.getDefiningOp<linalg::GenericOp>();
  return sum && isSum(sum) && getZeroFill(sum.getDpsInits()[0]) &&
         llvm::all_of(sum.getDpsInputs(),
                      [&](Value input) { return rows.get(input).isRows(); });
}

bool modc::hasGradientsByPoint(GroupedOp op) {
  size_t others = op.getRowResults().size() + op.getPointResults().size();
  for (unsigned c = 0; op.isByPoint() && c < op.getNumClasses(); ++c) {
    RowAnalysis rows = analyzeRows(op, c);
    for (Value gradient : llvm::drop_begin(
             op.getClassBody(c).getTerminator()->getOperands(), others))
      if (!isRowSum(gradient, rows))
        return true;
  }
  return false;
}

SmallVector<Value> modc::summedResults(GroupedOp op) {
  SmallVector<Value> results(op.getPointResults());
  if (hasGradientsByPoint(op))
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
      llvm::append_range(results, op.getClassGradients(c));
  return results;
}

bool modc::keepsSummands(GroupedOp op) {
  int64_t elements = 0;
  for (Value result : summedResults(op))
    elements += sliceType(result).getNumElements();
  return elements > 0 && elements <= kSummands;
}

RankedTensorType modc::summandsType(Value result) {
  RankedTensorType slice = sliceType(result);
  SmallVector<int64_t> shape(slice.getShape());
  shape.insert(shape.begin(), ShapedType::kDynamic);
  return RankedTensorType::get(shape, slice.getElementType());
}

/// Writes the slice of one position, point or member.
static void writeSlice(KernelFunction &kernel, Value slice, unsigned i,
                       Value at) {
  SmallVector<OpFoldResult> offsets = {at};
  SmallVector<OpFoldResult> sizes = {kernel.b.getIndexAttr(1)};
  for (int64_t size : tensorType(slice).getShape()) {
    offsets.push_back(kernel.b.getIndexAttr(0));
    sizes.push_back(kernel.b.getIndexAttr(size));
  }
  kernel.write(slice, i, offsets, sizes);
}

void modc::emitSummands(KernelFunction &kernel, RowKernel &rows, GroupedOp op,
                        unsigned first, Value self) {
  for (auto [i, result] : llvm::enumerate(summedResults(op)))
    writeSlice(kernel, rows.result(result), first + i, self);
}

void modc::emitPointSum(KernelFunction &kernel, const Placement &placement,
                        GroupedOp op, unsigned i) {
  TensorBuilder &b = kernel.b;
  Value result = op.getPointResults()[i];
  auto type = cast<RankedTensorType>(result.getType());
  RowCount count = placement.get(result)->rows;
  count.factor *= sliceType(result).getNumElements();
  Value e = kernel.beginLoop(count);
  SmallVector<Value> at = coordinatesOf(b, e, type.getShape());
  PlanTensors plan = kernel.plan(op.getPlan());
  Value summands = kernel.part(result, 0, summandsType(result));
  int64_t choose = cast<PlanType>(op.getPlan().getType()).getChoose();
  Value perPoint = b.index(op.getRowsPerPoint());
  Value first = b.mul(at[0], perPoint);
  auto add = [&](Value row, Value pick, Value sum) -> Value {
    Value position = b.extract(plan.position, {row, pick});
    Value none = b.integer(b.getI32Type(), 0);
    SmallVector<Value> place(at);
    // Any position where there is none: it is not used.
    place[0] = b.toIndex(
        plan.once ? arith::MaxSIOp::create(b, position, none).getResult()
                  : position);
    Value next = arith::AddFOp::create(b, sum, b.extract(summands, place));
    if (!plan.once)
      return next;
    Value counts =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sge, position, none);
    return arith::SelectOp::create(b, counts, next, sum);
  };
  writeElements(kernel, at, 1, [&](ArrayRef<Value>) {
    return b.loop(b.index(0), perPoint, b.real(type.getElementType(), 0),
                  [&](Value r, ValueRange outer) {
                    return b.loop(b.index(0), b.index(choose), outer,
                                  [&](Value k, ValueRange carried) {
                                    return SmallVector<Value>{
                                        add(b.add(first, r), k, carried[0])};
                                  });
                  });
  });
}

void modc::emitGradientSum(KernelFunction &kernel, GroupedOp op, unsigned c,
                           unsigned i) {
  TensorBuilder &b = kernel.b;
  Value result = op.getClassGradients(c)[i];
  auto type = cast<RankedTensorType>(result.getType());
  Value e = kernel.beginLoop({type.getNumElements(), false, false, {}});
  SmallVector<Value> at = coordinatesOf(b, e, type.getShape());
  GroupedLowering lowering{b, op, kernel.plan(op.getPlan()), /*rowBlock=*/1};
  std::pair<Value, Value> segment =
      lowering.segmentOf(lowering.memberOf(c, at[0]));
  Value summands = kernel.part(result, 0, summandsType(result));
  Value first = segment.first, last = b.add(first, segment.second);
  writeElements(kernel, at, 1, [&](ArrayRef<Value>) {
    return b.loop(first, last, b.real(type.getElementType(), 0),
                  [&](Value position, ValueRange sum) {
                    SmallVector<Value> place(at);
                    place[0] = position;
                    return SmallVector<Value>{arith::AddFOp::create(
                        b, sum[0], b.extract(summands, place))};
                  });
  });
}

/// All destinations, for one point or member.
static LogicalResult writeSums(KernelFunction &kernel, ArrayRef<Value> sums,
                               Value at) {
  for (auto [i, sum] : llvm::enumerate(sums))
    writeSlice(kernel, sum, i, at);
  return success(!sums.empty());
}

LogicalResult modc::emitPoints(KernelFunction &kernel,
                               const Placement &placement, GroupedOp op) {
  Value self =
      kernel.beginLoop(placement.get(op.getPointResults().front())->rows);
  RowKernel rows(kernel, placement, {}, self);
  return writeSums(kernel, rows.pointSums(op), self);
}

LogicalResult modc::emitMembers(KernelFunction &kernel,
                                const Placement &placement, GroupedOp op,
                                unsigned c) {
  int64_t members = op.getClassMembers(c).size();
  Value self = kernel.beginLoop({members, false, false, {}});
  RowKernel rows(kernel, placement, {}, self);
  return writeSums(kernel, rows.memberSums(op, c), self);
}
