//===- TensorVerifiers.cpp - Constraints of the short ops for bodies ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks linear, reshape and pick.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"

using namespace mlir;
using namespace modc;

LogicalResult LinearOp::verify() {
  auto x = cast<RankedTensorType>(getInput().getType());
  auto w = cast<RankedTensorType>(getWeight().getType());
  auto y = cast<RankedTensorType>(getType());
  if (w.getRank() != 2) // linear_c1
    return emitOpError("needs a weight of rank 2, got ") << w;
  if (x.getRank() < 2 || // linear_c1
      x.getShape().drop_back() != y.getShape().drop_back())
    return emitOpError("maps ") << x << " to " << y
                                << ", which must have rank 2 or more and equal "
                                   "leading dimensions";
  if (x.getShape().back() != w.getDimSize(0)) // linear_c2
    return emitOpError("has rows of ")
           << x << " but weight " << w << ": the last dimension of the one is "
           << "not the first of the other";
  if (y.getShape().back() != w.getDimSize(1)) // linear_c2
    return emitOpError("has result ")
           << y << " but weight " << w << ": their last dimensions differ";
  if (x.getElementType() != w.getElementType() || // linear_c4
      x.getElementType() != y.getElementType())
    return emitOpError("mixes element types: ") << x << ", " << w << ", " << y;
  if (!getBias())
    return success();
  auto b = cast<RankedTensorType>(getBias().getType());
  if (b.getRank() != 1 || b.getDimSize(0) != w.getDimSize(1)) // linear_c3
    return emitOpError("has bias ")
           << b << " but weight " << w << ": their last dimensions differ";
  if (b.getElementType() != w.getElementType()) // linear_c4
    return emitOpError("mixes element types: ") << w << ", " << b;
  return success();
}

/// The product of all dimensions but the first, nothing if one is dynamic.
static std::optional<int64_t> getRowSize(RankedTensorType type) {
  int64_t product = 1;
  for (int64_t size : type.getShape().drop_front())
    if (ShapedType::isDynamic(size) || llvm::MulOverflow(product, size, product))
      return std::nullopt;
  return product;
}

LogicalResult ReshapeOp::verify() {
  auto from = cast<RankedTensorType>(getInput().getType());
  auto to = cast<RankedTensorType>(getType());
  if (from.getRank() == 0 || to.getRank() == 0 || // reshape_c1
      from.getDimSize(0) != to.getDimSize(0))
    return emitOpError("keeps the first dimension, but maps ")
           << from << " to " << to;
  std::optional<int64_t> before = getRowSize(from), after = getRowSize(to);
  if (!before || !after) // reshape_c2
    return emitOpError("needs all dimensions but the first static, but maps ")
           << from << " to " << to;
  if (*before != *after) // reshape_c2
    return emitOpError("maps ") << from << ", " << *before
                                << " elements a row, to " << to << ", "
                                << *after;
  if (from.getElementType() != to.getElementType()) // reshape_c3
    return emitOpError("mixes element types: ") << from << ", " << to;
  return success();
}

LogicalResult PickOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto index = cast<RankedTensorType>(getIndex().getType());
  auto result = cast<RankedTensorType>(getType());
  if (input.getRank() == 0 || // pick_c1
      index.getShape() != input.getShape().drop_back() ||
      result.getShape() != input.getShape().drop_back())
    return emitOpError("picks from ")
           << input << " by " << index << " into " << result
           << ", which must have the shape without the last dimension";
  if (result.getElementType() != input.getElementType()) // pick_c2
    return emitOpError("mixes element types: ") << input << ", " << result;
  return success();
}
