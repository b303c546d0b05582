//===- TensorVJP.cpp - Derivatives of the tensor dialect ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// External models for slicing, reshaping, padding and concatenation: each is
// linear, and its adjoint moves the cotangent's elements back.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularInterfaces.h"
#include "dialect/VJPBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/autodiff/RegisterVJP.h"

using namespace mlir;
using namespace modc;

namespace {

template <typename Model, typename OpTy>
using VJPModel = VJPOpInterface::ExternalModel<Model, OpTy>;

struct ExtractSliceVJP : VJPModel<ExtractSliceVJP, tensor::ExtractSliceOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto slice = cast<tensor::ExtractSliceOp>(op);
    Location loc = op->getLoc();
    Value zeros = createZeros(builder, loc, slice.getSource());
    Value dx = tensor::InsertSliceOp::create(
        builder, loc, cotangents[0], zeros, slice.getMixedOffsets(),
        slice.getMixedSizes(), slice.getMixedStrides());
    differentiator.accumulate(builder, slice.getSource(), dx);
    return success();
  }
};

struct InsertSliceVJP : VJPModel<InsertSliceVJP, tensor::InsertSliceOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto insert = cast<tensor::InsertSliceOp>(op);
    Location loc = op->getLoc();
    if (differentiator.isActive(insert.getSource())) {
      Value source = tensor::ExtractSliceOp::create(
          builder, loc, insert.getSourceType(), cotangents[0],
          insert.getMixedOffsets(), insert.getMixedSizes(),
          insert.getMixedStrides());
      differentiator.accumulate(builder, insert.getSource(), source);
    }
    if (differentiator.isActive(insert.getDest())) {
      Value zeros = createZeros(builder, loc, insert.getSource());
      Value rest = tensor::InsertSliceOp::create(
          builder, loc, zeros, cotangents[0], insert.getMixedOffsets(),
          insert.getMixedSizes(), insert.getMixedStrides());
      differentiator.accumulate(builder, insert.getDest(), rest);
    }
    return success();
  }
};

struct ExpandShapeVJP : VJPModel<ExpandShapeVJP, tensor::ExpandShapeOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto expand = cast<tensor::ExpandShapeOp>(op);
    Value dx = tensor::CollapseShapeOp::create(
        builder, op->getLoc(), expand.getSrcType(), cotangents[0],
        expand.getReassociationIndices());
    differentiator.accumulate(builder, expand.getSrc(), dx);
    return success();
  }
};

struct CollapseShapeVJP : VJPModel<CollapseShapeVJP, tensor::CollapseShapeOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto collapse = cast<tensor::CollapseShapeOp>(op);
    Location loc = op->getLoc();
    Value dx = tensor::ExpandShapeOp::create(
        builder, loc, collapse.getSrcType(), cotangents[0],
        collapse.getReassociationIndices(),
        tensor::getMixedSizes(builder, loc, collapse.getSrc()));
    differentiator.accumulate(builder, collapse.getSrc(), dx);
    return success();
  }
};

struct ReshapeVJP : VJPModel<ReshapeVJP, tensor::ReshapeOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto reshape = cast<tensor::ReshapeOp>(op);
    Location loc = op->getLoc();
    auto type = llvm::cast<RankedTensorType>(reshape.getSource().getType());
    SmallVector<Value> sizes;
    for (OpFoldResult size :
         tensor::getMixedSizes(builder, loc, reshape.getSource()))
      sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, size));
    Value shape = tensor::FromElementsOp::create(
        builder, loc,
        RankedTensorType::get({type.getRank()}, builder.getIndexType()), sizes);
    Value dx =
        tensor::ReshapeOp::create(builder, loc, type, cotangents[0], shape);
    differentiator.accumulate(builder, reshape.getSource(), dx);
    return success();
  }
};

struct CastVJP : VJPModel<CastVJP, tensor::CastOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto cast = llvm::cast<tensor::CastOp>(op);
    Value dx = tensor::CastOp::create(
        builder, op->getLoc(), cast.getSource().getType(), cotangents[0]);
    differentiator.accumulate(builder, cast.getSource(), dx);
    return success();
  }
};

struct ConcatVJP : VJPModel<ConcatVJP, tensor::ConcatOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto concat = cast<tensor::ConcatOp>(op);
    Location loc = op->getLoc();
    int64_t dim = concat.getDim();
    OpFoldResult offset = builder.getIndexAttr(0);
    AffineExpr a, b;
    bindSymbols(builder.getContext(), a, b);
    for (Value input : concat.getInputs()) {
      SmallVector<OpFoldResult> sizes =
          tensor::getMixedSizes(builder, loc, input);
      SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0));
      SmallVector<OpFoldResult> strides(sizes.size(), builder.getIndexAttr(1));
      offsets[dim] = offset;
      if (differentiator.isActive(input)) {
        Value part = tensor::ExtractSliceOp::create(
            builder, loc, cast<RankedTensorType>(input.getType()),
            cotangents[0], offsets, sizes, strides);
        differentiator.accumulate(builder, input, part);
      }
      offset = add(builder, loc, offset, sizes[dim]);
    }
    return success();
  }

private:
  static OpFoldResult add(OpBuilder &builder, Location loc, OpFoldResult a,
                          OpFoldResult b) {
    std::optional<int64_t> x = getConstantIntValue(a);
    std::optional<int64_t> y = getConstantIntValue(b);
    if (x && y)
      return builder.getIndexAttr(*x + *y);
    return arith::AddIOp::create(
               builder, loc, getValueOrCreateConstantIndexOp(builder, loc, a),
               getValueOrCreateConstantIndexOp(builder, loc, b))
        .getResult();
  }
};

struct PadVJP : VJPModel<PadVJP, tensor::PadOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto pad = cast<tensor::PadOp>(op);
    Location loc = op->getLoc();
    SetVector<Value> captured;
    pad.getRegion().walk([&](Operation *inner) {
      captured.insert(inner->operand_begin(), inner->operand_end());
    });
    for (Value value : captured)
      if (differentiator.isActive(value))
        return op->emitOpError(
            "has no derivative with respect to the padding value");
    SmallVector<OpFoldResult> strides(pad.getSourceType().getRank(),
                                      builder.getIndexAttr(1));
    Value dx = tensor::ExtractSliceOp::create(
        builder, loc, pad.getSourceType(), cotangents[0], pad.getMixedLowPad(),
        tensor::getMixedSizes(builder, loc, pad.getSource()), strides);
    differentiator.accumulate(builder, pad.getSource(), dx);
    return success();
  }
};

struct SplatVJP : VJPModel<SplatVJP, tensor::SplatOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto splat = cast<tensor::SplatOp>(op);
    Location loc = op->getLoc();
    unsigned rank = splat.getType().getRank();
    Value zero = createZeros(builder, loc, ArrayRef<OpFoldResult>(),
                             splat.getInput().getType());
    Value sum = createGeneric(
        builder, loc, cotangents[0],
        {builder.getMultiDimIdentityMap(rank),
         AffineMap::get(rank, 0, builder.getContext())},
        zero, [](OpBuilder &b, Location l, ValueRange x) -> Value {
          return arith::AddFOp::create(b, l, x[1], x[0]);
        });
    differentiator.accumulate(
        builder, splat.getInput(),
        tensor::ExtractOp::create(builder, loc, sum, ValueRange()));
    return success();
  }
};

struct ExtractVJP : VJPModel<ExtractVJP, tensor::ExtractOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto extract = cast<tensor::ExtractOp>(op);
    Location loc = op->getLoc();
    // In the body of a linalg op this would be a tensor for each element.
    if (!isa<RankedTensorType>(extract.getTensor().getType()) ||
        isa_and_nonnull<linalg::LinalgOp>(op->getParentOp()))
      return op->emitOpError("has no derivative");
    Value zeros = createZeros(builder, loc, extract.getTensor());
    Value dx = tensor::InsertOp::create(builder, loc, cotangents[0], zeros,
                                        extract.getIndices());
    differentiator.accumulate(builder, extract.getTensor(), dx);
    return success();
  }
};

struct InsertVJP : VJPModel<InsertVJP, tensor::InsertOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto insert = cast<tensor::InsertOp>(op);
    Location loc = op->getLoc();
    if (differentiator.isActive(insert.getScalar()))
      differentiator.accumulate(builder, insert.getScalar(),
                                tensor::ExtractOp::create(builder, loc,
                                                          cotangents[0],
                                                          insert.getIndices()));
    if (differentiator.isActive(insert.getDest())) {
      Value zero = createZeros(builder, loc, insert.getScalar());
      differentiator.accumulate(builder, insert.getDest(),
                                tensor::InsertOp::create(builder, loc, zero,
                                                         cotangents[0],
                                                         insert.getIndices()));
    }
    return success();
  }
};

struct FromElementsVJP : VJPModel<FromElementsVJP, tensor::FromElementsOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    Location loc = op->getLoc();
    ArrayRef<int64_t> shape =
        cast<RankedTensorType>(op->getResult(0).getType()).getShape();
    for (auto [i, element] : llvm::enumerate(op->getOperands())) {
      if (!differentiator.isActive(element))
        continue;
      SmallVector<Value> indices;
      int64_t rest = i;
      for (int64_t size : llvm::reverse(shape)) {
        indices.insert(indices.begin(), arith::ConstantIndexOp::create(
                                            builder, loc, rest % size));
        rest /= size;
      }
      differentiator.accumulate(
          builder, element,
          tensor::ExtractOp::create(builder, loc, cotangents[0], indices));
    }
    return success();
  }
};

} // namespace

void modc::registerTensorVJPModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::ExtractSliceOp::attachInterface<ExtractSliceVJP>(*context);
    tensor::InsertSliceOp::attachInterface<InsertSliceVJP>(*context);
    tensor::ExpandShapeOp::attachInterface<ExpandShapeVJP>(*context);
    tensor::CollapseShapeOp::attachInterface<CollapseShapeVJP>(*context);
    tensor::ReshapeOp::attachInterface<ReshapeVJP>(*context);
    tensor::CastOp::attachInterface<CastVJP>(*context);
    tensor::ConcatOp::attachInterface<ConcatVJP>(*context);
    tensor::PadOp::attachInterface<PadVJP>(*context);
    tensor::SplatOp::attachInterface<SplatVJP>(*context);
    tensor::ExtractOp::attachInterface<ExtractVJP>(*context);
    tensor::InsertOp::attachInterface<InsertVJP>(*context);
    tensor::FromElementsOp::attachInterface<FromElementsVJP>(*context);
  });
}
