//===- ContractionTall.cpp - Tiles whose lanes go down the rows -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where c has few columns and a is stored [k, i] (the gradient of a weight with
// few columns), a vector of sums is of one column and of many rows. Rows of c
// follow one another in memory, so that vectors of c are of several rows; sums
// are transposed in registers where they meet them.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/KernelBuilder.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace modc;

/// Of vectors of one length, element 0 of each, then element 1 of each.
static Value weave(ImplicitLocOpBuilder &b, ArrayRef<Value> columns) {
  if (columns.size() == 1)
    return columns[0];
  SmallVector<Value> even, odd;
  for (auto [i, column] : llvm::enumerate(columns))
    (i % 2 ? odd : even).push_back(column);
  return vector::InterleaveOp::create(b, weave(b, even), weave(b, odd));
}

/// What weave made one vector of.
static SmallVector<Value> unweave(ImplicitLocOpBuilder &b, Value woven,
                                  int64_t count) {
  if (count == 1)
    return {woven};
  auto parts = vector::DeinterleaveOp::create(b, woven);
  SmallVector<Value> even = unweave(b, parts.getRes1(), count / 2);
  SmallVector<Value> odd = unweave(b, parts.getRes2(), count / 2);
  SmallVector<Value> columns;
  for (auto [x, y] : llvm::zip(even, odd))
    columns.append({x, y});
  return columns;
}

/// Vectors of one length, a power of two of them, one behind another.
static Value concatenate(ImplicitLocOpBuilder &b, ArrayRef<Value> parts) {
  if (parts.size() == 1)
    return parts[0];
  Value first = concatenate(b, parts.take_front(parts.size() / 2));
  Value last = concatenate(b, parts.drop_front(parts.size() / 2));
  int64_t length = cast<VectorType>(first.getType()).getNumElements();
  return vector::ShuffleOp::create(
      b, first, last, llvm::to_vector(llvm::seq<int64_t>(0, 2 * length)));
}

/// A matrix whose rows are adjacent, as rows of `length` elements.
static Value reshapeRows(ImplicitLocOpBuilder &b, Value matrix,
                         int64_t length) {
  Value flat = memref::CollapseShapeOp::create(
      b, matrix, ArrayRef<ReassociationIndices>{{0, 1}});
  int64_t size = cast<MemRefType>(flat.getType()).getDimSize(0);
  return memref::ExpandShapeOp::create(
      b, ArrayRef<int64_t>{size / length, length}, flat,
      ArrayRef<ReassociationIndices>{{0, 1}});
}

void KernelBuilder::tallTile(Value i, int64_t vectors, const Panel &part) {
  int64_t lanes = schedule.lanes, columns = schedule.columns;
  auto type = VectorType::get(lanes, element);
  Value whole = contraction.c;
  contraction.c = reshapeRows(*this, whole, lanes);
  llvm::scope_exit restore([&] { contraction.c = whole; });
  Value first = createOrFold<arith::MulIOp>(
      createOrFold<arith::DivUIOp>(i, index(lanes)), index(columns));
  SmallVector<Part> parts;
  for (int64_t v = 0; v < vectors * columns; ++v)
    parts.push_back({offset(first, v), part.j, type});
  SmallVector<Value> sums = startSums(parts, part, [&](ArrayRef<Value> starts) {
    SmallVector<Value> result;
    for (; !starts.empty(); starts = starts.drop_front(columns)) {
      // Zeros are the same in any order.
      ArrayRef<Value> some = starts.take_front(columns);
      if (llvm::all_equal(some))
        llvm::append_range(result, some);
      else
        llvm::append_range(result,
                           unweave(*this, concatenate(*this, some), columns));
    }
    return result;
  });
  auto loop =
      scf::ForOp::create(*this, part.first, part.last, index(1), sums,
                         [](OpBuilder &, Location, Value, ValueRange) {});
  {
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar(), row = rowOfA(k);
    SmallVector<Value> factors;
    for (int64_t c = 0; c < columns; ++c)
      factors.push_back(broadcast(
          type, memref::LoadOp::create(*this, contraction.b,
                                       ValueRange{k, offset(part.j, c)})));
    auto sum = loop.getRegionIterArgs().begin();
    SmallVector<Value> next;
    for (int64_t v = 0; v < vectors; ++v) {
      Value a = vector::LoadOp::create(*this, type, contraction.a,
                                       ValueRange{row, offset(i, v * lanes)});
      for (Value b : factors)
        next.push_back(vector::FMAOp::create(*this, a, b, *sum++));
    }
    scf::YieldOp::create(*this, next);
  }
  SmallVector<Value> results;
  for (int64_t v = 0; v < vectors; ++v) {
    SmallVector<Value> beside(loop.getResults().slice(v * columns, columns));
    Value woven = weave(*this, beside);
    for (int64_t c = 0; c < columns; ++c) {
      auto some = llvm::to_vector(llvm::seq(c * lanes, (c + 1) * lanes));
      results.push_back(vector::ShuffleOp::create(*this, woven, woven, some));
    }
  }
  endSums(parts, results, part);
}
