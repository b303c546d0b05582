//===- ContractionTile.cpp - Tiles of a product in registers --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile of c: what its sums start at, the loop over k, what becomes of the
// sums.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/IRMapping.h"
#include "passes/cpu/KernelBuilder.h"

using namespace mlir;
using namespace modc;

Value KernelBuilder::rowOfA(Value row) {
  if (!contraction.rows)
    return row;
  Value number = memref::LoadOp::create(*this, contraction.rows, row);
  return arith::IndexCastOp::create(*this, getIndexType(), number);
}

Value KernelBuilder::rowOfC(Value row, DenseMap<Value, Value> &known) {
  if (!contraction.rowsOfC)
    return row;
  Value &number = known[row];
  if (!number)
    number = arith::IndexCastOp::create(
        *this, getIndexType(),
        memref::LoadOp::create(*this, contraction.rowsOfC, row));
  return number;
}

Value KernelBuilder::loadB(int64_t width, ValueRange at) {
  return vector::LoadOp::create(*this, VectorType::get(width, element),
                                panel ? panel : contraction.b, at);
}

SmallVector<Value> KernelBuilder::startSums(ArrayRef<Part> parts,
                                            const Panel &part,
                                            Arrange arrange) {
  auto arranged = [&](SmallVector<Value> starts) {
    return arrange ? arrange(starts) : starts;
  };
  auto load = [&] {
    DenseMap<Value, Value> rows;
    return llvm::map_to_vector(parts, [&](const Part &place) -> Value {
      return vector::LoadOp::create(*this, place.type, contraction.c,
                                    placeOfC(place, rows));
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
      return start = arith::ConstantOp::create(*this, getZeroAttr(place.type));
    });
  };
  if (contraction.start == Contraction::Start::Old)
    return arranged(load());
  Value anew = contraction.fresh;
  if (!isOnlyBlock()) {
    Value first = arith::CmpIOp::create(*this, arith::CmpIPredicate::eq,
                                        part.first, index(0));
    anew = anew ? arith::AndIOp::create(*this, anew, first).getResult() : first;
  }
  if (!anew)
    return arranged(begin());
  SmallVector<Type> types =
      llvm::map_to_vector(parts, [](const Part &p) -> Type { return p.type; });
  auto branch = scf::IfOp::create(*this, types, anew, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(*this, arranged(begin()));
  setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(*this, arranged(load()));
  return llvm::to_vector_of<Value>(branch.getResults());
}

void KernelBuilder::store(Value buffer, ArrayRef<Part> parts,
                          ValueRange values) {
  for (auto [place, value] : llvm::zip(parts, values))
    vector::StoreOp::create(*this, value, buffer,
                            ValueRange{place.row, place.column});
}

Value KernelBuilder::loadInput(unsigned number, const Part &place) {
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

Value KernelBuilder::applyFinish(Value sum, const Part &place) {
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

void KernelBuilder::storeSums(ArrayRef<Part> parts, ValueRange sums) {
  DenseMap<Value, Value> rows;
  for (auto [place, sum] : llvm::zip(parts, sums))
    vector::StoreOp::create(*this, sum, contraction.c, placeOfC(place, rows));
}

void KernelBuilder::endSums(ArrayRef<Part> parts, ValueRange sums,
                            const Panel &part) {
  std::optional<Finish> &finish = contraction.finish;
  auto end = [&] {
    SmallVector<Value> results(sums);
    if (finish) {
      if (finish->keepsSums)
        storeSums(parts, sums);
      for (auto [i, place] : llvm::enumerate(parts))
        results[i] = applyFinish(sums[i], place);
    }
    if (finish && finish->out != contraction.c && !contraction.rowsOfC)
      store(finish->out, parts, results);
    else
      storeSums(parts, results);
  };
  if (isOnlyBlock() || !finish)
    return end();
  Value last = arith::CmpIOp::create(*this, arith::CmpIPredicate::eq, part.last,
                                     countTerms());
  auto branch = scf::IfOp::create(*this, last, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  end();
  setInsertionPointToStart(branch.elseBlock());
  storeSums(parts, sums);
}

bool KernelBuilder::isOnlyBlock() const {
  int64_t depth = contraction.depth();
  return !ShapedType::isDynamic(depth) && depth <= block;
}

void KernelBuilder::tile(Value i, int64_t rows, const Panel &part, Share of,
                         Value copy) {
  int64_t unrolled = of.of && !copy ? schedule.unrolled : 1;
  Value length = difference(part.last, part.first);
  // Each tile asks for its share of the next panel, a piece at most each round
  // of the loop over k: reading b is then hidden behind arithmetic.
  Value share, place;
  if (of.of && part.next && !few) {
    int64_t pieces = piecesOfPanel().count << kPieceBits;
    share = createOrFold<arith::DivUIOp>(index(pieces), of.of);
    place = createOrFold<arith::MulIOp>(share, of.number);
    Value rounds = createOrFold<arith::CeilDivUIOp>(length, index(unrolled));
    share = createOrFold<arith::DivUIOp>(share, rounds);
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
  // Of each vector of a row of b: all are in one panel, if b has any.
  SmallVector<SmallVector<Value>> places(columns.size());
  for (auto [place, at] : llvm::zip(places, offsets)) {
    place = panel ? SmallVector<Value>{part.first, index(0)}
                  : placeOfB(part.first, part.j);
    place.back() = offset(place.back(), at);
  }
  SmallVector<Value> sums = startSums(parts, part);
  auto addProducts = [&](Value k) {
    if (few && part.next) {
      Value row = createOrFold<arith::SelectOp>(
          of.when, difference(k, part.first), index(0));
      for (int64_t line = 0; line < at; line += elementsOfLine())
        memref::PrefetchOp::create(
            *this, part.next, ValueRange{row, index(line)}, /*isWrite=*/false,
            /*localityHint=*/2, /*isDataCache=*/true);
    }
    Value kOfPanel = panel ? difference(k, part.first) : k;
    SmallVector<Value> line;
    for (auto [place, width] : llvm::zip(places, part.widths)) {
      place.end()[-2] = kOfPanel;
      line.push_back(loadB(width, place));
    }
    if (copy)
      for (auto [b, at] : llvm::zip(line, offsets))
        vector::StoreOp::create(
            *this, b, copy, ValueRange{difference(k, part.first), index(at)});
    Value kOfA = k;
    if (contraction.transposedA)
      kOfA = copyOfA ? difference(k, part.first) : rowOfA(k);
    for (int64_t r = 0; r < rows; ++r) {
      Value row = rowsOfA[r];
      Value scalar =
          contraction.transposedA
              ? memref::LoadOp::create(*this, copyOfA ? copyOfA : contraction.a,
                                       ValueRange{kOfA, row})
              : memref::LoadOp::create(*this, contraction.a,
                                       ValueRange{row, k});
      for (auto [v, b] : llvm::enumerate(line)) {
        Value a = broadcast(cast<VectorType>(b.getType()), scalar);
        Value &sum = sums[r * line.size() + v];
        sum = vector::FMAOp::create(*this, a, b, sum);
      }
    }
  };
  auto rounds = [&](Value first, Value last, int64_t step) {
    SmallVector<Value> carried = sums;
    if (share)
      carried.push_back(place);
    auto op =
        scf::ForOp::create(*this, first, last, index(step), carried,
                           [](OpBuilder &, Location, Value, ValueRange) {});
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(op.getBody());
    if (share)
      prefetch(part.next, op.getRegionIterArgs().back());
    llvm::copy(op.getRegionIterArgs().take_front(sums.size()), sums.begin());
    for (int64_t u = 0; u < step; ++u)
      addProducts(offset(op.getInductionVar(), u));
    carried = sums;
    if (share)
      carried.push_back(
          arith::AddIOp::create(*this, op.getRegionIterArgs().back(), share));
    scf::YieldOp::create(*this, carried);
    llvm::copy(op.getResults().take_front(sums.size()), sums.begin());
    if (share)
      place = op.getResults().back();
  };
  Value rest, stop = part.last;
  if (unrolled > 1 && !isMultiple(unrolled)) {
    rest = createOrFold<arith::RemUIOp>(length, index(unrolled));
    stop = difference(part.last, rest);
  }
  rounds(part.first, stop, unrolled);
  if (rest)
    rounds(stop, part.last, 1);
  endSums(parts, sums, part);
}

bool KernelBuilder::isMultiple(int64_t of) const {
  int64_t depth = contraction.depth();
  return !ShapedType::isDynamic(depth) && depth % of == 0 && block % of == 0;
}
