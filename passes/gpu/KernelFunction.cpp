//===- KernelFunction.cpp - A launch as a function on tensors -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arguments are added when they are needed: first destinations, then what is
// read, in the order of first use, so that equal launches have equal functions.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/KernelFunction.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace modc;

Value modc::buildLaunchNumber(OpBuilder &b, Location loc, int64_t number) {
  Value constant =
      arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(number));
  return UnrealizedConversionCastOp::create(b, loc, TypeRange(b.getIndexType()),
                                            constant)
      .getResult(0);
}

std::optional<int64_t> modc::getLaunchNumber(Value value) {
  auto cast = value.getDefiningOp<UnrealizedConversionCastOp>();
  APInt number;
  if (!cast || !value.getType().isIndex() || cast.getNumOperands() != 1 ||
      !matchPattern(cast.getOperand(0), m_ConstantInt(&number)))
    return std::nullopt;
  return number.getSExtValue();
}

RankedTensorType modc::tensorTypeOf(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor;
  if (auto selection = dyn_cast<SelectionType>(type))
    return RankedTensorType::get(
        {ShapedType::kDynamic, int64_t(selection.getChoose())},
        IntegerType::get(type.getContext(), 32));
  return RankedTensorType::get({1}, type);
}

RankedTensorType modc::planPartType(PlanType plan, int part,
                                    MLIRContext *context) {
  Type i32 = IntegerType::get(context, 32);
  switch (part) {
  case 2:
    return RankedTensorType::get({int64_t(plan.getMembers()) + 1}, i32);
  case 3:
    return RankedTensorType::get(
        {ShapedType::kDynamic, int64_t(plan.getChoose())}, i32);
  default:
    return RankedTensorType::get({ShapedType::kDynamic}, i32);
  }
}

bool modc::isCheap(Operation *op) {
  if (isa<tensor::EmptyOp, tensor::DimOp, tensor::ExpandShapeOp,
          tensor::CollapseShapeOp, tensor::ExtractSliceOp, tensor::CastOp,
          tensor::FromElementsOp, tensor::ExtractOp, linalg::FillOp,
          FromSelectionOp, ReshapeOp, TileRowsOp, DefinedWhereOp>(op))
    return true;
  if (op->hasTrait<OpTrait::ConstantLike>() ||
      (op->getNumResults() == 1 && getLaunchNumber(op->getResult(0))))
    return true;
  // Numbers of rows, and other tensors made of nothing.
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return generic.getNumDpsInputs() == 0 &&
           generic.getNumReductionLoops() == 0 &&
           generic.getNumDpsInits() == 1 &&
           isa_and_nonnull<tensor::EmptyOp>(
               generic.getDpsInits()[0].getDefiningOp());
  return op->getNumResults() == 1 && op->getNumRegions() == 0 &&
         isMemoryEffectFree(op) && isa<arith::ArithDialect>(op->getDialect()) &&
         !isa<ShapedType>(op->getResult(0).getType());
}

Value modc::asSelection(OpBuilder &b, Type type, Value members) {
  return UnrealizedConversionCastOp::create(b, members.getLoc(),
                                            TypeRange(type), members)
      .getResult(0);
}

SmallVector<func::FuncOp> modc::getPrograms(ModuleOp module) {
  SmallVector<func::FuncOp> programs;
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isPublic())
      programs.push_back(function);
  return programs;
}

KernelFunction::KernelFunction(SymbolTable &symbols, StringRef name,
                               Location loc, const Placement &placement)
    : b(loc, loc.getContext()), placement(placement) {
  function = func::FuncOp::create(loc, name, b.getFunctionType({}, {}));
  function.setPrivate();
  symbols.insert(function);
  entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
}

Value KernelFunction::addDestination(RankedTensorType type) {
  destinations.push_back(entry->addArgument(type, b.getLoc()));
  return destinations.back();
}

Value KernelFunction::addInput(KernelInput input, Type type) {
  Value argument = entry->addArgument(type, b.getLoc());
  inputs.push_back(input);
  return argument;
}

Value KernelFunction::size(RowCount count) {
  if (count.isStatic())
    return b.index(count.factor);
  Value &base = count.points && count.candidates ? both
                : count.points                   ? points
                                                 : candidates;
  if (!base)
    base = addInput({{}, -1, RowCount{1, count.points, count.candidates, {}}},
                    b.getIndexType());
  return count.factor == 1 ? base : b.mul(base, b.index(count.factor));
}

Value KernelFunction::whole(Value value) {
  if (Value mapped = known.lookupOrNull(value))
    return mapped;
  Operation *op = value.getDefiningOp();
  if (getLaunchNumber(value)) {
    Value &argument = arguments[{value, -1}];
    if (!argument)
      argument = addInput({value, -1, std::nullopt}, value.getType());
    return argument;
  }
  if (value.getType().isIndex())
    if (auto count = placement.size(value))
      return size(*count);
  if (auto defined = dyn_cast_or_null<DefinedWhereOp>(op))
    return whole(defined.getValue());
  if (op && isCheap(op)) {
    // Where it is needed, as it may be in a branch.
    return cloneWhole(op)->getResult(cast<OpResult>(value).getResultNumber());
  }
  Value &argument = arguments[{value, -1}];
  if (!argument)
    argument =
        addInput({value, -1, std::nullopt}, tensorTypeOf(value.getType()));
  if (isa<RankedTensorType>(value.getType()))
    return argument;
  if (isa<SelectionType>(value.getType()))
    return asSelection(b, value.getType(), argument);
  return b.extract(argument, b.index(0));
}

Value KernelFunction::part(Value value, int number, RankedTensorType type) {
  Value &argument = arguments[{value, number}];
  if (!argument)
    argument = addInput({value, number, std::nullopt}, type);
  return argument;
}

Operation *KernelFunction::cloneWhole(Operation *op) {
  IRMapping inner = known;
  auto map = [&](Value operand) {
    if (!inner.contains(operand))
      inner.map(operand, whole(operand));
  };
  for (Value operand : op->getOperands())
    map(operand);
  SetVector<Value> captured;
  for (Region &region : op->getRegions())
    getUsedValuesDefinedAbove(region, captured);
  for (Value value : captured)
    map(value);
  return b.clone(*op, inner);
}

PlanTensors KernelFunction::plan(Value plan) {
  auto [found, isNew] = plans.try_emplace(plan);
  if (!isNew)
    return found->second;
  auto op = plan.getDefiningOp<PlanOp>();
  auto type = cast<PlanType>(plan.getType());
  auto part = [&](int i) {
    return addInput({plan, i, std::nullopt},
                    planPartType(type, i, b.getContext()));
  };
  PlanTensors tensors;
  tensors.rows = part(0);
  tensors.slots = part(1);
  tensors.offsets = part(2);
  tensors.position = part(3);
  tensors.once = op.getDuplicates() == Duplicates::Once;
  tensors.distinct = op.isDistinct();
  // Only its sizes matter: those of `position`.
  tensors.selection = tensors.position;
  return plans[plan] = tensors;
}

Value KernelFunction::beginLoop(RowCount count) {
  Value bound = size(count);
  Value base = bound;
  if (!count.isStatic())
    base = size({1, count.points, count.candidates, {}});
  auto argument = dyn_cast<BlockArgument>(base);
  function->setAttr(
      kInvocations,
      b.getDenseI64ArrayAttr(
          {count.factor, argument ? int64_t(argument.getArgNumber()) : -1}));
  if (count.distinct)
    function->setAttr(
        kDistinct,
        b.getI64IntegerAttr(
            cast<BlockArgument>(whole(count.distinct)).getArgNumber()));
  Value used = bound;
  if (count.plan) {
    PlanTensors tensors = plan(count.plan);
    int64_t members = cast<PlanType>(count.plan.getType()).getMembers();
    used = arith::MinUIOp::create(
        b, bound, b.toIndex(b.extract(tensors.offsets, b.index(members))));
  }
  loop = scf::ForallOp::create(b, ArrayRef<OpFoldResult>{used}, destinations,
                               std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  shared.assign(loop.getRegionIterArgs().begin(),
                loop.getRegionIterArgs().end());
  return loop.getInductionVar(0);
}

void KernelFunction::write(Value slice, unsigned i,
                           ArrayRef<OpFoldResult> offsets,
                           ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> strides(offsets.size(), b.getIndexAttr(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, slice, shared[i], offsets, sizes,
                                        strides);
}

void KernelFunction::finish() {
  b.setInsertionPointToEnd(entry);
  finish(loop.getResults(), /*inPlace=*/true);
}

void KernelFunction::finish(ValueRange results, bool inPlace) {
  b.setInsertionPointToEnd(entry);
  SmallVector<Value> values(results);
  if (!inPlace)
    for (auto [value, destination] : llvm::zip(values, destinations))
      value = bufferization::MaterializeInDestinationOp::create(
                  b, destination.getType(), value, destination)
                  .getResult();
  func::ReturnOp::create(b, values);
  function.setFunctionType(b.getFunctionType(entry->getArgumentTypes(),
                                             ValueRange(values).getTypes()));
}
