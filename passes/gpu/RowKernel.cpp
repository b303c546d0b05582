//===- RowKernel.cpp - What one invocation does with its row --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that name other rows than their own are written out here: they read those
// of the whole tensors. All others are cloned.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/RowKernel.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/cpu/Decompose.h"
#include <limits>

using namespace mlir;
using namespace modc;

RankedTensorType RowKernel::rowType(Value value) {
  RankedTensorType type = tensorTypeOf(value.getType());
  auto placed = placement.get(value);
  SmallVector<int64_t> shape(type.getShape());
  if (placed)
    shape[placed->dim] = placed->multiple;
  return RankedTensorType::get(shape, type.getElementType());
}

Value RowKernel::slice(Value whole, const Placed &placed, Value at) {
  RankedTensorType type = tensorType(whole);
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes;
  for (int64_t d = 0; d < type.getRank(); ++d)
    sizes.push_back(
        b.getIndexAttr(d == placed.dim ? placed.multiple : type.getDimSize(d)));
  offsets[placed.dim] = b.mul(at, b.index(placed.multiple));
  return tensor::ExtractSliceOp::create(b, whole, offsets, sizes, strides);
}

Value RowKernel::row(Value value, Value at) {
  auto placed = placement.get(value);
  if (!placed)
    return kernel.whole(value);
  auto found = rows.find({value, at});
  if (found != rows.end())
    return found->second;
  if (auto found = tied.find(value); found != tied.end())
    return slice(kernel.destination(found->second), *placed, at);
  Operation *op = value.getDefiningOp();
  if (op && !ops.contains(op) && isCheap(op) && placement.isByRows(op)) {
    // Not remembered: it may stand in a loop that others are not in.
    Values results = emit(op, at);
    return results.empty() ? Value()
                           : results[cast<OpResult>(value).getResultNumber()];
  }
  // What nothing was written to yet: its sizes may be those of an op of this
  // launch.
  if (isa_and_nonnull<bufferization::AllocTensorOp>(op))
    return b.empty(rowType(value));
  if (op && ops.contains(op)) {
    op->emitOpError("is read at other rows by the launch that computes it");
    return {};
  }
  bool isSelection = isa<SelectionType>(value.getType());
  Value whole = kernel.whole(value);
  if (isSelection)
    whole = getSelectionTensor(whole);
  Value part = slice(whole, *placed, at);
  if (isSelection)
    part = asSelection(b, value.getType(), part);
  return part;
}

Value RowKernel::element(Value value, Value at) {
  Value one = row(value, at);
  if (!one)
    return {};
  SmallVector<Value> zeros(tensorType(one).getRank(), b.index(0));
  return b.extract(one, zeros);
}

LogicalResult RowKernel::emit(ArrayRef<Operation *> ordered) {
  for (Operation *op : ordered) {
    b.setLoc(op->getLoc());
    Values results = emit(op, self);
    if (results.empty())
      return failure();
    for (auto [old, now] : llvm::zip(op->getResults(), results))
      rows[{old, self}] = now;
  }
  return success();
}

Value RowKernel::result(Value value) {
  Value one = rows.lookup({value, self});
  if (isa<SelectionType>(value.getType()))
    one = FromSelectionOp::create(b, rowType(value), one);
  return one;
}

RowKernel::Values RowKernel::emit(Operation *op, Value at) {
  if (auto uniform = dyn_cast<UniformOp>(op))
    return emitUniform(uniform, at);
  if (auto tile = dyn_cast<TileRowsOp>(op)) {
    Placed input = *placement.get(tile.getInput());
    Value source = arith::RemUIOp::create(b, at, kernel.size(input.rows));
    return {row(tile.getInput(), source)};
  }
  if (auto take = dyn_cast<TakeRowsOp>(op)) {
    Value index = element(take.getRows(), at);
    return {index ? row(take.getInput(), b.toIndex(index)) : Value()};
  }
  if (auto distinct = dyn_cast<DistinctRowsOp>(op))
    return emitDistinct(distinct, at);
  if (auto stored = dyn_cast<KeepStoredOp>(op))
    return emitKeepStored(stored, at);
  if (auto best = dyn_cast<KeepBestOp>(op))
    return emitKeepBest(best, at);
  if (auto sample = dyn_cast<SampleOp>(op); sample && sample.getRows())
    return emitAt(op, sample.getRows(), sample.getScores(), at);
  if (auto log = dyn_cast<LogProbabilityOp>(op); log && log.getRows())
    return emitAt(op, log.getRows(), log.getScores(), at);
  if (auto gates = dyn_cast<GatesOp>(op); gates && gates.getRows())
    return emitAt(op, gates.getRows(), gates.getScores(), at);
  if (isa<CombineOp, GateCotangentOp>(op))
    return emitCombine(op, at);
  if (auto dispatch = dyn_cast<DispatchOp>(op))
    return emitDispatch(dispatch, at);
  if (auto grouped = dyn_cast<GroupedOp>(op))
    return emitGrouped(grouped, at);
  if (auto write = dyn_cast<bufferization::MaterializeInDestinationOp>(op))
    return {row(write.getSource(), at)};
  return emitClone(op, at);
}

RowKernel::Values RowKernel::emitUniform(UniformOp op, Value at) {
  RowCount points = placement.get(op.getPoints())->rows;
  int64_t perPoint = op.getRowsPerPoint();
  Value n = b.mul(kernel.size(points), b.index(perPoint));
  Value candidate = arith::DivUIOp::create(b, at, n);
  Value rest = arith::RemUIOp::create(b, at, n);
  Value point = arith::DivUIOp::create(b, rest, b.index(perPoint));
  Value within = arith::RemUIOp::create(b, rest, b.index(perPoint));
  Value number = element(op.getPoints(), point);
  if (!number)
    return {};
  return {buildUniformRow(b, op, rowType(op.getResult()), number,
                          kernel.whole(op.getSeed()),
                          kernel.whole(op.getStep()),
                          kernel.whole(op.getSlot()), candidate, within)};
}

RowKernel::Values RowKernel::emitKeepStored(KeepStoredOp op, Value at) {
  // Stored choices stand for the first candidates.
  Value count = kernel.size(placement.get(op.getStored())->rows);
  Value isStored =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ult, at, count);
  // Any row where none is stored: it is not used.
  Value source = arith::SelectOp::create(b, isStored, at, b.index(0));
  Value stored = row(op.getStored(), source),
        drawn = row(op.getSelection(), at);
  if (!stored || !drawn)
    return {};
  RankedTensorType type = rowType(op.getResult());
  drawn = FromSelectionOp::create(b, type, drawn);
  Value kept = b.map({stored, drawn}, type.getElementType(), [&](ValueRange v) {
    return arith::SelectOp::create(b, isStored, v[0], v[1]).getResult();
  });
  return {ToSelectionOp::create(b, op.getType(), kept)};
}

/// The first `count` rows come from the source, all others stay.
RowKernel::Values RowKernel::emitFirstRows(tensor::InsertSliceOp op,
                                           RowCount count, Value at) {
  Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, at,
                                        kernel.size(count));
  Value number = arith::SelectOp::create(b, isFirst, at, b.index(0));
  Value source = row(op.getSource(), number), into = row(op.getDest(), at);
  if (!source || !into)
    return {};
  return {b.map(
      {source, into}, tensorType(into).getElementType(), [&](ValueRange v) {
        return arith::SelectOp::create(b, isFirst, v[0], v[1]).getResult();
      })};
}

RowKernel::Values RowKernel::emitKeepBest(KeepBestOp op, Value at) {
  Value n = kernel.size(placement.get(op.getAfter())->rows);
  Value candidates = kernel.whole(op.getCandidates());
  Type element = tensorType(op.getObjective()).getElementType();
  Type i32 = b.getI32Type();
  auto place = [&](Value candidate) { return b.add(b.mul(candidate, n), at); };
  Value none = b.real(element, -std::numeric_limits<double>::infinity());
  bool failed = false;
  SmallVector<Value> found =
      b.loop(b.index(0), candidates, {none, b.integer(i32, 0)},
             [&](Value s, ValueRange c) {
               Value j = this->element(op.getObjective(), place(s));
               failed |= !j;
               if (!j)
                 return SmallVector<Value>(c);
               Value more =
                   arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, j, c[0]);
               return SmallVector<Value>{
                   arith::SelectOp::create(b, more, j, c[0]),
                   arith::SelectOp::create(b, more, b.toInteger(s, i32), c[1])};
             });
  if (failed)
    return {};
  Value best = place(b.toIndex(found[1]));
  Values results = {row(op.getChoices(), best), row(op.getObjective(), at),
                    row(op.getObjective(), best)};
  return llvm::is_contained(results, Value()) ? Values() : results;
}

/// A distribution at the scores of another row.
RowKernel::Values RowKernel::emitAt(Operation *op, Value rowNumbers,
                                    Value scores, Value at) {
  Value number = element(rowNumbers, at);
  if (!number)
    return {};
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    if (operand == rowNumbers)
      continue;
    Value mapped = row(operand, operand == scores ? b.toIndex(number) : at);
    if (!mapped)
      return {};
    mapping.map(operand, mapped);
  }
  mapping.map(rowNumbers, rowNumbers);
  Operation *clone = b.clone(*op, mapping);
  if (auto sample = dyn_cast<SampleOp>(clone))
    sample.getRowsMutable().clear();
  else if (auto log = dyn_cast<LogProbabilityOp>(clone))
    log.getRowsMutable().clear();
  else
    cast<GatesOp>(clone).getRowsMutable().clear();
  if (isa<RankedTensorType>(op->getResult(0).getType()))
    clone->getResult(0).setType(rowType(op->getResult(0)));
  return {clone->getResult(0)};
}

/// Reads positions of one row from whole values.
RowKernel::Values RowKernel::emitCombine(Operation *op, Value at) {
  Value planValue = op->getOperand(0), values = op->getOperand(1);
  PlanTensors plan = kernel.plan(planValue);
  plan.position = slice(plan.position, Placed(), at);
  plan.selection = plan.position;
  IRMapping mapping;
  mapping.map(planValue, plan.toPlan(b, planValue.getType()));
  mapping.map(values, kernel.whole(values));
  for (Value operand : op->getOperands().drop_front(2)) {
    Value mapped = row(operand, at);
    if (!mapped)
      return {};
    mapping.map(operand, mapped);
  }
  Operation *clone = b.clone(*op, mapping);
  clone->getResult(0).setType(rowType(op->getResult(0)));
  return {clone->getResult(0)};
}

/// The row of a position, times its gate.
RowKernel::Values RowKernel::emitDispatch(DispatchOp op, Value at) {
  PlanTensors plan = kernel.plan(op.getPlan());
  int64_t choose = cast<PlanType>(op.getPlan().getType()).getChoose();
  Value number = b.toIndex(b.extract(plan.rows, at));
  Value pick = b.toIndex(b.extract(plan.slots, at));
  Value source = row(op.getValues(), number);
  Value gates = op.getGates() ? row(op.getGates(), number) : Value();
  if (!source || (op.getGates() && !gates))
    return {};
  RankedTensorType type = rowType(op.getResult());
  if (op.getCompose() == Compose::Concat) {
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
    offsets.back() = b.mul(pick, b.index(type.getShape().back()));
    SmallVector<OpFoldResult> sizes;
    for (int64_t size : type.getShape())
      sizes.push_back(b.getIndexAttr(size));
    source = tensor::ExtractSliceOp::create(b, source, offsets, sizes, strides);
  }
  Value gate = gates ? b.extract(gates, {b.index(0), pick}) : Value();
  Type element = type.getElementType();
  return {b.map(source, element, [&](ValueRange v) -> Value {
    if (gate)
      return arith::MulFOp::create(b, gate, v[0]);
    if (op.getCompose() == Compose::Mean && choose > 1)
      return arith::DivFOp::create(b, v[0], b.real(element, choose));
    return v[0];
  })};
}

RowKernel::Values RowKernel::emitClone(Operation *op, Value at) {
  if (isa<tensor::EmptyOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp,
          tensor::ExtractSliceOp, tensor::InsertSliceOp>(op))
    return emitShape(op, at);
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    Value mapped = row(operand, at);
    if (!mapped)
      return {};
    mapping.map(operand, mapped);
  }
  SetVector<Value> captured;
  for (Region &region : op->getRegions())
    getUsedValuesDefinedAbove(region, captured);
  for (Value value : captured)
    if (!mapping.contains(value))
      mapping.map(value, kernel.whole(value));
  Operation *clone = b.clone(*op, mapping);
  for (auto [old, now] : llvm::zip(op->getResults(), clone->getResults()))
    if (placement.get(old) && isa<RankedTensorType>(old.getType()))
      now.setType(rowType(old));
  // A row's own number, where the body asks for it.
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp)
    return Values(clone->getResults());
  std::optional<unsigned> rowLoop;
  int64_t multiple = 1;
  for (OpOperand &operand : op->getOpOperands())
    if (auto placed = placement.get(operand.get())) {
      AffineMap map = linalgOp.getMatchingIndexingMap(&operand);
      if (auto dim = dyn_cast<AffineDimExpr>(map.getResult(placed->dim))) {
        rowLoop = dim.getPosition();
        multiple = placed->multiple;
      }
    }
  SmallVector<linalg::IndexOp> indices;
  clone->walk([&](linalg::IndexOp index) {
    if (rowLoop && index.getDim() == *rowLoop)
      indices.push_back(index);
  });
  for (linalg::IndexOp index : indices) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(clone);
    Value first = b.mul(at, b.index(multiple));
    b.setInsertionPointAfter(index);
    auto sum = arith::AddIOp::create(b, index, first);
    index.getResult().replaceAllUsesExcept(sum, sum);
  }
  return Values(clone->getResults());
}
