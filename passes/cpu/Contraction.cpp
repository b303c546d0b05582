//===- Contraction.cpp - Recognise matrix products on buffers -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matches the form that linear maps and their gradients take after
// generalization, whichever of the operands is transposed.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

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

/// One factor of the products: an element [first, second] of a buffer, where
/// both are loops.
struct Factor {
  Value buffer, rows;
  unsigned first, second;
};

} // namespace

/// The factor that a value of the body is; none if it is something else.
static std::optional<Factor> getFactor(linalg::GenericOp op, Value value) {
  auto mapOf = [&](BlockArgument argument) {
    return op.getIndexingMapsArray()[argument.getArgNumber()];
  };
  auto operandOf = [&](BlockArgument argument) {
    return op->getOperand(argument.getArgNumber());
  };
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    AffineMap map = mapOf(argument);
    if (!map.isProjectedPermutation() || map.getNumResults() != 2)
      return std::nullopt;
    return Factor{operandOf(argument), Value(), map.getDimPosition(0),
                  map.getDimPosition(1)};
  }
  // buffer[rows[first], second]
  auto load = value.getDefiningOp<memref::LoadOp>();
  if (!load || load.getIndices().size() != 2)
    return std::nullopt;
  auto cast = load.getIndices()[0].getDefiningOp<arith::IndexCastOp>();
  auto column = load.getIndices()[1].getDefiningOp<linalg::IndexOp>();
  auto number = cast ? dyn_cast<BlockArgument>(cast.getIn()) : BlockArgument();
  if (!number || !column || number.getOwner() != op.getBody())
    return std::nullopt;
  AffineMap map = mapOf(number);
  if (!map.isProjectedPermutation() || map.getNumResults() != 1)
    return std::nullopt;
  return Factor{load.getMemRef(), operandOf(number), map.getDimPosition(0),
                unsigned(column.getDim())};
}

std::optional<Contraction> Contraction::match(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || op.getNumLoops() != 3 ||
      op.getNumReductionLoops() != 1)
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
  std::optional<Factor> factors[] = {getFactor(op, product.getLhs()),
                                     getFactor(op, product.getRhs())};
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!factors[0] || !factors[1] || factors[0]->buffer == op.getDpsInits()[0] ||
      factors[1]->buffer == op.getDpsInits()[0] ||
      !map.isProjectedPermutation() || map.getNumResults() != 2)
    return std::nullopt;
  // What the factors are made of, the product, the sum and the terminator.
  size_t gathered = bool(factors[0]->rows) + bool(factors[1]->rows);
  if (body->getOperations().size() != 3 + 3 * gathered)
    return std::nullopt;
  unsigned i = map.getDimPosition(0), j = map.getDimPosition(1);
  unsigned k = 3 - i - j;
  if (op.getIteratorTypesArray()[k] != utils::IteratorType::reduction)
    return std::nullopt;
  auto uses = [&](const Factor &factor, unsigned d, unsigned e) {
    return factor.first == d && factor.second == e;
  };
  Contraction result;
  result.c = op.getDpsInits()[0];
  for (unsigned first : {0u, 1u}) {
    const Factor &a = *factors[first], &b = *factors[1 - first];
    if (!(uses(a, i, k) || uses(a, k, i)) ||
        !(uses(b, k, j) || uses(b, j, k)) || b.rows)
      continue;
    result.a = a.buffer;
    result.b = b.buffer;
    result.rows = a.rows;
    result.transposedA = uses(a, k, i);
    result.transposedB = uses(b, j, k);
  }
  if (!result.a)
    return std::nullopt;
  Type element = result.element();
  if ((!element.isF32() && !element.isF64()) ||
      result.typeA().getElementType() != element ||
      result.typeB().getElementType() != element ||
      ShapedType::isDynamic(result.columns()) || result.depth() == 0 ||
      !hasUnitLastStride(result.c) || !hasUnitLastStride(result.b))
    return std::nullopt;
  return result;
}
