//===- ContractionKernel.cpp - Register-tiled matrix products -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chooses the tiles of a matrix product and emits the loops around them with
// the vector code of each.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/KernelBuilder.h"

using namespace mlir;
using namespace modc;

/// Rows below which it does not pay to pack a panel that could be read in
/// place.
constexpr int64_t kFewRows = 8;

KernelSchedule::KernelSchedule(const Contraction &contraction,
                               int64_t vectorBits, int64_t kBlock)
    : lanes(vectorBits / contraction.element().getIntOrFloatBitWidth()),
      columns(contraction.columns()),
      // As many accumulators as leave registers for a row of b and a scalar: 24
      // of 32 with AVX-512, 12 of 16 else.
      vectors(vectorBits >= 512 ? 4 : 2), kBlock(kBlock) {
  // Rows of b that are far apart share few sets of a cache, and its pages are
  // many. One panel's rows are adjacent as they are.
  packed = contraction.transposedB || contraction.columns() > panelColumns();
}

SmallVector<int64_t> KernelBuilder::widths(int64_t columns) {
  SmallVector<int64_t> result;
  for (int64_t width = schedule.lanes; width; width /= 2)
    for (; columns >= width; columns -= width)
      result.push_back(width);
  return result;
}

void KernelBuilder::tiles(const Panel &part) {
  int64_t accumulators = 6 * schedule.vectors;
  int64_t rows = std::max<int64_t>(
      1, std::min<int64_t>(12, accumulators / part.widths.size()));
  Value begin = index(0), end = size(contraction.c, 0);
  for (bool first = true;; first = false) {
    Value left =
        createOrFold<arith::RemUIOp>(difference(end, begin), index(rows));
    Value stop = difference(end, left);
    Value tiles =
        first ? createOrFold<arith::DivUIOp>(stop, index(rows)) : Value();
    loop(begin, stop, rows, [&](Value i) { tile(i, rows, part, tiles); });
    if (rows == 1)
      return;
    begin = stop;
    rows = rows > 4 ? 4 : rows / 2;
  }
}

void KernelBuilder::setNext(Panel &part) {
  int64_t columns = contraction.columns(), depth = contraction.depth();
  auto [strides, ignored] = contraction.typeB().getStridesAndOffset();
  // A depth that is the batch's: b is no parameter, and small.
  if (ShapedType::isDynamic(depth) || ShapedType::isDynamic(strides[0]))
    return;
  auto less = [&](Value x, int64_t y) {
    return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult, x, index(y));
  };
  auto choose = [&](Value condition, Value x, Value y) {
    return createOrFold<arith::SelectOp>(condition, x, y);
  };
  Value j = offset(part.j, schedule.panelColumns());
  Value first = offset(part.first, schedule.kBlock);
  Value beside = less(j, columns), below = less(first, depth);
  Value zero = index(0);
  Value endJ = contraction.transposedB ? index(columns) : zero;
  Value endFirst = contraction.transposedB ? zero : index(depth);
  Value nextJ = choose(beside, j, choose(below, zero, endJ));
  Value nextFirst = choose(beside, part.first, choose(below, first, endFirst));
  if (contraction.transposedB)
    std::swap(nextJ, nextFirst);
  // b at another offset, as no view of it may end behind it.
  MemRefType type = contraction.typeB();
  auto whole = memref::ExtractStridedMetadataOp::create(*this, contraction.b);
  Value start = createOrFold<arith::AddIOp>(
      createOrFold<arith::MulIOp>(nextFirst, index(strides[0])), nextJ);
  start = createOrFold<arith::AddIOp>(start, whole.getOffset());
  part.next = memref::ReinterpretCastOp::create(
      *this, atAnyOffset(type), whole.getBaseBuffer(), OpFoldResult(start),
      getAsIndexOpFoldResult(getContext(), type.getShape()),
      getAsIndexOpFoldResult(getContext(), strides));
}

void KernelBuilder::panels(Value space) {
  panel = space;
  int64_t columns = contraction.columns();
  int64_t full = schedule.panelColumns();
  int64_t rest = columns % full;
  Value depth = size(contraction.b, contraction.transposedB ? 1 : 0);
  auto run = [&](Panel part) {
    setNext(part);
    if (space && contraction.transposedB)
      packTransposed(part, space);
    else if (space)
      pack(part, space);
    tiles(part);
  };
  // Blocks of k, so that a panel of b stays in a near cache. Sums of nothing
  // start and end too.
  bool sumsNothing =
      ShapedType::isDynamic(contraction.depth()) &&
      (contraction.start != Contraction::Start::Old || contraction.finish);
  Value end = sumsNothing
                  ? arith::MaxUIOp::create(*this, depth, index(1)).getResult()
                  : depth;
  loop(index(0), end, schedule.kBlock, [&](Value first) {
    Value last =
        arith::MinUIOp::create(*this, offset(first, schedule.kBlock), depth);
    loop(index(0), index(columns - rest), full, [&](Value j) {
      run({j, SmallVector<int64_t>(schedule.vectors, schedule.lanes), first,
           last});
    });
    if (rest)
      run({index(columns - rest), widths(rest), first, last});
  });
}

void KernelBuilder::build(Value space) {
  if (!space || contraction.transposedB)
    return panels(space);
  Value rows = size(contraction.c, 0);
  Value few = arith::CmpIOp::create(*this, arith::CmpIPredicate::ult, rows,
                                    index(kFewRows));
  auto branch = scf::IfOp::create(*this, few, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  panels(nullptr);
  setInsertionPointToStart(branch.elseBlock());
  panels(space);
}

void modc::buildContraction(OpBuilder &builder, Location loc,
                            const Contraction &contraction, Value panel,
                            const KernelSchedule &schedule) {
  KernelBuilder(loc, builder, contraction, schedule).build(panel);
}
