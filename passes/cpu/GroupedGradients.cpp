//===- GroupedGradients.cpp - Gradients as sums over rows -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The gradient of a member's parameter is, as a rule, one sum over the member's
// rows: a product of two values of the body, or a value itself. Each element
// adds up in the order of the loops of that sum, whoever computes it; a product
// adds the rows in the order of the plan.
//
//===----------------------------------------------------------------------===//

#include "dialect/RowIndependence.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/cpu/Grouped.h"
#include "passes/cpu/Panels.h"

using namespace mlir;
using namespace modc;

RowAnalysis modc::analyzeRows(GroupedOp op, unsigned c) {
  RowAnalysis rows;
  Block &body = op.getClassBody(c);
  unsigned numRows = op.getGathered().size() + op.getAlong().size();
  for (BlockArgument argument : body.getArguments().take_front(numRows))
    rows.set(argument, RowState::rows());
  // Sums over rows are no rows, which is no error here.
  ScopedDiagnosticHandler quiet(op.getContext(),
                                [](Diagnostic &) { return success(); });
  for (Operation &inner : body.without_terminator())
    (void)rows.visit(&inner);
  return rows;
}

/// How many elements a step of loop `d` is in the dimension of `expr`: a
/// panel's columns where the gradient is in panels of `width`; 0 if it is no
/// such step.
static int64_t getStep(AffineExpr expr, unsigned d, int64_t width) {
  if (!expr.isFunctionOfDim(d))
    return 0;
  if (isa<AffineDimExpr>(expr))
    return 1;
  auto column = matchPanelColumn(expr, width);
  return column && column->first == d ? width : 0;
}

/// Whether `map` names loop `d` nowhere but by whole steps.
static bool isPlainIn(AffineMap map, unsigned d, int64_t width) {
  return llvm::all_of(map.getResults(), [&](AffineExpr expr) {
    return getStep(expr, d, width) || !expr.isFunctionOfDim(d);
  });
}

static bool isPlainProduct(linalg::GenericOp op) {
  return op.getNumDpsInputs() == 2 &&
         op.getBody()->getOperations().size() == 3 &&
         (op.getNumLoops() == 3 ? linalg::isaContractionOpInterface(op)
                                : isMatrixProduct(op));
}

/// Whether column `expr` of an operand is loop `d`.
static bool isLoop(AffineExpr expr, unsigned d) {
  auto loop = dyn_cast<AffineDimExpr>(expr);
  return loop && loop.getPosition() == d;
}

std::optional<RowSums::Sum> RowSums::matchSum(Value value,
                                              const RowAnalysis &analysis) {
  auto generic = value.getDefiningOp<linalg::GenericOp>();
  if (!generic || !value.hasOneUse() || !isSum(generic) ||
      generic.hasIndexSemantics() ||
      !getZeroFill(generic.getDpsInitOperand(0)->get()))
    return std::nullopt;
  auto type = cast<RankedTensorType>(value.getType());
  AffineMap out = generic.getMatchingIndexingMap(generic.getDpsInitOperand(0));
  if (!type.hasStaticShape() || type.getRank() == 0 ||
      !isa<AffineDimExpr>(out.getResult(0)))
    return std::nullopt;
  // All inputs are rows, and the loop over them is summed over.
  std::optional<unsigned> rows;
  for (OpOperand *input : generic.getDpsInputOperands()) {
    AffineMap map = generic.getMatchingIndexingMap(input);
    if (analysis.get(input->get()) != RowState::rows() ||
        tensorType(input->get()).getNumDynamicDims() != 1 ||
        !isa<AffineDimExpr>(map.getResult(0)))
      return std::nullopt;
    unsigned loop = map.getDimPosition(0);
    if (rows.value_or(loop) != loop ||
        llvm::any_of(map.getResults().drop_front(),
                     [&](AffineExpr e) { return e.isFunctionOfDim(loop); }))
      return std::nullopt;
    rows = loop;
  }
  if (!rows ||
      generic.getIteratorTypesArray()[*rows] != utils::IteratorType::reduction)
    return std::nullopt;
  // Nothing of the body but the operands.
  bool closed = true;
  Block *body = &lowering.op.getClassBody(c);
  generic.getRegion().walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      closed &= operand.getParentBlock() != body;
  });
  if (!closed)
    return std::nullopt;
  Sum sum = {generic, {}, {1, type.getDimSize(0)}};
  unsigned first = out.getDimPosition(0);
  int64_t width = type.getShape().back();
  bool splits = llvm::all_of(generic.getIndexingMapsArray(), [&](AffineMap m) {
    return isPlainIn(m, first, width);
  });
  if (splits)
    sum.parts = SliceParts::of(type.getShape());
  // Of a product's operands, that with the rows of the gradient.
  unsigned numGathered = lowering.op.getGathered().size();
  bool product = lowering.gathersInReaders && isPlainProduct(generic);
  unsigned row = product ? out.getDimPosition(out.getNumResults() - 2) : 0;
  for (OpOperand *input : generic.getDpsInputOperands()) {
    auto argument = dyn_cast<BlockArgument>(input->get());
    AffineMap map = generic.getMatchingIndexingMap(input);
    if (product && argument && argument.getOwner() == body &&
        argument.getArgNumber() < numGathered && map.getNumResults() == 2 &&
        isLoop(map.getResult(1), row) &&
        generic.getDpsInputOperand(0)->get() !=
            generic.getDpsInputOperand(1)->get())
      sum.gathered = argument;
  }
  return sum;
}

std::optional<RowSums> RowSums::match(GroupedLowering &lowering, unsigned c) {
  GroupedOp op = lowering.op;
  if (op.isByPoint() || op.getClassGradients(c).empty())
    return std::nullopt;
  RowSums result(lowering, c);
  size_t others = op.getRowResults().size() + op.getPointResults().size();
  Block &body = op.getClassBody(c);
  RowAnalysis analysis = analyzeRows(op, c);
  for (Value value :
       llvm::drop_begin(body.getTerminator()->getOperands(), others)) {
    std::optional<Sum> sum = result.matchSum(value, analysis);
    if (!sum)
      return std::nullopt;
    result.sums.push_back(*sum);
  }
  unsigned along = op.getGathered().size();
  unsigned end = along + op.getAlong().size();
  for (const Sum &sum : result.sums)
    for (Value input : linalg::GenericOp(sum.op).getDpsInputs()) {
      auto argument = dyn_cast<BlockArgument>(input);
      bool whole = argument && argument.getArgNumber() >= along &&
                   argument.getArgNumber() < end;
      if (input != sum.gathered && !whole &&
          !llvm::is_contained(result.summands, input))
        result.summands.push_back(input);
    }
  return result;
}

Value RowSums::buildPart(const Sum &sum, Value slot, Value offset,
                         OpFoldResult size, Value destination,
                         ArrayRef<Value> values) {
  GroupedOp op = lowering.op;
  linalg::GenericOp generic = sum.op;
  auto [first, count] = lowering.segmentOf(lowering.memberOf(c, slot));
  OpOperand *init = generic.getDpsInitOperand(0);
  unsigned split = generic.getMatchingIndexingMap(init).getDimPosition(0);
  int64_t width = tensorType(init->get()).getShape().back();
  // The part of `value` that belongs to the part of the gradient.
  auto partOf = [&](Value value, AffineMap map) -> Value {
    SmallVector<OpFoldResult> sizes = b.sizes(value);
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    for (auto [d, expr] : llvm::enumerate(map.getResults()))
      if (int64_t step = getStep(expr, split, width);
          step && sum.parts.count > 1) {
        offsets[d] = b.scale(offset, step);
        sizes[d] = b.scale(size, step);
      }
    return tensor::ExtractSliceOp::create(b, value, offsets, sizes, strides);
  };
  Value zero = b.fill(destination, 0.0);
  IRMapping mapping;
  mapping.map(init->get(), zero);
  SmallVector<Value> inputs;
  for (OpOperand *input : generic.getDpsInputOperands()) {
    Value value = input->get();
    AffineMap map = generic.getMatchingIndexingMap(input);
    auto argument = dyn_cast<BlockArgument>(value);
    unsigned gathered = op.getGathered().size();
    if (value == sum.gathered) {
      inputs.push_back(partOf(op.getGathered()[argument.getArgNumber()], map));
      continue;
    }
    auto found = llvm::find(summands, value);
    Value whole = found != summands.end()
                      ? values[found - summands.begin()]
                      : op.getAlong()[argument.getArgNumber() - gathered];
    inputs.push_back(partOf(b.rows(whole, first, count), map));
    mapping.map(value, inputs.back());
  }
  if (sum.gathered) {
    unsigned number = generic.getDpsInputs()[0] == sum.gathered ? 0 : 1;
    return gatherInReader(b, generic,
                          GatheredTile{sum.gathered, inputs[number]},
                          b.rows(lowering.plan.rows, first, count), mapping)
        .getResult(0);
  }
  auto clone = linalg::GenericOp::create(b, zero.getType(), inputs, zero,
                                         generic.getIndexingMapsArray(),
                                         generic.getIteratorTypesArray());
  IRMapping none;
  generic.getRegion().cloneInto(&clone.getRegion(), none);
  return clone.getResult(0);
}

Value RowSums::build(const Sum &sum, unsigned gradient,
                     ArrayRef<Value> values) {
  GroupedOp op = lowering.op;
  int64_t members = op.getClassMembers(c).size();
  auto type = tensorType(op.getClassGradients(c)[gradient]);
  ArrayRef<int64_t> shape = type.getShape().drop_front();
  // A loop over one task would fold and leave a copy behind.
  if (members * sum.parts.count == 1) {
    Value empty = b.empty(RankedTensorType::get(shape, type.getElementType()));
    Value result = buildPart(sum, b.index(0), b.index(0),
                             b.getIndexAttr(shape[0]), empty, values);
    SmallVector<ReassociationIndices> groups = {{0, 1}};
    for (int64_t d = 2; d < type.getRank(); ++d)
      groups.push_back({d});
    return tensor::ExpandShapeOp::create(b, type, result, groups);
  }
  auto forall = scf::ForallOp::create(
      b, ArrayRef<OpFoldResult>{b.getIndexAttr(members * sum.parts.count)},
      lowering.emptyGradient(c, gradient), std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(forall.getTerminator());
  Value task = forall.getInductionVar(0), slot = task, offset = b.index(0);
  OpFoldResult size = b.getIndexAttr(shape[0]);
  if (sum.parts.count > 1) {
    slot = arith::DivUIOp::create(b, task, b.index(sum.parts.count));
    Value part = arith::RemUIOp::create(b, task, b.index(sum.parts.count));
    offset = b.mul(part, b.index(sum.parts.size));
    size = b.getIndexAttr(sum.parts.size);
    if (shape[0] % sum.parts.size) {
      AffineExpr at;
      bindDims(b.getContext(), at);
      size = affine::AffineMinOp::create(
                 b,
                 AffineMap::get(
                     1, 0,
                     {b.getAffineConstantExpr(sum.parts.size), shape[0] - at},
                     b.getContext()),
                 ValueRange{offset})
                 .getResult();
    }
  }
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes =
      getAsIndexOpFoldResult(b.getContext(), type.getShape());
  offsets[0] = slot;
  sizes[0] = b.getIndexAttr(1);
  offsets[1] = offset;
  sizes[1] = size;
  SmallVector<int64_t> partShape(shape);
  if (isa<Value>(size))
    partShape[0] = ShapedType::kDynamic;
  else
    partShape[0] = sum.parts.size;
  Value shared = forall.getRegionIterArgs()[0];
  Value destination = tensor::ExtractSliceOp::create(
      b, RankedTensorType::get(partShape, type.getElementType()), shared,
      offsets, sizes, strides);
  Value result = buildPart(sum, slot, offset, size, destination, values);
  b.setInsertionPointToEnd(forall.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, result, shared, offsets, sizes,
                                        strides);
  return forall.getResult(0);
}

SmallVector<Value> RowSums::build(ArrayRef<Value> values) {
  SmallVector<Value> results;
  for (auto [i, sum] : llvm::enumerate(sums))
    results.push_back(build(sum, i, values));
  return results;
}
