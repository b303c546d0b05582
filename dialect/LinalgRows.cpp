//===- LinalgRows.cpp - Rows of linalg ops --------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the rows of the results of structured ops come from, read off their
// indexing maps, and a rule for linalg.softmax, which has none.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "dialect/RowIndependence.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace modc;

/// The loop that runs over rows, and what the rows are.
namespace {
struct RowLoop {
  unsigned loop;
  int64_t multiple;
  unsigned operand;
};
} // namespace

/// Affine maps and expressions as text.
template <typename T>
static std::string toString(T value) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << value;
  return text;
}

static InFlightDiagnostic emitMixed(Operation *op) {
  return op->emitOpError("reads rows other than its own: ");
}

/// The position in the results of `map` where `loop` alone stands; fails if the
/// loop also occurs elsewhere. Nothing if it does not occur.
static FailureOr<std::optional<unsigned>> findLoop(AffineMap map,
                                                   unsigned loop) {
  std::optional<unsigned> found;
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    if (found || !isa<AffineDimExpr>(expr))
      return failure();
    found = position;
  }
  return found;
}

static FailureOr<std::optional<RowLoop>> findRowLoop(linalg::LinalgOp op,
                                                     RowAnalysis &rows) {
  std::optional<RowLoop> found;
  for (OpOperand &operand : op->getOpOperands()) {
    RowState state = rows.get(operand.get());
    unsigned number = operand.getOperandNumber();
    if (state.isFree())
      continue;
    if (state.isCount())
      return op->emitOpError("computes with the number of rows, which a row may "
                             "not depend on");
    AffineExpr expr =
        op.getMatchingIndexingMap(&operand).getResult(state.dim);
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      return emitMixed(op) << "dimension " << state.dim << " of operand "
                           << number << " is indexed by " << toString(expr);
    if (!found) {
      found = RowLoop{dim.getPosition(), state.multiple, number};
      continue;
    }
    if (found->loop != dim.getPosition())
      return emitMixed(op)
             << "dimension " << state.dim << " of operand " << number
             << " runs apart from the rows of operand " << found->operand;
    if (found->multiple != state.multiple)
      return emitMixed(op) << "operand " << found->operand << " has "
                           << found->multiple
                           << " for each input row, operand " << number
                           << " has " << state.multiple;
  }
  return found;
}

/// Whether `index` is the op's own row: linalg.index of the row loop.
static bool isOwnRow(Value index, const RowLoop &loop) {
  auto own = index.getDefiningOp<linalg::IndexOp>();
  return own && own.getDim() == loop.loop;
}

/// Checks what the payload uses beside its block arguments.
static LogicalResult checkPayload(linalg::LinalgOp op,
                                  std::optional<RowLoop> loop,
                                  RowAnalysis &rows) {
  for (Region &region : op->getRegions()) {
    WalkResult result = region.walk([&](Operation *nested) -> WalkResult {
      for (OpOperand &use : nested->getOpOperands()) {
        RowState state = rows.get(use.get());
        if (loop && isOwnRow(use.get(), *loop)) {
          // Its own row, where a tensor of the same rows is read.
          auto extract = dyn_cast<tensor::ExtractOp>(nested);
          RowState read =
              extract ? rows.get(extract.getTensor()) : RowState::free();
          if (!read.isRows() || use.getOperandNumber() != 1 + read.dim)
            return nested->emitOpError(
                "computes with the number of its row: rows are gathered, and "
                "have another number then");
        }
        if (state.isFree())
          continue;
        auto extract = dyn_cast<tensor::ExtractOp>(nested);
        if (!loop || !extract || !state.isRows() ||
            state.multiple != loop->multiple ||
            !isOwnRow(extract.getIndices()[state.dim], *loop))
          return nested->emitOpError("reads rows other than its own: operand ")
                 << use.getOperandNumber() << " is " << state.describe()
                 << " from outside of the region";
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
  }
  return success();
}

LogicalResult modc::propagateStructuredRows(Operation *operation,
                                            RowAnalysis &rows) {
  auto op = cast<linalg::LinalgOp>(operation);
  if (!op.hasPureTensorSemantics())
    return op->emitOpError("works on buffers, but a body works on tensors");
  FailureOr<std::optional<RowLoop>> found = findRowLoop(op, rows);
  if (failed(found) || failed(checkPayload(op, *found, rows)))
    return failure();
  if (!*found)
    return success();
  RowLoop loop = **found;
  if (op.getIteratorTypesArray()[loop.loop] != utils::IteratorType::parallel)
    return emitMixed(op) << "it reduces over dimension "
                         << rows.get(op->getOperand(loop.operand)).dim
                         << " of operand " << loop.operand;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    FailureOr<std::optional<unsigned>> position = findLoop(map, loop.loop);
    bool isInit = op.isDpsInit(&operand);
    if (failed(position))
      return emitMixed(op) << "operand " << operand.getOperandNumber()
                           << " is indexed by " << toString(map)
                           << ", with rows as d" << loop.loop;
    if (rows.get(operand.get()).isFree() && *position &&
        (!isInit || op.payloadUsesValueFromOperand(&operand)))
      return emitMixed(op)
             << "dimension " << **position << " of operand "
             << operand.getOperandNumber()
             << " follows the rows, but the operand is "
             << RowState::free().describe();
    if (!isInit)
      continue;
    if (!*position)
      return emitMixed(op) << "result "
                           << op.getTiedOpResult(&operand).getResultNumber()
                           << " has no dimension for them";
    rows.set(op.getTiedOpResult(&operand),
             RowState::rows(**position, loop.multiple));
  }
  return success();
}

namespace {
struct SoftmaxRows
    : RowOpInterface::ExternalModel<SoftmaxRows, linalg::SoftmaxOp> {
  LogicalResult propagateRows(Operation *op, RowAnalysis &rows) const {
    auto softmax = cast<linalg::SoftmaxOp>(op);
    // The init is written only; its rows do not matter.
    RowState state = rows.get(softmax.getInput());
    if (state.isRows() &&
        state.dim == static_cast<int64_t>(softmax.getDimension()))
      return emitMixed(op) << "it sums over dimension " << state.dim
                           << " of operand 0";
    for (Value result : op->getResults())
      rows.set(result, state);
    return success();
  }
};
} // namespace

void modc::attachLinalgRowModels(MLIRContext &context) {
  linalg::SoftmaxOp::attachInterface<SoftmaxRows>(context);
}
