//===- LaunchCalls.cpp - Programs as calls of launches --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a launch makes is written where the program wants it, if that is known,
// else to a temporary. Only what other launches read is written at all.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/LaunchCalls.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/OpNames.h"
#include "passes/cpu/abi/SizeFormula.h"
#include "passes/gpu/ElementKernel.h"
#include "passes/gpu/LaunchBody.h"
#include "passes/gpu/LaunchBuffers.h"
#include "passes/gpu/PointKernel.h"

using namespace mlir;
using namespace modc;

using Write = bufferization::MaterializeInDestinationOp;

namespace {

/// Replaces the ops of a program by calls.
class Caller {
public:
  Caller(func::FuncOp program, const Placement &placement,
         const RunningSums &sums)
      : symbols(program->getParentOfType<ModuleOp>()), program(program),
        placement(placement), sums(sums),
        b(program.getLoc(), program.getContext()) {}

  LogicalResult run(ArrayRef<Launch> launches);

private:
  using Outputs = SmallVector<Value>;
  Outputs outputsOf(const Launch &launch);
  LogicalResult call(const Launch &launch);
  /// No tensor.empty: equal ones would become one.
  Value allocate(RankedTensorType type, ValueRange sizes) {
    return bufferization::AllocTensorOp::create(b, type, sizes);
  }
  Value initOf(Value output, const Launch &launch);
  Value destinationOf(Value output, const Launch &launch,
                      RankedTensorType type);
  Value argumentFor(const KernelInput &input);
  Value sizeOf(RowCount count);
  Value tensorFor(Value value);

  SymbolTable symbols;
  func::FuncOp program;
  const Placement &placement;
  const RunningSums &sums;
  TensorBuilder b;
  llvm::StringMap<unsigned> names;
  /// Tensors that stand for values of the program; parts of plans by number.
  DenseMap<std::pair<Value, int>, Value> made;
};

Value Caller::sizeOf(RowCount count) {
  Value result = b.index(count.factor);
  if (count.points) {
    Value points;
    for (BlockArgument argument : program.getArguments()) {
      unsigned i = argument.getArgNumber();
      auto rows = program.getArgAttrOfType<StringAttr>(i, kRows);
      if (!points && rows && rows.getValue() == "N")
        points = b.dim(argument, 0);
    }
    result = b.mul(result, points);
  }
  if (count.candidates)
    for (BlockArgument argument : program.getArguments()) {
      auto name =
          program.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kName);
      if (argument.getType().isIndex() && name && name.getValue() == "S")
        result = b.mul(result, argument);
    }
  return result;
}

Value Caller::tensorFor(Value value) {
  if (Value tensor = made.lookup({value, -1}))
    return tensor;
  return value;
}

Value Caller::argumentFor(const KernelInput &input) {
  if (input.size)
    return sizeOf(*input.size);
  if (input.part >= 0)
    return made.lookup({input.value, input.part});
  return tensorFor(input.value);
}

/// Whether a launch after that of the op's rows makes it.
static bool isSum(Value value) {
  auto grouped = value.getDefiningOp<GroupedOp>();
  return grouped && !llvm::is_contained(grouped.getRowResults(), value);
}

Caller::Outputs Caller::outputsOf(const Launch &launch) {
  Outputs outputs;
  if (launch.kind == Launch::Gradient) {
    auto op = cast<GroupedOp>(launch.ops.front());
    Value gradient = op.getClassGradients(launch.classNumber)[launch.number];
    outputs.push_back(launch.ops.size() > 1 ? launch.ops.back()->getResult(0)
                                            : gradient);
    return outputs;
  }
  if (launch.kind == Launch::Update)
    return Outputs(launch.ops.front()->getResults());
  if (launch.kind == Launch::PointSum || launch.kind == Launch::Points) {
    auto op = cast<GroupedOp>(launch.ops.front());
    if (launch.kind == Launch::Points)
      return Outputs(op.getPointResults());
    return Outputs{op.getPointResults()[launch.number]};
  }
  if (launch.kind == Launch::Members)
    return Outputs(cast<GroupedOp>(launch.ops.front())
                       .getClassGradients(launch.classNumber));
  for (Operation *op : launch.ops)
    for (Value result : op->getResults())
      if (isReadOutside(result, launch.ops) && !isSum(result))
        outputs.push_back(result);
  return outputs;
}

/// The tensor from outside of the launch that an output continues in place:
/// columns of choices are inserted, steps are counted.
Value Caller::initOf(Value output, const Launch &launch) {
  Operation *op = output.getDefiningOp();
  Value init;
  if (isa<UpdateOp>(op))
    return {};
  if (Value sum = sums.getContinued(op))
    return sum;
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    init = insert.getDest();
  else if (auto generic = dyn_cast<linalg::GenericOp>(op))
    init = generic.getDpsInits()[cast<OpResult>(output).getResultNumber()];
  // Through earlier insertions of the same launch.
  while (init && llvm::is_contained(launch.ops, init.getDefiningOp())) {
    auto insert = init.getDefiningOp<tensor::InsertSliceOp>();
    init = insert ? insert.getDest() : Value();
  }
  if (!init || init.getDefiningOp<bufferization::AllocTensorOp>())
    return init;
  // What goes elsewhere leaves it as it is.
  if (launch.writesThere())
    if (Write write = writeOf(sums.getLast(output));
        write && write.getDest() != init)
      return {};
  bool isMade =
      init.getDefiningOp<tensor::InsertSliceOp>() && made.contains({init, -1});
  return isMade || isa<BlockArgument>(init) ? init : Value();
}

/// Where a result is written: to an argument of the program if it belongs
/// there.
Value Caller::destinationOf(Value output, const Launch &launch,
                            RankedTensorType type) {
  if (auto write = output.getDefiningOp<Write>())
    return tensorFor(write.getDest());
  if (Value sum = sums.getContinued(output.getDefiningOp()))
    return tensorFor(sum);
  if (launch.writesThere())
    if (Write write = writeOf(sums.getLast(output)))
      return tensorFor(write.getDest());
  if (auto update = output.getDefiningOp<UpdateOp>()) {
    unsigned number = cast<OpResult>(output).getResultNumber();
    return tensorFor(number == 0 ? update.getParameter()
                                 : update.getStates()[number - 1]);
  }
  // What a scan stacks is allocated with sizes of its own: those of the op are
  // of values that are to go.
  if (Value init = initOf(output, launch))
    if (!init.getDefiningOp<bufferization::AllocTensorOp>())
      return tensorFor(init);
  SmallVector<Value> sizes;
  if (auto placed = placement.get(output)) {
    RowCount count = placed->rows;
    count.factor *= placed->multiple;
    if (type.getNumDynamicDims() == 1)
      sizes.push_back(sizeOf(count));
  }
  return allocate(type, sizes);
}

LogicalResult Caller::call(const Launch &launch) {
  Operation *op = launch.ops.front();
  StringRef label = opNameOf(op->getLoc());
  std::string name =
      (program.getName() + "." + (label.empty() ? describeOp(op) : label))
          .str();
  if (unsigned number = names[name]++)
    name += "." + std::to_string(number);
  KernelFunction kernel(symbols, name, op->getLoc(), placement);
  b.setLoc(op->getLoc());

  Outputs outputs =
      launch.kind == Launch::Plan || launch.kind == Launch::Squares
          ? Outputs()
          : outputsOf(launch);
  SmallVector<Value> destinations;
  SmallVector<std::pair<Value, int>> keys;
  if (auto plan = dyn_cast<PlanOp>(op)) {
    auto type = cast<PlanType>(plan.getType());
    RowCount rows = placement.rowsOf(plan);
    for (int part = 0; part < kPlanParts; ++part) {
      RankedTensorType partType = planPartType(type, part, b.getContext());
      RowCount count = rows;
      if (part < 2)
        count.factor *= int64_t(type.getChoose());
      kernel.addDestination(partType);
      SmallVector<Value> sizes;
      if (part != 2)
        sizes.push_back(sizeOf(count));
      destinations.push_back(allocate(partType, sizes));
      keys.push_back({plan, part});
    }
    emitPlan(kernel, plan);
  } else if (launch.kind == Launch::Squares) {
    auto norm = cast<GradientNormOp>(op);
    RankedTensorType type = squareSumsType(norm);
    kernel.addDestination(type);
    // Each launch makes some of them.
    Value sums = made.lookup({norm.getNorm(), 0});
    destinations.push_back(sums ? sums : allocate(type, {}));
    keys.push_back({norm.getNorm(), 0});
    emitSquareSums(kernel, norm, launch.classNumber, launch.number);
    kernel.finish();
  } else {
    for (Value output : outputs) {
      RankedTensorType type = tensorTypeOf(output.getType());
      kernel.addDestination(type);
      destinations.push_back(destinationOf(output, launch, type));
      keys.push_back({output, -1});
    }
    auto grouped = dyn_cast<GroupedOp>(op);
    if (grouped && launch.kind == Launch::Grouped && keepsSummands(grouped))
      for (Value result : summedResults(grouped)) {
        kernel.addDestination(summandsType(result));
        destinations.push_back(
            allocate(summandsType(result), sizeOf(launch.rows)));
        keys.push_back({result, 0});
      }
    auto results =
        emitLaunch(kernel, launch, placement, outputs,
                   [&](Value output) { return initOf(output, launch); });
    if (failed(results))
      return failure();
    if (launch.kind == Launch::Single || launch.kind == Launch::Norm)
      kernel.finish(*results, /*inPlace=*/false);
    else
      kernel.finish();
  }
  SmallVector<Value> operands = destinations;
  for (const KernelInput &input : kernel.inputs)
    operands.push_back(argumentFor(input));
  if (llvm::is_contained(operands, Value()))
    return op->emitOpError("reads a plan that no launch has made");
  auto call = func::CallOp::create(b, kernel.function, operands);
  for (auto [key, result] : llvm::zip(keys, call.getResults())) {
    made[key] = result;
    if (key.second < 0)
      if (Write write = writeOf(key.first))
        made[{write.getResult(), -1}] = result;
  }
  return success();
}

LogicalResult Caller::run(ArrayRef<Launch> launches) {
  Block &block = program.getBody().front();
  Operation *terminator = block.getTerminator();
  b.setInsertionPoint(terminator);
  for (const Launch &launch : launches)
    if (failed(call(launch)))
      return failure();
  for (OpOperand &operand : terminator->getOpOperands())
    operand.set(tensorFor(operand.get()));
  return success();
}

} // namespace

LogicalResult modc::callLaunches(func::FuncOp program,
                                 const Placement &placement,
                                 const RunningSums &sums,
                                 ArrayRef<Launch> launches) {
  return Caller(program, placement, sums).run(launches);
}
