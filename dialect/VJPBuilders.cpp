//===- VJPBuilders.cpp - Pieces that derivatives are built of -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builders for what most derivatives share. They give linalg ops of few, simple
// forms, so that the lowerings recognise them.
//
//===----------------------------------------------------------------------===//

#include "dialect/VJPBuilders.h"
#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace modc;

bool modc::hasCotangent(Type type) {
  if (auto tensor = dyn_cast<TensorType>(type))
    type = tensor.getElementType();
  return isa<FloatType>(type);
}

static Value createEmpty(OpBuilder &builder, Location loc,
                         ArrayRef<OpFoldResult> sizes, Type element) {
  return tensor::EmptyOp::create(builder, loc, sizes, element);
}

Value modc::createZeros(OpBuilder &builder, Location loc,
                        ArrayRef<OpFoldResult> sizes, Type element) {
  Value zero = arith::ConstantOp::create(builder, loc,
                                         builder.getFloatAttr(element, 0.0));
  Value empty = createEmpty(builder, loc, sizes, element);
  return linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
}

Value modc::createZeros(OpBuilder &builder, Location loc, Value like) {
  if (isa<FloatType>(like.getType()))
    return arith::ConstantOp::create(builder, loc,
                                     builder.getFloatAttr(like.getType(), 0.0));
  return createZeros(builder, loc, tensor::getMixedSizes(builder, loc, like),
                     cast<RankedTensorType>(like.getType()).getElementType());
}

Value modc::createSum(OpBuilder &builder, Location loc, Value lhs, Value rhs) {
  if (isa<FloatType>(lhs.getType()))
    return arith::AddFOp::create(builder, loc, lhs, rhs);
  return createElementwise(builder, loc, {lhs, rhs}, lhs,
                           [](OpBuilder &b, Location l, ValueRange x) -> Value {
                             return arith::AddFOp::create(b, l, x[0], x[1]);
                           });
}

linalg::GenericOp modc::dropUnusedInputs(OpBuilder &builder,
                                         linalg::GenericOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  unsigned numInputs = op.getNumDpsInputs(), numDims = op.getNumLoops();
  auto countDims = [&](SmallVector<unsigned> &uses, AffineMap map, int step) {
    for (AffineExpr result : map.getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(result))
        uses[dim.getPosition()] += step;
  };
  // How many operands give the bound of each loop.
  SmallVector<unsigned> uses(numDims, 0);
  for (AffineMap map : maps)
    countDims(uses, map, 1);
  llvm::BitVector dropped(op.getBody()->getNumArguments());
  SmallVector<Value> inputs;
  SmallVector<AffineMap> kept;
  for (unsigned i = 0; i < numInputs; ++i) {
    bool needed = !op.getBody()->getArgument(i).use_empty();
    if (!needed) {
      countDims(uses, maps[i], -1);
      needed = llvm::is_contained(uses, 0u);
      if (needed)
        countDims(uses, maps[i], 1);
    }
    if (needed) {
      inputs.push_back(op.getInputs()[i]);
      kept.push_back(maps[i]);
    } else {
      dropped.set(i);
    }
  }
  if (dropped.none())
    return op;
  llvm::append_range(kept, ArrayRef(maps).drop_front(numInputs));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  auto pruned = linalg::GenericOp::create(
      builder, op.getLoc(), op.getResultTypes(), inputs, op.getOutputs(), kept,
      op.getIteratorTypesArray());
  pruned.getRegion().takeBody(op.getRegion());
  pruned.getBody()->eraseArguments(dropped);
  op->replaceAllUsesWith(pruned);
  op->erase();
  return pruned;
}

Value modc::createGeneric(OpBuilder &builder, Location loc, ValueRange inputs,
                          ArrayRef<AffineMap> maps, Value init,
                          ScalarBody body) {
  SmallVector<utils::IteratorType> iterators(maps.back().getNumDims(),
                                             utils::IteratorType::reduction);
  for (AffineExpr result : maps.back().getResults())
    iterators[cast<AffineDimExpr>(result).getPosition()] =
        utils::IteratorType::parallel;
  auto op = linalg::GenericOp::create(
      builder, loc, init.getType(), inputs, init, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        linalg::YieldOp::create(b, l, body(b, l, args));
      });
  return dropUnusedInputs(builder, op).getResult(0);
}

static SmallVector<AffineMap> leadingMaps(OpBuilder &builder, ValueRange inputs,
                                          unsigned rank) {
  SmallVector<AffineMap> maps;
  for (Value input : inputs) {
    auto type = dyn_cast<RankedTensorType>(input.getType());
    maps.push_back(AffineMap::getMultiDimIdentityMap(rank, builder.getContext())
                       .getMajorSubMap(type ? type.getRank() : 0));
    if (!type || !type.getRank())
      maps.back() = AffineMap::get(rank, 0, builder.getContext());
  }
  return maps;
}

Value modc::createElementwise(OpBuilder &builder, Location loc,
                              ValueRange inputs, Value like, ScalarBody body) {
  auto type = cast<RankedTensorType>(like.getType());
  SmallVector<AffineMap> maps = leadingMaps(builder, inputs, type.getRank());
  maps.push_back(builder.getMultiDimIdentityMap(type.getRank()));
  Value empty =
      createEmpty(builder, loc, tensor::getMixedSizes(builder, loc, like),
                  type.getElementType());
  return createGeneric(builder, loc, inputs, maps, empty, body);
}

Value modc::createSumOverLast(OpBuilder &builder, Location loc,
                              ValueRange inputs, Value like, ScalarBody body) {
  auto type = cast<RankedTensorType>(like.getType());
  SmallVector<AffineMap> maps = leadingMaps(builder, inputs, type.getRank());
  unsigned rank = type.getRank();
  SmallVector<AffineExpr> dims;
  for (unsigned i = 0; i + 1 < rank; ++i)
    dims.push_back(builder.getAffineDimExpr(i));
  maps.push_back(AffineMap::get(rank, 0, dims, builder.getContext()));
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, like);
  sizes.pop_back();
  Value zeros = createZeros(builder, loc, sizes, type.getElementType());
  return createGeneric(builder, loc, inputs, maps, zeros,
                       [&](OpBuilder &b, Location l, ValueRange x) -> Value {
                         Value term = body(b, l, x.drop_back());
                         return arith::AddFOp::create(b, l, x.back(), term);
                       });
}

Value modc::createContraction(OpBuilder &builder, Location loc, Value a,
                              Value b, AffineMap aMap, AffineMap bMap,
                              AffineMap resultMap,
                              ArrayRef<OpFoldResult> sizes) {
  Value zeros =
      createZeros(builder, loc, sizes,
                  cast<RankedTensorType>(a.getType()).getElementType());
  return createGeneric(builder, loc, {a, b}, {aMap, bMap, resultMap}, zeros,
                       [](OpBuilder &b, Location l, ValueRange x) -> Value {
                         Value product =
                             arith::MulFOp::create(b, l, x[0], x[1]);
                         return arith::AddFOp::create(b, l, x[2], product);
                       });
}

LogicalResult modc::checkPlanHasAdjoint(Operation *op, Value plan) {
  auto planOp = plan.getDefiningOp<PlanOp>();
  if (!planOp || !planOp.isDistinct())
    return success();
  InFlightDiagnostic diagnostic =
      op->emitOpError("has no derivative with a plan of shared rows");
  diagnostic.attachNote(planOp.getLoc()) << "the plan is made here";
  return diagnostic;
}

void modc::eraseDeadOps(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}
