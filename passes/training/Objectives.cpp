//===- Objectives.cpp - log p(y|x, a) of each point -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds the shorthands, and inlines an objective given as a region.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "passes/OpNames.h"
#include "passes/training/Forward.h"

using namespace mlir;
using namespace modc;

SmallVector<std::pair<std::string, RankedTensorType>>
modc::getWanted(NetworkOp network) {
  SmallVector<std::pair<std::string, RankedTensorType>> wanted;
  ObjectiveOp objective = network.getObjective();
  if (!objective)
    return wanted;
  FunctionType graph = network.getGraph().getFunctionType();
  if (objective.getKind() == ObjectiveKind::Custom) {
    for (unsigned i = graph.getNumResults(),
                  e = objective.getFunctionType()->getNumInputs();
         i < e; ++i)
      wanted.push_back(
          {cast<StringAttr>(objective.getArgNames()[i]).getValue().str(),
           cast<RankedTensorType>(objective.getFunctionType()->getInput(i))});
    return wanted;
  }
  auto output = cast<RankedTensorType>(graph.getResult(0));
  if (objective.getKind() == ObjectiveKind::Categorical)
    output = RankedTensorType::get(
        output.getShape().drop_back(),
        IntegerType::get(network.getContext(), 32));
  wanted.push_back({"target", output});
  return wanted;
}

/// Sums `term(output, target)` over all dimensions but the first.
static Value buildSum(
    ProgramBuilder &program, Value output, Value target,
    function_ref<Value(OpBuilder &, Location, Value, Value)> term) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  auto type = cast<RankedTensorType>(output.getType());
  auto rowType =
      RankedTensorType::get({ShapedType::kDynamic}, type.getElementType());
  Value zero = buildFilled(b, loc, rowType, output, 0.0);
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  AffineMap rows = AffineMap::get(type.getRank(), 0, b.getAffineDimExpr(0));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::reduction);
  iterators[0] = utils::IteratorType::parallel;
  return linalg::GenericOp::create(
             b, loc, rowType, ValueRange{output, target}, zero,
             ArrayRef<AffineMap>{identity, identity, rows}, iterators,
             [&](OpBuilder &nested, Location l, ValueRange args) {
               Value value = term(nested, l, args[0], args[1]);
               Value sum = arith::AddFOp::create(nested, l, args[2], value);
               linalg::YieldOp::create(nested, l, sum);
             })
      .getResult(0);
}

static Value buildShorthand(ProgramBuilder &program, ObjectiveOp objective,
                            Value output, Value target) {
  OpBuilder &b = program.builder();
  Location loc = objective.getLoc();
  FloatType element = program.getElement();
  double scale = objective.getScale().convertToDouble();
  auto number = [&](OpBuilder &nested, Location l, double value) -> Value {
    return arith::ConstantOp::create(nested, l,
                                     nested.getFloatAttr(element, value));
  };
  switch (objective.getKind()) {
  case ObjectiveKind::Gaussian:
    return buildSum(program, output, target,
                    [&](OpBuilder &n, Location l, Value o, Value t) -> Value {
                      Value d = arith::SubFOp::create(n, l, o, t);
                      Value square = arith::MulFOp::create(n, l, d, d);
                      return arith::MulFOp::create(
                          n, l, square, number(n, l, -0.5 / (scale * scale)));
                    });
  case ObjectiveKind::Laplace:
    return buildSum(program, output, target,
                    [&](OpBuilder &n, Location l, Value o, Value t) -> Value {
                      Value d = arith::SubFOp::create(n, l, o, t);
                      Value size = math::AbsFOp::create(n, l, d);
                      return arith::MulFOp::create(n, l, size,
                                                   number(n, l, -1 / scale));
                    });
  case ObjectiveKind::Bernoulli: {
    // y·log σ(z) + (1 − y)·log(1 − σ(z)) = y·z − softplus(z)
    Value plus = SoftplusOp::create(b, loc, output.getType(), output);
    Value product = arith::MulFOp::create(b, loc, output, target);
    return buildSum(program, product, plus,
                    [&](OpBuilder &n, Location l, Value o, Value t) -> Value {
                      return arith::SubFOp::create(n, l, o, t);
                    });
  }
  case ObjectiveKind::Categorical: {
    Value logs = LogSoftmaxOp::create(b, loc, output.getType(), output);
    auto rowType = RankedTensorType::get({ShapedType::kDynamic}, element);
    return PickOp::create(b, loc, rowType, logs, target);
  }
  case ObjectiveKind::Custom:
    break;
  }
  llvm_unreachable("no shorthand");
}

static Value buildObjective(ProgramBuilder &program, ObjectiveOp objective,
                            ValueRange outputs, ValueRange wanted) {
  if (objective.getKind() != ObjectiveKind::Custom)
    return buildShorthand(program, objective, outputs[0], wanted[0]);
  IRMapping mapping;
  SmallVector<Value> arguments(outputs);
  llvm::append_range(arguments, wanted);
  Block &body = objective.getBody().front();
  mapping.map(body.getArguments(), arguments);
  const Layout &layout = program.getLayout();
  for (Operation &op : body.without_terminator()) {
    if (auto parameter = dyn_cast<ParameterOp>(op)) {
      unsigned stack =
          layout.singles.lookup("objective." + parameter.getName().str());
      mapping.map(parameter.getResult(), program.getParameter(stack));
      continue;
    }
    program.builder().clone(op, mapping);
  }
  return mapping.lookupOrDefault(body.getTerminator()->getOperand(0));
}

Value modc::buildLogLikelihood(ProgramBuilder &program, NetworkOp network,
                               ValueRange outputs, ValueRange wanted) {
  MadeOps made(program.builder());
  Value result =
      buildObjective(program, network.getObjective(), outputs, wanted);
  for (Operation &op : made.get())
    setOpNames(&op, "objective");
  return result;
}
