//===- FoldIndexChecks.cpp - Checks of loop indices that hold -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The adjoint of taking windows asks of each index whether it is one, of rows
// too. As long as that stands there, nobody can tell that a row reads its own
// row only.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/FoldIndexChecks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace modc;

/// Whether index `d` is below a size that only the call knows. All such sizes
/// are the number of rows, and a body compares rows with nothing else.
static bool isRows(Value bound, int64_t range) {
  auto dim = bound.getDefiningOp<tensor::DimOp>();
  auto index = dim ? dim.getConstantIndex() : std::nullopt;
  auto type = dim ? dyn_cast<RankedTensorType>(dim.getSource().getType())
                  : RankedTensorType();
  return index && type && type.isDynamicDim(*index) &&
         ShapedType::isDynamic(range);
}

/// Whether a value counts only where `condition` holds.
static bool isUsedWhere(Value value, Value condition) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    auto select = dyn_cast<arith::SelectOp>(user);
    return select && select.getCondition() == condition &&
           select.getTrueValue() == value && select.getFalseValue() != value;
  });
}

void modc::foldIndexChecks(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics())
    return;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  OpBuilder b(op.getContext());
  for (Operation &inner : llvm::make_early_inc_range(*op.getBody())) {
    if (auto compare = dyn_cast<arith::CmpIOp>(inner)) {
      auto index = compare.getLhs().getDefiningOp<linalg::IndexOp>();
      if (!index)
        continue;
      int64_t range = ranges[index.getDim()];
      auto bound = getConstantIntValue(compare.getRhs());
      bool holds =
          compare.getPredicate() == arith::CmpIPredicate::sge
              ? bound && *bound <= 0
              : compare.getPredicate() == arith::CmpIPredicate::slt &&
                    (bound ? !ShapedType::isDynamic(range) && *bound >= range
                           : isRows(compare.getRhs(), range));
      if (!holds)
        continue;
      b.setInsertionPoint(compare);
      compare.replaceAllUsesWith(
          arith::ConstantIntOp::create(b, compare.getLoc(), 1, 1).getResult());
      compare.erase();
    } else if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
      auto type = cast<RankedTensorType>(extract.getTensor().getType());
      for (auto [d, use] : llvm::enumerate(extract.getIndicesMutable())) {
        auto select = use.get().getDefiningOp<arith::SelectOp>();
        auto index =
            select ? select.getTrueValue().getDefiningOp<linalg::IndexOp>()
                   : linalg::IndexOp();
        if (!index || !isConstantIntValue(select.getFalseValue(), 0) ||
            !isUsedWhere(extract, select.getCondition()))
          continue;
        int64_t range = ranges[index.getDim()], size = type.getDimSize(d);
        if (ShapedType::isDynamic(size) == ShapedType::isDynamic(range) &&
            (ShapedType::isDynamic(size) || range <= size))
          use.set(index);
      }
    }
  }
}
