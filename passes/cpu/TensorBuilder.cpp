//===- TensorBuilder.cpp - Short forms for building tensor IR -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Implements the helpers of TensorBuilder.h. Nothing here knows the modular
// dialect.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/TensorBuilder.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace modc;

Value TensorBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value TensorBuilder::integer(Type type, int64_t value) {
  return arith::ConstantOp::create(*this, getIntegerAttr(type, value));
}

Value TensorBuilder::real(Type type, double value) {
  return arith::ConstantOp::create(*this, getFloatAttr(type, value));
}

Value TensorBuilder::add(Value a, Value b) {
  return createOrFold<arith::AddIOp>(a, b);
}
Value TensorBuilder::sub(Value a, Value b) {
  return createOrFold<arith::SubIOp>(a, b);
}
Value TensorBuilder::mul(Value a, Value b) {
  return createOrFold<arith::MulIOp>(a, b);
}

OpFoldResult TensorBuilder::scale(OpFoldResult size, int64_t by) {
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return getIndexAttr(*constant * by);
  return by == 1 ? size : OpFoldResult(mul(cast<Value>(size), index(by)));
}

Value TensorBuilder::toIndex(Value value) {
  return createOrFold<arith::IndexCastOp>(getIndexType(), value);
}

Value TensorBuilder::toInteger(Value value, Type type) {
  return createOrFold<arith::IndexCastOp>(type, value);
}

Value TensorBuilder::dim(Value tensor, int64_t d) {
  return createOrFold<tensor::DimOp>(tensor, d);
}

SmallVector<OpFoldResult> TensorBuilder::sizes(Value tensor) {
  RankedTensorType type = tensorType(tensor);
  SmallVector<OpFoldResult> result;
  for (int64_t d = 0; d < type.getRank(); ++d)
    result.push_back(type.isDynamicDim(d)
                         ? OpFoldResult(dim(tensor, d))
                         : OpFoldResult(getIndexAttr(type.getDimSize(d))));
  return result;
}

Value TensorBuilder::empty(RankedTensorType type, ValueRange dynamicSizes) {
  return tensor::EmptyOp::create(*this, type, dynamicSizes);
}

Value TensorBuilder::emptyLike(Value like, Type element) {
  return tensor::EmptyOp::create(*this, sizes(like), element);
}

Value TensorBuilder::fill(Value tensor, Value scalar) {
  return linalg::FillOp::create(*this, scalar, tensor).getResult(0);
}
Value TensorBuilder::fill(Value tensor, double value) {
  return fill(tensor, real(tensorType(tensor).getElementType(), value));
}
Value TensorBuilder::fillInteger(Value tensor, int64_t value) {
  return fill(tensor, integer(tensorType(tensor).getElementType(), value));
}

Value TensorBuilder::extract(Value tensor, ValueRange at) {
  return tensor::ExtractOp::create(*this, tensor, at);
}
Value TensorBuilder::insert(Value scalar, Value tensor, ValueRange at) {
  return tensor::InsertOp::create(*this, scalar, tensor, at);
}

namespace {
/// Offsets, sizes and strides of [first, first + count) in dimension d.
struct SliceOf {
  SmallVector<OpFoldResult> offsets, sizes, strides;
  SliceOf(TensorBuilder &b, Value tensor, unsigned d, OpFoldResult first,
          OpFoldResult count) {
    sizes = b.sizes(tensor);
    sizes[d] = count;
    offsets.assign(sizes.size(), b.getIndexAttr(0));
    strides.assign(sizes.size(), b.getIndexAttr(1));
    offsets[d] = first;
  }
};
} // namespace

Value TensorBuilder::rows(Value tensor, Value first, Value count) {
  SliceOf s(*this, tensor, 0, first, count);
  return tensor::ExtractSliceOp::create(*this, tensor, s.offsets, s.sizes,
                                        s.strides);
}

Value TensorBuilder::insertRows(Value slice, Value tensor, Value first,
                                Value count) {
  SliceOf s(*this, tensor, 0, first, count);
  return tensor::InsertSliceOp::create(*this, slice, tensor, s.offsets, s.sizes,
                                       s.strides);
}

Value TensorBuilder::slice(Value tensor, Value i, unsigned d) {
  RankedTensorType type = tensorType(tensor);
  SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + d);
  SliceOf s(*this, tensor, d, i, getIndexAttr(1));
  return tensor::ExtractSliceOp::create(
      *this, RankedTensorType::get(shape, type.getElementType()), tensor,
      s.offsets, s.sizes, s.strides);
}

Value TensorBuilder::insertSlice(Value slice, Value tensor, Value i,
                                 unsigned d) {
  SliceOf s(*this, tensor, d, i, getIndexAttr(1));
  return tensor::InsertSliceOp::create(*this, slice, tensor, s.offsets, s.sizes,
                                       s.strides);
}

Value TensorBuilder::row(Value tensor, Value i) { return slice(tensor, i, 0); }
Value TensorBuilder::insertRow(Value slice, Value tensor, Value i) {
  return insertSlice(slice, tensor, i, 0);
}

SmallVector<Value> TensorBuilder::loop(Value first, Value last,
                                       ValueRange inits, LoopBody body) {
  auto op = scf::ForOp::create(*this, first, last, index(1), inits,
                               [](OpBuilder &, Location, Value, ValueRange) {});
  OpBuilder::InsertionGuard guard(*this);
  Block *block = op.getBody();
  block->clear();
  setInsertionPointToStart(block);
  SmallVector<Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
  scf::YieldOp::create(*this, next);
  return SmallVector<Value>(op.getResults());
}

SmallVector<Value> TensorBuilder::parallelBlocks(Value n, int64_t block,
                                                 ValueRange outputs,
                                                 BlockBody body) {
  AffineExpr i, s;
  bindDims(getContext(), i);
  bindSymbols(getContext(), s);
  Value blocks = affine::AffineApplyOp::create(
      *this, AffineMap::get(0, 1, s.ceilDiv(block)), n);
  auto forall = scf::ForallOp::create(*this, ArrayRef<OpFoldResult>{blocks},
                                      outputs, std::nullopt);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(forall.getTerminator());
  Value first = mul(forall.getInductionVar(0), index(block));
  // affine.min, so that buffers of a block have a bound.
  Value count = affine::AffineMinOp::create(
      *this,
      AffineMap::get(1, 1, {getAffineConstantExpr(block), s - i}, getContext()),
      ValueRange{first, n});
  SmallVector<Value> pieces;
  for (BlockArgument shared : forall.getRegionIterArgs())
    pieces.push_back(rows(shared, first, count));
  pieces = body(first, count, pieces);
  for (auto [piece, shared] : llvm::zip(pieces, forall.getRegionIterArgs())) {
    setInsertionPoint(forall.getTerminator());
    SliceOf at(*this, shared, 0, first, count);
    setInsertionPointToEnd(forall.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(*this, piece, shared, at.offsets,
                                          at.sizes, at.strides);
  }
  return SmallVector<Value>(forall.getResults());
}

SmallVector<Value> TensorBuilder::parallelRows(Value n, int64_t block,
                                               ValueRange outputs,
                                               LoopBody body) {
  return parallelBlocks(
      n, block, outputs, [&](Value first, Value count, ValueRange pieces) {
        return loop(index(0), count, pieces, [&](Value at, ValueRange carried) {
          SmallVector<Value> old, next;
          for (Value piece : carried)
            old.push_back(row(piece, at));
          for (auto [value, piece] :
               llvm::zip(body(add(first, at), old), carried))
            next.push_back(insertRow(value, piece, at));
          return next;
        });
      });
}

SmallVector<Value>
TensorBuilder::branch(Value condition, function_ref<SmallVector<Value>()> yes,
                      function_ref<SmallVector<Value>()> no) {
  // The result types are known once a region is built: build both apart. No op
  // may be erased here, a listener may have seen it.
  Region regions[2];
  SmallVector<Value> values;
  function_ref<SmallVector<Value>()> builds[] = {yes, no};
  for (auto [region, build] : llvm::zip(regions, builds)) {
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(&region.emplaceBlock());
    values = build();
    scf::YieldOp::create(*this, values);
  }
  auto op = scf::IfOp::create(*this, ValueRange(values).getTypes(), condition,
                              /*addThenBlock=*/false, /*addElseBlock=*/false);
  op.getThenRegion().takeBody(regions[0]);
  op.getElseRegion().takeBody(regions[1]);
  return SmallVector<Value>(op.getResults());
}

SmallVector<Value> TensorBuilder::generic(ValueRange inputs, ValueRange outputs,
                                          ArrayRef<AffineMap> maps,
                                          unsigned reductions,
                                          GenericBody body) {
  SmallVector<utils::IteratorType> iterators(maps.front().getNumDims(),
                                             utils::IteratorType::parallel);
  for (unsigned i = 0; i < reductions; ++i)
    iterators[iterators.size() - 1 - i] = utils::IteratorType::reduction;
  auto op = linalg::GenericOp::create(*this, outputs.getTypes(), inputs,
                                      outputs, maps, iterators);
  OpBuilder::InsertionGuard guard(*this);
  Block *block = &op.getRegion().emplaceBlock();
  for (ValueRange operands : {inputs, outputs})
    for (Value operand : operands)
      block->addArgument(getElementTypeOrSelf(operand.getType()), getLoc());
  setInsertionPointToStart(block);
  SmallVector<Value> results = body(block->getArguments());
  linalg::YieldOp::create(*this, results);
  return SmallVector<Value>(op.getResults());
}

Value TensorBuilder::mapInto(ValueRange inputs, Value output,
                             function_ref<Value(ValueRange)> body) {
  SmallVector<AffineMap> maps(
      inputs.size() + 1, getMultiDimIdentityMap(tensorType(output).getRank()));
  return generic(inputs, output, maps, 0, [&](ValueRange arguments) {
    return SmallVector<Value>{body(arguments.drop_back())};
  })[0];
}

Value TensorBuilder::map(ValueRange inputs, Type element,
                         function_ref<Value(ValueRange)> body) {
  return mapInto(inputs, emptyLike(inputs.front(), element), body);
}
