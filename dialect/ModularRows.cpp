//===- ModularRows.cpp - Rows of the dialect's own ops --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the ops that stand in bodies do with rows: RowOpInterface of the ops of
// this dialect.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "dialect/RowIndependence.h"

using namespace mlir;
using namespace modc;

/// For an op that works along the last dimension of operand 0 and keeps the
/// others; other tensors of `op` must be free.
static LogicalResult keepLeadingDims(Operation *op, RowAnalysis &rows) {
  RowState state = rows.get(op->getOperand(0));
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  if (state.isRows() && state.dim == type.getRank() - 1)
    return op->emitOpError("reads rows other than its own: it works along "
                           "dimension ")
           << state.dim << " of operand 0, which holds the rows";
  rows.set(op->getResult(0), state);
  return success();
}

LogicalResult ParameterOp::propagateRows(RowAnalysis &rows) {
  rows.set(getResult(), RowState::free());
  return success();
}

LogicalResult LinearOp::propagateRows(RowAnalysis &rows) {
  for (OpOperand &operand : (*this)->getOpOperands().drop_front())
    if (!rows.get(operand.get()).isFree())
      return emitOpError("reads rows other than its own: operand ")
             << operand.getOperandNumber() << " is "
             << rows.get(operand.get()).describe();
  return keepLeadingDims(*this, rows);
}

LogicalResult SoftmaxOp::propagateRows(RowAnalysis &rows) {
  return keepLeadingDims(*this, rows);
}

LogicalResult LogSoftmaxOp::propagateRows(RowAnalysis &rows) {
  return keepLeadingDims(*this, rows);
}

LogicalResult PickOp::propagateRows(RowAnalysis &rows) {
  if (failed(rows.getCommonRows(*this, {getInput(), getIndex()})))
    return failure();
  return keepLeadingDims(*this, rows);
}

LogicalResult ReshapeOp::propagateRows(RowAnalysis &rows) {
  RowState state = rows.get(getInput());
  if (state.isRows() && state.dim != 0)
    return emitOpError("mixes rows: it reshapes all dimensions but the first, "
                       "and operand 0 has ")
           << state.describe();
  rows.set(getResult(), state);
  return success();
}

LogicalResult FromSelectionOp::propagateRows(RowAnalysis &rows) {
  rows.set(getResult(), rows.get(getInput()));
  return success();
}

/// The state that results of `op` have, whose `values` are row operands.
static FailureOr<RowState> getRowsOfOperands(Operation *op, ValueRange values,
                                             ValueRange shared,
                                             RowAnalysis &rows) {
  FailureOr<RowState> state = rows.getCommonRows(op, values);
  if (failed(state))
    return failure();
  if (state->dim != 0)
    return op->emitOpError("needs rows in dimension 0, but operand 0 has ")
           << state->describe();
  for (Value value : shared)
    if (!rows.get(value).isFree())
      return op->emitOpError("mixes rows: a shared operand of type ")
             << value.getType() << " has " << rows.get(value).describe()
             << ", and all rows see it whole";
  return *state;
}

/// The first member's module, null if it can't be had; verified later.
static ModuleTemplateOp findModule(LayerOp op) {
  auto pool =
      SymbolTable::lookupNearestSymbolFrom<PoolOp>(op, op.getPoolAttr());
  if (!pool || pool.getMembers().empty())
    return {};
  return SymbolTable::lookupNearestSymbolFrom<ModuleTemplateOp>(
      op, pool.getMember(0).getModule());
}

LogicalResult LayerOp::propagateRows(RowAnalysis &rows) {
  SmallVector<Value> values(getRowOperands());
  llvm::append_range(values, getControllerOperands());
  // Shared operands with a slice for each point, and those seen whole.
  SmallVector<Value> whole, points;
  ModuleTemplateOp module = findModule(*this);
  size_t first = module ? module.getNumRowInputs() : 0;
  for (auto [index, value] : llvm::enumerate(getSharedOperands())) {
    bool byPoint = false;
    if (module && first + index < module.getFunctionType().getNumInputs()) {
      auto input = dyn_cast<RankedTensorType>(
          module.getFunctionType().getInput(first + index));
      byPoint = input && cast<RankedTensorType>(value.getType()).getRank() ==
                             input.getRank() + 1;
    }
    (byPoint ? points : whole).push_back(value);
  }
  FailureOr<RowState> state = getRowsOfOperands(*this, values, whole, rows);
  if (failed(state))
    return failure();
  for (Value value : points)
    if (rows.get(value) != RowState::rows()) // layer_c4
      return emitOpError("mixes rows: a shared operand of type ")
             << value.getType() << " is " << rows.get(value).describe()
             << ", but it needs one slice for each point, in dimension 0";
  if (state->multiple != static_cast<int64_t>(getRowsPerPoint())) // layer_c9
    return emitOpError("has ")
           << getRowsPerPoint() << " rows per point, but its operands have "
           << state->multiple;
  for (Value result : getResults())
    rows.set(result, *state);
  return success();
}

LogicalResult ApplyOp::propagateRows(RowAnalysis &rows) {
  // Of an unknown module every operand has rows; the symbol's use is verified
  // later.
  auto module = SymbolTable::lookupNearestSymbolFrom<ModuleTemplateOp>(
      *this, getModuleAttr());
  unsigned shared = module ? module.getShared() : 0;
  if (shared > getOperands().size())
    return emitOpError("has ") << getOperands().size() << " operands but module '@"
                               << module.getSymName() << "' has " << shared
                               << " shared inputs";
  FailureOr<RowState> state =
      getRowsOfOperands(*this, getOperands().drop_back(shared),
                        getOperands().take_back(shared), rows);
  if (failed(state))
    return failure();
  for (Value result : getResults())
    rows.set(result, *state);
  return success();
}

LogicalResult ScanOp::propagateRows(RowAnalysis &rows) {
  for (auto [argument, init] : llvm::zip(getCarried(), getInits()))
    rows.set(argument, rows.get(init));
  for (auto [argument, sequence] : llvm::zip(getElements(), getSequences())) {
    RowState state = rows.get(sequence);
    if (state.isRows() && state.dim == 1)
      return emitOpError("mixes rows: it runs along dimension 1 of a sequence, "
                         "which holds the rows");
    if (state.isRows() && state.dim > 1)
      --state.dim;
    rows.set(argument, state);
  }
  Block &body = getBody().front();
  if (failed(rows.visit(body)))
    return failure();
  Operation *yield = body.getTerminator();
  for (auto [index, result] : llvm::enumerate(getResults())) {
    RowState state = rows.get(yield->getOperand(index));
    if (index < getInits().size()) {
      RowState before = rows.get(getInits()[index]);
      if (state != before)
        return emitOpError("mixes rows: carried value ")
               << index << " starts as " << before.describe()
               << " and becomes " << state.describe();
    } else if (state.isRows() && state.dim > 0) {
      ++state.dim;
    }
    rows.set(result, state);
  }
  return success();
}
