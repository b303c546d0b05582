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

#include "passes/cpu/ContractionKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <numeric>

using namespace mlir;
using namespace modc;

/// Rows below which it does not pay to pack a panel that could be read in
/// place.
constexpr int64_t kFewRows = 8;
/// Bits of a part of a cache line.
constexpr int64_t kLineBits = 16;

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

namespace {

/// Emits the loops around the tiles and the tiles.
struct KernelBuilder : ImplicitLocOpBuilder {
  Contraction contraction;
  KernelSchedule schedule;
  Type element;
  /// The packed panel, or null to read b in place.
  Value panel;

  KernelBuilder(Location loc, OpBuilder &builder, Contraction contraction,
                const KernelSchedule &schedule)
      : ImplicitLocOpBuilder(loc, builder), contraction(contraction),
        schedule(schedule), element(contraction.element()) {}

  /// A block of k and the columns of b that `widths` cover from j.
  struct Panel {
    Value j;
    SmallVector<int64_t> widths;
    Value first, last; ///< k
    /// b from where the panel starts that is read after this one.
    Value next = {};
  };

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(*this, value);
  }
  Value size(Value buffer, int64_t d) {
    return createOrFold<memref::DimOp>(buffer, d);
  }
  Value offset(Value value, int64_t by) {
    return by ? createOrFold<arith::AddIOp>(value, index(by)) : value;
  }
  Value difference(Value x, Value y) {
    return createOrFold<arith::SubIOp>(x, y);
  }
  void loop(Value first, Value last, int64_t step,
            function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(*this, first, last, index(step));
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }
  /// Where row `row` of the product's a is.
  Value rowOfA(Value row) {
    if (!contraction.rows)
      return row;
    Value number = memref::LoadOp::create(*this, contraction.rows, row);
    return arith::IndexCastOp::create(*this, getIndexType(), number);
  }
  Value loadB(int64_t width, ValueRange at) {
    return vector::LoadOp::create(*this, VectorType::get(width, element),
                                  panel ? panel : contraction.b, at);
  }

  /// Widths of the vectors that cover `columns`: full ones, then powers of two.
  SmallVector<int64_t> widths(int64_t columns) {
    SmallVector<int64_t> result;
    for (int64_t width = schedule.lanes; width; width /= 2)
      for (; columns >= width; columns -= width)
        result.push_back(width);
    return result;
  }

  //===--------------------------------------------------------------------===//
  // Packing
  //===--------------------------------------------------------------------===//

  /// Copies a panel of b.
  void pack(const Panel &part, Value space) {
    loop(part.first, part.last, 1, [&](Value k) {
      Value row = difference(k, part.first);
      int64_t at = 0;
      for (int64_t width : part.widths) {
        Value line = vector::LoadOp::create(
            *this, VectorType::get(width, element), contraction.b,
            ValueRange{k, offset(part.j, at)});
        vector::StoreOp::create(*this, line, space, ValueRange{row, index(at)});
        at += width;
      }
    });
  }

  /// Copies a panel of the transposed b: squares in registers, the rest an
  /// element at a time.
  void packTransposed(const Panel &part, Value space) {
    Value length = difference(part.last, part.first);
    int64_t at = 0;
    for (ArrayRef<int64_t> left = part.widths; !left.empty();) {
      // Vectors of one width.
      int64_t width = left.front();
      auto same = left.take_while([&](int64_t w) { return w == width; });
      int64_t end = at + width * int64_t(same.size());
      left = left.drop_front(same.size());
      Value rest = createOrFold<arith::RemUIOp>(length, index(width));
      Value squares = difference(part.last, rest);
      if (width > 1)
        loop(part.first, squares, width, [&](Value k) {
          loop(index(at), index(end), width, [&](Value column) {
            transposeSquare(width, createOrFold<arith::AddIOp>(part.j, column),
                            k, difference(k, part.first), column, space);
          });
        });
      copyElements(part, width > 1 ? squares : part.first, part.last, at, end,
                   space);
      at = end;
    }
  }

  void copyElements(const Panel &part, Value first, Value last, int64_t begin,
                    int64_t end, Value space) {
    loop(first, last, 1, [&](Value k) {
      Value row = difference(k, part.first);
      loop(index(begin), index(end), 1, [&](Value column) {
        Value j = createOrFold<arith::AddIOp>(part.j, column);
        Value v =
            memref::LoadOp::create(*this, contraction.b, ValueRange{j, k});
        memref::StoreOp::create(*this, v, space, ValueRange{row, column});
      });
    });
  }

  /// Transposes width × width elements of b from [j, k] to [row, column], by
  /// exchanging ever larger squares (Eklundh 1972).
  void transposeSquare(int64_t width, Value j, Value k, Value row, Value column,
                       Value space) {
    auto type = VectorType::get(width, element);
    SmallVector<Value> lines;
    for (int64_t i = 0; i < width; ++i)
      lines.push_back(vector::LoadOp::create(*this, type, contraction.b,
                                             ValueRange{offset(j, i), k}));
    for (int64_t bit = 1; bit < width; bit *= 2)
      for (int64_t i = 0; i < width; ++i) {
        if (i & bit)
          continue;
        SmallVector<int64_t> low, high;
        for (int64_t lane = 0; lane < width; ++lane) {
          low.push_back(lane & bit ? width + lane - bit : lane);
          high.push_back(lane & bit ? width + lane : lane + bit);
        }
        Value first =
            vector::ShuffleOp::create(*this, lines[i], lines[i + bit], low);
        Value second =
            vector::ShuffleOp::create(*this, lines[i], lines[i + bit], high);
        lines[i] = first;
        lines[i + bit] = second;
      }
    for (int64_t i = 0; i < width; ++i)
      vector::StoreOp::create(*this, lines[i], space,
                              ValueRange{offset(row, i), column});
  }

  //===--------------------------------------------------------------------===//
  // Tiles
  //===--------------------------------------------------------------------===//

  /// A vector of a tile: where it belongs in c.
  struct Part {
    Value row, column;
    VectorType type;
  };

  /// `value` as a vector of every lane's value.
  Value broadcast(VectorType type, Value value) {
    return vector::BroadcastOp::create(*this, type, value);
  }

  /// What the sums of a tile start at.
  SmallVector<Value> startSums(ArrayRef<Part> parts, const Panel &part) {
    auto load = [&] {
      return llvm::map_to_vector(parts, [&](const Part &place) -> Value {
        return vector::LoadOp::create(*this, place.type, contraction.c,
                                      ValueRange{place.row, place.column});
      });
    };
    auto begin = [&] {
      // Rows start alike.
      DenseMap<Value, Value> starts;
      return llvm::map_to_vector(parts, [&](const Part &place) -> Value {
        Value &start = starts[place.column];
        if (start)
          return start;
        if (contraction.start == Contraction::Start::Bias)
          return start = vector::LoadOp::create(*this, place.type,
                                                contraction.bias, place.column);
        return start =
                   arith::ConstantOp::create(*this, getZeroAttr(place.type));
      });
    };
    if (contraction.start == Contraction::Start::Old)
      return load();
    Value anew = contraction.fresh;
    if (!isOnlyBlock()) {
      Value first = arith::CmpIOp::create(*this, arith::CmpIPredicate::eq,
                                          part.first, index(0));
      anew =
          anew ? arith::AndIOp::create(*this, anew, first).getResult() : first;
    }
    if (!anew)
      return begin();
    SmallVector<Type> types = llvm::map_to_vector(
        parts, [](const Part &p) -> Type { return p.type; });
    auto branch = scf::IfOp::create(*this, types, anew, /*withElse=*/true);
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(*this, begin());
    setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(*this, load());
    return llvm::to_vector_of<Value>(branch.getResults());
  }

  void store(Value buffer, ArrayRef<Part> parts, ValueRange values) {
    for (auto [place, value] : llvm::zip(parts, values))
      vector::StoreOp::create(*this, value, buffer,
                              ValueRange{place.row, place.column});
  }

  /// One input of the finish at a place of c.
  Value loadInput(unsigned number, const Part &place) {
    Finish &finish = *contraction.finish;
    OpOperand *operand = finish.op.getDpsInputOperand(number);
    AffineMap map = finish.op.getMatchingIndexingMap(operand);
    Value buffer = finish.inputs[number];
    if (!isa<MemRefType>(buffer.getType()))
      return broadcast(place.type, buffer);
    auto type =
        VectorType::get(place.type.getShape(),
                        cast<MemRefType>(buffer.getType()).getElementType());
    if (map.getNumResults() == 2)
      return vector::LoadOp::create(*this, type, buffer,
                                    ValueRange{place.row, place.column});
    if (map.getNumResults() == 1 && map.getDimPosition(0) == 1)
      return vector::LoadOp::create(*this, type, buffer, place.column);
    SmallVector<Value> at;
    if (map.getNumResults() == 1)
      at.push_back(place.row);
    return broadcast(type, memref::LoadOp::create(*this, buffer, at));
  }

  /// What the finish makes of a vector of sums.
  Value applyFinish(Value sum, const Part &place) {
    linalg::GenericOp op = contraction.finish->op;
    IRMapping mapping;
    for (unsigned i = 0, e = op.getNumDpsInputs(); i < e; ++i) {
      BlockArgument argument = op.getBody()->getArgument(i);
      if (!argument.use_empty())
        mapping.map(argument,
                    contraction.finish->inputs[i] ? loadInput(i, place) : sum);
    }
    auto lookup = [&](Value value) -> Value {
      if (!mapping.contains(value)) {
        // A constant from outside.
        Operation *constant = clone(*value.getDefiningOp());
        mapping.map(value, broadcast(VectorType::get(place.type.getShape(),
                                                     value.getType()),
                                     constant->getResult(0)));
      }
      return mapping.lookup(value);
    };
    for (Operation &inner : op.getBody()->without_terminator()) {
      if (inner.hasTrait<OpTrait::ConstantLike>())
        continue; // Made where it is read.
      OperationState state(getLoc(), inner.getName());
      for (Value operand : inner.getOperands())
        state.operands.push_back(lookup(operand));
      for (Type type : inner.getResultTypes())
        state.types.push_back(VectorType::get(place.type.getShape(), type));
      state.addAttributes(inner.getAttrs());
      mapping.map(inner.getResults(), create(state)->getResults());
    }
    return lookup(op.getBody()->getTerminator()->getOperand(0));
  }

  /// Stores what becomes of the sums of a tile.
  void endSums(ArrayRef<Part> parts, ValueRange sums, const Panel &part) {
    if (!contraction.finish)
      return store(contraction.c, parts, sums);
    auto end = [&] {
      if (contraction.finish->keepsSums)
        store(contraction.c, parts, sums);
      SmallVector<Value> results;
      for (auto [place, sum] : llvm::zip(parts, sums))
        results.push_back(applyFinish(sum, place));
      store(contraction.finish->out, parts, results);
    };
    if (isOnlyBlock())
      return end();
    Value depth = size(contraction.b, contraction.transposedB ? 1 : 0);
    Value last = arith::CmpIOp::create(*this, arith::CmpIPredicate::eq,
                                       part.last, depth);
    auto branch = scf::IfOp::create(*this, last, /*withElse=*/true);
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(branch.thenBlock());
    end();
    setInsertionPointToStart(branch.elseBlock());
    store(contraction.c, parts, sums);
  }

  /// Whether one block of k is known to be all.
  bool isOnlyBlock() const {
    int64_t depth = contraction.depth();
    return !ShapedType::isDynamic(depth) && depth <= schedule.kBlock;
  }

  /// Lines of a cache that a full panel takes up, and those of one row of b.
  std::pair<int64_t, int64_t> linesOfPanel() {
    int64_t depth = std::min(schedule.kBlock, contraction.depth());
    int64_t columns = std::min(schedule.panelColumns(), contraction.columns());
    if (contraction.transposedB)
      std::swap(depth, columns);
    int64_t ofRow = llvm::divideCeil(columns, elementsOfLine());
    return {depth * ofRow, ofRow};
  }
  int64_t elementsOfLine() { return 64 * 8 / element.getIntOrFloatBitWidth(); }

  /// Asks for a line of the next panel, `next`, that is at `place`: a number of
  /// lines with kLineBits bits behind the point.
  void prefetch(Value next, Value place) {
    int64_t ofRow = linesOfPanel().second;
    Value line = arith::ShRUIOp::create(*this, place, index(kLineBits));
    Value row = createOrFold<arith::DivUIOp>(line, index(ofRow));
    Value column = createOrFold<arith::MulIOp>(
        createOrFold<arith::RemUIOp>(line, index(ofRow)),
        index(elementsOfLine()));
    memref::PrefetchOp::create(*this, next, ValueRange{row, column},
                               /*isWrite=*/false, /*localityHint=*/2,
                               /*isDataCache=*/true);
  }

  /// Rows [i, i + rows) of the panel's columns, one of `tiles` that are alike.
  void tile(Value i, int64_t rows, const Panel &part, Value tiles = {}) {
    // Each tile asks for its share of the next panel, a line at most each round
    // of the loop over k: reading b is then hidden behind arithmetic.
    Value share, place;
    if (tiles && part.next) {
      int64_t lines = linesOfPanel().first << kLineBits;
      Value number = createOrFold<arith::DivUIOp>(i, index(rows));
      share = createOrFold<arith::DivUIOp>(index(lines), tiles);
      place = createOrFold<arith::MulIOp>(share, number);
      share = createOrFold<arith::DivUIOp>(share,
                                           difference(part.last, part.first));
    }
    SmallVector<Part> parts;
    SmallVector<Value> columns;
    SmallVector<int64_t> offsets;
    int64_t at = 0;
    for (int64_t width : part.widths) {
      offsets.push_back(at);
      columns.push_back(offset(part.j, at));
      at += width;
    }
    for (int64_t r = 0; r < rows; ++r) {
      Value row = offset(i, r);
      for (auto [width, column] : llvm::zip(part.widths, columns))
        parts.push_back({row, column, VectorType::get(width, element)});
    }
    SmallVector<Value> rowsOfA;
    for (int64_t r = 0; r < rows; ++r)
      rowsOfA.push_back(contraction.transposedA ? offset(i, r)
                                                : rowOfA(offset(i, r)));
    SmallVector<Value> starts = startSums(parts, part);
    if (share)
      starts.push_back(place);
    auto op =
        scf::ForOp::create(*this, part.first, part.last, index(1), starts,
                           [](OpBuilder &, Location, Value, ValueRange) {});
    {
      OpBuilder::InsertionGuard guard(*this);
      setInsertionPointToStart(op.getBody());
      Value k = op.getInductionVar();
      Value kOfPanel = panel ? difference(k, part.first) : k;
      if (share)
        prefetch(part.next, op.getRegionIterArgs().back());
      SmallVector<Value> line;
      for (auto [v, width] : llvm::enumerate(part.widths))
        line.push_back(
            loadB(width, {kOfPanel, panel ? index(offsets[v]) : columns[v]}));
      SmallVector<Value> next;
      Value kOfA = contraction.transposedA ? rowOfA(k) : k;
      for (int64_t r = 0; r < rows; ++r) {
        Value row = rowsOfA[r];
        Value scalar = contraction.transposedA
                           ? memref::LoadOp::create(*this, contraction.a,
                                                    ValueRange{kOfA, row})
                           : memref::LoadOp::create(*this, contraction.a,
                                                    ValueRange{row, k});
        for (auto [v, b] : llvm::enumerate(line)) {
          Value a = broadcast(cast<VectorType>(b.getType()), scalar);
          next.push_back(vector::FMAOp::create(
              *this, a, b, op.getRegionIterArg(r * part.widths.size() + v)));
        }
      }
      if (share)
        next.push_back(
            arith::AddIOp::create(*this, op.getRegionIterArgs().back(), share));
      scf::YieldOp::create(*this, next);
    }
    endSums(parts, op.getResults().take_front(parts.size()), part);
  }

  //===--------------------------------------------------------------------===//
  // Panels
  //===--------------------------------------------------------------------===//

  /// All rows of one panel. Rows that fill no tile come in smaller tiles; each
  /// element has its own sum, so this does not change it.
  void tiles(const Panel &part) {
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

  /// Sets where the panel starts that follows `part`. After the last one of b
  /// this is where b ends: members lie one after another, and tasks go through
  /// them in this order.
  void setNext(Panel &part) {
    int64_t columns = contraction.columns(), depth = contraction.depth();
    if (ShapedType::isDynamic(depth))
      return; // The batch: b is no parameter, and small.
    auto less = [&](Value x, int64_t y) {
      return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult, x,
                                         index(y));
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
    Value nextFirst =
        choose(beside, part.first, choose(below, first, endFirst));
    if (contraction.transposedB)
      std::swap(nextJ, nextFirst);
    // b at another offset, as no view of it may end behind it.
    MemRefType type = contraction.typeB();
    auto whole = memref::ExtractStridedMetadataOp::create(*this, contraction.b);
    auto [strides, offset] = type.getStridesAndOffset();
    Value start = createOrFold<arith::AddIOp>(
        createOrFold<arith::MulIOp>(nextFirst, index(strides[0])), nextJ);
    start = createOrFold<arith::AddIOp>(start, whole.getOffset());
    part.next = memref::ReinterpretCastOp::create(
        *this, atAnyOffset(type), whole.getBaseBuffer(), OpFoldResult(start),
        getAsIndexOpFoldResult(getContext(), type.getShape()),
        getAsIndexOpFoldResult(getContext(), strides));
  }

  /// All panels, packed into `space` unless that is null.
  void panels(Value space) {
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
    bool sumsNothing = ShapedType::isDynamic(contraction.depth()) &&
                       contraction.start != Contraction::Start::Old;
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

  void build(Value space) {
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
};

} // namespace

void modc::buildContraction(OpBuilder &builder, Location loc,
                            const Contraction &contraction, Value panel,
                            const KernelSchedule &schedule) {
  KernelBuilder(loc, builder, contraction, schedule).build(panel);
}
