//===- ReverseSweep.cpp - Reverse-mode differentiation of a block
//------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Activity forwards, cotangents backwards. What has no derivative on an active
// path is an error at that op, never a zero.
//
//===----------------------------------------------------------------------===//

#include "passes/autodiff/ReverseSweep.h"
#include "dialect/ModularInterfaces.h"
#include "dialect/VJPBuilders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/OpNames.h"

using namespace mlir;
using namespace modc;

/// Operands, and values from outside that the op's regions use.
static SetVector<Value> getReadValues(Operation *op) {
  SetVector<Value> read(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), read);
  return read;
}

void ReverseSweep::findActive(ArrayRef<Operation *> ops) {
  for (Value input : inputs)
    sources.try_emplace(input, input);
  for (Operation *op : ops)
    for (Value read : getReadValues(op)) {
      Value source = sources.lookup(read);
      if (!source)
        continue;
      for (Value result : op->getResults())
        if (hasCotangent(result.getType()))
          sources.try_emplace(result, source);
      break;
    }
}

Value ReverseSweep::findSource(Value value) const {
  Value source = sources.lookup(value);
  auto input = llvm::find(inputs, source);
  if (input == inputs.end())
    return source;
  unsigned index = input - inputs.begin();
  if (!outer || index >= origins.size() || !origins[index])
    return source;
  Value further = outer->findSource(origins[index]);
  return further ? further : source;
}

LogicalResult ReverseSweep::reportMissing(Operation *op, Value operand) {
  InFlightDiagnostic diagnostic = op->emitOpError("has no derivative");
  Value source = findSource(operand);
  auto argument = dyn_cast<BlockArgument>(source);
  StringAttr name;
  if (argument)
    if (auto function = dyn_cast_or_null<FunctionOpInterface>(
            argument.getOwner()->getParentOp()))
      name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                   "modular.name");
  if (name)
    diagnostic << ", but is on the path from '" << name.getValue() << "'";
  else
    diagnostic << ", but is on the path from a value to differentiate by";
  diagnostic.attachNote(source.getLoc()) << "this value has a gradient";
  return diagnostic;
}

void ReverseSweep::accumulate(OpBuilder &builder, Value value,
                              Value cotangent) {
  if (!cotangent || !isActive(value))
    return;
  Value &sum = cotangents[value];
  sum =
      sum ? createSum(builder, cotangent.getLoc(), sum, cotangent) : cotangent;
}

void ReverseSweep::replace(Operation *op, ValueRange values) {
  // The op itself stays, dead: maps of callers may still hold its address.
  for (auto [old, value] : llvm::zip(op->getResults(), values)) {
    old.replaceAllUsesWith(value);
    for (Value &input : inputs)
      if (input == old)
        input = value;
    if (Value source = sources.lookup(old)) {
      sources.erase(old);
      sources[value] = source == old ? value : source;
    }
    if (Value cotangent = cotangents.lookup(old)) {
      cotangents.erase(old);
      cotangents[value] = cotangent;
    }
    for (auto &[key, cotangent] : cotangents)
      if (cotangent == old)
        cotangent = value;
  }
}

LogicalResult ReverseSweep::visit(OpBuilder &builder, Operation *op) {
  SmallVector<Value> seeds;
  for (Value result : op->getResults())
    seeds.push_back(cotangents.lookup(result));
  if (llvm::none_of(seeds, [](Value seed) { return bool(seed); }))
    return success();
  SetVector<Value> read = getReadValues(op);
  auto active = llvm::find_if(read, [&](Value v) { return isActive(v); });
  if (active == read.end())
    return success();
  auto interface = dyn_cast<VJPOpInterface>(op);
  if (!interface)
    return reportMissing(op, *active);
  // Cotangents are made of sizes that somebody can ask for.
  auto isUnranked = [&](Value value) {
    return isa<UnrankedTensorType>(value.getType()) && isActive(value);
  };
  if (llvm::any_of(read, isUnranked) ||
      llvm::any_of(op->getResults(), isUnranked))
    return op->emitOpError("has no derivative for tensors without a rank");
  MadeOps made(builder);
  if (failed(interface.buildVJP(builder, seeds, *this)))
    return failure();
  for (Operation &gradient : made.get())
    appendToOpNames(&gradient, "grad");
  return success();
}

LogicalResult ReverseSweep::run(OpBuilder &builder, Block &block,
                                ValueRange outputs, ArrayRef<Value> seeds,
                                ValueRange inputs, ArrayRef<Value> origins,
                                SmallVectorImpl<Value> &gradients) {
  this->inputs.assign(inputs.begin(), inputs.end());
  this->origins.assign(origins.begin(), origins.end());
  SmallVector<Operation *> ops;
  auto end = builder.getInsertionBlock() == &block ? builder.getInsertionPoint()
                                                   : block.end();
  for (Operation &op : llvm::make_range(block.begin(), end))
    ops.push_back(&op);
  findActive(ops);
  for (auto [output, seed] : llvm::zip(outputs, seeds))
    accumulate(builder, output, seed);
  for (Operation *op : llvm::reverse(ops))
    if (failed(visit(builder, op)))
      return failure();
  for (Value input : this->inputs)
    gradients.push_back(cotangents.lookup(input));
  return success();
}

LogicalResult ReverseSweep::differentiate(OpBuilder &builder, Block &block,
                                          ValueRange outputs,
                                          ArrayRef<Value> seeds,
                                          ValueRange inputs,
                                          ArrayRef<Value> origins,
                                          SmallVectorImpl<Value> &gradients) {
  return ReverseSweep(this).run(builder, block, outputs, seeds, inputs, origins,
                                gradients);
}
