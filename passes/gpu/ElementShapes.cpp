//===- ElementShapes.cpp - Elements of reshaped tensors -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Views change coordinates; what is put together of parts becomes selects.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/gpu/ElementBuilder.h"

using namespace mlir;
using namespace modc;

/// The coordinates of an element in another shape of the same row-major order,
/// by groups of dimensions. A dimension that only the call knows is the first
/// of its group, but for those of size 1.
static Value linearize(TensorBuilder &b, ValueRange at, ArrayRef<int64_t> group,
                       ArrayRef<int64_t> shape) {
  Value sum;
  for (int64_t d : group) {
    if (shape[d] == 1)
      continue;
    sum = sum ? b.add(b.mul(sum, b.index(shape[d])), at[d]) : at[d];
  }
  return sum ? sum : b.index(0);
}

static void delinearize(TensorBuilder &b, Value place, ArrayRef<int64_t> group,
                        ArrayRef<int64_t> shape, MutableArrayRef<Value> at) {
  SmallVector<int64_t> wide;
  for (int64_t d : group)
    if (shape[d] == 1)
      at[d] = b.index(0);
    else
      wide.push_back(d);
  for (int64_t d : llvm::reverse(wide)) {
    if (d == wide.front()) {
      at[d] = place;
      continue;
    }
    Value size = b.index(shape[d]);
    at[d] = b.createOrFold<arith::RemUIOp>(place, size);
    place = b.createOrFold<arith::DivUIOp>(place, size);
  }
}

/// Whether lower <= x < upper.
static Value isWithin(TensorBuilder &b, Value x, Value lower, Value upper) {
  // As one comparison: what is below wraps around.
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, b.sub(x, lower),
                               b.sub(upper, lower));
}

static Value both(TensorBuilder &b, Value x, Value y) {
  return x ? arith::AndIOp::create(b, x, y).getResult() : y;
}

/// What lies outside of a source is read at its first element, and not used.
static Value orZero(TensorBuilder &b, Value inside, Value at) {
  return arith::SelectOp::create(b, inside, at, b.index(0));
}

Value ElementBuilder::insertSlice(tensor::InsertSliceOp op, ValueRange at) {
  SmallVector<OpFoldResult> offsets = op.getMixedOffsets(),
                            sizes = op.getMixedSizes(),
                            strides = op.getMixedStrides();
  llvm::SmallBitVector dropped = op.getDroppedDims();
  ArrayRef<int64_t> shape = op.getDestType().getShape();
  Value inside;
  Values from;
  for (size_t d = 0; d < at.size(); ++d) {
    bool whole =
        isConstantIntValue(offsets[d], 0) && isConstantIntValue(strides[d], 1);
    // All rows are as long as the destination has them.
    if (whole && (ShapedType::isDynamic(shape[d])
                      ? !isa<Attribute>(sizes[d])
                      : isConstantIntValue(sizes[d], shape[d]))) {
      if (!dropped.test(d))
        from.push_back(at[d]);
      continue;
    }
    Value first = index(offsets[d]), stride = index(strides[d]);
    Value end = b.add(first, b.mul(index(sizes[d]), stride));
    inside = both(b, inside, isWithin(b, at[d], first, end));
    Value place = b.sub(at[d], first);
    if (!isConstantIntValue(strides[d], 1)) {
      inside = both(b, inside,
                    arith::CmpIOp::create(
                        b, arith::CmpIPredicate::eq,
                        arith::RemUIOp::create(b, place, stride), b.index(0)));
      place = arith::DivUIOp::create(b, place, stride);
    }
    if (!dropped.test(d))
      from.push_back(place);
  }
  if (!inside)
    return element(op.getSource(), from);
  for (Value &place : from)
    place = orZero(b, inside, place);
  return arith::SelectOp::create(b, inside, element(op.getSource(), from),
                                 element(op.getDest(), at));
}

Value ElementBuilder::pad(tensor::PadOp op, ValueRange at) {
  ArrayRef<int64_t> shape = op.getSourceType().getShape();
  SmallVector<OpFoldResult> low = op.getMixedLowPad(),
                            high = op.getMixedHighPad();
  Value inside;
  Values from;
  for (size_t d = 0; d < at.size(); ++d) {
    if (isConstantIntValue(low[d], 0) && isConstantIntValue(high[d], 0)) {
      from.push_back(at[d]);
      continue;
    }
    if (ShapedType::isDynamic(shape[d]))
      return fail(op.getResult());
    Value first = index(low[d]);
    Value end = b.add(first, b.index(shape[d]));
    inside = both(b, inside, isWithin(b, at[d], first, end));
    from.push_back(b.sub(at[d], first));
  }
  if (!inside)
    return element(op.getSource(), from);
  for (Value &place : from)
    place = orZero(b, inside, place);
  IRMapping mapping;
  Block &region = op.getRegion().front();
  mapping.map(region.getArguments(), at);
  for (Operation &inner : region.without_terminator()) {
    for (Value operand : inner.getOperands())
      if (!mapping.contains(operand))
        mapping.map(operand, scalar(operand));
    b.clone(inner, mapping);
  }
  Value padding = region.getTerminator()->getOperand(0);
  if (!mapping.contains(padding))
    mapping.map(padding, scalar(padding));
  return arith::SelectOp::create(b, inside, element(op.getSource(), from),
                                 mapping.lookup(padding));
}

Value ElementBuilder::concat(tensor::ConcatOp op, ValueRange at) {
  unsigned d = op.getDim();
  Value begin = b.index(0), result;
  for (Value input : op.getInputs()) {
    int64_t width = tensorType(input).getDimSize(d);
    if (ShapedType::isDynamic(width))
      return fail(op.getResult());
    Value end = b.add(begin, b.index(width));
    Value inside = isWithin(b, at[d], begin, end);
    Values from(at);
    from[d] = orZero(b, inside, b.sub(at[d], begin));
    Value part = element(input, from);
    result = result ? arith::SelectOp::create(b, inside, part, result) : part;
    begin = end;
  }
  return result;
}

Value ElementBuilder::move(Operation *op, ValueRange at) {
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    Values from;
    for (const auto &group : expand.getReassociationIndices())
      from.push_back(
          linearize(b, at, group, expand.getResultType().getShape()));
    return element(expand.getSrc(), from);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    // What no dimension of the result stands for has one element.
    Values from(collapse.getSrcType().getRank(), b.index(0));
    for (auto [place, group] :
         llvm::zip(at, collapse.getReassociationIndices()))
      delinearize(b, place, group, collapse.getSrcType().getShape(), from);
    return element(collapse.getSrc(), from);
  }
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    auto source = cast<RankedTensorType>(reshape.getInput().getType());
    auto result = cast<RankedTensorType>(reshape.getResult().getType());
    auto rest = [](RankedTensorType type) {
      return llvm::to_vector(llvm::seq<int64_t>(1, type.getRank()));
    };
    Values from(source.getRank());
    from[0] = at[0];
    delinearize(b, linearize(b, at, rest(result), result.getShape()),
                rest(source), source.getShape(), from);
    return element(reshape.getInput(), from);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    Values from;
    unsigned next = 0;
    for (auto [d, offset, stride] :
         llvm::enumerate(slice.getMixedOffsets(), slice.getMixedStrides())) {
      Value first = index(offset);
      from.push_back(dropped.test(d)
                         ? first
                         : b.add(first, b.mul(at[next++], index(stride))));
    }
    return element(slice.getSource(), from);
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return insertSlice(insert, at);
  if (auto concatenation = dyn_cast<tensor::ConcatOp>(op))
    return concat(concatenation, at);
  if (auto padding = dyn_cast<tensor::PadOp>(op))
    return pad(padding, at);
  if (auto insert = dyn_cast<tensor::InsertOp>(op)) {
    Value hit = b.integer(b.getI1Type(), 1);
    for (auto [place, wanted] : llvm::zip(at, insert.getIndices()))
      hit = arith::AndIOp::create(
          b, hit,
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, place,
                                scalar(wanted)));
    return arith::SelectOp::create(b, hit, scalar(insert.getScalar()),
                                   element(insert.getDest(), at));
  }
  return {};
}
