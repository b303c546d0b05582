//===- LaunchBody.cpp - What the functions of launches compute ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A launch of rows clones its ops for one row; others have emitters of their
// own. Tile kernels are matched here, beside the plain form.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/LaunchBody.h"
#include "passes/gpu/ElementKernel.h"
#include "passes/gpu/MemberGradient.h"
#include "passes/gpu/PointKernel.h"
#include "passes/gpu/TileKernels.h"

using namespace mlir;
using namespace modc;

using Write = bufferization::MaterializeInDestinationOp;

FailureOr<SmallVector<Value>>
modc::emitLaunch(KernelFunction &kernel, const Launch &launch,
                 const Placement &placement, ArrayRef<Value> outputs,
                 function_ref<Value(Value)> initOf) {
  Operation *op = launch.ops.front();
  switch (launch.kind) {
  case Launch::Grouped:
  case Launch::Product:
  case Launch::Rows: {
    Value self = kernel.beginLoop(launch.rows);
    RowKernel rows(kernel, placement, launch.ops, self);
    for (auto [i, output] : llvm::enumerate(outputs))
      if (Value init = initOf(output))
        rows.tie(init, i);
    if (failed(rows.emit(launch.ops)))
      return failure();
    for (auto [i, output] : llvm::enumerate(outputs)) {
      Value value = rows.result(output);
      Placed placed = *placement.get(output);
      RankedTensorType type = tensorType(value);
      TensorBuilder &kb = kernel.b;
      SmallVector<OpFoldResult> offsets(type.getRank(), kb.getIndexAttr(0));
      offsets[placed.dim] = kb.mul(self, kb.index(placed.multiple));
      SmallVector<OpFoldResult> sizes;
      for (int64_t size : type.getShape())
        sizes.push_back(kb.getIndexAttr(size));
      kernel.write(value, i, offsets, sizes);
    }
    auto grouped = dyn_cast<GroupedOp>(op);
    if (grouped && keepsSummands(grouped))
      emitSummands(kernel, rows, grouped, outputs.size(), self);
    if (launch.kind == Launch::Product && outputs.size() == 1)
      setProductKernel(kernel, op, launch.rows);
    else if (launch.kind == Launch::Grouped)
      setGroupedKernel(kernel, grouped, launch.rows, outputs);
    return SmallVector<Value>();
  }
  case Launch::PointSum:
    emitPointSum(kernel, placement, cast<GroupedOp>(op), launch.number);
    return SmallVector<Value>();
  case Launch::Members:
    if (failed(emitMembers(kernel, placement, cast<GroupedOp>(op),
                           launch.classNumber)))
      return failure();
    return SmallVector<Value>();
  case Launch::Points:
    if (failed(emitPoints(kernel, placement, cast<GroupedOp>(op))))
      return failure();
    return SmallVector<Value>();
  case Launch::Elements:
    if (failed(emitElements(kernel, placement, op,
                            /*inPlace=*/bool(initOf(outputs.front())))))
      return failure();
    return SmallVector<Value>();
  case Launch::Gradient:
    if (hasGradientsByPoint(cast<GroupedOp>(op))) {
      emitGradientSum(kernel, cast<GroupedOp>(op), launch.classNumber,
                      launch.number);
      return SmallVector<Value>();
    }
    if (failed(emitMemberGradient(kernel, placement, cast<GroupedOp>(op),
                                  launch.classNumber, launch.number,
                                  /*adds=*/launch.ops.size() > 1)))
      return failure();
    setGradientKernel(kernel, cast<GroupedOp>(op), launch.classNumber,
                      launch.number, /*adds=*/launch.ops.size() > 1);
    return SmallVector<Value>();
  case Launch::Update:
    emitUpdate(kernel, cast<UpdateOp>(op));
    return SmallVector<Value>();
  case Launch::Norm: {
    auto norm = cast<GradientNormOp>(op);
    SmallVector<Value> values = emitGradientNorm(
        kernel, norm, kernel.part(norm.getNorm(), 0, squareSumsType(norm)));
    SmallVector<Value> wanted;
    for (Value output : outputs)
      wanted.push_back(values[cast<OpResult>(output).getResultNumber()]);
    return wanted;
  }
  case Launch::Squares:
  case Launch::Plan:
    llvm_unreachable("emitSquareSums and emitPlan make these");
  case Launch::Single: {
    SmallVector<Value> results;
    for (auto [i, output] : llvm::enumerate(outputs))
      if (Value init = initOf(output))
        kernel.mapping().map(init, kernel.destination(i));
    for (Operation *inner : launch.ops) {
      kernel.b.setLoc(inner->getLoc());
      if (auto write = dyn_cast<Write>(inner)) {
        kernel.mapping().map(write.getResult(),
                             kernel.whole(write.getSource()));
        continue;
      }
      Operation *clone = kernel.cloneWhole(inner);
      kernel.mapping().map(inner->getResults(), clone->getResults());
    }
    for (Value output : outputs) {
      Value value = kernel.mapping().lookup(output);
      if (!isa<RankedTensorType>(value.getType()))
        value = kernel.b.insert(value,
                                kernel.b.empty(tensorTypeOf(value.getType())),
                                kernel.b.index(0));
      results.push_back(value);
    }
    return results;
  }
  }
  llvm_unreachable("unknown kind of launch");
}

void modc::emitPlan(KernelFunction &kernel, PlanOp plan) {
  TensorBuilder &kb = kernel.b;
  Value selection = kernel.whole(plan.getSelection());
  Value operandRows = plan.getRows() ? kernel.whole(plan.getRows()) : Value();
  Value tensor = FromSelectionOp::create(
      kb, tensorTypeOf(plan.getSelection().getType()), selection);
  SmallVector<Value> parts = buildPlanInto(
      kb, plan, tensor, operandRows,
      kernel.function.getBody().front().getArguments().take_front(kPlanParts));
  setPlanKernel(kernel, plan);
  kernel.finish(parts, /*inPlace=*/true);
}
