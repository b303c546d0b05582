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
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace modc;

namespace {

/// Emits the loops around the tiles and the tiles.
struct KernelBuilder : ImplicitLocOpBuilder {
  Contraction contraction;
  int64_t lanes;   ///< elements of a full vector
  int64_t vectors; ///< vectors of a full tile's row
  int64_t kBlock;
  Type element;

  KernelBuilder(Location loc, OpBuilder &builder, Contraction contraction,
                int64_t vectorBits, int64_t kBlock)
      : ImplicitLocOpBuilder(loc, builder), contraction(contraction),
        kBlock(kBlock), element(contraction.element()) {
    lanes = vectorBits / element.getIntOrFloatBitWidth();
    // As many accumulators as leave registers for a row of b and a scalar: 24
    // of 32 with AVX-512, 12 of 16 else.
    vectors = vectorBits >= 512 ? 4 : 2;
  }

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(*this, value);
  }
  Value size(Value buffer, int64_t d) {
    return createOrFold<memref::DimOp>(buffer, d);
  }
  Value offset(Value value, int64_t by) {
    return by ? createOrFold<arith::AddIOp>(value, index(by)) : value;
  }
  void loop(Value first, Value last, int64_t step,
            function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(*this, first, last, index(step));
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }

  /// Widths of the vectors that cover `columns`: full ones, then powers of two.
  SmallVector<int64_t> widths(int64_t columns) {
    SmallVector<int64_t> result;
    for (int64_t width = lanes; width; width /= 2)
      for (; columns >= width; columns -= width)
        result.push_back(width);
    return result;
  }

  /// Rows [i, i + rows) and the columns from j that `widths` cover, for k in
  /// [first, last).
  void tile(Value i, int64_t rows, Value j, ArrayRef<int64_t> widths,
            Value first, Value last) {
    struct Part {
      Value row, column;
      VectorType type;
    };
    SmallVector<Part> parts;
    SmallVector<Value> columns, sums;
    int64_t at = 0;
    for (int64_t width : widths) {
      columns.push_back(offset(j, at));
      at += width;
    }
    for (int64_t r = 0; r < rows; ++r) {
      Value row = offset(i, r);
      for (auto [width, column] : llvm::zip(widths, columns)) {
        Part part = {row, column, VectorType::get(width, element)};
        parts.push_back(part);
        sums.push_back(vector::LoadOp::create(*this, part.type, contraction.c,
                                              ValueRange{row, column}));
      }
    }
    auto op =
        scf::ForOp::create(*this, first, last, index(1), sums,
                           [](OpBuilder &, Location, Value, ValueRange) {});
    {
      OpBuilder::InsertionGuard guard(*this);
      setInsertionPointToStart(op.getBody());
      Value k = op.getInductionVar();
      SmallVector<Value> line;
      for (auto [width, column] : llvm::zip(widths, columns))
        line.push_back(
            vector::LoadOp::create(*this, VectorType::get(width, element),
                                   contraction.b, ValueRange{k, column}));
      SmallVector<Value> next;
      for (int64_t r = 0; r < rows; ++r) {
        Value row = parts[r * widths.size()].row;
        Value scalar = contraction.transposedA
                           ? memref::LoadOp::create(*this, contraction.a,
                                                    ValueRange{k, row})
                           : memref::LoadOp::create(*this, contraction.a,
                                                    ValueRange{row, k});
        for (auto [v, b] : llvm::enumerate(line)) {
          Value a = vector::BroadcastOp::create(*this, b.getType(), scalar);
          next.push_back(vector::FMAOp::create(
              *this, a, b, op.getRegionIterArg(r * widths.size() + v)));
        }
      }
      scf::YieldOp::create(*this, next);
    }
    for (auto [part, sum] : llvm::zip(parts, op.getResults()))
      vector::StoreOp::create(*this, sum, contraction.c,
                              ValueRange{part.row, part.column});
  }

  /// All rows of one panel of columns. Rows that fill no tile come in smaller
  /// tiles; each element has its own sum, so this does not change it.
  void panel(Value j, ArrayRef<int64_t> widths, Value first, Value last) {
    int64_t accumulators = 6 * vectors;
    int64_t rows = std::max<int64_t>(
        1, std::min<int64_t>(12, accumulators / widths.size()));
    Value begin = index(0), end = size(contraction.c, 0);
    while (true) {
      Value count = createOrFold<arith::SubIOp>(end, begin);
      Value left = createOrFold<arith::RemUIOp>(count, index(rows));
      Value stop = createOrFold<arith::SubIOp>(end, left);
      loop(begin, stop, rows,
           [&](Value i) { tile(i, rows, j, widths, first, last); });
      if (rows == 1)
        return;
      begin = stop;
      rows = rows > 3 ? 3 : 1;
    }
  }

  void build() {
    int64_t columns = contraction.columns();
    int64_t full = lanes * vectors;
    int64_t rest = columns % full;
    Value depth = size(contraction.b, 0);
    // Blocks of k, so that a panel of b stays in the first-level cache.
    loop(index(0), depth, kBlock, [&](Value first) {
      Value next = offset(first, kBlock);
      Value last = arith::MinUIOp::create(*this, next, depth);
      loop(index(0), index(columns - rest), full, [&](Value j) {
        panel(j, SmallVector<int64_t>(vectors, lanes), first, last);
      });
      if (rest)
        panel(index(columns - rest), widths(rest), first, last);
    });
  }
};

} // namespace

void modc::buildContraction(OpBuilder &builder, Location loc,
                            const Contraction &contraction,
                            const KernelSchedule &schedule) {
  KernelBuilder(loc, builder, contraction, schedule.vectorBits, schedule.kBlock)
      .build();
}
