//===- RepeatedRows.cpp - Values whose rows repeat others -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds which repetition refines which: numbers of distinct rows do so for the
// parents that they were made of.
//
//===----------------------------------------------------------------------===//

#include "passes/routing/RepeatedRows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace modc;

std::optional<RepeatedRows> modc::getRepeatedRows(Value value) {
  if (auto tile = value.getDefiningOp<TileRowsOp>())
    return RepeatedRows{tile.getInput(), {tile.getTimes(), Value()}};
  if (auto take = value.getDefiningOp<TakeRowsOp>())
    // Other numbers need not come from a repetition.
    if (take.getRows().getDefiningOp<DistinctRowsOp>())
      return RepeatedRows{take.getInput(), {Value(), take.getRows()}};
  return std::nullopt;
}

/// The op that makes a repetition's numbers.
static DistinctRowsOp getDistinct(const Repetition &how) {
  auto distinct =
      how.index ? how.index.getDefiningOp<DistinctRowsOp>() : nullptr;
  return distinct && distinct.getIndex() == how.index ? distinct : nullptr;
}

bool modc::isCounting(Value value) {
  auto generic = value.getDefiningOp<linalg::GenericOp>();
  if (!generic || generic.getNumDpsInputs() || generic.getNumLoops() != 1)
    return false;
  auto cast = generic.getBody()
                  ->getTerminator()
                  ->getOperand(0)
                  .getDefiningOp<arith::IndexCastOp>();
  return cast && cast.getIn().getDefiningOp<linalg::IndexOp>();
}

/// The repetition that `how` refines by one more choice.
static std::optional<Repetition> getCoarser(const Repetition &how) {
  DistinctRowsOp distinct = getDistinct(how);
  if (!distinct)
    return std::nullopt;
  Value parent = distinct.getParent();
  if (auto tile = parent.getDefiningOp<TileRowsOp>())
    return isCounting(tile.getInput())
               ? std::optional(Repetition{tile.getTimes(), Value()})
               : std::nullopt;
  return Repetition{Value(), parent};
}

/// Whether rows that are one under `fine` are one under `coarse`.
static bool refines(Repetition fine, const Repetition &coarse) {
  while (!(fine == coarse)) {
    std::optional<Repetition> next = getCoarser(fine);
    if (!next)
      return false;
    fine = *next;
  }
  return true;
}

std::optional<Repetition> modc::getCommonRepetition(ValueRange values) {
  std::optional<Repetition> common;
  for (Value value : values) {
    std::optional<RepeatedRows> repeated = getRepeatedRows(value);
    if (!repeated)
      return std::nullopt;
    if (!common || refines(repeated->how, *common))
      common = repeated->how;
    else if (!refines(*common, repeated->how))
      return std::nullopt;
  }
  return common;
}

/// The parents' numbers where the repetition `coarse` ends, from `fine` on.
static Value getNumbers(Repetition fine, const Repetition &coarse) {
  Value numbers = fine.index;
  while (!(fine == coarse)) {
    numbers = getDistinct(fine).getParent();
    fine = *getCoarser(fine);
  }
  return numbers;
}

Value modc::getSource(OpBuilder &b, Location loc, Value value,
                      const Repetition &common) {
  RepeatedRows repeated = *getRepeatedRows(value);
  if (repeated.how == common)
    return repeated.source;
  Value numbers = getNumbers(common, repeated.how);
  Value first = getDistinct(common).getFirst();
  Value rows = TakeRowsOp::create(b, loc, numbers.getType(), numbers, first);
  return TakeRowsOp::create(b, loc, value.getType(), repeated.source, rows);
}

Value modc::repeat(OpBuilder &b, Location loc, Value value,
                   const Repetition &how) {
  if (how.times)
    return TileRowsOp::create(b, loc, value.getType(), value, how.times);
  return TakeRowsOp::create(b, loc, value.getType(), value, how.index);
}

/// A value that has as many rows, and that other values were made of: where
/// they ask for rows of its number, they get one answer.
static Value getOrigin(Value rows) {
  while (Operation *op = rows.getDefiningOp())
    if (isa<LinearOp, ReshapeOp, ReluOp, GeluOp, SigmoidOp, SoftplusOp,
            SoftmaxOp, LogSoftmaxOp>(op))
      rows = op->getOperand(0);
    else
      break;
  return rows;
}

Value modc::getIndex(OpBuilder &b, Location loc, Value rows,
                     const Repetition &how) {
  if (how.index)
    return how.index;
  auto type = RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type());
  Value size = tensor::DimOp::create(b, loc, getOrigin(rows), 0);
  Value empty = tensor::EmptyOp::create(b, loc, type, ValueRange{size});
  Value numbers =
      linalg::GenericOp::create(
          b, loc, type, ValueRange{}, empty,
          ArrayRef<AffineMap>{b.getMultiDimIdentityMap(1)},
          ArrayRef<utils::IteratorType>{utils::IteratorType::parallel},
          [&](OpBuilder &n, Location l, ValueRange) {
            Value row = linalg::IndexOp::create(n, l, 0);
            Value number =
                arith::IndexCastOp::create(n, l, n.getI32Type(), row);
            linalg::YieldOp::create(n, l, number);
          })
          .getResult(0);
  return TileRowsOp::create(b, loc, type, numbers, how.times);
}
