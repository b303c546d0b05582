//===- TaskCloning.cpp - Tasks that are built from other tasks ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Offsets and sizes first, as they say where results go; then the rest.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/TaskCloning.h"

using namespace mlir;
using namespace modc;

/// Clones the op of `from` that defines `value`, and what it needs from there.
static void cloneDefinition(TensorBuilder &b, Value value, Block *from,
                            IRMapping &mapping) {
  if (mapping.contains(value) || value.getParentBlock() != from)
    return;
  Operation *definition = value.getDefiningOp();
  for (Value operand : definition->getOperands())
    cloneDefinition(b, operand, from, mapping);
  b.clone(*definition, mapping);
}

TaskSlice TaskSlice::cloneOf(TensorBuilder &b,
                             tensor::ParallelInsertSliceOp insert,
                             IRMapping &mapping) {
  auto mapAll = [&](ArrayRef<OpFoldResult> values) {
    return llvm::map_to_vector(values, [&](OpFoldResult value) -> OpFoldResult {
      if (auto v = dyn_cast<Value>(value))
        return mapping.lookupOrDefault(v);
      return value;
    });
  };
  Block *from = insert->getParentOp()->getBlock();
  for (ValueRange values : {insert.getOffsets(), insert.getSizes()})
    for (Value value : values)
      cloneDefinition(b, value, from, mapping);
  return {mapAll(insert.getMixedOffsets()), mapAll(insert.getMixedSizes()),
          insert.getMixedStrides(),
          cast<RankedTensorType>(insert.getSource().getType())};
}

Value TaskSlice::extractFrom(TensorBuilder &b, Value whole) const {
  return tensor::ExtractSliceOp::create(b, type, whole, offsets, sizes,
                                        strides);
}

void TaskSlice::insertInto(TensorBuilder &b, Value part, Value whole) const {
  tensor::ParallelInsertSliceOp::create(b, part, whole, offsets, sizes,
                                        strides);
}

void modc::cloneRest(TensorBuilder &b, Block &body, IRMapping &mapping) {
  for (Operation &op : body.without_terminator())
    if (op.getNumResults() == 0 || !mapping.contains(op.getResult(0)))
      b.clone(op, mapping);
}

SmallVector<Value>
modc::runWhen(TensorBuilder &b, Value condition, bool is, ValueRange carried,
              function_ref<SmallVector<Value>(ValueRange)> body) {
  Value none = b.index(0), one = b.index(1);
  Value rounds = is ? arith::SelectOp::create(b, condition, one, none)
                    : arith::SelectOp::create(b, condition, none, one);
  return b.loop(none, rounds, carried,
                [&](Value, ValueRange values) { return body(values); });
}
