//===- UpdatePrograms.cpp - Gradients and updates as programs -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// m_step, update and train_step.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "passes/OpNames.h"
#include "passes/training/Programs.h"

using namespace mlir;
using namespace modc;

namespace {
/// What an update needs beside parameters and state.
struct UpdateInputs {
  /// 1 where a group has a gradient: tensor<Gxi32>.
  Value touched;
  /// 1 where a group stays as it is: tensor<Gxi8>.
  Value frozen;
  Value lr, decay, clip;
  /// One a stack; null where not trained.
  SmallVector<Value> gradients;
  Value gradientNorm;
};

/// Gradients of one batch and what the host wants to know of it.
struct Gradients {
  /// One a stack; null where not trained.
  SmallVector<Value> values;
  Value touched;
};
} // namespace

static RankedTensorType getGroupType(ProgramContext &context, Type element) {
  return RankedTensorType::get(
      {static_cast<int64_t>(context.layout.groups.size())}, element);
}

/// Elements of a group tensor for the members of a stack.
static Value gatherGroups(ProgramBuilder &program, const ParameterStack &stack,
                          Value groups) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  Type element = cast<RankedTensorType>(groups.getType()).getElementType();
  auto type = RankedTensorType::get({stack.getNumMembers()}, element);
  bool adjacent = true;
  for (int64_t i = 1; i < stack.getNumMembers(); ++i)
    adjacent &= stack.groups[i] == stack.groups[i - 1] + 1;
  if (adjacent) {
    SmallVector<OpFoldResult> offset = {b.getIndexAttr(stack.groups[0])};
    SmallVector<OpFoldResult> size = {b.getIndexAttr(stack.getNumMembers())};
    SmallVector<OpFoldResult> stride = {b.getIndexAttr(1)};
    return tensor::ExtractSliceOp::create(b, loc, type, groups, offset, size,
                                          stride);
  }
  auto indexType =
      RankedTensorType::get({stack.getNumMembers()}, b.getI64Type());
  Value indices = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(indexType, ArrayRef(stack.groups)));
  Value empty = tensor::EmptyOp::create(b, loc, type, ValueRange{});
  AffineMap identity = b.getMultiDimIdentityMap(1);
  SmallVector<utils::IteratorType> iterators(1, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, type, indices, empty,
             ArrayRef<AffineMap>{identity, identity}, iterators,
             [&](OpBuilder &n, Location l, ValueRange args) {
               Value index =
                   arith::IndexCastOp::create(n, l, n.getIndexType(), args[0]);
               Value value = tensor::ExtractOp::create(n, l, groups, index);
               linalg::YieldOp::create(n, l, value);
             })
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

/// Adds how often the layers' rows pick each member to the members' groups;
/// groups outside pools count 1.
static Value buildTouched(ProgramContext &context, ProgramBuilder &program,
                          const ForwardResult &forward) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  const Layout &layout = context.layout;
  std::vector<int32_t> initial(layout.groups.size(), 1);
  for (auto &[pool, first] : layout.poolGroups)
    std::fill_n(initial.begin() + first, cast<PoolOp>(pool).getNumMembers(), 0);
  Value touched = arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(getGroupType(context, b.getI32Type()),
                             ArrayRef<int32_t>(initial)));
  for (auto [layer, picks] : llvm::zip(layout.layers, forward.choices)) {
    const LayerSite &site = layer.second;
    Value rows = fromPoints(b, loc, picks, site.rows);
    int64_t members = site.getMembers();
    Value selection = ToSelectionOp::create(
        b, loc, SelectionType::get(b.getContext(), site.getChoose(), members),
        rows);
    auto usageType = RankedTensorType::get({members}, b.getI32Type());
    Value usage = UsageOp::create(b, loc, usageType, selection);
    SmallVector<OpFoldResult> offset = {
        b.getIndexAttr(layout.poolGroups.find(site.pool)->second)};
    SmallVector<OpFoldResult> size = {b.getIndexAttr(members)};
    SmallVector<OpFoldResult> stride = {b.getIndexAttr(1)};
    Value before = tensor::ExtractSliceOp::create(b, loc, usageType, touched,
                                                  offset, size, stride);
    Value after = arith::AddIOp::create(b, loc, before, usage);
    touched = tensor::InsertSliceOp::create(b, loc, after, touched, offset,
                                            size, stride);
  }
  return touched;
}

/// Builds loss and gradients; writes log_likelihood and log_prior.
static FailureOr<Gradients> buildGradients(ProgramContext &context,
                                           ProgramBuilder &program) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  SmallVector<Value> inputs = addInputs(context, program);
  SmallVector<Value> wanted = addWanted(context, program);
  ForwardOptions options;
  options.policy = ForwardOptions::Choices::Given;
  options.choices = program.addInput("selection", getChoicesType(context));
  options.wantLogPrior = true;
  FailureOr<ForwardResult> forward =
      buildForward(program, context.network, inputs, options);
  if (failed(forward))
    return failure();
  Value likelihood =
      buildLogLikelihood(program, context.network, forward->outputs, wanted);

  // Minus the mean over points: each point's cotangent is -1/N.
  RankedTensorType pointType = getPointType(context);
  Value points = tensor::DimOp::create(b, loc, likelihood, 0);
  Value count = arith::UIToFPOp::create(
      b, loc, context.element,
      arith::IndexCastOp::create(b, loc, b.getI64Type(), points));
  Value minus =
      arith::ConstantOp::create(b, loc, b.getFloatAttr(context.element, -1.0));
  Value each = arith::DivFOp::create(b, loc, minus, count);
  Value empty = tensor::EmptyOp::create(b, loc, pointType, ValueRange{points});
  Value seed = linalg::FillOp::create(b, loc, each, empty).getResult(0);

  Gradients result;
  result.values.resize(context.layout.stacks.size());
  SmallVector<unsigned> trained;
  SmallVector<Value> parameters;
  for (auto [i, stack] : llvm::enumerate(context.layout.stacks))
    if (stack.trained) {
      trained.push_back(i);
      parameters.push_back(program.getParameter(i));
    }
  SmallVector<Type> types;
  for (Value parameter : parameters)
    types.push_back(parameter.getType());
  PullbackOp pullback = PullbackOp::create(
      b, loc, types, ValueRange{likelihood, forward->logPrior},
      ValueRange{seed, seed}, parameters);
  result.touched = buildTouched(context, program, *forward);
  OptimizerOp optimizer = context.network.getOptimizer();
  for (auto [i, gradient] : llvm::zip(trained, pullback.getGradients())) {
    result.values[i] = gradient;
    const ParameterStack &stack = context.layout.stacks[i];
    // A dense optimizer steps members without rows by a gradient of zero.
    if (stack.stacked && !(optimizer && optimizer.getDense()))
      result.values[i] = DefinedWhereOp::create(
          b, withOpName(loc, stack.names.front()), gradient,
          gatherGroups(program, stack, result.touched));
  }

  program.write(program.addOutput("log_likelihood", pointType), likelihood);
  program.write(program.addOutput("log_prior", pointType), forward->logPrior);
  return result;
}

LogicalResult modc::buildMStep(ProgramContext &context) {
  ProgramBuilder program = context.start("m_step");
  FailureOr<Gradients> gradients = buildGradients(context, program);
  if (failed(gradients))
    return failure();
  for (auto [i, value] : llvm::enumerate(gradients->values))
    if (value)
      program.write(program.getGradient(i), value);
  OpBuilder &b = program.builder();
  program.write(
      program.addOutput("touched", getGroupType(context, b.getI32Type())),
      gradients->touched);
  context.finish(program);
  return success();
}

//===----------------------------------------------------------------------===//
// Update
//===----------------------------------------------------------------------===//

/// The shorthand's rule on scalars; yields the new parameter and state.
static void buildRule(OpBuilder &b, Location loc, OptimizerOp optimizer,
                      Block &block) {
  Type element = block.getArgument(0).getType();
  auto number = [&](double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(element, value));
  };
  auto add = [&](Value x, Value y) -> Value {
    return arith::AddFOp::create(b, loc, x, y);
  };
  auto sub = [&](Value x, Value y) -> Value {
    return arith::SubFOp::create(b, loc, x, y);
  };
  auto mul = [&](Value x, Value y) -> Value {
    return arith::MulFOp::create(b, loc, x, y);
  };
  auto div = [&](Value x, Value y) -> Value {
    return arith::DivFOp::create(b, loc, x, y);
  };
  auto sqrt = [&](Value x) -> Value { return math::SqrtOp::create(b, loc, x); };
  Value p = block.getArgument(0), g = block.getArgument(1);
  Value lr = block.getArgument(2), step = block.getArgument(3);
  OptimizerKind kind = optimizer ? optimizer.getKind() : OptimizerKind::Sgd;
  switch (kind) {
  case OptimizerKind::Sgd:
    YieldOp::create(b, loc, sub(p, mul(lr, g)));
    return;
  case OptimizerKind::Momentum: {
    Value v = add(
        mul(number(optimizer.getSetting("momentum")), block.getArgument(4)), g);
    YieldOp::create(b, loc, ValueRange{sub(p, mul(lr, v)), v});
    return;
  }
  case OptimizerKind::RmsProp: {
    double decay = optimizer.getSetting("decay");
    Value v = add(mul(number(decay), block.getArgument(4)),
                  mul(number(1 - decay), mul(g, g)));
    Value size = add(sqrt(v), number(optimizer.getSetting("epsilon")));
    YieldOp::create(b, loc, ValueRange{sub(p, div(mul(lr, g), size)), v});
    return;
  }
  case OptimizerKind::Adam: {
    double beta1 = optimizer.getSetting("beta1");
    double beta2 = optimizer.getSetting("beta2");
    Value m = add(mul(number(beta1), block.getArgument(4)),
                  mul(number(1 - beta1), g));
    Value v = add(mul(number(beta2), block.getArgument(5)),
                  mul(number(1 - beta2), mul(g, g)));
    // Bias corrections depend on the step alone and leave the loop.
    auto correction = [&](double beta) -> Value {
      return sub(number(1), math::PowFOp::create(b, loc, number(beta), step));
    };
    Value rate = div(mul(lr, sqrt(correction(beta2))), correction(beta1));
    // lr·m̂/(√v̂ + ε) with ε scaled alike, so that it equals the paper's form.
    Value epsilon =
        mul(number(optimizer.getSetting("epsilon")), sqrt(correction(beta2)));
    Value next = sub(p, div(mul(rate, m), add(sqrt(v), epsilon)));
    YieldOp::create(b, loc, ValueRange{next, m, v});
    return;
  }
  case OptimizerKind::Custom: {
    IRMapping mapping;
    Block &body = optimizer.getBody().front();
    mapping.map(body.getArguments(), block.getArguments());
    for (Operation &op : body)
      b.clone(op, mapping);
    return;
  }
  }
}

/// Which groups step now, as tensor<Gxi8>, and their counts after it.
static std::pair<Value, Value> buildActive(ProgramContext &context,
                                           ProgramBuilder &program,
                                           const UpdateInputs &in) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  OptimizerOp optimizer = context.network.getOptimizer();
  bool dense = optimizer && optimizer.getDense();
  AffineMap identity = b.getMultiDimIdentityMap(1);
  SmallVector<utils::IteratorType> iterators(1, utils::IteratorType::parallel);
  auto activeType = getGroupType(context, b.getI8Type());
  Value empty = tensor::EmptyOp::create(b, loc, activeType, ValueRange{});
  Value active =
      linalg::GenericOp::create(
          b, loc, activeType, ValueRange{in.touched, in.frozen}, empty,
          ArrayRef<AffineMap>{identity, identity, identity}, iterators,
          [&](OpBuilder &n, Location l, ValueRange args) {
            Value zero8 = arith::ConstantIntOp::create(n, l, n.getI8Type(), 0);
            Value on = arith::CmpIOp::create(n, l, arith::CmpIPredicate::eq,
                                             args[1], zero8);
            if (!dense) {
              Value zero32 =
                  arith::ConstantIntOp::create(n, l, n.getI32Type(), 0);
              Value used = arith::CmpIOp::create(n, l, arith::CmpIPredicate::ne,
                                                 args[0], zero32);
              on = arith::AndIOp::create(n, l, on, used);
            }
            Value flag = arith::ExtUIOp::create(n, l, n.getI8Type(), on);
            linalg::YieldOp::create(n, l, flag);
          })
          .getResult(0);
  Value steps = program.getSteps();
  Value next = linalg::GenericOp::create(
                   b, loc, steps.getType(), active, steps,
                   ArrayRef<AffineMap>{identity, identity}, iterators,
                   [&](OpBuilder &n, Location l, ValueRange args) {
                     Value one =
                         arith::ExtUIOp::create(n, l, n.getI64Type(), args[0]);
                     Value sum = arith::AddIOp::create(n, l, args[1], one);
                     linalg::YieldOp::create(n, l, sum);
                   })
                   .getResult(0);
  return {active, next};
}

static void buildUpdates(ProgramContext &context, ProgramBuilder &program,
                         const UpdateInputs &in) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  const Layout &layout = context.layout;
  OptimizerOp optimizer = context.network.getOptimizer();
  unsigned states = optimizer ? optimizer.getNumStates() : 0;
  auto [active, steps] = buildActive(context, program, in);

  SmallVector<Value> actives(layout.stacks.size()), gradients, flags;
  SmallVector<bool> stacked;
  for (auto [i, stack] : llvm::enumerate(layout.stacks))
    if (stack.trained) {
      actives[i] = gatherGroups(program, stack, active);
      gradients.push_back(in.gradients[i]);
      flags.push_back(actives[i]);
      stacked.push_back(stack.stacked);
    }
  auto norm = GradientNormOp::create(b, loc, b.getF64Type(), context.element,
                                     gradients, flags, in.clip, stacked);
  auto normType = RankedTensorType::get({1}, b.getF64Type());
  program.write(in.gradientNorm, tensor::FromElementsOp::create(
                                     b, loc, normType, norm.getNorm()));

  for (auto [i, stack] : llvm::enumerate(layout.stacks)) {
    if (!stack.trained)
      continue;
    Value parameter = program.getParameter(i);
    SmallVector<Value> slots;
    for (unsigned slot = 0; slot < states; ++slot)
      slots.push_back(program.getState(i, slot));
    SmallVector<Type> slotTypes(slots.size(), parameter.getType());
    UpdateOp update = UpdateOp::create(
        b, withOpName(loc, stack.names.front()), parameter.getType(), slotTypes,
        parameter, in.gradients[i], slots, actives[i],
        gatherGroups(program, stack, steps), in.lr, in.decay, norm.getScale(),
        stack.stacked);
    {
      OpBuilder::InsertionGuard guard(b);
      Block *block = b.createBlock(&update.getRule());
      for (unsigned argument = 0; argument < 4 + states; ++argument)
        block->addArgument(context.element, loc);
      buildRule(b, loc, optimizer, *block);
    }
    program.update(parameter, update.getResult());
    for (auto [slot, value] : llvm::zip(slots, update.getNewStates()))
      program.update(slot, value);
  }
  program.update(program.getSteps(), steps);
}

static void addSettings(ProgramContext &context, ProgramBuilder &program,
                        UpdateInputs &in) {
  OpBuilder &b = program.builder();
  in.lr = program.addReal("lr");
  in.decay = program.addReal("weight_decay");
  in.clip = program.addReal("clip_norm");
  in.frozen = program.addInput("frozen", getGroupType(context, b.getI8Type()));
  in.gradientNorm = program.addOutput(
      "gradient_norm", RankedTensorType::get({1}, b.getF64Type()));
}

void modc::buildUpdate(ProgramContext &context) {
  ProgramBuilder program = context.start("update");
  UpdateInputs in;
  in.touched = program.addInput(
      "touched", getGroupType(context, program.builder().getI32Type()));
  addSettings(context, program, in);
  in.gradients.resize(context.layout.stacks.size());
  for (auto [i, stack] : llvm::enumerate(context.layout.stacks))
    if (stack.trained)
      in.gradients[i] = program.getGradient(i);
  buildUpdates(context, program, in);
  context.finish(program);
}

LogicalResult modc::buildTrainStep(ProgramContext &context) {
  ProgramBuilder program = context.start("train_step");
  FailureOr<Gradients> gradients = buildGradients(context, program);
  if (failed(gradients))
    return failure();
  UpdateInputs in;
  addSettings(context, program, in);
  in.touched = gradients->touched;
  in.gradients = gradients->values;
  // Gradients live in their arena, so that a step needs no more workspace,
  // where they live in memory at all.
  for (auto [i, value] : llvm::enumerate(in.gradients))
    if (value)
      value = program.writeNow(program.getGradient(i), value);
  buildUpdates(context, program, in);
  context.finish(program);
  return success();
}
