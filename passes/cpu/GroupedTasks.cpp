//===- GroupedTasks.cpp - Grouped ops as tasks in parallel ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Row results by tasks of some rows of one member, gradients by member. Which
// task computes an element never changes its order of additions.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "passes/cpu/Grouped.h"

using namespace mlir;
using namespace modc;

namespace {

/// Tasks of a class: for each, its place of the member in the class, its first
/// position and the end of the member's positions.
struct TaskList {
  Value count, table;
};

/// min(rowBlock, last - first): an affine.min, so that buffers of a block have
/// a bound.
Value blockSize(TensorBuilder &b, int64_t rowBlock, Value first, Value last) {
  AffineExpr i, j;
  bindDims(b.getContext(), i, j);
  return affine::AffineMinOp::create(
      b,
      AffineMap::get(2, 0, {b.getAffineConstantExpr(rowBlock), j - i},
                     b.getContext()),
      ValueRange{first, last});
}

TaskList buildTasks(GroupedLowering &lowering, unsigned c) {
  TensorBuilder &b = lowering.b;
  Type i32 = b.getI32Type();
  int64_t members = lowering.op.getClassMembers(c).size();
  Value zero = b.index(0), block = b.index(lowering.rowBlock);
  // Every member may end with a block that is not full.
  AffineExpr s;
  bindSymbols(b.getContext(), s);
  Value capacity = affine::AffineApplyOp::create(
      b, AffineMap::get(0, 1, s.ceilDiv(lowering.rowBlock) + members),
      lowering.positionCount());
  Value table = tensor::EmptyOp::create(
      b, ArrayRef<OpFoldResult>{capacity, b.getIndexAttr(3)}, i32);
  SmallVector<Value> built = b.loop(
      zero, b.index(members), {table, zero}, [&](Value slot, ValueRange c0) {
        Value first, size;
        std::tie(first, size) = lowering.segmentOf(lowering.memberOf(c, slot));
        Value last = b.add(first, size);
        Value blocks = arith::CeilDivUIOp::create(b, size, block);
        return b.loop(zero, blocks, c0, [&](Value i, ValueRange inner) {
          Value begin = b.add(first, b.mul(i, block));
          Value rows = inner[0], at = inner[1];
          Value task[] = {slot, begin, last};
          for (auto [k, value] : llvm::enumerate(task))
            rows = b.insert(b.toInteger(value, i32), rows, {at, b.index(k)});
          return SmallVector<Value>{rows, b.add(at, b.index(1))};
        });
      });
  return {built[1], built[0]};
}

/// Row results of class c over `results`.
SmallVector<Value> lowerRows(GroupedLowering &lowering, unsigned c,
                             ValueRange results) {
  TensorBuilder &b = lowering.b;
  TaskList tasks = buildTasks(lowering, c);
  auto forall = scf::ForallOp::create(
      b, ArrayRef<OpFoldResult>{tasks.count}, results, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(forall.getTerminator());
  Value t = forall.getInductionVar(0);
  SmallVector<Value> entry;
  for (int64_t k = 0; k < 3; ++k)
    entry.push_back(b.toIndex(b.extract(tasks.table, {t, b.index(k)})));
  Value first = entry[1];
  Value count = blockSize(b, lowering.rowBlock, first, entry[2]);
  SmallVector<Value> values =
      lowering.runBody(c, entry[0], first, count, {});
  b.setInsertionPointToEnd(forall.getTerminator().getBody());
  for (auto [value, shared] : llvm::zip(values, forall.getRegionIterArgs())) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(forall.getTerminator());
    SmallVector<OpFoldResult> sizes = b.sizes(shared);
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    offsets[0] = first;
    sizes[0] = count;
    b.setInsertionPointToEnd(forall.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(b, value, shared, offsets, sizes,
                                          strides);
  }
  return SmallVector<Value>(forall.getResults());
}

/// Gradients of class c: one member a task, its rows in blocks that continue
/// one sum, so that no buffer grows with the number of rows.
SmallVector<Value> lowerGradients(GroupedLowering &lowering, unsigned c) {
  TensorBuilder &b = lowering.b;
  GroupedOp op = lowering.op;
  SmallVector<Value> outputs;
  for (size_t i = 0; i < op.getClassGradients(c).size(); ++i)
    outputs.push_back(lowering.emptyGradient(c, i));
  int64_t members = op.getClassMembers(c).size();
  auto forall = scf::ForallOp::create(
      b, ArrayRef<OpFoldResult>{b.getIndexAttr(members)}, outputs,
      std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(forall.getTerminator());
  Value slot = forall.getInductionVar(0);
  Value first, size;
  std::tie(first, size) = lowering.segmentOf(lowering.memberOf(c, slot));
  Value last = b.add(first, size);
  Value block = b.index(lowering.rowBlock);
  SmallVector<Value> sums;
  for (BlockArgument shared : forall.getRegionIterArgs())
    sums.push_back(b.fill(b.row(shared, slot), 0.0));
  size_t numRows = op.getRowResults().size();
  sums = b.loop(
      b.index(0), arith::CeilDivUIOp::create(b, size, block), sums,
      [&](Value i, ValueRange carried) {
        Value begin = b.add(first, b.mul(i, block));
        Value count = blockSize(b, lowering.rowBlock, begin, last);
        SmallVector<Value> values =
            lowering.runBody(c, slot, begin, count, carried);
        return SmallVector<Value>(llvm::drop_begin(values, numRows));
      });
  for (auto [value, shared] : llvm::zip(sums, forall.getRegionIterArgs())) {
    b.setInsertionPoint(forall.getTerminator());
    SmallVector<OpFoldResult> sizes = b.sizes(shared);
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    offsets[0] = slot;
    sizes[0] = b.getIndexAttr(1);
    b.setInsertionPointToEnd(forall.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(b, value, shared, offsets, sizes,
                                          strides);
  }
  return SmallVector<Value>(forall.getResults());
}

} // namespace

SmallVector<Value> modc::lowerGroupedByTasks(GroupedLowering &lowering) {
  GroupedOp op = lowering.op;
  size_t numRows = op.getRowResults().size();
  SmallVector<Value> results;
  for (size_t i = 0; i < numRows; ++i)
    results.push_back(lowering.emptyRowResult(i));
  if (numRows)
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
      results = lowerRows(lowering, c, results);
  for (unsigned c = 0; c < op.getNumClasses(); ++c)
    if (!op.getClassGradients(c).empty())
      llvm::append_range(results, lowerGradients(lowering, c));
  return results;
}
