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

/// Recognises out + x·y with two parallel dimensions and one reduction.
std::optional<Contraction> Contraction::match(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || op.getNumLoops() != 3 ||
      op.getNumReductionLoops() != 1)
    return std::nullopt;
  Block *body = op.getBody();
  if (body->getOperations().size() != 3)
    return std::nullopt;
  auto sum =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
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
  if (!hasUnitLastStride(result.b))
    return std::nullopt;
  return result;
}
