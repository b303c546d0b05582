//===- ContractionPanels.cpp - Copies of panels of b ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Copies a panel of the transposed b, and a block of a transposed a, to where
// their rows are adjacent. Asks for the panel that is read next.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/KernelBuilder.h"

using namespace mlir;
using namespace modc;

void KernelBuilder::packTransposed(const Panel &part, Value space) {
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
          transposeSquare(width, createOrFold<arith::AddIOp>(part.j, column), k,
                          difference(k, part.first), column, space);
        });
      });
    copyElements(part, width > 1 ? squares : part.first, part.last, at, end,
                 space);
    at = end;
  }
}

void KernelBuilder::copyElements(const Panel &part, Value first, Value last,
                                 int64_t begin, int64_t end, Value space) {
  loop(first, last, 1, [&](Value k) {
    Value row = difference(k, part.first);
    loop(index(begin), index(end), 1, [&](Value column) {
      Value j = createOrFold<arith::AddIOp>(part.j, column);
      Value v = memref::LoadOp::create(*this, contraction.b, placeOfB(j, k));
      memref::StoreOp::create(*this, v, space, ValueRange{row, column});
    });
  });
}

void KernelBuilder::transposeSquare(int64_t width, Value j, Value k, Value row,
                                    Value column, Value space) {
  auto type = VectorType::get(width, element);
  SmallVector<Value> lines;
  for (int64_t i = 0; i < width; ++i)
    lines.push_back(vector::LoadOp::create(*this, type, contraction.b,
                                           placeOfB(offset(j, i), k)));
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

void KernelBuilder::packA(Value first, Value last) {
  Value rows = size(contraction.a, 1);
  int64_t lanes = schedule.lanes;
  Value vectors =
      difference(rows, createOrFold<arith::RemUIOp>(rows, index(lanes)));
  loop(first, last, 1, [&](Value k) {
    Value from = rowOfA(k), to = difference(k, first);
    auto copy = [&](int64_t width, Value begin, Value end) {
      auto type = VectorType::get(width, element);
      loop(begin, end, width, [&](Value i) {
        Value v = vector::LoadOp::create(*this, type, contraction.a,
                                         ValueRange{from, i});
        vector::StoreOp::create(*this, v, copyOfA, ValueRange{to, i});
      });
    };
    copy(lanes, index(0), vectors);
    copy(1, vectors, rows);
  });
}

KernelBuilder::Pieces KernelBuilder::piecesOfPanel() {
  int64_t depth = std::min(block, contraction.depth());
  int64_t columns = std::min(schedule.panelColumns(), contraction.columns());
  if (contraction.transposedB)
    std::swap(depth, columns);
  int64_t lines = llvm::divideCeil(columns, elementsOfLine());
  int64_t ofRow = llvm::divideCeil(lines, schedule.unrolled);
  return {depth * ofRow, ofRow, int64_t(llvm::divideCeil(lines, ofRow))};
}

void KernelBuilder::prefetch(Value next, Value place) {
  Pieces pieces = piecesOfPanel();
  int64_t columns = pieces.lines * elementsOfLine();
  Value piece = arith::ShRUIOp::create(*this, place, index(kPieceBits));
  Value row = createOrFold<arith::DivUIOp>(piece, index(pieces.ofRow));
  Value column = createOrFold<arith::MulIOp>(
      createOrFold<arith::RemUIOp>(piece, index(pieces.ofRow)), index(columns));
  for (int64_t line = 0; line < pieces.lines; ++line)
    memref::PrefetchOp::create(
        *this, next, placeOfB(row, offset(column, line * elementsOfLine())),
        /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
}
