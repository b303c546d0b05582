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
    std::fill_n(initial.begin() + first,
                cast<PoolOp>(pool).getNumMembers(), 0);
  Value touched = arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(getGroupType(context, b.getI32Type()),
                             ArrayRef<int32_t>(initial)));
  for (auto [layer, picks] : llvm::zip(layout.layers, forward.choices)) {
    const LayerSite &site = layer.second;
    Value rows = fromPoints(b, loc, picks, site.rows);
    int64_t members = site.getMembers();
    Value selection = ToSelectionOp::create(
        b, loc,
        SelectionType::get(b.getContext(), site.getChoose(), members), rows);
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
  Value likelihood = buildLogLikelihood(program, context.network,
                                        forward->outputs, wanted);

  // Minus the mean over points: each point's cotangent is -1/N.
  RankedTensorType pointType = getPointType(context);
  Value points = tensor::DimOp::create(b, loc, likelihood, 0);
  Value count = arith::UIToFPOp::create(
      b, loc, context.element,
      arith::IndexCastOp::create(b, loc, b.getI64Type(), points));
  Value minus = arith::ConstantOp::create(
      b, loc, b.getFloatAttr(context.element, -1.0));
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
  for (auto [i, gradient] : llvm::zip(trained, pullback.getGradients()))
    result.values[i] = gradient;
  result.touched = buildTouched(context, program, *forward);

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
    Value v = add(mul(number(optimizer.getSetting("momentum")),
                      block.getArgument(4)),
                  g);
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
      return sub(number(1),
                 math::PowFOp::create(b, loc, number(beta), step));
    };
    Value rate = div(mul(lr, sqrt(correction(beta2))), correction(beta1));
    // lr·m̂/(√v̂ + ε) with ε scaled alike, so that it equals the paper's form.
    Value epsilon = mul(number(optimizer.getSetting("epsilon")),
                        sqrt(correction(beta2)));
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
               Value index = arith::IndexCastOp::create(
                   n, l, n.getIndexType(), args[0]);
               Value value = tensor::ExtractOp::create(n, l, groups, index);
               linalg::YieldOp::create(n, l, value);
             })
      .getResult(0);
}

/// sum + g² in f64, or sum if the member is not active.
static Value addSquare(OpBuilder &b, Location loc, Value sum, Value g,
                       Value active) {
  Type f64 = b.getF64Type();
  if (g.getType() != f64)
    g = arith::ExtFOp::create(b, loc, f64, g);
  Value square = arith::MulFOp::create(b, loc, g, g);
  Value zero = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(0.0));
  Value none = arith::ConstantIntOp::create(b, loc, b.getI8Type(), 0);
  Value on = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, active,
                                   none);
  Value term = arith::SelectOp::create(b, loc, on, square, zero);
  return arith::AddFOp::create(b, loc, sum, term);
}

/// Σ g² over the active members, in f64. Sums run down the inner dimensions
/// first, so that members are independent and the loop over the last dimension
/// stays a vector.
static Value buildSquareSum(ProgramBuilder &program,
                            const ParameterStack &stack, Value gradient,
                            Value active) {
  OpBuilder &b = program.builder();
  Location loc = withOpName(program.getLoc(), "gradient_norm");
  auto type = cast<RankedTensorType>(gradient.getType());
  Type f64 = b.getF64Type();
  int64_t rank = type.getRank();
  // A scalar has no last dimension.
  if (rank == 0) {
    Value zero = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(0.0));
    Value first = arith::ConstantIndexOp::create(b, loc, 0);
    Value g = tensor::ExtractOp::create(b, loc, gradient, ValueRange{});
    Value on = tensor::ExtractOp::create(b, loc, active, first);
    return addSquare(b, loc, zero, g, on);
  }
  // What stays: the last dimension, and the first where others are between.
  SmallVector<AffineExpr> kept = {b.getAffineDimExpr(rank - 1)};
  SmallVector<int64_t> shape = {type.getShape().back()};
  if (rank > 2) {
    kept.insert(kept.begin(), b.getAffineDimExpr(0));
    shape.insert(shape.begin(), type.getShape().front());
  }
  auto partType = RankedTensorType::get(shape, f64);
  Value zeros = buildFilled(b, loc, partType, gradient, 0.0);
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  AffineMap last = AffineMap::get(rank, 0, kept, b.getContext());
  AffineMap member =
      AffineMap::get(rank, 0,
                     stack.stacked ? b.getAffineDimExpr(0)
                                   : b.getAffineConstantExpr(0));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  iterators.back() = utils::IteratorType::parallel;
  if (rank > 2)
    iterators.front() = utils::IteratorType::parallel;
  Value parts =
      linalg::GenericOp::create(
          b, loc, partType, ValueRange{gradient, active}, zeros,
          ArrayRef<AffineMap>{identity, member, last}, iterators,
          [&](OpBuilder &n, Location l, ValueRange args) {
            Value sum = addSquare(n, l, args[2], args[0], args[1]);
            linalg::YieldOp::create(n, l, sum);
          })
          .getResult(0);
  auto scalarType = RankedTensorType::get({}, f64);
  Value zero = buildFilled(b, loc, scalarType, gradient, 0.0);
  auto all = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  Value sum = linalg::ReduceOp::create(
                  b, loc, parts, zero, all,
                  [](OpBuilder &n, Location l, ValueRange args) {
                    Value added = arith::AddFOp::create(n, l, args[0], args[1]);
                    linalg::YieldOp::create(n, l, added);
                  })
                  .getResult(0);
  return tensor::ExtractOp::create(b, loc, sum, ValueRange{});
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
              Value used = arith::CmpIOp::create(
                  n, l, arith::CmpIPredicate::ne, args[0], zero32);
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
                     Value one = arith::ExtUIOp::create(n, l, n.getI64Type(),
                                                        args[0]);
                     Value sum = arith::AddIOp::create(n, l, args[1], one);
                     linalg::YieldOp::create(n, l, sum);
                   })
                   .getResult(0);
  return {active, next};
}

/// min(1, clip/norm) if clip > 0 and the norm is above it, else 1.
static Value buildScale(ProgramContext &context, ProgramBuilder &program,
                        Value clip, Value norm) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  Type f64 = b.getF64Type();
  Value wide = clip.getType() == f64
                   ? clip
                   : Value(arith::ExtFOp::create(b, loc, f64, clip));
  Value zero = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(0.0));
  Value one = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(1.0));
  Value wanted = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, wide,
                                       zero);
  Value above = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, norm,
                                      wide);
  Value clipped = arith::AndIOp::create(b, loc, wanted, above);
  Value ratio = arith::DivFOp::create(b, loc, wide, norm);
  Value scale = arith::SelectOp::create(b, loc, clipped, ratio, one);
  if (context.element == f64)
    return scale;
  return arith::TruncFOp::create(b, loc, context.element, scale);
}

static void buildUpdates(ProgramContext &context, ProgramBuilder &program,
                         const UpdateInputs &in) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  const Layout &layout = context.layout;
  OptimizerOp optimizer = context.network.getOptimizer();
  unsigned states = optimizer ? optimizer.getNumStates() : 0;
  auto [active, steps] = buildActive(context, program, in);

  SmallVector<Value> actives(layout.stacks.size());
  Value sum = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(0.0));
  for (auto [i, stack] : llvm::enumerate(layout.stacks))
    if (stack.trained) {
      actives[i] = gatherGroups(program, stack, active);
      sum = arith::AddFOp::create(
          b, loc, sum,
          buildSquareSum(program, stack, in.gradients[i], actives[i]));
    }
  Value norm = math::SqrtOp::create(b, loc, sum);
  auto normType = RankedTensorType::get({1}, b.getF64Type());
  program.write(in.gradientNorm,
                tensor::FromElementsOp::create(b, loc, normType, norm));
  Value scale = buildScale(context, program, in.clip, norm);

  for (auto [i, stack] : llvm::enumerate(layout.stacks)) {
    if (!stack.trained)
      continue;
    Value parameter = program.getParameter(i);
    SmallVector<Value> slots;
    for (unsigned slot = 0; slot < states; ++slot)
      slots.push_back(program.getState(i, slot));
    SmallVector<Type> slotTypes(slots.size(), parameter.getType());
    UpdateOp update = UpdateOp::create(
        b, withOpName(loc, stack.names.front()), parameter.getType(), slotTypes, parameter, in.gradients[i],
        slots, actives[i], gatherGroups(program, stack, steps), in.lr,
        in.decay, scale, stack.stacked);
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
  in.frozen =
      program.addInput("frozen", getGroupType(context, b.getI8Type()));
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
  // Gradients live in their arena, so that a step needs no more workspace.
  for (auto [i, value] : llvm::enumerate(in.gradients))
    if (value)
      value = program.writeNow(program.getGradient(i), value);
  buildUpdates(context, program, in);
  context.finish(program);
  return success();
}
