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

/// Rows up to which it does not pay to pack a panel that could be read in
/// place.
constexpr int64_t kFewRows = 16;
/// A product of few rows goes through b in blocks of so many rows, all columns
/// of one before the next, so that b is read much as it lies in memory. With up
/// to kFewestRows all time is reading, which fewer rows at a time make faster;
/// with more it is also loading and storing sums, once a block.
constexpr int64_t kFewBlock = 32, kFewestBlock = 8;
constexpr int64_t kFewestRows = 4;
/// Such a product asks for the next block while it reads one, but for no more
/// than so many bytes ahead, for which any second-level cache has room. What is
/// asked for nearer, amid rows that are being read, comes too late.
constexpr int64_t kFewAhead = 128 << 10;
/// Bytes of a first-level cache that b, or a panel of it, may take.
constexpr int64_t kNearestCache = 32 << 10;
/// Rounds of k in one of the loop where panels are many: what counts and asks
/// for the next one is then little beside the arithmetic.
constexpr int64_t kUnrolled = 4;
/// Blocks of k are multiples of this, where there are several.
constexpr int64_t kBlockUnit = 16;

/// How many rows of b fill a vector of `lanes` elements; 1 where the product is
/// none of rows with a narrow b whose rows lie one after another, as those of a
/// copy do, or where blocks of k are not made of such vectors.
static int64_t countSums(const Contraction &contraction, int64_t lanes,
                         int64_t kBlock) {
  int64_t columns = contraction.columns(), depth = contraction.depth();
  if (contraction.transposedA || columns == 0 || lanes % columns ||
      ShapedType::isDynamic(depth) ||
      !contraction.typeA().areTrailingDimsContiguous(1))
    return 1;
  if (!contraction.transposedB) {
    auto [strides, offset] = contraction.typeB().getStridesAndOffset();
    if (contraction.panelOfB() || strides[0] != columns)
      return 1;
  }
  int64_t sums = lanes / columns;
  return depth < 2 * sums || kBlock % sums ? 1 : sums;
}

/// Sums of a tall tile at most: as many as hide one another's latency.
constexpr int64_t kTallSums = 12;

/// How many vectors of rows a tall tile has, most of them the same number; 0
/// where the product is no gradient of a plain matrix of few columns, or
/// vectors of c are not of whole rows or rows of a have gaps. Rows that fill no
/// vector are for other tiles.
static int64_t countTall(const Contraction &contraction, int64_t lanes) {
  int64_t columns = contraction.columns(), height = contraction.height();
  if (!contraction.transposedA || contraction.transposedB ||
      contraction.panelOfB() || contraction.panelOfC() || contraction.rowsOfC ||
      contraction.finish || contraction.start == Contraction::Start::Bias ||
      !llvm::isPowerOf2_64(uint64_t(columns)) || columns >= lanes ||
      lanes % columns || ShapedType::isDynamic(height) || height < lanes ||
      height * columns % lanes ||
      !contraction.typeA().areTrailingDimsContiguous(1) ||
      !contraction.typeC().areTrailingDimsContiguous(2))
    return 0;
  int64_t vectors = height / lanes;
  int64_t most = std::max<int64_t>(kTallSums / columns, 1);
  return llvm::divideCeil(vectors, llvm::divideCeil(vectors, most));
}

/// The length of a block of k: at most `most`, such that a panel of
/// `panelColumns` stays in the nearest cache while rows go by, and all blocks
/// have much the same length.
static int64_t chooseBlock(const Contraction &contraction, int64_t panelColumns,
                           int64_t most) {
  int64_t bytes = contraction.element().getIntOrFloatBitWidth() / 8;
  int64_t stored = contraction.panelOfB(), unit = kBlockUnit;
  if (stored && contraction.transposedB) {
    // Whole panels, which no square of elements crosses.
    unit = stored;
    most = std::max(most - most % unit, unit);
  } else {
    panelColumns = std::max(panelColumns, stored);
  }
  int64_t row = std::max<int64_t>(
      1, std::min(contraction.columns(), panelColumns) * bytes);
  int64_t near = kNearestCache / row;
  most = std::min(most, std::max(near - near % unit, unit));
  int64_t depth = contraction.depth();
  if (ShapedType::isDynamic(depth) || depth <= most)
    return most;
  int64_t even = llvm::divideCeil(depth, llvm::divideCeil(depth, most));
  return std::min<int64_t>(most, llvm::alignTo(even, unit));
}

/// Rows of the largest tile; groups of rows that a is copied for are full ones.
constexpr int64_t kTileRowsAtMost = 12;
/// Bytes between rows of a transposed a whose multiples share so few sets of
/// the nearest cache that a block of k does not stay there.
constexpr int64_t kSharedSets = 512;
/// Columns of c from which on a copy of a costs little.
constexpr int64_t kManyColumns = 128;

/// Whether a block of a transposed a is read from a copy: its rows are the k of
/// the sums, a tile reads a few elements of each, and so far apart they evict
/// one another before the next tile comes.
static bool copiesA(const Contraction &contraction) {
  if (!contraction.transposedA || contraction.finish || contraction.rowsOfC ||
      contraction.panelOfB() || contraction.columns() < kManyColumns)
    return false;
  // One tile reads all that it copies.
  int64_t height = contraction.height();
  if (!ShapedType::isDynamic(height) && height <= kTileRowsAtMost)
    return false;
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(contraction.typeA().getStridesAndOffset(strides, offset)))
    return false;
  int64_t bytes = contraction.element().getIntOrFloatBitWidth() / 8;
  return strides[1] == 1 && !ShapedType::isDynamic(strides[0]) &&
         strides[0] * bytes % kSharedSets == 0;
}

KernelSchedule::KernelSchedule(const Contraction &contraction,
                               int64_t vectorBits, int64_t kBlock)
    : lanes(vectorBits / contraction.element().getIntOrFloatBitWidth()),
      columns(contraction.columns()),
      // As many accumulators as leave registers for a row of b and a scalar: 24
      // of 32 with AVX-512, 12 of 16 else.
      vectors(vectorBits >= 512 ? 4 : 2),
      kBlock(chooseBlock(contraction, panelColumns(), kBlock)),
      sums(countSums(contraction, lanes, this->kBlock)),
      tall(countTall(contraction, lanes)) {
  // Rows of b that are far apart share few sets of a cache, and its pages are
  // many. One panel's rows are adjacent as they are, and all of a small b is in
  // the nearest cache.
  int64_t bytes = contraction.element().getIntOrFloatBitWidth() / 8;
  int64_t depth = contraction.depth();
  bool near =
      !ShapedType::isDynamic(depth) && depth * columns * bytes <= kNearestCache;
  unrolled = near ? 1 : kUnrolled;
  packed = contraction.transposedB ||
           (columns > panelColumns() && !near && !contraction.panelOfB());
  packsA = copiesA(contraction);
}

bool KernelSchedule::fitsPanels(const Contraction &contraction) const {
  return contraction.panelOfB() % panelColumns() == 0 &&
         contraction.panelOfC() % panelColumns() == 0;
}

SmallVector<int64_t> KernelBuilder::widths(int64_t columns) {
  SmallVector<int64_t> result;
  for (int64_t width = schedule.lanes; width; width /= 2)
    for (; columns >= width; columns -= width)
      result.push_back(width);
  return result;
}

void KernelBuilder::tiles(const Panel &part, Value copy) {
  int64_t accumulators = 6 * schedule.vectors;
  int64_t rows = std::max<int64_t>(
      1, std::min<int64_t>(12, accumulators / part.widths.size()));
  Value begin = index(0), end = countRows();
  if (int64_t vectors = schedule.tall) {
    int64_t tile = vectors * schedule.lanes, height = contraction.height();
    int64_t stop = height - height % tile, left = height % tile;
    loop(begin, index(stop), tile,
         [&](Value i) { tallTile(i, vectors, part); });
    if (left >= schedule.lanes)
      tallTile(index(stop), left / schedule.lanes, part);
    begin = index(height - left % schedule.lanes);
  }
  bool narrow = schedule.sums > 1;
  if (narrow)
    rows = kNarrowRows;
  // There are more than kFewRows where panels are copied.
  static_assert(kTileRowsAtMost <= kFewRows);
  int64_t copied = copy ? rows : 0;
  Value ahead = index(copy ? 1 : 0);
  for (bool first = true;; first = false) {
    Value from = first ? offset(begin, copied) : begin;
    Value left =
        createOrFold<arith::RemUIOp>(difference(end, from), index(rows));
    Value stop = difference(end, left);
    Value tiles;
    if (first)
      tiles = createOrFold<arith::AddIOp>(
          createOrFold<arith::DivUIOp>(difference(stop, from), index(rows)),
          ahead);
    if (first && copy) {
      tile(begin, copied, part, {index(0), tiles, {}}, copy);
      panel = copy;
    }
    loop(from, stop, rows, [&](Value i) {
      Share share;
      if (tiles)
        share = {
            createOrFold<arith::AddIOp>(
                createOrFold<arith::DivUIOp>(difference(i, from), index(rows)),
                ahead),
            tiles,
            {}};
      // Few rows are a tile or two, of different heights: the first asks for
      // all.
      if (few)
        share = {
            index(0), index(1),
            createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, i, index(0))};
      if (narrow)
        narrowTile(i, rows, part);
      else
        tile(i, rows, part, share);
    });
    if (rows == 1)
      break;
    begin = stop;
    rows = rows > 4 ? 4 : rows / 2;
  }
  if (copy)
    panel = Value();
}

void KernelBuilder::setNext(Panel &part) {
  int64_t columns = contraction.columns(), depth = contraction.depth();
  auto [strides, ignored] = contraction.typeB().getStridesAndOffset();
  // A depth that is the batch's: b is no parameter, and small.
  if (ShapedType::isDynamic(depth) ||
      llvm::any_of(strides, ShapedType::isDynamic))
    return;
  auto less = [&](Value x, int64_t y) {
    return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult, x, index(y));
  };
  auto choose = [&](Value condition, Value x, Value y) {
    return createOrFold<arith::SelectOp>(condition, x, y);
  };
  int64_t full = schedule.panelColumns();
  int64_t around = llvm::alignTo(columns, full);
  Value j = few ? createOrFold<arith::AddIOp>(part.j, few->ahead)
                : offset(part.j, full);
  Value first = few ? createOrFold<arith::AddIOp>(part.first, few->block)
                    : offset(part.first, block);
  Value beside = less(j, columns), below = less(first, depth);
  Value zero = index(0);
  // Behind the last row; behind the last panel of a b that is stored in such.
  int64_t stored = contraction.panelOfB();
  bool sideways = contraction.transposedB && !stored;
  Value endJ = sideways ? index(columns) : zero;
  Value endFirst = sideways ? zero : index(depth);
  if (few)
    zero = endJ = difference(j, index(around));
  Value nextJ = choose(beside, j, choose(below, zero, endJ));
  Value nextFirst = choose(beside, part.first, choose(below, first, endFirst));
  if (stored && !contraction.transposedB) {
    // Panels one after another, each from block to block.
    nextJ = choose(below, part.j, offset(part.j, stored));
    nextFirst = choose(below, first, zero);
  }
  if (contraction.transposedB)
    std::swap(nextJ, nextFirst);
  // b at another offset, as no view of it may end behind it.
  MemRefType type = contraction.typeB();
  auto whole = memref::ExtractStridedMetadataOp::create(*this, contraction.b);
  Value start = whole.getOffset();
  for (auto [at, stride] : llvm::zip(placeOfB(nextFirst, nextJ), strides))
    start = createOrFold<arith::AddIOp>(
        start, createOrFold<arith::MulIOp>(at, index(stride)));
  part.next = memref::ReinterpretCastOp::create(
      *this, atAnyOffset(type), whole.getBaseBuffer(), OpFoldResult(start),
      getAsIndexOpFoldResult(getContext(), type.getShape()),
      getAsIndexOpFoldResult(getContext(), strides));
}

Value KernelBuilder::countTerms() {
  // The number of panels is static.
  if (contraction.transposedB && contraction.panelOfB())
    return index(contraction.depth());
  unsigned rows = Contraction::dimensionOfRows(contraction.typeB());
  return size(contraction.b, contraction.transposedB ? 1 : rows);
}

void KernelBuilder::blocks(Value step, function_ref<void(Value, Value)> body) {
  Value depth = countTerms(), end = depth;
  if (ShapedType::isDynamic(contraction.depth()) &&
      (contraction.start != Contraction::Start::Old || contraction.finish))
    end = arith::MaxUIOp::create(*this, depth, index(1));
  loop(index(0), end, step, [&](Value first) {
    body(first, arith::MinUIOp::create(
                    *this, createOrFold<arith::AddIOp>(first, step), depth));
  });
}

void KernelBuilder::panels(Value space) {
  panel = contraction.transposedB ? space : Value();
  int64_t columns = contraction.columns();
  int64_t full = schedule.panelColumns();
  int64_t rest = columns % full;
  auto run = [&](Panel part) {
    setNext(part);
    if (space && contraction.transposedB)
      packTransposed(part, space);
    tiles(part, contraction.transposedB ? Value() : space);
  };
  // Blocks of k, so that a panel of b stays in a near cache.
  Value step = few ? few->block : index(block);
  blocks(step, [&](Value first, Value last) {
    if (copyOfA)
      packA(first, last);
    loop(index(0), index(columns - rest), full, [&](Value j) {
      run({j, SmallVector<int64_t>(schedule.vectors, schedule.lanes), first,
           last});
    });
    if (rest)
      run({index(columns - rest), widths(rest), first, last});
  });
}

void KernelBuilder::build(Value space) {
  if (contraction.panelOfB() && !contraction.transposedB)
    return storedPanels();
  if (!space || contraction.transposedB)
    return panels(space);
  Value rows = countRows();
  auto atMost = [&](int64_t most) -> Value {
    return arith::CmpIOp::create(*this, arith::CmpIPredicate::ule, rows,
                                 index(most));
  };
  auto branch = scf::IfOp::create(*this, atMost(kFewRows), /*withElse=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  // What takes the time is reading b, as it lies in memory.
  static_assert(kFewBlock % kFewestBlock == 0);
  int64_t full = schedule.panelColumns();
  int64_t around = llvm::alignTo(contraction.columns(), full);
  int64_t bytes = contraction.element().getIntOrFloatBitWidth() / 8;
  auto columnsAhead = [&](int64_t rows) {
    return std::clamp<int64_t>(kFewAhead / (rows * bytes) / full * full, full,
                               around);
  };
  Value fewest = atMost(kFewestRows);
  auto choose = [&](int64_t x, int64_t y) {
    return x == y ? index(x)
                  : createOrFold<arith::SelectOp>(fewest, index(x), index(y));
  };
  few = {choose(kFewestBlock, kFewBlock),
         choose(columnsAhead(kFewestBlock), columnsAhead(kFewBlock))};
  block = kFewestBlock;
  panels(nullptr);
  few.reset();
  block = schedule.kBlock;
  setInsertionPointToStart(branch.elseBlock());
  panels(space);
}

void KernelBuilder::groups(Value space, Value ofA) {
  static_assert(KernelSchedule::kGroupRows % kTileRowsAtMost == 0);
  Contraction whole = contraction;
  copyOfA = ofA;
  // Of one size, so that the last has not too few rows for a copy of b.
  Value rows = countRows(), tile = index(kTileRowsAtMost);
  Value count =
      createOrFold<arith::CeilDivUIOp>(rows, index(KernelSchedule::kGroupRows));
  Value most = createOrFold<arith::CeilDivUIOp>(
      rows, createOrFold<arith::MaxUIOp>(count, index(1)));
  most = createOrFold<arith::MulIOp>(
      createOrFold<arith::CeilDivUIOp>(most, tile), tile);
  most = createOrFold<arith::MaxUIOp>(most, tile);
  loop(index(0), rows, most, [&](Value i) {
    OpFoldResult left = createOrFold<arith::MinUIOp>(difference(rows, i), most);
    auto rowsOf = [&](Value buffer, unsigned d) -> Value {
      SmallVector<OpFoldResult> sizes =
          memref::getMixedSizes(*this, getLoc(), buffer);
      SmallVector<OpFoldResult> offsets(sizes.size(), getIndexAttr(0));
      SmallVector<OpFoldResult> strides(sizes.size(), getIndexAttr(1));
      offsets[d] = i;
      sizes[d] = left;
      return memref::SubViewOp::create(*this, buffer, offsets, sizes, strides);
    };
    contraction.a = rowsOf(whole.a, 1);
    contraction.c =
        rowsOf(whole.c, Contraction::dimensionOfRows(whole.typeC()));
    build(space);
  });
  contraction = whole;
}

void modc::buildContraction(OpBuilder &builder, Location loc,
                            const Contraction &contraction, Value panel,
                            Value ofA, const KernelSchedule &schedule) {
  KernelBuilder kernel(loc, builder, contraction, schedule);
  if (ofA)
    kernel.groups(panel, ofA);
  else
    kernel.build(panel);
}
