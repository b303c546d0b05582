//===- LowerContractions.cpp - Contractions as register-tiled vector code ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-lower-contractions: each matrix product on buffers becomes loops
// over tiles whose accumulators stay in vector registers, with ascending k and
// the old value of the output as the start of each sum.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_LOWERCONTRACTIONSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// c[i, j] += Σ_k a·b, where each operand may be transposed.
struct Contraction {
  Value a, b, c;
  bool transposedA = false; ///< a is [k, i]
  bool transposedB = false; ///< b is [j, k]
};

bool hasUnitLastStride(Value value) {
  auto type = cast<MemRefType>(value.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         !strides.empty() && strides.back() == 1;
}

/// Recognises out + x·y with two parallel dimensions and one reduction.
std::optional<Contraction> match(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || op.getNumLoops() != 3 ||
      op.getNumReductionLoops() != 1)
    return std::nullopt;
  Block *body = op.getBody();
  if (body->getOperations().size() != 3)
    return std::nullopt;
  auto sum = body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return std::nullopt;
  Value out = body->getArgument(2);
  Value other = sum.getLhs() == out ? sum.getRhs() : sum.getLhs();
  auto product = other.getDefiningOp<arith::MulFOp>();
  if (!product || (sum.getLhs() != out && sum.getRhs() != out))
    return std::nullopt;
  Value x = body->getArgument(0), y = body->getArgument(1);
  if (!(product.getLhs() == x && product.getRhs() == y) &&
      !(product.getLhs() == y && product.getRhs() == x))
    return std::nullopt;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (AffineMap map : maps)
    if (!map.isProjectedPermutation() || map.getNumResults() != 2)
      return std::nullopt;
  unsigned i = maps[2].getDimPosition(0), j = maps[2].getDimPosition(1);
  unsigned k = 3 - i - j;
  if (op.getIteratorTypesArray()[k] != utils::IteratorType::reduction)
    return std::nullopt;
  auto uses = [&](AffineMap map, unsigned d, unsigned e) {
    return map.getDimPosition(0) == d && map.getDimPosition(1) == e;
  };
  Contraction result;
  result.c = op.getDpsInits()[0];
  for (unsigned first : {0u, 1u}) {
    AffineMap a = maps[first], b = maps[1 - first];
    if (!(uses(a, i, k) || uses(a, k, i)) || !(uses(b, k, j) || uses(b, j, k)))
      continue;
    result.a = op.getDpsInputs()[first];
    result.b = op.getDpsInputs()[1 - first];
    result.transposedA = uses(a, k, i);
    result.transposedB = uses(b, j, k);
  }
  if (!result.a)
    return std::nullopt;
  auto type = cast<MemRefType>(result.c.getType());
  auto typeB = cast<MemRefType>(result.b.getType());
  Type element = type.getElementType();
  if ((!element.isF32() && !element.isF64()) ||
      typeB.getElementType() != element ||
      cast<MemRefType>(result.a.getType()).getElementType() != element ||
      type.isDynamicDim(1) || !hasUnitLastStride(result.c))
    return std::nullopt;
  // A transposed b is copied first, which needs its size.
  if (result.transposedB ? !typeB.hasStaticShape()
                         : !hasUnitLastStride(result.b))
    return std::nullopt;
  return result;
}

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
        kBlock(kBlock),
        element(cast<MemRefType>(contraction.c.getType()).getElementType()) {
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

  /// A copy of b with unit stride along j.
  void packB() {
    auto type = cast<MemRefType>(contraction.b.getType());
    auto packed = MemRefType::get({type.getDimSize(1), type.getDimSize(0)},
                                  element);
    Value copy = memref::AllocOp::create(*this, packed, ValueRange(),
                                         getI64IntegerAttr(64));
    loop(index(0), index(type.getDimSize(0)), 1, [&](Value j) {
      loop(index(0), index(type.getDimSize(1)), 1, [&](Value k) {
        Value v = memref::LoadOp::create(*this, contraction.b,
                                         ValueRange{j, k});
        memref::StoreOp::create(*this, v, copy, ValueRange{k, j});
      });
    });
    contraction.b = copy;
    contraction.transposedB = false;
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
    auto op = scf::ForOp::create(
        *this, first, last, index(1), sums,
        [](OpBuilder &, Location, Value, ValueRange) {});
    {
      OpBuilder::InsertionGuard guard(*this);
      setInsertionPointToStart(op.getBody());
      Value k = op.getInductionVar();
      SmallVector<Value> line;
      for (auto [width, column] : llvm::zip(widths, columns))
        line.push_back(vector::LoadOp::create(
            *this, VectorType::get(width, element), contraction.b,
            ValueRange{k, column}));
      SmallVector<Value> next;
      for (int64_t r = 0; r < rows; ++r) {
        Value row = parts[r * widths.size()].row;
        Value scalar = contraction.transposedA
                           ? memref::LoadOp::create(*this, contraction.a,
                                                    ValueRange{k, row})
                           : memref::LoadOp::create(*this, contraction.a,
                                                    ValueRange{row, k});
        for (auto [v, b] : llvm::enumerate(line)) {
          Value a =
              vector::BroadcastOp::create(*this, b.getType(), scalar);
          next.push_back(vector::FMAOp::create(
              *this, a, b,
              op.getRegionIterArg(r * widths.size() + v)));
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
    if (contraction.transposedB)
      packB();
    int64_t columns = cast<MemRefType>(contraction.c.getType()).getDimSize(1);
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

struct LowerContractionsPass
    : modc::impl::LowerContractionsPassBase<LowerContractionsPass> {
  using LowerContractionsPassBase::LowerContractionsPassBase;

  void runOnOperation() override {
    SmallVector<std::pair<linalg::GenericOp, Contraction>> matches;
    getOperation()->walk([&](linalg::GenericOp op) {
      if (std::optional<Contraction> contraction = match(op))
        matches.push_back({op, *contraction});
    });
    for (auto &[op, contraction] : matches) {
      OpBuilder builder(op);
      KernelBuilder(op.getLoc(), builder, contraction, vectorBits, kBlock)
          .build();
      op.erase();
      ++numKernels;
    }
  }
};

} // namespace
