//===- RowIndependence.cpp - Rows depend on themselves only ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The walk over a body, and the rules that hold for whole families of ops: ops
// without row operands, elementwise ops, arithmetic on the number of rows.
//
//===----------------------------------------------------------------------===//

#include "dialect/RowIndependence.h"
#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace modc;

std::string RowState::describe() const {
  switch (kind) {
  case Free:
    return "the same for all rows";
  case Count:
    return "the number of rows";
  case Rows:
    break;
  }
  std::string text = "rows in dimension " + std::to_string(dim);
  if (multiple != 1)
    text += ", " + std::to_string(multiple) + " for each input row";
  return text;
}

FailureOr<RowState> RowAnalysis::getCommonRows(Operation *op,
                                               ValueRange values) {
  std::optional<RowState> common;
  for (auto [index, value] : llvm::enumerate(values)) {
    RowState state = get(value);
    if (!state.isRows())
      return op->emitOpError("needs rows in operand ")
             << index << ", which is " << state.describe();
    if (common && *common != state)
      return op->emitOpError("mixes rows: operand 0 has ")
             << common->describe() << ", operand " << index << " has "
             << state.describe();
    common = state;
  }
  return common.value_or(RowState::free());
}

/// The constant value of an index or integer, if it is one.
static std::optional<int64_t> getConstant(Value value) {
  APInt constant;
  if (!matchPattern(value, m_ConstantInt(&constant)) ||
      constant.getSignificantBits() > 63)
    return std::nullopt;
  return constant.getSExtValue();
}

/// Products and quotients of the number of rows by constants stay one; any other
/// use could carry the size of the batch into a row.
static LogicalResult visitCount(Operation *op, RowAnalysis &rows) {
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op)) {
    rows.set(op->getResult(0), rows.get(op->getOperand(0)));
    return success();
  }
  if (op->getNumOperands() == 2 && op->getNumResults() == 1) {
    RowState left = rows.get(op->getOperand(0));
    RowState right = rows.get(op->getOperand(1));
    std::optional<int64_t> a = getConstant(op->getOperand(0));
    std::optional<int64_t> b = getConstant(op->getOperand(1));
    constexpr int64_t limit = int64_t(1) << 40;
    if (isa<arith::MulIOp>(op) && (a || b)) {
      int64_t factor = a ? *a : *b;
      int64_t multiple = left.isCount() ? left.multiple : right.multiple;
      if (factor >= 1 && factor <= limit / multiple) {
        rows.set(op->getResult(0), RowState::count(multiple * factor));
        return success();
      }
    }
    if (isa<arith::DivUIOp, arith::DivSIOp, arith::FloorDivSIOp>(op) && b &&
        *b >= 1 && left.isCount() && left.multiple % *b == 0) {
      rows.set(op->getResult(0), RowState::count(left.multiple / *b));
      return success();
    }
  }
  return op->emitOpError("computes with the number of rows, which a row may "
                         "not depend on");
}

/// Operands of an elementwise op run side by side, so all tensors among them
/// must have the same rows. Scalars are free.
static LogicalResult visitElementwise(Operation *op, RowAnalysis &rows) {
  std::optional<RowState> common;
  unsigned first = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    RowState state = rows.get(operand.get());
    if (state.isFree() && !isa<ShapedType>(operand.get().getType()))
      continue;
    if (!common) {
      common = state;
      first = operand.getOperandNumber();
    } else if (*common != state) {
      return op->emitOpError("mixes rows: operand ")
             << first << " is " << common->describe() << ", operand "
             << operand.getOperandNumber() << " is " << state.describe();
    }
  }
  for (Value result : op->getResults())
    rows.set(result, common.value_or(RowState::free()));
  return success();
}

LogicalResult RowAnalysis::visit(Operation *op) {
  bool allFree = true, anyCount = false;
  for (Value operand : op->getOperands()) {
    allFree &= get(operand).isFree();
    anyCount |= get(operand).isCount();
  }
  if (allFree && op->getNumRegions() == 0 && isMemoryEffectFree(op))
    return success();
  if (auto rowOp = dyn_cast<RowOpInterface>(op))
    return rowOp.propagateRows(*this);
  if (isa<linalg::LinalgOp>(op))
    return propagateStructuredRows(op, *this);
  if (anyCount && isa<arith::ArithDialect>(op->getDialect()))
    return visitCount(op, *this);
  if (op->hasTrait<OpTrait::Elementwise>() && op->getNumRegions() == 0 &&
      isMemoryEffectFree(op))
    return visitElementwise(op, *this);
  return op->emitOpError("is not known to keep rows apart, so it can't stand "
                         "in a body");
}

LogicalResult RowAnalysis::visit(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(visit(&op)))
      return failure();
  return success();
}

LogicalResult modc::verifyRowIndependence(Block &body, unsigned numRows) {
  RowAnalysis rows;
  for (Value input : body.getArguments().take_front(numRows))
    rows.set(input, RowState::rows());
  if (failed(rows.visit(body)))
    return failure();
  for (OpOperand &operand : body.getTerminator()->getOpOperands()) {
    RowState state = rows.get(operand.get());
    if (state != RowState::rows())
      return body.getTerminator()->emitOpError("gives, as result ")
             << operand.getOperandNumber() << ", "
             << (state.isFree() ? "a value that is " : "") << state.describe()
             << ", but results have one row for each input row, in dimension 0";
  }
  return success();
}
