//===- Panels.cpp - Matrices in panels of columns -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recognises products with a matrix in panels: four loops, of which the other
// operands name two by one column.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/Panels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace modc;

int64_t modc::getPanelColumns(Type element) {
  return kPanelBytes * 8 / element.getIntOrFloatBitWidth();
}

std::optional<std::pair<unsigned, unsigned>>
modc::matchPanelColumn(AffineExpr expr, int64_t width) {
  auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!sum || sum.getKind() != AffineExprKind::Add)
    return std::nullopt;
  for (auto [first, second] : {std::pair(sum.getLHS(), sum.getRHS()),
                               std::pair(sum.getRHS(), sum.getLHS())}) {
    auto scaled = dyn_cast<AffineBinaryOpExpr>(first);
    auto column = dyn_cast<AffineDimExpr>(second);
    if (!scaled || !column || scaled.getKind() != AffineExprKind::Mul)
      continue;
    auto panel = dyn_cast<AffineDimExpr>(scaled.getLHS());
    auto factor = dyn_cast<AffineConstantExpr>(scaled.getRHS());
    if (panel && factor && factor.getValue() == width &&
        panel.getPosition() != column.getPosition())
      return std::pair(panel.getPosition(), column.getPosition());
  }
  return std::nullopt;
}

/// Whether the body is out + a · b, of plain operands.
static bool sumsPlainProducts(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getBlock()->getOperations().size() != 3)
    return false;
  auto sum = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_present<arith::AddFOp>(sum))
    return false;
  Value out = op.getBlock()->getArgument(2);
  Value other =
      sum->getOperand(0) == out ? sum->getOperand(1) : sum->getOperand(0);
  auto product = other.getDefiningOp<arith::MulFOp>();
  return product && llvm::is_contained(sum->getOperands(), out) &&
         isa<BlockArgument>(product.getLhs()) &&
         isa<BlockArgument>(product.getRhs());
}

/// Whether each of the three operands is a matrix, named by two of the loops,
/// and no two of them by the same.
static bool areMatrices(linalg::LinalgOp op) {
  unsigned missing = 0;
  for (AffineMap map : op.getIndexingMapsArray()) {
    if (map.getNumResults() != 2 || !map.isProjectedPermutation())
      return false;
    missing |= 1 << (3 - map.getDimPosition(0) - map.getDimPosition(1));
  }
  return missing == 7;
}

bool modc::isMatrixProduct(linalg::LinalgOp op) {
  if (op.getNumLoops() == 3)
    return linalg::isaContractionOpInterface(op) && areMatrices(op);
  if (op.getNumLoops() != 4 || !sumsPlainProducts(op))
    return false;
  // The matrix in panels names the loops; the others have its column, a row or
  // both.
  OpOperand *panels = nullptr;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (map.getNumResults() != 3)
      continue;
    if (panels || !map.isProjectedPermutation())
      return false;
    panels = &operand;
  }
  if (!panels)
    return false;
  AffineMap names = op.getMatchingIndexingMap(panels);
  int64_t width = cast<ShapedType>(panels->get().getType()).getDimSize(2);
  std::pair<unsigned, unsigned> column(names.getDimPosition(0),
                                       names.getDimPosition(2));
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (&operand == panels)
      continue;
    if (map.getNumResults() != 2)
      return false;
    for (AffineExpr expr : map.getResults()) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      if (loop ? loop.getPosition() == column.first ||
                     loop.getPosition() == column.second
               : matchPanelColumn(expr, width) != column)
        return false;
    }
  }
  return true;
}
