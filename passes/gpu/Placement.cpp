//===- Placement.cpp - Which rows the values of a program have ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that move between sets of rows are known by name; all others are asked
// through the analysis of bodies, with the rows of their operands as the
// points.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/Placement.h"
#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Matchers.h"
#include "passes/cpu/abi/SizeFormula.h"
#include "passes/gpu/ReadValues.h"

using namespace mlir;
using namespace modc;

std::optional<RowCount> RowCount::times(const RowCount &o) const {
  if ((points && o.points) || (candidates && o.candidates))
    return std::nullopt;
  int64_t product;
  if (llvm::MulOverflow(factor, o.factor, product))
    return std::nullopt;
  return RowCount{product, points || o.points, candidates || o.candidates, {}};
}

void Placement::place(Value value, RowCount rows, int64_t dim,
                      int64_t multiple) {
  placed[value] = {rows, dim, multiple};
}

std::optional<Placed> Placement::get(Value value) const {
  auto found = placed.find(value);
  if (found == placed.end())
    return std::nullopt;
  return found->second;
}

std::optional<RowCount> Placement::size(Value index) const {
  APInt constant;
  if (matchPattern(index, m_ConstantInt(&constant)))
    return RowCount{constant.getSExtValue(), false, false, {}};
  auto found = sizes.find(index);
  if (found == sizes.end())
    return std::nullopt;
  return found->second;
}

RowCount Placement::positionsOf(Value plan) const {
  RowCount rows = rowsOf(plan);
  rows.factor *= cast<PlanType>(plan.getType()).getChoose();
  rows.plan = plan;
  rows.distinct = {};
  return rows;
}

bool Placement::changesRows(Operation *op) const {
  if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
    return false;
  auto from = get(op->getOperand(0)), to = get(op->getResult(0));
  return from && to && from->rows != to->rows;
}

Placement::Placement(func::FuncOp program) {
  for (BlockArgument argument : program.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto rows = program.getArgAttrOfType<StringAttr>(i, kRows);
    if (rows)
      place(argument, {1, true, rows.getValue() == "S*N", {}});
    if (argument.getType().isIndex()) {
      auto name = program.getArgAttrOfType<StringAttr>(i, kName);
      bool candidates = name && name.getValue() == "S";
      sizes[argument] = {1, !candidates, candidates, {}};
    }
  }
  for (Operation &op : program.getBody().front().without_terminator())
    visit(&op);
}

void Placement::visitSize(Operation *op) {
  Value result = op->getResult(0);
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> index = dim.getConstantIndex();
    auto source = get(dim.getSource());
    if (!index || !source || *index != source->dim)
      return;
    RowCount rows = source->rows;
    rows.plan = rows.distinct = {};
    rows.factor *= source->multiple;
    sizes[result] = rows;
    return;
  }
  if (op->getNumOperands() != 2)
    return;
  auto a = size(op->getOperand(0)), b = size(op->getOperand(1));
  if (!a || !b)
    return;
  if (isa<arith::MulIOp>(op)) {
    if (auto product = a->times(*b))
      sizes[result] = *product;
  } else if (isa<arith::DivUIOp, arith::DivSIOp, arith::FloorDivSIOp>(op) &&
             b->isStatic() && b->factor > 0 && a->factor % b->factor == 0) {
    a->factor /= b->factor;
    sizes[result] = *a;
  }
}

/// Ops of the dialect that know of rows other than their own.
bool Placement::visitRouted(Operation *op) {
  auto rowsOfValue = [&](Value value) -> std::optional<RowCount> {
    auto found = get(value);
    if (!found || found->dim != 0 || found->multiple != 1)
      return std::nullopt;
    return found->rows;
  };
  auto placeAll = [&](std::optional<RowCount> rows) {
    if (!rows)
      return false;
    for (Value result : op->getResults())
      place(result, *rows);
    byRows.insert(op);
    return true;
  };
  if (auto uniform = dyn_cast<UniformOp>(op)) {
    auto points = rowsOfValue(uniform.getPoints());
    auto candidates = size(uniform.getCandidates());
    if (!points || !candidates)
      return false;
    auto rows = points->times(*candidates);
    if (rows)
      rows->factor *= uniform.getRowsPerPoint();
    return placeAll(rows);
  }
  if (auto tile = dyn_cast<TileRowsOp>(op)) {
    auto rows = rowsOfValue(tile.getInput());
    auto times = size(tile.getTimes());
    return rows && times && placeAll(rows->times(*times));
  }
  if (auto take = dyn_cast<TakeRowsOp>(op))
    return placeAll(rowsOfValue(take.getRows()));
  if (auto sample = dyn_cast<SampleOp>(op))
    return placeAll(rowsOfValue(sample.getUniforms()));
  if (auto log = dyn_cast<LogProbabilityOp>(op))
    return placeAll(rowsOfValue(log.getSelection()));
  if (auto gates = dyn_cast<GatesOp>(op))
    return placeAll(rowsOfValue(gates.getSelection()));
  if (isa<ModeOp, ToSelectionOp, FromSelectionOp, KeepStoredOp>(op))
    return placeAll(rowsOfValue(op->getOperand(0)));
  if (auto best = dyn_cast<KeepBestOp>(op)) {
    auto rows = rowsOfValue(best.getObjective());
    auto candidates = size(best.getCandidates());
    if (!rows || !candidates || candidates->points ||
        (candidates->candidates && !rows->candidates) ||
        candidates->factor <= 0 || rows->factor % candidates->factor)
      return false;
    rows->factor /= candidates->factor;
    rows->candidates &= !candidates->candidates;
    return placeAll(rows);
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    // The first rows of more.
    auto source = rowsOfValue(insert.getSource());
    auto into = rowsOfValue(insert.getDest());
    SmallVector<OpFoldResult> offsets = insert.getMixedOffsets();
    return source && into && !source->isOf(*into) &&
           isConstantIntValue(offsets[0], 0) && placeAll(into);
  }
  if (auto plan = dyn_cast<PlanOp>(op)) {
    if (auto rows = rowsOfValue(plan.getSelection())) {
      planRows[plan] = *rows;
      // Of the others it has no positions.
      if (plan.isDistinct())
        if (auto distinct = plan.getRows().getDefiningOp<DistinctRowsOp>())
          planRows[plan].distinct = distinct.getIndex();
    }
    return true;
  }
  if (auto distinct = dyn_cast<DistinctRowsOp>(op)) {
    auto rows = rowsOfValue(distinct.getKeys());
    auto parents = rowsOfValue(distinct.getParent());
    return rows && parents && rows->isOf(*parents) && placeAll(rows);
  }
  if (auto combine = dyn_cast<CombineOp>(op))
    return placeAll(rowsOf(combine.getPlan()));
  if (auto cotangent = dyn_cast<GateCotangentOp>(op))
    return placeAll(rowsOf(cotangent.getPlan()));
  if (auto dispatch = dyn_cast<DispatchOp>(op))
    return placeAll(positionsOf(dispatch.getPlan()));
  if (auto grouped = dyn_cast<GroupedOp>(op)) {
    for (Value result : grouped.getRowResults())
      place(result, positionsOf(grouped.getPlan()));
    RowCount points = rowsOf(grouped.getPlan());
    int64_t perPoint = grouped.getRowsPerPoint();
    if (points.factor % perPoint == 0)
      for (Value result : grouped.getPointResults())
        place(result,
              {points.factor / perPoint, points.points, points.candidates, {}});
    return true;
  }
  return isa<UsageOp, UpdateOp, GradientNormOp, DefinedWhereOp>(op);
}

/// Merges rows with dimensions that follow them, or parts them: then each part
/// is a row, so that the ops in between have an invocation for it.
bool Placement::visitReshape(Operation *op) {
  auto collapse = dyn_cast<tensor::CollapseShapeOp>(op);
  auto expand = dyn_cast<tensor::ExpandShapeOp>(op);
  if (!collapse && !expand)
    return false;
  auto source = get(op->getOperand(0));
  if (!source || source->multiple != 1)
    return false;
  SmallVector<ReassociationIndices> groups =
      collapse ? collapse.getReassociationIndices()
               : expand.getReassociationIndices();
  // Rows stand first in their group, but for dimensions of 1.
  ArrayRef<int64_t> shape = collapse ? collapse.getSrcType().getShape()
                                     : expand.getResultType().getShape();
  int64_t merged = source->dim;
  if (collapse)
    merged = llvm::find_if(groups,
                           [&](const ReassociationIndices &group) {
                             return llvm::is_contained(group, source->dim);
                           }) -
             groups.begin();
  int64_t rowDim = -1, inner = 1;
  for (int64_t d : groups[merged]) {
    if (ShapedType::isDynamic(shape[d])) {
      if (rowDim >= 0)
        return false;
      rowDim = d;
    } else if (rowDim < 0 ? shape[d] != 1
                          : llvm::MulOverflow(inner, shape[d], inner)) {
      return false;
    }
  }
  if (rowDim < 0 || inner < 1 || (collapse && rowDim != source->dim))
    return false;
  RowCount rows = source->rows;
  // Of these it is not known how many there are.
  if (inner > 1 && (rows.plan || rows.distinct))
    return false;
  if (collapse ? llvm::MulOverflow(rows.factor, inner, rows.factor)
               : rows.factor % inner != 0)
    return false;
  if (expand)
    rows.factor /= inner;
  place(op->getResult(0), rows, collapse ? merged : rowDim);
  return true;
}

/// Any other op: the common rows of its operands are the points of a body.
bool Placement::visitStructured(Operation *op) {
  SetVector<Value> operands = getReadValues(op);
  // What is only filled takes the rows of the others.
  auto isUndefined = [](Value value) {
    Operation *definition = value.getDefiningOp();
    return isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(definition);
  };
  std::optional<RowCount> rows;
  for (bool undefined : {false, true})
    for (Value operand : operands)
      if (auto found = get(operand))
        if (isUndefined(operand) == undefined) {
          if (!rows)
            rows = found->rows;
          // There are results where all operands have values.
          if (found->rows.distinct && rows->isOf(found->rows)) {
            if (rows->distinct && *rows != found->rows)
              return false;
            rows = found->rows;
          }
        }
  if (!rows)
    return false;
  RowAnalysis analysis;
  for (Value operand : operands) {
    auto found = get(operand);
    if (found && isUndefined(operand) && found->rows.isLike(*rows) &&
        !found->rows.isOf(*rows)) {
      // An empty tensor of N·T rows is as well one of T rows for each of N.
      int64_t total = found->rows.factor * found->multiple;
      if (total % rows->factor)
        return false;
      analysis.set(operand, RowState::rows(found->dim, total / rows->factor));
    } else if (found) {
      if (!found->rows.isOf(*rows) && !isUndefined(operand))
        return false;
      analysis.set(operand, RowState::rows(found->dim, found->multiple));
    } else if (operand.getType().isIndex()) {
      auto count = size(operand);
      if (count && !count->isStatic() && count->isLike(*rows) &&
          count->factor % rows->factor == 0)
        analysis.set(operand, RowState::count(count->factor / rows->factor));
    }
  }
  ScopedDiagnosticHandler quiet(op->getContext(),
                                [](Diagnostic &) { return success(); });
  if (failed(analysis.visit(op)))
    return false;
  bool any = false;
  for (Value result : op->getResults()) {
    RowState state = analysis.get(result);
    if (!state.isRows())
      continue;
    place(result, *rows, state.dim, state.multiple);
    any = true;
  }
  return any;
}

void Placement::visit(Operation *op) {
  if (op->getNumResults() == 1 && op->getResult(0).getType().isIndex())
    return visitSize(op);
  if (isa<tensor::EmptyOp, bufferization::AllocTensorOp>(op)) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (op->getNumOperands() == 1 && type.getNumDynamicDims() == 1)
      if (auto count = size(op->getOperand(0))) {
        for (int64_t d = 0; d < type.getRank(); ++d)
          if (type.isDynamicDim(d))
            place(op->getResult(0), *count, d);
        byRows.insert(op);
      }
    return;
  }
  if (auto write = dyn_cast<bufferization::MaterializeInDestinationOp>(op)) {
    if (auto found = get(write.getSource())) {
      placed[write.getResult()] = *found;
      byRows.insert(op);
    }
    return;
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op);
      generic && generic.getNumReductionLoops() == 0 &&
      generic->getNumResults() == 1 &&
      llvm::none_of(generic.getDpsInputs(),
                    [&](Value input) { return get(input).has_value(); })) {
    // Numbers of rows, which may ask for their row.
    if (auto found = get(generic.getDpsInits()[0])) {
      placed[generic.getResult(0)] = *found;
      byRows.insert(op);
    }
    return;
  }
  if (visitRouted(op))
    return;
  if (visitReshape(op) || visitStructured(op))
    byRows.insert(op);
}
