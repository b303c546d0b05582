//===- ForwardPrograms.cpp - Programs without gradients -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// init, infer, forward, score, evaluate and sample.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/training/Programs.h"

using namespace mlir;
using namespace modc;

using Choices = ForwardOptions::Choices;

SmallVector<Value> modc::addInputs(ProgramContext &context,
                                   ProgramBuilder &program) {
  GraphOp graph = context.network.getGraph();
  SmallVector<Value> inputs;
  for (auto [name, type] : llvm::zip(graph.getArgNames(),
                                     graph.getFunctionType().getInputs()))
    inputs.push_back(program.addInput(cast<StringAttr>(name).getValue(), type));
  return inputs;
}

SmallVector<Value> modc::addWanted(ProgramContext &context,
                                   ProgramBuilder &program) {
  SmallVector<Value> wanted;
  for (auto &[name, type] : getWanted(context.network))
    wanted.push_back(program.addInput(name, type));
  return wanted;
}

RankedTensorType modc::getChoicesType(ProgramContext &context) {
  return RankedTensorType::get(
      {ShapedType::kDynamic, context.layout.slots},
      IntegerType::get(context.network.getContext(), 32));
}

RankedTensorType modc::getPointType(ProgramContext &context) {
  return RankedTensorType::get({ShapedType::kDynamic}, context.element);
}

Value modc::assemble(OpBuilder &b, Location loc, ValueRange parts,
                     Value destination) {
  int64_t offset = 0;
  for (Value part : parts) {
    int64_t width = cast<RankedTensorType>(part.getType()).getDimSize(1);
    OpFoldResult points = Value(tensor::DimOp::create(b, loc, part, 0));
    SmallVector<OpFoldResult> offsets = {b.getIndexAttr(0),
                                         b.getIndexAttr(offset)};
    SmallVector<OpFoldResult> sizes = {points, b.getIndexAttr(width)};
    SmallVector<OpFoldResult> strides(2, b.getIndexAttr(1));
    destination = tensor::InsertSliceOp::create(b, loc, part, destination,
                                                offsets, sizes, strides);
    offset += width;
  }
  return destination;
}

Value modc::buildCorrect(ProgramBuilder &program, Value output, Value label) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  auto type = cast<RankedTensorType>(output.getType());
  int64_t classes = type.getDimSize(1);
  Value scores = ReshapeOp::create(
      b, loc,
      RankedTensorType::get({ShapedType::kDynamic, 1, classes},
                            type.getElementType()),
      output);
  Value mode = ModeOp::create(
      b, loc, SelectionType::get(b.getContext(), 1, classes), scores);
  Value picks = FromSelectionOp::create(
      b, loc,
      RankedTensorType::get({ShapedType::kDynamic, 1}, b.getI32Type()), mode);
  auto resultType =
      RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type());
  Value flat = tensor::CollapseShapeOp::create(
      b, loc, resultType, picks, ArrayRef<ReassociationIndices>{{0, 1}});
  Value same = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, flat,
                                     label);
  return arith::ExtUIOp::create(b, loc, resultType, same);
}

/// Adds an output buffer for each result of the graph.
static SmallVector<Value> addOutputs(ProgramContext &context,
                                     ProgramBuilder &program) {
  SmallVector<Value> outputs;
  TypeRange types = context.network.getGraph().getFunctionType().getResults();
  for (auto [i, type] : llvm::enumerate(types))
    outputs.push_back(program.addOutput(
        types.size() == 1 ? "y" : "y" + std::to_string(i), type));
  return outputs;
}

static void writeAll(ProgramBuilder &program, ValueRange arguments,
                     ValueRange values) {
  for (auto [argument, value] : llvm::zip_equal(arguments, values))
    program.write(argument, value);
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

void modc::buildInit(ProgramContext &context) {
  ProgramBuilder program = context.start("init");
  Value seed = program.addInteger("seed");
  OpBuilder &b = program.builder();
  for (auto [i, stack] : llvm::enumerate(context.layout.stacks)) {
    SmallVector<StringRef> names(stack.names.begin(), stack.names.end());
    Value values = InitializeOp::create(
        b, stack.loc, stack.getStackType(), seed, stack.init,
        b.getStrArrayAttr(names), stack.stacked);
    program.write(program.getParameter(i), values);
  }
  context.finish(program);
}

LogicalResult modc::buildInfer(ProgramContext &context) {
  ProgramBuilder program = context.start("infer");
  SmallVector<Value> inputs = addInputs(context, program);
  SmallVector<Value> outputs = addOutputs(context, program);
  Value selection = program.addOutput("selection", getChoicesType(context));
  FailureOr<ForwardResult> forward =
      buildForward(program, context.network, inputs, {});
  if (failed(forward))
    return failure();
  writeAll(program, outputs, forward->outputs);
  program.update(selection, assemble(program.builder(), program.getLoc(),
                                     forward->choices, selection));
  context.finish(program);
  return success();
}

LogicalResult modc::buildGivenForward(ProgramContext &context) {
  ProgramBuilder program = context.start("forward");
  SmallVector<Value> inputs = addInputs(context, program);
  ForwardOptions options;
  options.policy = Choices::Given;
  options.choices = program.addInput("selection", getChoicesType(context));
  SmallVector<Value> outputs = addOutputs(context, program);
  FailureOr<ForwardResult> forward =
      buildForward(program, context.network, inputs, options);
  if (failed(forward))
    return failure();
  writeAll(program, outputs, forward->outputs);
  context.finish(program);
  return success();
}

LogicalResult modc::buildScore(ProgramContext &context) {
  ProgramBuilder program = context.start("score");
  SmallVector<Value> inputs = addInputs(context, program);
  SmallVector<Value> wanted = addWanted(context, program);
  ForwardOptions options;
  options.policy = Choices::Given;
  options.choices = program.addInput("selection", getChoicesType(context));
  options.wantLogPrior = true;
  Value likelihood = program.addOutput("log_likelihood", getPointType(context));
  Value prior = program.addOutput("log_prior", getPointType(context));
  FailureOr<ForwardResult> forward =
      buildForward(program, context.network, inputs, options);
  if (failed(forward))
    return failure();
  program.write(likelihood, buildLogLikelihood(program, context.network,
                                               forward->outputs, wanted));
  program.write(prior, forward->logPrior);
  context.finish(program);
  return success();
}

/// Whether the programs tell which points are classified correctly.
static bool hasClasses(ProgramContext &context) {
  return context.network.getObjective().getKind() == ObjectiveKind::Categorical;
}

static RankedTensorType getCorrectType(ProgramContext &context) {
  return RankedTensorType::get(
      {ShapedType::kDynamic},
      IntegerType::get(context.network.getContext(), 32));
}

LogicalResult modc::buildEvaluate(ProgramContext &context) {
  ProgramBuilder program = context.start("evaluate");
  SmallVector<Value> inputs = addInputs(context, program);
  SmallVector<Value> wanted = addWanted(context, program);
  SmallVector<Value> outputs = addOutputs(context, program);
  Value selection = program.addOutput("selection", getChoicesType(context));
  Value likelihood = program.addOutput("log_likelihood", getPointType(context));
  Value prior = program.addOutput("log_prior", getPointType(context));
  Value correct;
  if (hasClasses(context))
    correct = program.addOutput("correct", getCorrectType(context));
  Value probabilities = program.addOutput(
      "probabilities",
      RankedTensorType::get(
          {ShapedType::kDynamic, context.layout.probabilities},
          context.element));
  ForwardOptions options;
  options.wantLogPrior = true;
  options.wantProbabilities = true;
  FailureOr<ForwardResult> forward =
      buildForward(program, context.network, inputs, options);
  if (failed(forward))
    return failure();
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  writeAll(program, outputs, forward->outputs);
  program.update(selection, assemble(b, loc, forward->choices, selection));
  program.write(likelihood, buildLogLikelihood(program, context.network,
                                               forward->outputs, wanted));
  program.write(prior, forward->logPrior);
  if (correct)
    program.write(correct, buildCorrect(program, forward->outputs[0], wanted[0]));
  program.update(probabilities,
                 assemble(b, loc, forward->probabilities, probabilities));
  context.finish(program);
  return success();
}

LogicalResult modc::buildSample(ProgramContext &context) {
  ProgramBuilder program = context.start("sample");
  ForwardOptions options;
  options.policy = Choices::Drawn;
  options.purpose = 2;
  options.wantLogPrior = true;
  options.seed = program.addInteger("seed");
  options.step = program.addInteger("step");
  options.candidates = program.getCandidates();
  SmallVector<Value> inputs = addInputs(context, program);
  SmallVector<Value> wanted = addWanted(context, program);
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  options.points = program.addInput(
      "points", RankedTensorType::get({ShapedType::kDynamic}, b.getI64Type()));
  Value selection =
      program.addOutput("selection", getChoicesType(context), "S*N");
  Value likelihood =
      program.addOutput("log_likelihood", getPointType(context), "S*N");
  Value prior = program.addOutput("log_prior", getPointType(context), "S*N");
  Value correct;
  if (hasClasses(context))
    correct = program.addOutput("correct", getCorrectType(context), "S*N");
  for (SmallVector<Value> *values : {&inputs, &wanted})
    for (Value &value : *values)
      value = TileRowsOp::create(b, loc, value.getType(), value,
                                 options.candidates);
  FailureOr<ForwardResult> forward =
      buildForward(program, context.network, inputs, options);
  if (failed(forward))
    return failure();
  program.update(selection, assemble(b, loc, forward->choices, selection));
  program.write(likelihood, buildLogLikelihood(program, context.network,
                                               forward->outputs, wanted));
  program.write(prior, forward->logPrior);
  if (correct)
    program.write(correct, buildCorrect(program, forward->outputs[0], wanted[0]));
  context.finish(program);
  return success();
}
