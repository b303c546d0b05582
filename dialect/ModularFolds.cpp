//===- ModularFolds.cpp - Folds of the dialect's ops ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small simplifications that hold at every level.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace modc;

OpFoldResult ToSelectionOp::fold(FoldAdaptor) {
  // The other way round clamps, so only this one folds.
  auto integers = getInput().getDefiningOp<FromSelectionOp>();
  if (integers && integers.getInput().getType() == getType())
    return integers.getInput();
  return {};
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  // A reshape of a reshape reads the first one's operand.
  if (auto inner = getInput().getDefiningOp<ReshapeOp>()) {
    if (inner.getInput().getType() == getType())
      return inner.getInput();
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  return {};
}

OpFoldResult TileRowsOp::fold(FoldAdaptor) {
  return matchPattern(getTimes(), m_One()) ? OpFoldResult(getInput())
                                           : OpFoldResult();
}
