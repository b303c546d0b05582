//===- ScanVJP.cpp - Derivative of a recurrence ---------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The adjoint of a scan is a scan the other way, which recomputes each step
// from its carried values. The forward scan gets them as additional stacked
// results.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "dialect/VJPBuilders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace modc;

namespace {

class ScanAdjoint {
public:
  ScanAdjoint(ScanOp op, ArrayRef<Value> cotangents,
              Differentiator &differentiator)
      : op(op), cotangents(cotangents), differentiator(differentiator) {}
  ~ScanAdjoint() {
    if (scaffold)
      scaffold.erase();
  }

  LogicalResult build(OpBuilder &builder);

private:
  void findActive();
  LogicalResult buildBody(OpBuilder &builder);
  ScanOp addStackedCarries(OpBuilder &builder);
  ScanOp createAdjoint(OpBuilder &builder, ScanOp forward);

  ScanOp op;
  ArrayRef<Value> cotangents;
  Differentiator &differentiator;
  /// Which carried values have cotangents, and which sequences are active.
  llvm::BitVector activeCarries, activeElements;
  /// Active values from outside that the body reads.
  SmallVector<Value> captured;
  /// Holds the body of the adjoint until its operands and results are known.
  /// Its arguments: the step, carried cotangents, sums of captured gradients;
  /// then elements: of the sequences, of the saved carried values, of the
  /// stacked results' cotangents.
  ScanOp scaffold;
  /// Of the last three, those that the body reads.
  llvm::BitVector usedElements;
};

} // namespace

/// `type` with `size` as a new dimension 1.
static RankedTensorType stack(Type type, int64_t size) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape.insert(shape.begin() + 1, size);
  return RankedTensorType::get(shape, tensor.getElementType());
}

/// A carried value is active if its initial value or what the body yields for
/// it is; the latter may depend on the former, so this iterates.
void ScanAdjoint::findActive() {
  Block &block = op.getBody().front();
  unsigned numCarried = op.getInits().size();
  SetVector<Value> above;
  getUsedValuesDefinedAbove(op->getRegions(), above);
  for (Value value : above)
    if (differentiator.isActive(value))
      captured.push_back(value);
  activeCarries.resize(numCarried);
  activeElements.resize(op.getSequences().size());
  DenseSet<Value> active(captured.begin(), captured.end());
  for (auto [i, sequence] : llvm::enumerate(op.getSequences()))
    if (differentiator.isActive(sequence)) {
      activeElements.set(i);
      active.insert(op.getElements()[i]);
    }
  for (auto [i, init] : llvm::enumerate(op.getInits()))
    if (differentiator.isActive(init))
      activeCarries.set(i);
  Operation *yield = block.getTerminator();
  for (bool changed = true; changed;) {
    for (unsigned i : activeCarries.set_bits())
      active.insert(op.getCarried()[i]);
    for (Operation &each : block.without_terminator()) {
      SetVector<Value> used;
      getUsedValuesDefinedAbove(each.getRegions(), used);
      used.insert(each.operand_begin(), each.operand_end());
      if (llvm::any_of(used, [&](Value v) { return active.contains(v); }))
        for (Value result : each.getResults())
          if (hasCotangent(result.getType()))
            active.insert(result);
    }
    changed = false;
    for (unsigned i = 0; i < numCarried; ++i)
      if (!activeCarries[i] && active.contains(yield->getOperand(i))) {
        activeCarries.set(i);
        changed = true;
      }
  }
}

LogicalResult ScanAdjoint::buildBody(OpBuilder &builder) {
  OpBuilder::InsertionGuard guard(builder);
  Location loc = op.getLoc();
  Block &forward = op.getBody().front();
  scaffold = ScanOp::create(builder, loc, TypeRange(), ValueRange(),
                            op.getSequences(), op.getReverseAttr());
  Block *block = builder.createBlock(&scaffold.getRegion());
  auto addArguments = [&](TypeRange types) {
    SmallVector<Value> added;
    for (Type type : types)
      added.push_back(block->addArgument(type, loc));
    return added;
  };
  IRMapping mapping;
  mapping.map(op.getStep(), block->addArgument(builder.getIndexType(), loc));
  Operation *yield = forward.getTerminator();
  unsigned numCarried = op.getInits().size();
  SmallVector<Value> outputs, seeds, inputs, origins;
  for (unsigned i : activeCarries.set_bits()) {
    outputs.push_back(yield->getOperand(i));
    seeds.push_back(block->addArgument(op.getCarried()[i].getType(), loc));
  }
  SmallVector<Value> sums = addArguments(ValueRange(captured).getTypes());
  for (BlockArgument element : op.getElements())
    mapping.map(element, block->addArgument(element.getType(), loc));
  for (BlockArgument carried : op.getCarried())
    mapping.map(carried, block->addArgument(carried.getType(), loc));
  for (auto [i, stacked] : llvm::enumerate(op.getStacked()))
    if (cotangents[numCarried + i]) {
      Value element = yield->getOperand(numCarried + i);
      outputs.push_back(element);
      seeds.push_back(block->addArgument(element.getType(), loc));
    }

  builder.setInsertionPointToStart(block);
  for (Operation &each : forward.without_terminator())
    builder.clone(each, mapping);
  for (Value &output : outputs)
    output = mapping.lookupOrDefault(output);
  for (unsigned i : activeCarries.set_bits()) {
    inputs.push_back(mapping.lookup(op.getCarried()[i]));
    origins.push_back(op.getInits()[i]);
  }
  for (Value value : captured) {
    inputs.push_back(value);
    origins.push_back(value);
  }
  for (unsigned i : activeElements.set_bits()) {
    inputs.push_back(mapping.lookup(op.getElements()[i]));
    origins.push_back(op.getSequences()[i]);
  }
  SmallVector<Value> gradients;
  if (failed(differentiator.differentiate(builder, *block, outputs, seeds,
                                          inputs, origins, gradients)))
    return failure();
  for (auto [gradient, input] : llvm::zip(gradients, inputs))
    if (!gradient && !llvm::is_contained(captured, input))
      gradient = createZeros(builder, loc, input);
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value &gradient = gradients[activeCarries.count() + i];
    gradient = gradient ? createSum(builder, loc, sum, gradient) : sum;
  }
  YieldOp::create(builder, loc, gradients);
  eraseDeadOps(*block);

  unsigned firstElement = 1 + activeCarries.count() + captured.size();
  usedElements.resize(block->getNumArguments() - firstElement);
  llvm::BitVector unused(block->getNumArguments());
  for (unsigned i = 0; i < usedElements.size(); ++i)
    if (block->getArgument(firstElement + i).use_empty())
      unused.set(firstElement + i);
    else
      usedElements.set(i);
  if (usedElements.none()) {
    // The scan needs some sequence for its length.
    usedElements.set(0);
    unused.reset(firstElement);
  }
  block->eraseArguments(unused);
  return success();
}

/// The forward scan with the carried values that the adjoint reads stacked up.
ScanOp ScanAdjoint::addStackedCarries(OpBuilder &builder) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  unsigned firstCarried = op.getSequences().size();
  int64_t length =
      cast<RankedTensorType>(op.getSequences()[0].getType()).getDimSize(1);
  SmallVector<Type> types(op.getResultTypes());
  SmallVector<Value> saved;
  for (auto [i, carried] : llvm::enumerate(op.getCarried()))
    if (usedElements[firstCarried + i]) {
      types.push_back(stack(carried.getType(), length));
      saved.push_back(carried);
    }
  if (saved.empty())
    return op;
  auto replacement = ScanOp::create(builder, op.getLoc(), types, op.getInits(),
                                    op.getSequences(), op.getReverseAttr());
  replacement.getRegion().takeBody(op.getRegion());
  Operation *yield = replacement.getBody().front().getTerminator();
  yield->insertOperands(yield->getNumOperands(), saved);
  return replacement;
}

ScanOp ScanAdjoint::createAdjoint(OpBuilder &builder, ScanOp forward) {
  Location loc = op.getLoc();
  unsigned numCarried = forward.getInits().size();
  SmallVector<Value> inits, sequences;
  for (unsigned i : activeCarries.set_bits())
    inits.push_back(cotangents[i]
                        ? cotangents[i]
                        : createZeros(builder, loc, forward.getInits()[i]));
  for (Value value : captured)
    inits.push_back(createZeros(builder, loc, value));
  unsigned element = 0;
  auto addSequence = [&](Value sequence) {
    if (usedElements[element++])
      sequences.push_back(sequence);
  };
  for (Value sequence : forward.getSequences())
    addSequence(sequence);
  unsigned saved = cotangents.size();
  for (unsigned i = 0; i < numCarried; ++i)
    if (usedElements[element])
      addSequence(forward.getOutputs()[saved++]);
    else
      ++element;
  for (Value cotangent : cotangents.drop_front(numCarried))
    if (cotangent)
      addSequence(cotangent);
  SmallVector<Type> types(ValueRange(inits).getTypes());
  for (unsigned i : activeElements.set_bits())
    types.push_back(forward.getSequences()[i].getType());
  UnitAttr reverse = forward.getReverse() ? UnitAttr() : builder.getUnitAttr();
  auto adjoint = ScanOp::create(builder, loc, types, inits, sequences, reverse);
  adjoint.getRegion().takeBody(scaffold.getRegion());
  return adjoint;
}

LogicalResult ScanAdjoint::build(OpBuilder &builder) {
  findActive();
  // A float scalar cannot be carried.
  for (Value value : captured)
    if (!isa<RankedTensorType>(value.getType()))
      return op.emitOpError("has no derivative with respect to a scalar from "
                            "outside; make it a tensor");
  if (failed(buildBody(builder)))
    return failure();
  ScanOp forward = addStackedCarries(builder);
  ScanOp adjoint = createAdjoint(builder, forward);
  auto result = adjoint.getOutputs().begin();
  for (unsigned i : activeCarries.set_bits())
    differentiator.accumulate(builder, forward.getInits()[i], *result++);
  for (Value value : captured)
    differentiator.accumulate(builder, value, *result++);
  for (unsigned i : activeElements.set_bits())
    differentiator.accumulate(builder, forward.getSequences()[i], *result++);
  if (forward != op)
    differentiator.replace(
        op, forward.getOutputs().take_front(op->getNumResults()));
  return success();
}

LogicalResult ScanOp::buildVJP(OpBuilder &builder, ArrayRef<Value> cotangents,
                               Differentiator &differentiator) {
  return ScanAdjoint(*this, cotangents, differentiator).build(builder);
}
