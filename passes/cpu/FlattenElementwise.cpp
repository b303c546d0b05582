//===- FlattenElementwise.cpp - Elementwise ops over one dimension --------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-flatten-elementwise: an elementwise op on buffers without gaps runs
// over all elements in one loop, so that short rows become full vectors too.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_FLATTENELEMENTWISEPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// Whether rows follow one another, from whatever offset.
static bool hasNoGaps(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset, stride = 1;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return false;
  for (int64_t d = type.getRank() - 1; d >= 0; --d) {
    if (strides[d] != stride || (d && type.isDynamicDim(d)))
      return type.getLayout().isIdentity();
    if (d)
      stride *= type.getDimSize(d);
  }
  return true;
}

/// Whether every operand is a buffer without gaps, read or written at the place
/// of the loop, or a scalar.
static bool isFlat(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumLoops() < 2 ||
      op.getNumParallelLoops() != op.getNumLoops() || op.hasIndexSemantics())
    return false;
  for (OpOperand &operand : op->getOpOperands()) {
    if (op.isScalar(&operand))
      continue;
    auto type = cast<MemRefType>(operand.get().getType());
    if (!op.getMatchingIndexingMap(&operand).isIdentity() || !hasNoGaps(type))
      return false;
  }
  return true;
}

namespace {

struct FlattenElementwisePass
    : modc::impl::FlattenElementwisePassBase<FlattenElementwisePass> {
  using FlattenElementwisePassBase::FlattenElementwisePassBase;

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation()->walk([&](linalg::GenericOp op) {
      if (isFlat(op))
        ops.push_back(op);
    });
    for (linalg::GenericOp op : ops) {
      flatten(op);
      ++numFlattened;
    }
  }

private:
  /// All elements of a buffer without gaps. Not collapse_shape, which upstream
  /// would fold into a division an element.
  static Value flatten(OpBuilder &builder, Location loc, Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    OpFoldResult count = builder.getIndexAttr(1);
    int64_t known = 1;
    for (int64_t d = 0; d < type.getRank(); ++d) {
      if (!type.isDynamicDim(d)) {
        known *= type.getDimSize(d);
        continue;
      }
      Value size = memref::DimOp::create(builder, loc, buffer, d);
      auto before = dyn_cast<Value>(count);
      count =
          before ? arith::MulIOp::create(builder, loc, before, size).getResult()
                 : size;
    }
    Value fixed = arith::ConstantIndexOp::create(builder, loc, known);
    if (auto dynamic = dyn_cast<Value>(count))
      count =
          known == 1
              ? dynamic
              : arith::MulIOp::create(builder, loc, dynamic, fixed).getResult();
    else
      count = builder.getIndexAttr(known);
    int64_t length = isa<Value>(count) ? ShapedType::kDynamic : known;
    SmallVector<int64_t> strides;
    int64_t offset = 0;
    (void)type.getStridesAndOffset(strides, offset);
    if (offset == 0)
      return memref::ReinterpretCastOp::create(
          builder, loc, MemRefType::get({length}, type.getElementType()),
          buffer, builder.getIndexAttr(0), ArrayRef<OpFoldResult>{count},
          ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
    auto layout = StridedLayoutAttr::get(builder.getContext(), offset, {1});
    auto part = memref::ExtractStridedMetadataOp::create(builder, loc, buffer);
    OpFoldResult start = builder.getIndexAttr(offset);
    if (ShapedType::isDynamic(offset))
      start = part.getOffset();
    return memref::ReinterpretCastOp::create(
        builder, loc, MemRefType::get({length}, type.getElementType(), layout),
        part.getBaseBuffer(), start, ArrayRef<OpFoldResult>{count},
        ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
  }

  static void flatten(linalg::GenericOp op) {
    OpBuilder builder(op);
    AffineMap scalar = AffineMap::get(1, 0, builder.getContext());
    AffineMap element = builder.getMultiDimIdentityMap(1);
    SmallVector<Value> inputs, outputs;
    SmallVector<AffineMap> maps;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (op.isScalar(&operand)) {
        maps.push_back(scalar);
      } else {
        value = flatten(builder, op.getLoc(), value);
        maps.push_back(element);
      }
      (op.isDpsInput(&operand) ? inputs : outputs).push_back(value);
    }
    auto flat = linalg::GenericOp::create(
        builder, op.getLoc(), TypeRange(), inputs, outputs, maps,
        SmallVector<utils::IteratorType>{utils::IteratorType::parallel});
    flat.getRegion().takeBody(op.getRegion());
    op.erase();
  }
};

} // namespace
