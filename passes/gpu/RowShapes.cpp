//===- RowShapes.cpp - Rows of what was sliced or reshaped ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A slice or reshape of all rows is the same of one row. Where a reshape makes
// rows of points, a row is a part of its point's; where it makes points of
// rows, rows stand side by side.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/RowKernel.h"

using namespace mlir;
using namespace modc;

/// A value that other launches, or the caller, have left in memory.
static bool isInMemory(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto members = dyn_cast_or_null<FromSelectionOp>(op))
    return isInMemory(members.getInput());
  return !op || !isCheap(op);
}

Value RowKernel::severalRows(Value value, int64_t count, Value at) {
  Placed placed = *placement.get(value);
  placed.multiple = count;
  if (auto found = tied.find(value); found != tied.end())
    return slice(kernel.destination(found->second), placed, at);
  if (isInMemory(value))
    return slice(kernel.whole(value), placed, at);
  RankedTensorType one = rowType(value);
  SmallVector<int64_t> shape(one.getShape());
  shape[placed.dim] = count;
  SmallVector<OpFoldResult> sizes;
  for (int64_t size : one.getShape())
    sizes.push_back(b.getIndexAttr(size));
  Value first = b.mul(at, b.index(count));
  bool failed = false;
  Value rows = b.loop(
      b.index(0), b.index(count),
      b.empty(RankedTensorType::get(shape, one.getElementType())),
      [&](Value i, ValueRange carried) {
        Value next = row(value, b.add(first, i));
        failed |= !next;
        if (!next)
          return Values(carried);
        SmallVector<OpFoldResult> offsets(shape.size(), b.getIndexAttr(0));
        SmallVector<OpFoldResult> strides(shape.size(), b.getIndexAttr(1));
        offsets[placed.dim] = i;
        return Values{tensor::InsertSliceOp::create(b, next, carried[0],
                                                    offsets, sizes, strides)};
      })[0];
  return failed ? Value() : rows;
}

/// A row that was part of a point's row.
RowKernel::Values RowKernel::emitMerged(tensor::CollapseShapeOp op, Value at) {
  Placed from = *placement.get(op.getSrc()),
         to = *placement.get(op.getResult());
  Value parts = b.index(to.rows.factor / from.rows.factor);
  Value source = row(op.getSrc(), arith::DivUIOp::create(b, at, parts));
  if (!source)
    return {};
  RankedTensorType type = tensorType(source);
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes;
  for (int64_t size : type.getShape())
    sizes.push_back(b.getIndexAttr(size));
  Value rest = arith::RemUIOp::create(b, at, parts);
  ReassociationIndices group = op.getReassociationIndices()[to.dim];
  for (int64_t d : llvm::reverse(group)) {
    if (d <= from.dim)
      break;
    Value size = b.index(type.getDimSize(d));
    bool last = d == from.dim + 1;
    offsets[d] = last ? rest : arith::RemUIOp::create(b, rest, size);
    rest = last ? rest : arith::DivUIOp::create(b, rest, size);
    sizes[d] = b.getIndexAttr(1);
  }
  source = tensor::ExtractSliceOp::create(b, source, offsets, sizes, strides);
  return {tensor::CollapseShapeOp::create(b, rowType(op.getResult()), source,
                                          op.getReassociationIndices())};
}

/// The rows of a point as one.
RowKernel::Values RowKernel::emitParted(tensor::ExpandShapeOp op, Value at) {
  Placed from = *placement.get(op.getSrc()),
         to = *placement.get(op.getResult());
  Value source =
      severalRows(op.getSrc(), from.rows.factor / to.rows.factor, at);
  if (!source)
    return {};
  return {tensor::ExpandShapeOp::create(b, rowType(op.getResult()), source,
                                        op.getReassociationIndices())};
}

/// `sizes` with the number of rows in place of what depends on the batch.
static void fixRows(SmallVectorImpl<OpFoldResult> &sizes, const Placed &placed,
                    OpBuilder &b) {
  sizes[placed.dim] = b.getIndexAttr(placed.multiple);
}

RowKernel::Values RowKernel::emitShape(Operation *op, Value at) {
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return {b.empty(rowType(empty))};
  if (placement.changesRows(op)) {
    auto collapse = dyn_cast<tensor::CollapseShapeOp>(op);
    return collapse ? emitMerged(collapse, at)
                    : emitParted(cast<tensor::ExpandShapeOp>(op), at);
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    Value source = row(expand.getSrc(), at);
    if (!source)
      return {};
    return {tensor::ExpandShapeOp::create(b, rowType(expand.getResult()),
                                          source,
                                          expand.getReassociationIndices())};
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    Value source = row(collapse.getSrc(), at);
    if (!source)
      return {};
    return {tensor::CollapseShapeOp::create(
        b, rowType(collapse.getResult()), source,
        collapse.getReassociationIndices())};
  }
  if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op)) {
    Value source = row(extract.getSource(), at);
    if (!source)
      return {};
    SmallVector<OpFoldResult> sizes = extract.getMixedSizes();
    Placed placed = *placement.get(extract.getSource());
    fixRows(sizes, placed, b);
    for (OpFoldResult &size : sizes)
      if (auto value = dyn_cast<Value>(size))
        size = kernel.whole(value);
    SmallVector<OpFoldResult> offsets = extract.getMixedOffsets();
    for (OpFoldResult &offset : offsets)
      if (auto value = dyn_cast<Value>(offset))
        offset = kernel.whole(value);
    return {tensor::ExtractSliceOp::create(b, rowType(extract.getResult()),
                                           source, offsets, sizes,
                                           extract.getMixedStrides())};
  }
  auto insert = cast<tensor::InsertSliceOp>(op);
  RowCount count = placement.get(insert.getSource())->rows;
  if (!count.isOf(placement.get(insert.getDest())->rows))
    return emitFirstRows(insert, count, at);
  Value source = row(insert.getSource(), at), into = row(insert.getDest(), at);
  if (!source || !into)
    return {};
  SmallVector<OpFoldResult> sizes = insert.getMixedSizes();
  fixRows(sizes, *placement.get(insert.getDest()), b);
  SmallVector<OpFoldResult> offsets = insert.getMixedOffsets();
  for (OpFoldResult &offset : offsets)
    if (auto value = dyn_cast<Value>(offset))
      offset = kernel.whole(value);
  return {tensor::InsertSliceOp::create(b, source, into, offsets, sizes,
                                        insert.getMixedStrides())};
}
