//===- LinalgShapes.cpp - Sizes of linalg ops with rows -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream compares the sizes of a linalg op's operands only where all of them
// are static. In a network the rows are dynamic, so the static sizes are
// compared here; code that trusts them would read beyond the end of an operand.
//
//===----------------------------------------------------------------------===//

#include "dialect/Verifiers.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace modc;

namespace {
/// Where a loop has its size from.
struct LoopSize {
  int64_t size = ShapedType::kDynamic;
  unsigned operand = 0, dimension = 0;
};
} // namespace

LogicalResult modc::verifyStructuredSizes(Operation *op) {
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured)
    return success();
  SmallVector<LoopSize> loops(structured.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    ArrayRef<int64_t> shape = structured.getShape(&operand);
    AffineMap map = structured.getMatchingIndexingMap(&operand);
    for (auto [dimension, size] : llvm::enumerate(shape)) {
      auto loop = dyn_cast<AffineDimExpr>(map.getResult(dimension));
      if (!loop || ShapedType::isDynamic(size))
        continue;
      LoopSize &known = loops[loop.getPosition()];
      if (ShapedType::isDynamic(known.size))
        known = {size, operand.getOperandNumber(), unsigned(dimension)};
      else if (known.size != size)
        return op->emitOpError("has dimension ")
               << dimension << " of operand " << operand.getOperandNumber()
               << " of size " << size << ", but dimension " << known.dimension
               << " of operand " << known.operand << " of size " << known.size;
    }
  }
  // Windows: what the last iteration reads must be there.
  for (OpOperand &operand : op->getOpOperands()) {
    ArrayRef<int64_t> shape = structured.getShape(&operand);
    AffineMap map = structured.getMatchingIndexingMap(&operand);
    for (auto [dimension, size] : llvm::enumerate(shape)) {
      AffineExpr expression = map.getResult(dimension);
      if (isa<AffineDimExpr>(expression) || ShapedType::isDynamic(size))
        continue;
      SmallVector<AffineExpr> last;
      bool known = true;
      for (auto [position, loop] : llvm::enumerate(loops)) {
        known &= !expression.isFunctionOfDim(position) ||
                 !ShapedType::isDynamic(loop.size);
        last.push_back(getAffineConstantExpr(
            ShapedType::isDynamic(loop.size) ? 0 : loop.size - 1,
            op->getContext()));
      }
      auto index = dyn_cast<AffineConstantExpr>(
          expression.replaceDims(last));
      if (known && index && index.getValue() >= size)
        return op->emitOpError("reads dimension ")
               << dimension << " of operand " << operand.getOperandNumber()
               << " up to index " << index.getValue() << ", but its size is "
               << size;
    }
  }
  return success();
}
