//===- ContractionNarrow.cpp - Tiles of products with few columns ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where rows of b are so short that several fill a vector, a vector of sums
// holds those of several k side by side, and they are added up at the end.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/KernelBuilder.h"

using namespace mlir;
using namespace modc;

void KernelBuilder::narrowTile(Value i, int64_t rows, const Panel &part) {
  int64_t width = part.widths[0], count = schedule.sums;
  auto wide = VectorType::get(width * count, element);
  auto narrow = VectorType::get(width, element);
  SmallVector<Part> parts;
  SmallVector<Value> rowsOfA;
  for (int64_t r = 0; r < rows; ++r) {
    parts.push_back({offset(i, r), part.j, narrow});
    rowsOfA.push_back(rowOfA(offset(i, r)));
  }
  // Sum 0 starts at what the row starts at, the others at zero.
  Value zero = arith::ConstantOp::create(*this, getZeroAttr(narrow));
  SmallVector<int64_t> beside;
  for (int64_t lane = 0; lane < width * count; ++lane)
    beside.push_back(std::min(lane, width));
  SmallVector<Value> sums;
  for (Value start : startSums(parts, part))
    sums.push_back(vector::ShuffleOp::create(*this, start, zero, beside));
  // Element n of a belongs to all columns of sum n.
  SmallVector<int64_t> spread;
  for (int64_t lane = 0; lane < width * count; ++lane)
    spread.push_back(lane / width);
  Value flat =
      memref::CollapseShapeOp::create(*this, panel ? panel : contraction.b,
                                      ArrayRef<ReassociationIndices>{{0, 1}});
  auto rowOfB = [&](Value k) { return panel ? difference(k, part.first) : k; };
  Value rest = createOrFold<arith::RemUIOp>(difference(part.last, part.first),
                                            index(count));
  Value stop = difference(part.last, rest);
  auto emit = [&](Value first, Value last, int64_t step,
                  llvm::function_ref<Value(Value, Value)> factorOfA,
                  llvm::function_ref<Value(Value)> factorOfB) {
    auto op =
        scf::ForOp::create(*this, first, last, index(step), sums,
                           [](OpBuilder &, Location, Value, ValueRange) {});
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(op.getBody());
    Value k = op.getInductionVar(), b = factorOfB(k);
    SmallVector<Value> next;
    for (auto [row, sum] : llvm::zip(rowsOfA, op.getRegionIterArgs()))
      next.push_back(vector::FMAOp::create(*this, factorOfA(row, k), b, sum));
    scf::YieldOp::create(*this, next);
    sums.assign(op.result_begin(), op.result_end());
  };
  emit(
      part.first, stop, count,
      [&](Value row, Value k) -> Value {
        Value a = vector::LoadOp::create(*this, VectorType::get(count, element),
                                         contraction.a, ValueRange{row, k});
        return vector::ShuffleOp::create(*this, a, a, spread);
      },
      [&](Value k) -> Value {
        return vector::LoadOp::create(
            *this, wide, flat,
            createOrFold<arith::MulIOp>(rowOfB(k), index(width)));
      });
  for (Value &sum : sums)
    for (int64_t half = width * count / 2; half >= width; half /= 2) {
      auto lanes = llvm::to_vector(llvm::seq<int64_t>(0, 2 * half));
      auto part = [&](int64_t from) -> Value {
        return vector::ShuffleOp::create(*this, sum, sum,
                                         ArrayRef(lanes).slice(from, half));
      };
      sum = arith::AddFOp::create(*this, part(0), part(half));
    }
  if (contraction.depth() % count)
    emit(
        stop, part.last, 1,
        [&](Value row, Value k) {
          return broadcast(narrow, memref::LoadOp::create(*this, contraction.a,
                                                          ValueRange{row, k}));
        },
        [&](Value k) {
          return loadB(width, {rowOfB(k), panel ? index(0) : part.j});
        });
  endSums(parts, sums, part);
}
