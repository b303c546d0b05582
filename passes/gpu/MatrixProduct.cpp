//===- MatrixProduct.cpp - Ops that are matrix products -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/MatrixProduct.h"
#include "dialect/ModularOps.h"
#include "passes/cpu/Grouped.h"

using namespace mlir;
using namespace modc;

static bool isMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType().isF32();
}

bool modc::isContraction(linalg::GenericOp op) {
  if (!op || op.getNumLoops() != 3 || op.getNumDpsInputs() != 2 ||
      op.getBody()->getOperations().size() != 3 || !isSum(op) ||
      !getZeroFill(op.getDpsInits()[0]))
    return false;
  Operation *product = &op.getBody()->front();
  return isa<arith::MulFOp>(product) && isMatrix(op.getDpsInputs()[0]) &&
         isMatrix(op.getDpsInputs()[1]) && isMatrix(op.getResult(0)) &&
         product->getOperand(0) != product->getOperand(1) &&
         llvm::all_of(product->getOperands(), [](Value operand) {
           return isa<BlockArgument>(operand);
         });
}

AffineMap modc::getMatrixMap(unsigned row, unsigned column,
                             MLIRContext *context) {
  return AffineMap::get(
      3, 0, {getAffineDimExpr(row, context), getAffineDimExpr(column, context)},
      context);
}

std::optional<MatrixProduct> MatrixProduct::match(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op)) {
    if (!isMatrix(linear.getInput()) || !isMatrix(linear.getWeight()))
      return std::nullopt;
    return MatrixProduct{linear.getInput(), linear.getWeight(),
                         linear.getBias(), false};
  }
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!isContraction(generic))
    return std::nullopt;
  MLIRContext *context = op->getContext();
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  if (maps[2] != getMatrixMap(0, 1, context) ||
      maps[0] != getMatrixMap(0, 2, context))
    return std::nullopt;
  Value x = generic.getDpsInputs()[0], w = generic.getDpsInputs()[1];
  if (maps[1] == getMatrixMap(2, 1, context))
    return MatrixProduct{x, w, {}, false};
  if (maps[1] == getMatrixMap(1, 2, context))
    return MatrixProduct{x, w, {}, true};
  return std::nullopt;
}

bool modc::isWide(Value matrix, int64_t than) {
  auto type = cast<RankedTensorType>(matrix.getType());
  return type.hasStaticShape() &&
         (type.getDimSize(0) > than || type.getDimSize(1) > than);
}
