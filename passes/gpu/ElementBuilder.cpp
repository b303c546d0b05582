//===- ElementBuilder.cpp - Elements of tensors, by demand ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums become loops, and bodies are cloned on scalars. What an element is made
// of is made once in a block, however many of its ops read it.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/ElementBuilder.h"
#include "dialect/ModularOps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace modc;

static bool isElementwise(Operation *op) {
  return op->getNumRegions() == 0 && op->getNumResults() == 1 &&
         op->hasTrait<OpTrait::Elementwise>() &&
         isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
         isMemoryEffectFree(op);
}

/// Scalars and coordinates of tensors alone come from outside of the body, and
/// each element is computed once.
static bool supportsGeneric(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics())
    return false;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    llvm::SmallDenseSet<unsigned> loops;
    for (AffineExpr expr : op.getMatchingIndexingMap(&init).getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        loops.insert(dim.getPosition());
      else if (!isa<AffineConstantExpr>(expr))
        return false;
    if (loops.size() != op.getNumParallelLoops())
      return false;
  }
  for (Operation &inner : *op.getBody()) {
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(inner.getRegions(), captured);
    for (Value value : captured)
      if (isa<ShapedType>(value.getType()))
        return false;
    for (OpOperand &use : inner.getOpOperands())
      if (isa<ShapedType>(use.get().getType()) &&
          (!isa<tensor::ExtractOp>(inner) || use.getOperandNumber() != 0))
        return false;
  }
  return true;
}

bool ElementBuilder::supports(Operation *op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return supportsGeneric(generic);
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return llvm::all_of(pad.getRegion().front(), [](Operation &inner) {
      return inner.getNumRegions() == 0 && isMemoryEffectFree(&inner);
    });
  return isa<linalg::FillOp, tensor::EmptyOp, tensor::ExpandShapeOp,
             tensor::CollapseShapeOp, tensor::ExtractSliceOp,
             tensor::InsertSliceOp, tensor::ConcatOp, tensor::CastOp,
             tensor::SplatOp, tensor::InsertOp, ReshapeOp>(op) ||
         (isa<arith::ConstantOp>(op) &&
          isa<ElementsAttr>(cast<arith::ConstantOp>(op).getValue())) ||
         isElementwise(op);
}

Value ElementBuilder::fail(Value value) {
  if (!unknown)
    unknown = value;
  Type type = getElementTypeOrSelf(value.getType());
  return arith::ConstantOp::create(b, b.getZeroAttr(type));
}

Value ElementBuilder::index(OpFoldResult value) {
  if (auto constant = getConstantIntValue(value))
    return b.index(*constant);
  return scalar(cast<Value>(value));
}

Value ElementBuilder::once(Value value, ValueRange at,
                           function_ref<Value()> make) {
  // Constants are no less equal for being made anew.
  SmallVector<void *> key = {value.getAsOpaquePointer()};
  for (Value place : at)
    key.push_back(getAsOpFoldResult(place).getOpaqueValue());
  for (const Scope &scope : llvm::reverse(scopes))
    if (auto found = scope.find(key); found != scope.end())
      return found->second;
  Value made = make();
  scopes.back()[key] = made;
  return made;
}

Value ElementBuilder::scalar(Value value) {
  return once(value, {}, [&] { return makeScalar(value); });
}

Value ElementBuilder::makeScalar(Value value) {
  if (Value known = load(value, {}))
    return known;
  Operation *op = value.getDefiningOp();
  if (!op)
    return fail(value);
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    Values at;
    for (Value i : extract.getIndices())
      at.push_back(scalar(i));
    return element(extract.getTensor(), at);
  }
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    auto type = cast<RankedTensorType>(dim.getSource().getType());
    std::optional<int64_t> d = dim.getConstantIndex();
    if (d && !type.isDynamicDim(*d))
      return b.index(type.getDimSize(*d));
    auto [count, multiple] =
        d ? size(dim.getSource(), *d) : std::pair<Value, int64_t>();
    return count ? b.mul(count, b.index(multiple)) : fail(value);
  }
  if (op->getNumRegions() || op->getNumResults() != 1 ||
      !isMemoryEffectFree(op) ||
      llvm::any_of(op->getOperandTypes(),
                   [](Type type) { return isa<ShapedType>(type); }))
    return fail(value);
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, scalar(operand));
  return b.clone(*op, mapping)->getResult(0);
}

Value ElementBuilder::element(Value tensor, ValueRange at) {
  return once(tensor, at, [&]() -> Value {
    if (Value loaded = load(tensor, at))
      return loaded;
    Operation *op = tensor.getDefiningOp();
    if (!op || !supports(op))
      return fail(tensor);
    return compute(op, cast<OpResult>(tensor).getResultNumber(), at);
  });
}

Value ElementBuilder::compute(Operation *op, unsigned number, ValueRange at) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return element(generic, number, at);
  if (auto fill = dyn_cast<linalg::FillOp>(op))
    return scalar(fill.getInputs()[0]);
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return scalar(splat.getInput());
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return element(cast.getSource(), at);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return arith::ConstantOp::create(
        b, b.getZeroAttr(empty.getType().getElementType()));
  if (Value moved = move(op, at))
    return moved;
  if (auto table = dyn_cast<arith::ConstantOp>(op))
    return constant(table, at);
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, isa<ShapedType>(operand.getType())
                             ? element(operand, at)
                             : scalar(operand));
  Operation *clone = b.clone(*op, mapping);
  Value result = clone->getResult(0);
  result.setType(getElementTypeOrSelf(result.getType()));
  return result;
}

Value ElementBuilder::constant(arith::ConstantOp op, ValueRange at) {
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (dense && dense.isSplat())
    return arith::ConstantOp::create(
        b, cast<TypedAttr>(dense.getSplatValue<Attribute>()));
  return b.extract(b.clone(*op)->getResult(0), at);
}

std::pair<Value, int64_t> ElementBuilder::extentOf(linalg::GenericOp op,
                                                   unsigned loop) {
  int64_t range = op.getStaticLoopRanges()[loop];
  if (!ShapedType::isDynamic(range))
    return {b.index(range), 1};
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (auto place = map.getResultPosition(b.getAffineDimExpr(loop)))
      if (auto [count, multiple] = size(operand.get(), *place); count)
        return {count, multiple};
  }
  (void)fail(op.getResult(0));
  return {b.index(0), 1};
}

/// The body of a generic op on scalars.
ElementBuilder::Values ElementBuilder::payload(linalg::GenericOp op,
                                               ValueRange ivs,
                                               ValueRange carried) {
  IRMapping mapping;
  Block *body = op.getBody();
  for (OpOperand *input : op.getDpsInputOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(input);
    if (argument.use_empty())
      continue;
    if (!isa<ShapedType>(input->get().getType())) {
      mapping.map(argument, scalar(input->get()));
      continue;
    }
    Values at;
    for (AffineExpr expr : op.getMatchingIndexingMap(input).getResults())
      at.push_back(
          affine::expandAffineExpr(b, b.getLoc(), expr, ivs, /*symbols=*/{}));
    mapping.map(argument, element(input->get(), at));
  }
  mapping.map(op.getRegionOutputArgs(), carried);
  auto lookup = [&](Value value) {
    if (!mapping.contains(value))
      mapping.map(value, scalar(value));
    return mapping.lookup(value);
  };
  for (Operation &inner : body->without_terminator()) {
    if (auto number = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(number.getResult(), ivs[number.getDim()]);
      continue;
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
      Values at;
      for (Value i : extract.getIndices())
        at.push_back(lookup(i));
      mapping.map(extract.getResult(), element(extract.getTensor(), at));
      continue;
    }
    for (Value operand : inner.getOperands())
      (void)lookup(operand);
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(inner.getRegions(), captured);
    for (Value value : captured)
      (void)lookup(value);
    b.clone(inner, mapping);
  }
  return llvm::map_to_vector(body->getTerminator()->getOperands(), lookup);
}

Value ElementBuilder::element(linalg::GenericOp op, unsigned number,
                              ValueRange at) {
  Values ivs(op.getNumLoops());
  OpOperand *init = op.getDpsInitOperand(number);
  for (auto [expr, place] :
       llvm::zip(op.getMatchingIndexingMap(init).getResults(), at))
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      ivs[dim.getPosition()] = place;
  Values start;
  for (OpOperand &each : op.getDpsInitsMutable()) {
    // Without loops nothing is carried: what the body does not read is nothing.
    if (op.getMatchingBlockArgument(&each).use_empty()) {
      start.push_back(arith::ConstantOp::create(
          b, b.getZeroAttr(getElementTypeOrSelf(each.get().getType()))));
      continue;
    }
    if (op == startedOp && start.empty()) {
      start.push_back(startValue);
      continue;
    }
    Values place;
    for (AffineExpr expr : op.getMatchingIndexingMap(&each).getResults())
      place.push_back(
          affine::expandAffineExpr(b, b.getLoc(), expr, ivs, /*symbols=*/{}));
    start.push_back(element(each.get(), place));
  }
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  std::function<Values(unsigned, ValueRange)> nest =
      [&](unsigned depth, ValueRange carried) -> Values {
    if (depth == reductions.size())
      return payload(op, ivs, carried);
    std::pair<Value, int64_t> extent = extentOf(op, reductions[depth]);
    int64_t multiple = extent.second;
    auto next = [&](Value i, ValueRange inner) {
      ivs[reductions[depth]] = i;
      scopes.emplace_back();
      Values results = nest(depth + 1, inner);
      scopes.pop_back();
      return results;
    };
    if (multiple == 1)
      return b.loop(b.index(0), extent.first, carried, next);
    // Two loops: nothing runs longer than there are rows.
    return b.loop(b.index(0), extent.first, carried,
                  [&](Value row, ValueRange outer) {
                    Value begin = b.mul(row, b.index(multiple));
                    return b.loop(b.index(0), b.index(multiple), outer,
                                  [&](Value i, ValueRange inner) {
                                    return next(b.add(begin, i), inner);
                                  });
                  });
  };
  return nest(0, start)[number];
}
