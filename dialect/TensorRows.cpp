//===- TensorRows.cpp - Rows of tensor ops --------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which slices, reshapes, paddings and concatenations keep rows apart, as
// external models of RowOpInterface.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "dialect/RowIndependence.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace modc;

/// Sets the result of an op whose `sizes` are those of its dynamic dimensions:
/// a dimension as long as there are rows holds rows.
static LogicalResult setFromSizes(Operation *op, RankedTensorType type,
                                  ValueRange sizes, RowAnalysis &rows) {
  std::optional<RowState> found;
  unsigned next = 0;
  for (auto [dim, size] : llvm::enumerate(type.getShape())) {
    if (!ShapedType::isDynamic(size))
      continue;
    RowState state = rows.get(sizes[next++]);
    if (!state.isCount())
      continue;
    if (found)
      return op->emitOpError("mixes rows: dimensions ")
             << found->dim << " and " << dim
             << " of its result are both as long as there are rows";
    found = RowState::rows(dim, state.multiple);
  }
  rows.set(op->getResult(0), found.value_or(RowState::free()));
  return success();
}

/// Whether a slice takes all of the rows of `whole`, in order.
static bool isWhole(OpFoldResult offset, OpFoldResult size, OpFoldResult stride,
                    RowState whole, int64_t staticSize, RowAnalysis &rows) {
  if (!isConstantIntValue(offset, 0) || !isConstantIntValue(stride, 1))
    return false;
  if (auto value = dyn_cast<Value>(size))
    return rows.get(value) == RowState::count(whole.multiple);
  return !ShapedType::isDynamic(staticSize) &&
         isConstantIntValue(size, staticSize);
}

/// Dimension of the smaller type of a rank-reduced slice that `dim` becomes.
static std::optional<int64_t> getKeptDim(const llvm::SmallBitVector &dropped,
                                         int64_t dim) {
  if (dropped.test(dim))
    return std::nullopt;
  int64_t kept = 0;
  for (int64_t i = 0; i < dim; ++i)
    kept += !dropped.test(i);
  return kept;
}

namespace {

template <typename Model, typename OpTy>
using RowModel = RowOpInterface::ExternalModel<Model, OpTy>;

struct DimRows : RowModel<DimRows, tensor::DimOp> {
  LogicalResult propagateRows(Operation *operation, RowAnalysis &rows) const {
    auto op = cast<tensor::DimOp>(operation);
    RowState state = rows.get(op.getSource());
    if (!state.isRows())
      return success();
    std::optional<int64_t> dim = op.getConstantIndex();
    if (!dim)
      return op.emitOpError("asks for a dimension that is not constant of a "
                            "tensor with rows");
    if (*dim == state.dim)
      rows.set(op.getResult(), RowState::count(state.multiple));
    return success();
  }
};

struct EmptyRows : RowModel<EmptyRows, tensor::EmptyOp> {
  LogicalResult propagateRows(Operation *operation, RowAnalysis &rows) const {
    auto op = cast<tensor::EmptyOp>(operation);
    return setFromSizes(op, op.getType(), op.getDynamicSizes(), rows);
  }
};

struct SplatRows : RowModel<SplatRows, tensor::SplatOp> {
  LogicalResult propagateRows(Operation *operation, RowAnalysis &rows) const {
    auto op = cast<tensor::SplatOp>(operation);
    if (!rows.get(op.getInput()).isFree())
      return op.emitOpError("computes with the number of rows, which a row may "
                            "not depend on");
    return setFromSizes(op, op.getType(), op.getDynamicSizes(), rows);
  }
};

struct CastRows : RowModel<CastRows, tensor::CastOp> {
  LogicalResult propagateRows(Operation *operation, RowAnalysis &rows) const {
    rows.set(operation->getResult(0), rows.get(operation->getOperand(0)));
    return success();
  }
};

struct CollapseRows : RowModel<CollapseRows, tensor::CollapseShapeOp> {
  LogicalResult propagateRows(Operation *operation, RowAnalysis &rows) const {
    auto op = cast<tensor::CollapseShapeOp>(operation);
    RowState state = rows.get(op.getSrc());
    ArrayRef<int64_t> shape = op.getSrcType().getShape();
    for (auto [dim, group] : llvm::enumerate(op.getReassociationIndices())) {
      if (!llvm::is_contained(group, state.dim))
        continue;
      // Whatever stands before the rows would put other rows between them.
      int64_t multiple = state.multiple;
      for (int64_t member : group) {
        int64_t size = shape[member];
        if (member == state.dim)
          continue;
        if (ShapedType::isDynamic(size) || (member < state.dim && size != 1) ||
            size < 1 || multiple > (int64_t(1) << 40) / size)
          return op.emitOpError("mixes rows: dimension ")
                 << member << " of its operand, of size "
                 << (ShapedType::isDynamic(size) ? "?" : std::to_string(size))
                 << ", merges with the rows in dimension " << state.dim;
        multiple *= size;
      }
      rows.set(op.getResult(), RowState::rows(dim, multiple));
    }
    return success();
  }
};

struct ExpandRows : RowModel<ExpandRows, tensor::ExpandShapeOp> {
  LogicalResult propagateRows(Operation *operation, RowAnalysis &rows) const {
    auto op = cast<tensor::ExpandShapeOp>(operation);
    RowState state = rows.get(op.getSrc());
    if (!state.isRows())
      return op.emitOpError("computes with the number of rows, which a row may "
                            "not depend on");
    ArrayRef<int64_t> shape = op.getResultType().getShape();
    ReassociationIndices group =
        op.getReassociationIndices()[state.dim];
    // Rows are the one dynamic dimension (or the first); sizes of 1 may precede.
    std::optional<int64_t> rowDim;
    int64_t inner = 1;
    for (int64_t member : group) {
      if (!rowDim && (ShapedType::isDynamic(shape[member]) ||
                      shape[member] != 1 || member == group.back()))
        rowDim = member;
      else if (rowDim && ShapedType::isDynamic(shape[member]))
        return emitSplit(op, state, -1);
      else if (rowDim)
        inner *= shape[member];
    }
    if (inner < 1 || state.multiple % inner != 0)
      return emitSplit(op, state, inner);
    rows.set(op.getResult(), RowState::rows(*rowDim, state.multiple / inner));
    return success();
  }

  static LogicalResult emitSplit(Operation *op, RowState state, int64_t inner) {
    InFlightDiagnostic error = op->emitOpError("mixes rows: it groups ");
    if (inner < 0)
      error << "an unknown number of";
    else
      error << inner;
    return error << " consecutive rows, but operand 0 has " << state.multiple
                 << " for each input row";
  }
};

struct ExtractSliceRows : RowModel<ExtractSliceRows, tensor::ExtractSliceOp> {
  LogicalResult propagateRows(Operation *operation, RowAnalysis &rows) const {
    auto op = cast<tensor::ExtractSliceOp>(operation);
    RowState state = rows.get(op.getSource());
    if (!state.isRows())
      return op.emitOpError("computes with the number of rows, which a row may "
                            "not depend on");
    for (Value offset : op.getOffsets())
      if (!rows.get(offset).isFree())
        return op.emitOpError("has an offset that depends on the rows");
    std::optional<int64_t> kept = getKeptDim(op.getDroppedDims(), state.dim);
    if (!kept || !isWhole(op.getMixedOffsets()[state.dim],
                          op.getMixedSizes()[state.dim],
                          op.getMixedStrides()[state.dim], state,
                          op.getSourceType().getDimSize(state.dim), rows))
      return op.emitOpError("reads rows other than its own: it does not keep "
                            "dimension ")
             << state.dim << " of its operand whole";
    rows.set(op.getResult(), RowState::rows(*kept, state.multiple));
    return success();
  }
};

struct InsertSliceRows : RowModel<InsertSliceRows, tensor::InsertSliceOp> {
  LogicalResult propagateRows(Operation *operation, RowAnalysis &rows) const {
    auto op = cast<tensor::InsertSliceOp>(operation);
    RowState source = rows.get(op.getSource());
    RowState dest = rows.get(op.getDest());
    for (Value offset : op.getOffsets())
      if (!rows.get(offset).isFree())
        return op.emitOpError("has an offset that depends on the rows");
    if (!source.isRows() || !dest.isRows() ||
        source.multiple != dest.multiple)
      return op.emitOpError("mixes rows: its source is ")
             << source.describe() << ", its destination is "
             << dest.describe();
    std::optional<int64_t> kept = getKeptDim(op.getDroppedDims(), dest.dim);
    if (!kept || *kept != source.dim ||
        !isWhole(op.getMixedOffsets()[dest.dim], op.getMixedSizes()[dest.dim],
                 op.getMixedStrides()[dest.dim], dest,
                 op.getDestType().getDimSize(dest.dim), rows))
      return op.emitOpError("writes rows other than its own: it does not keep "
                            "dimension ")
             << dest.dim << " of its destination whole";
    rows.set(op.getResult(), dest);
    return success();
  }
};

struct ConcatRows : RowModel<ConcatRows, tensor::ConcatOp> {
  LogicalResult propagateRows(Operation *operation, RowAnalysis &rows) const {
    auto op = cast<tensor::ConcatOp>(operation);
    FailureOr<RowState> state = rows.getCommonRows(op, op.getInputs());
    if (failed(state))
      return failure();
    if (state->dim == static_cast<int64_t>(op.getDim()))
      return op.emitOpError("mixes rows: it concatenates along dimension ")
             << state->dim << ", which holds the rows";
    rows.set(op.getResult(), *state);
    return success();
  }
};

struct PadRows : RowModel<PadRows, tensor::PadOp> {
  LogicalResult propagateRows(Operation *operation, RowAnalysis &rows) const {
    auto op = cast<tensor::PadOp>(operation);
    RowState state = rows.get(op.getSource());
    for (Value amount : op->getOperands().drop_front())
      if (!rows.get(amount).isFree())
        return op.emitOpError("computes with the number of rows, which a row "
                              "may not depend on");
    Value padding = op.getConstantPaddingValue();
    if (!padding || !rows.get(padding).isFree())
      return op.emitOpError("pads with values that are not constant");
    if (state.isRows() &&
        (!isConstantIntValue(op.getMixedLowPad()[state.dim], 0) ||
         !isConstantIntValue(op.getMixedHighPad()[state.dim], 0)))
      return op.emitOpError("adds rows: it pads dimension ")
             << state.dim << ", which holds the rows";
    rows.set(op.getResult(), state);
    return success();
  }
};

} // namespace

void modc::attachTensorRowModels(MLIRContext &context) {
  tensor::DimOp::attachInterface<DimRows>(context);
  tensor::EmptyOp::attachInterface<EmptyRows>(context);
  tensor::SplatOp::attachInterface<SplatRows>(context);
  tensor::CastOp::attachInterface<CastRows>(context);
  tensor::CollapseShapeOp::attachInterface<CollapseRows>(context);
  tensor::ExpandShapeOp::attachInterface<ExpandRows>(context);
  tensor::ExtractSliceOp::attachInterface<ExtractSliceRows>(context);
  tensor::InsertSliceOp::attachInterface<InsertSliceRows>(context);
  tensor::ConcatOp::attachInterface<ConcatRows>(context);
  tensor::PadOp::attachInterface<PadRows>(context);
}
