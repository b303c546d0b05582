//===- ElementFunction.cpp - An element of a body's values ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Goes back from the values to arguments, with the place of the element that is
// wanted of each as a function of row and column.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/ElementFunction.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace modc;

namespace {

class FunctionWriter {
public:
  FunctionWriter(ElementFunction &result, Location loc, Value sum,
                 ValueRange given)
      : result(result), b(loc, loc.getContext()), sum(sum),
        given(given.begin(), given.end()) {
    entry = &result.function->getBody().front();
    b.setInsertionPointToStart(entry);
  }

  /// The element of a tensor at these coordinates, or a scalar; null where
  /// there is no such function.
  Value get(Value value, ArrayRef<AffineExpr> at) {
    AffineMap place = AffineMap::get(2, 0, at, b.getContext());
    if (Value known = made.lookup({value, place}))
      return known;
    Value element = make(value, at, place);
    if (element)
      made[{value, place}] = element;
    return element;
  }

  TensorBuilder &builder() { return b; }

private:
  Value make(Value value, ArrayRef<AffineExpr> at, AffineMap place) {
    if (value == sum)
      return place.isIdentity() ? entry->getArgument(0) : Value();
    if (!getElementTypeOrSelf(value.getType()).isIntOrFloat())
      return {};
    if (given.contains(value))
      return entry->addArgument(b.getF32Type(), b.getLoc());
    Operation *op = value.getDefiningOp();
    if (!op)
      return load(cast<BlockArgument>(value), place);
    SplatElementsAttr splat;
    if (matchPattern(value, m_Constant(&splat)))
      return arith::ConstantOp::create(b, splat.getSplatValue<TypedAttr>());
    if (isa<arith::ConstantOp>(op) && !isa<ShapedType>(value.getType()))
      return b.clone(*op)->getResult(0);
    if (auto fill = dyn_cast<linalg::FillOp>(op))
      return get(fill.getInputs()[0], {});
    // What nobody reads.
    if (isa<tensor::EmptyOp>(op))
      return arith::ConstantOp::create(
          b, b.getZeroAttr(getElementTypeOrSelf(value.getType())));
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      return inlineBody(generic, cast<OpResult>(value), at);
    if (op->hasTrait<OpTrait::Elementwise>() && op->getNumResults() == 1 &&
        op->getNumRegions() == 0)
      return cloneElementwise(op, at);
    return {};
  }

  Value load(BlockArgument argument, AffineMap place) {
    if (!getElementTypeOrSelf(argument.getType()).isF32() ||
        !isa<RankedTensorType>(argument.getType()))
      return {};
    result.loads.push_back({argument, place});
    return entry->addArgument(b.getF32Type(), b.getLoc());
  }

  Value cloneElementwise(Operation *op, ArrayRef<AffineExpr> at) {
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      bool shaped = isa<ShapedType>(operand.getType());
      Value element = get(operand, shaped ? at : ArrayRef<AffineExpr>());
      if (!element)
        return {};
      mapping.map(operand, element);
    }
    Operation *clone = b.clone(*op, mapping);
    clone->getResult(0).setType(getElementTypeOrSelf(op->getResult(0)));
    return clone->getResult(0);
  }

  Value inlineBody(linalg::GenericOp op, OpResult value,
                   ArrayRef<AffineExpr> at) {
    if (op.getNumParallelLoops() != op.getNumLoops() || op.hasIndexSemantics())
      return {};
    OpOperand *init = op.getDpsInitOperand(value.getResultNumber());
    AffineMap out = op.getMatchingIndexingMap(init);
    if (!out.isPermutation())
      return {};
    SmallVector<AffineExpr> loops(op.getNumLoops());
    for (auto [expr, coordinate] : llvm::zip(out.getResults(), at))
      loops[cast<AffineDimExpr>(expr).getPosition()] = coordinate;
    IRMapping mapping;
    Block *body = op.getBody();
    for (OpOperand &operand : op->getOpOperands()) {
      BlockArgument argument = op.getMatchingBlockArgument(&operand);
      if (argument.use_empty())
        continue;
      SmallVector<AffineExpr> place;
      for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults())
        place.push_back(
            simplifyAffineExpr(expr.replaceDims(loops), /*numDims=*/2, 0));
      Value element = get(operand.get(), place);
      if (!element)
        return {};
      mapping.map(argument, element);
    }
    for (Operation &inner : body->without_terminator()) {
      if (inner.getNumRegions() != 0 || !isMemoryEffectFree(&inner))
        return {};
      for (Value operand : inner.getOperands())
        if (!mapping.contains(operand)) {
          Value outer = get(operand, {});
          if (!outer)
            return {};
          mapping.map(operand, outer);
        }
      b.clone(inner, mapping);
    }
    Value yielded = body->getTerminator()->getOperand(value.getResultNumber());
    if (Value inner = mapping.lookupOrNull(yielded))
      return inner;
    return get(yielded, {});
  }

  ElementFunction &result;
  TensorBuilder b;
  Value sum;
  DenseSet<Value> given;
  Block *entry;
  DenseMap<std::pair<Value, AffineMap>, Value> made;
};

} // namespace

std::optional<ElementFunction> ElementFunction::build(Location loc,
                                                      ValueRange values,
                                                      Value sum,
                                                      ValueRange given) {
  OpBuilder b(loc.getContext());
  ElementFunction result;
  result.function =
      func::FuncOp::create(b, loc, "element", b.getFunctionType({}, {}));
  result.function->setPrivate();
  (*result.function)->setAttr(kElementFunction, b.getUnitAttr());
  result.function->addEntryBlock()->addArgument(b.getF32Type(), loc);
  FunctionWriter writer(result, loc, sum, given);
  SmallVector<AffineExpr> here = {b.getAffineDimExpr(0), b.getAffineDimExpr(1)};
  SmallVector<Value> elements;
  for (Value value : values) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || type.getRank() != 2 || !type.getElementType().isF32())
      return std::nullopt;
    Value element = writer.get(value, here);
    if (!element)
      return std::nullopt;
    // As words: passes take results that are arguments for buffers which are
    // made in place, and drop them.
    elements.push_back(
        arith::BitcastOp::create(writer.builder(), b.getI32Type(), element));
  }
  func::ReturnOp::create(writer.builder(), elements);
  Block &entry = result.function->getBody().front();
  result.function->setFunctionType(b.getFunctionType(
      entry.getArgumentTypes(), ValueRange(elements).getTypes()));
  return result;
}
