//===- Contraction.cpp - Recognise matrix products on buffers -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matches the form that linear maps and their gradients take after
// generalization, whichever of the operands is transposed or in panels.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/Contraction.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace modc;

MemRefType modc::atAnyOffset(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return type;
  auto layout =
      StridedLayoutAttr::get(type.getContext(), ShapedType::kDynamic, strides);
  return MemRefType::get(type.getShape(), type.getElementType(), layout,
                         type.getMemorySpace());
}

static bool hasUnitLastStride(Value value) {
  auto type = cast<MemRefType>(value.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         !strides.empty() && strides.back() == 1;
}

namespace {

/// Matrices in panels have two loops for one dimension: outer * width + inner.
struct Split {
  unsigned outer, inner;
  int64_t width;
};

/// One factor of the products: an element [first, second] of a matrix, where
/// both are loops. The outer loop of a split stands for both.
struct Factor {
  Value buffer, rows;
  unsigned first, second;
};

/// The indices of an op's operands.
struct Indices {
  linalg::GenericOp op;
  std::optional<Split> split;

  /// Which loop an index is; none if it is something else.
  std::optional<unsigned> loopOf(AffineExpr index) const;
  /// The element of a matrix at the results of `map`.
  std::optional<Factor> elementOf(Value buffer, AffineMap map) const;
  /// The factor that a value of the body is; none if it is something else.
  std::optional<Factor> factorOf(Value value);
};

} // namespace

/// How the loops of `op` are split; none if it has no operand in panels.
static std::optional<Split> getSplit(linalg::GenericOp op) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (type && type.getRank() == 3 && map.isProjectedPermutation() &&
        type.getDimSize(0) > 0 && type.getDimSize(2) > 0)
      return Split{map.getDimPosition(0), map.getDimPosition(2),
                   type.getDimSize(2)};
  }
  return std::nullopt;
}

std::optional<unsigned> Indices::loopOf(AffineExpr index) const {
  if (auto loop = dyn_cast<AffineDimExpr>(index)) {
    unsigned i = loop.getPosition();
    if (split && (i == split->outer || i == split->inner))
      return std::nullopt;
    return i;
  }
  if (!split)
    return std::nullopt;
  MLIRContext *context = index.getContext();
  AffineExpr outer = getAffineDimExpr(split->outer, context) * split->width;
  AffineExpr inner = getAffineDimExpr(split->inner, context);
  if (index == outer + inner || index == inner + outer)
    return split->outer;
  return std::nullopt;
}

std::optional<Factor> Indices::elementOf(Value buffer, AffineMap map) const {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (type && type.getRank() == 3) {
    if (!split || !map.isProjectedPermutation() || type.getDimSize(0) <= 0 ||
        type.getDimSize(2) != split->width ||
        map.getDimPosition(0) != split->outer ||
        map.getDimPosition(2) != split->inner)
      return std::nullopt;
    return Factor{buffer, Value(), map.getDimPosition(1), split->outer};
  }
  if (!type || map.getNumResults() != 2)
    return std::nullopt;
  std::optional<unsigned> first = loopOf(map.getResult(0));
  std::optional<unsigned> second = loopOf(map.getResult(1));
  if (!first || !second || *first == *second)
    return std::nullopt;
  return Factor{buffer, Value(), *first, *second};
}

/// What an index of the body is of the loops; null if it is no such thing.
static AffineExpr getExpr(Value index) {
  MLIRContext *context = index.getContext();
  IntegerAttr constant;
  if (auto loop = index.getDefiningOp<linalg::IndexOp>())
    return getAffineDimExpr(unsigned(loop.getDim()), context);
  if (matchPattern(index, m_Constant(&constant)))
    return getAffineConstantExpr(constant.getInt(), context);
  Operation *op = index.getDefiningOp();
  if (!isa_and_nonnull<arith::AddIOp, arith::MulIOp, affine::AffineApplyOp>(op))
    return {};
  SmallVector<AffineExpr> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(getExpr(operand));
    if (!operands.back())
      return {};
  }
  if (isa<arith::AddIOp>(op))
    return operands[0] + operands[1];
  if (isa<arith::MulIOp>(op))
    return operands[0] * operands[1];
  AffineMap map = cast<affine::AffineApplyOp>(op).getAffineMap();
  ArrayRef<AffineExpr> all(operands);
  return map.getResult(0).replaceDimsAndSymbols(
      all.take_front(map.getNumDims()), all.drop_front(map.getNumDims()));
}

std::optional<Factor> Indices::factorOf(Value value) {
  auto mapOf = [&](BlockArgument argument) {
    return op.getIndexingMapsArray()[argument.getArgNumber()];
  };
  auto operandOf = [&](BlockArgument argument) {
    return op->getOperand(argument.getArgNumber());
  };
  if (auto argument = dyn_cast<BlockArgument>(value))
    return elementOf(operandOf(argument), mapOf(argument));
  // buffer[rows[first], second]
  auto load = value.getDefiningOp<memref::LoadOp>();
  if (!load || load.getIndices().size() != 2)
    return std::nullopt;
  auto cast = load.getIndices()[0].getDefiningOp<arith::IndexCastOp>();
  auto number = cast ? dyn_cast<BlockArgument>(cast.getIn()) : BlockArgument();
  AffineExpr column = getExpr(load.getIndices()[1]);
  if (!number || !column || number.getOwner() != op.getBody())
    return std::nullopt;
  AffineMap map = mapOf(number);
  if (map.getNumResults() != 1)
    return std::nullopt;
  std::optional<unsigned> first = loopOf(map.getResult(0));
  std::optional<unsigned> second = loopOf(column);
  if (!first || !second)
    return std::nullopt;
  return Factor{load.getMemRef(), operandOf(number), *first, *second};
}

/// Whether the body does nothing but compute on its operands and load.
static bool hasOnlyLoads(Block *body) {
  return llvm::all_of(body->without_terminator(), [](Operation &op) {
    return isa<memref::LoadOp>(op) || isMemoryEffectFree(&op);
  });
}

std::optional<Contraction> Contraction::match(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1)
    return std::nullopt;
  Indices indices = {op, getSplit(op)};
  const std::optional<Split> &split = indices.split;
  if (op.getNumLoops() != (split ? 4 : 3))
    return std::nullopt;
  Block *body = op.getBody();
  auto sum =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return std::nullopt;
  Value out = body->getArgument(2);
  Value other = sum.getLhs() == out ? sum.getRhs() : sum.getLhs();
  auto product = other.getDefiningOp<arith::MulFOp>();
  if (!product || (sum.getLhs() != out && sum.getRhs() != out))
    return std::nullopt;
  std::optional<Factor> factors[] = {indices.factorOf(product.getLhs()),
                                     indices.factorOf(product.getRhs())};
  std::optional<Factor> result = indices.elementOf(
      op.getDpsInits()[0], op.getMatchingIndexingMap(op.getDpsInitOperand(0)));
  if (!factors[0] || !factors[1] || !result ||
      factors[0]->buffer == result->buffer ||
      factors[1]->buffer == result->buffer || !hasOnlyLoads(body))
    return std::nullopt;
  unsigned i = result->first, j = result->second;
  unsigned k = (split ? 6 - split->inner : 3) - i - j;
  auto iterators = op.getIteratorTypesArray();
  bool sumsSplit = split && k == split->outer;
  if (iterators[k] != utils::IteratorType::reduction ||
      op.getNumReductionLoops() != (sumsSplit ? 2 : 1) ||
      (split && iterators[split->inner] != iterators[split->outer]))
    return std::nullopt;
  auto uses = [&](const Factor &factor, unsigned d, unsigned e) {
    return factor.first == d && factor.second == e;
  };
  Contraction found;
  found.c = result->buffer;
  for (unsigned first : {0u, 1u}) {
    const Factor &a = *factors[first], &b = *factors[1 - first];
    if (!(uses(a, i, k) || uses(a, k, i)) ||
        !(uses(b, k, j) || uses(b, j, k)) || b.rows ||
        panelOf(typeOf(a.buffer)))
      continue;
    found.a = a.buffer;
    found.b = b.buffer;
    found.rows = a.rows;
    found.transposedA = uses(a, k, i);
    found.transposedB = uses(b, j, k);
  }
  if (!found.a)
    return std::nullopt;
  Type element = found.element();
  if ((!element.isF32() && !element.isF64()) ||
      found.typeA().getElementType() != element ||
      found.typeB().getElementType() != element ||
      ShapedType::isDynamic(found.columns()) || found.depth() == 0 ||
      !hasUnitLastStride(found.c) || !hasUnitLastStride(found.b))
    return std::nullopt;
  // Panels are as many as the other operand has columns for.
  if (found.panelOfB() && !found.transposedB &&
      countColumns(found.typeB()) != found.columns())
    return std::nullopt;
  return found;
}
