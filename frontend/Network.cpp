//===- Network.cpp - Build a modular network in C++ -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops are made as they are asked for, with the types that their operands
// imply; verifiers then judge the whole, as they do a file.
//
//===----------------------------------------------------------------------===//

#include "frontend/NetworkState.h"

#include "dialect/ModularDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace modc {
namespace api {

/// Builds one body; what Body's functions work on.
struct NetworkBuilder {
  Network::State &state;
  OpBuilder builder;
  Block *block;

  Location loc() { return builder.getUnknownLoc(); }

  RankedTensorType rows(const Shape &shape) {
    SmallVector<int64_t> dimensions = {ShapedType::kDynamic};
    dimensions.append(shape.begin(), shape.end());
    return RankedTensorType::get(dimensions, state.element);
  }

  /// The tensor of a handle, null if there is none.
  static mlir::Value of(Value value) {
    return mlir::Value::getFromOpaquePointer(value.tensor);
  }
  static Value handle(mlir::Value value) {
    return {value.getAsOpaquePointer()};
  }
  static RankedTensorType typeOf(Value value) {
    return dyn_cast<RankedTensorType>(of(value).getType());
  }

  Value fail(const std::string &message) {
    state.fail(message);
    return {};
  }

  template <typename Op>
  Value unary(Value x) {
    if (!x.tensor)
      return {};
    return handle(Op::create(builder, loc(), of(x).getType(), of(x)));
  }
  template <typename Op>
  Value binary(Value a, Value b) {
    if (!a.tensor || !b.tensor)
      return {};
    if (of(a).getType() != of(b).getType())
      return fail("the operands of an element by element operation have "
                  "different shapes");
    return handle(Op::create(builder, loc(), of(a), of(b)));
  }
};

static NetworkBuilder &in(void *builder) {
  return *static_cast<NetworkBuilder *>(builder);
}

//===----------------------------------------------------------------------===//
// Body
//===----------------------------------------------------------------------===//

Value Body::input(size_t index) const {
  NetworkBuilder &b = in(builder);
  if (index >= b.block->getNumArguments())
    return b.fail("input " + std::to_string(index) + " of a body with " +
                  std::to_string(b.block->getNumArguments()));
  return b.handle(b.block->getArgument(index));
}

Value Body::parameter(const std::string &name, const Shape &shape,
                      const Init &init) {
  NetworkBuilder &b = in(builder);
  auto kind = symbolizeInitKind(init.kind);
  if (!kind)
    return b.fail("parameter '" + name + "' has the unknown initialiser '" +
                  init.kind + "'");
  for (int64_t dimension : shape)
    if (dimension <= 0)
      return b.fail("parameter '" + name + "' has the dimension " +
                    std::to_string(dimension));
  MLIRContext *context = b.builder.getContext();
  auto start = InitAttr::getChecked(
      [&] { return emitError(b.loc()) << "parameter '" << name << "': "; },
      context, *kind, DenseF64ArrayAttr::get(context, init.settings));
  if (!start)
    return b.fail("parameter '" + name +
                  "' has a wrong number of settings of " + "its initialiser '" +
                  init.kind + "'");
  return b.handle(ParameterOp::create(
      b.builder, b.loc(), RankedTensorType::get(shape, b.state.element), name,
      start, /*frozen=*/false, /*state=*/false));
}

Value Body::linear(Value x, Value weight, Value bias) {
  NetworkBuilder &b = in(builder);
  if (!x.tensor || !weight.tensor)
    return {};
  auto input = b.typeOf(x), matrix = b.typeOf(weight);
  if (matrix.getRank() != 2)
    return b.fail("a linear map's weight has rank " +
                  std::to_string(matrix.getRank()) + ", expected 2");
  SmallVector<int64_t> shape(input.getShape());
  shape.back() = matrix.getDimSize(1);
  return b.handle(LinearOp::create(
      b.builder, b.loc(), RankedTensorType::get(shape, b.state.element),
      b.of(x), b.of(weight), bias.tensor ? b.of(bias) : mlir::Value()));
}

Value Body::linear(Value x, int64_t units, const std::string &prefix) {
  if (!x.tensor)
    return {};
  int64_t width = in(builder).typeOf(x).getShape().back();
  Value weight = parameter(prefix + "weight", {width, units});
  Value bias = parameter(prefix + "bias", {units}, {"zeros", {}});
  return linear(x, weight, bias);
}

Value Body::relu(Value x) { return in(builder).unary<ReluOp>(x); }
Value Body::gelu(Value x) { return in(builder).unary<GeluOp>(x); }
Value Body::sigmoid(Value x) { return in(builder).unary<SigmoidOp>(x); }
Value Body::softplus(Value x) { return in(builder).unary<SoftplusOp>(x); }
Value Body::softmax(Value x) { return in(builder).unary<SoftmaxOp>(x); }
Value Body::logSoftmax(Value x) { return in(builder).unary<LogSoftmaxOp>(x); }
Value Body::add(Value a, Value b) {
  return in(builder).binary<arith::AddFOp>(a, b);
}
Value Body::subtract(Value a, Value b) {
  return in(builder).binary<arith::SubFOp>(a, b);
}
Value Body::multiply(Value a, Value b) {
  return in(builder).binary<arith::MulFOp>(a, b);
}

Value Body::reshape(Value x, const Shape &row) {
  NetworkBuilder &b = in(builder);
  if (!x.tensor)
    return {};
  return b.handle(ReshapeOp::create(b.builder, b.loc(), b.rows(row), b.of(x)));
}

Value Body::layer(const Layer &layer) {
  NetworkBuilder &b = in(builder);
  auto collect = [&](const std::vector<Value> &from) {
    SmallVector<mlir::Value> values;
    for (Value value : from)
      if (value.tensor)
        values.push_back(b.of(value));
    return values;
  };
  auto pool = dyn_cast_or_null<PoolOp>(
      SymbolTable::lookupSymbolIn(b.state.network, layer.pool));
  if (!pool)
    return b.fail("a layer names the unknown pool '" + layer.pool + "'");
  auto compose = symbolizeCompose(layer.compose);
  if (!compose || *compose == Compose::Gated)
    return b.fail("a layer composes by '" + layer.compose +
                  "', expected sum, concat or mean");
  auto module = dyn_cast_or_null<ModuleTemplateOp>(SymbolTable::lookupSymbolIn(
      b.state.network, pool.getMember(0).getModule().getAttr()));
  if (!module || module.getFunctionType().getNumResults() != 1)
    return b.fail("a layer's modules have one result, not those of pool '" +
                  layer.pool + "'");
  auto type = cast<RankedTensorType>(module.getFunctionType().getResult(0));
  if (*compose == Compose::Concat) {
    SmallVector<int64_t> shape(type.getShape());
    shape.back() *= layer.choose;
    type = RankedTensorType::get(shape, type.getElementType());
  }
  MLIRContext *context = b.builder.getContext();
  auto op = LayerOp::create(
      b.builder, b.loc(), TypeRange{type},
      FlatSymbolRefAttr::get(context, layer.pool), collect(layer.inputs),
      ValueRange(), FlatSymbolRefAttr::get(context, layer.controller),
      collect(layer.controllerInputs),
      b.builder.getI64IntegerAttr(layer.choose),
      ComposeAttr::get(context, *compose), GateAttr::get(context, Gate::Hard),
      DenseF64ArrayAttr::get(context, {}),
      DuplicatesAttr::get(context,
                          layer.once ? Duplicates::Once : Duplicates::Each),
      b.builder.getI64IntegerAttr(1), StringAttr());
  return b.handle(op->getResult(0));
}

Value Body::apply(const std::string &module, const std::string &instance,
                  const std::vector<Value> &inputs) {
  NetworkBuilder &b = in(builder);
  auto body = dyn_cast_or_null<ModuleTemplateOp>(
      SymbolTable::lookupSymbolIn(b.state.network, module));
  if (!body || body.getFunctionType().getNumResults() != 1)
    return b.fail("an instance names the module '" + module +
                  "', which does not exist or has not one result");
  SmallVector<mlir::Value> operands;
  for (Value input : inputs)
    if (input.tensor)
      operands.push_back(b.of(input));
  auto op =
      ApplyOp::create(b.builder, b.loc(), body.getFunctionType().getResults(),
                      module, instance, operands);
  return b.handle(op->getResult(0));
}

//===----------------------------------------------------------------------===//
// Network
//===----------------------------------------------------------------------===//

Network::Network(std::unique_ptr<State> impl) : impl(std::move(impl)) {}
Network::~Network() = default;
Network::Network(Network &&) = default;
Network &Network::operator=(Network &&) = default;

Network::Network(const std::string &name, bool doublePrecision)
    : impl(std::make_unique<State>()) {
  MLIRContext &context = impl->compiler.context();
  context.loadDialect<ModularDialect, arith::ArithDialect>();
  OpBuilder builder(&context);
  impl->element = doublePrecision ? FloatType(builder.getF64Type())
                                  : FloatType(builder.getF32Type());
  impl->module = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToStart(impl->module->getBody());
  impl->network = NetworkOp::create(builder, builder.getUnknownLoc(), name);
  impl->network.getBody().emplaceBlock();
}

Result<Network> Network::parse(std::string_view text, std::string_view name) {
  auto state = std::make_unique<State>();
  auto module = state->compiler.parseText(text, name);
  if (!module)
    return module.error();
  state->module = std::move(*module);
  return Network(std::move(state));
}

Result<Network> Network::load(const std::string &path) {
  auto state = std::make_unique<State>();
  auto module = state->compiler.parseFile(path);
  if (!module)
    return module.error();
  state->module = std::move(*module);
  return Network(std::move(state));
}

/// Builds a body op: creates it without results, then sets its type.
template <typename Op, typename Terminator, typename Create>
static void
buildBody(Network::State &state, const std::vector<Shape> &inputs,
          const std::function<std::vector<Value>(NetworkBuilder &)> &build,
          Create create) {
  if (!state.network)
    return state.fail("a network that was parsed cannot be built further");
  OpBuilder builder = OpBuilder::atBlockEnd(&state.network.getBody().front());
  NetworkBuilder body{state, builder, nullptr};
  SmallVector<Type> types;
  for (const Shape &shape : inputs)
    types.push_back(body.rows(shape));
  Op op = create(builder, builder.getFunctionType(types, {}));
  Block &block = op->getRegion(0).emplaceBlock();
  block.addArguments(types, SmallVector<Location>(types.size(), body.loc()));
  body.block = &block;
  body.builder.setInsertionPointToStart(&block);
  SmallVector<mlir::Value> results;
  for (Value value : build(body))
    if (value.tensor)
      results.push_back(body.of(value));
  Terminator::create(body.builder, body.loc(), results);
  SmallVector<Type> resultTypes;
  for (mlir::Value result : results)
    resultTypes.push_back(result.getType());
  op.setFunctionType(builder.getFunctionType(types, resultTypes));
}

static SmallVector<std::string> inputNames(size_t count) {
  SmallVector<std::string> names;
  for (size_t i = 0; i < count; ++i)
    names.push_back(i == 0 ? "x" : "x" + std::to_string(i));
  return names;
}

static ArrayAttr strings(OpBuilder &builder, ArrayRef<std::string> texts) {
  SmallVector<StringRef> references(texts.begin(), texts.end());
  return builder.getStrArrayAttr(references);
}

void Network::module(const std::string &name, const std::vector<Shape> &inputs,
                     const Build &build) {
  buildBody<ModuleTemplateOp, YieldOp>(
      *impl, inputs,
      [&](NetworkBuilder &builder) {
        Body body(&builder);
        return build(body);
      },
      [&](OpBuilder &builder, FunctionType type) {
        return ModuleTemplateOp::create(
            builder, builder.getUnknownLoc(), builder.getStringAttr(name),
            TypeAttr::get(type), strings(builder, inputNames(inputs.size())),
            builder.getI64IntegerAttr(0));
      });
}

void Network::controller(const std::string &name,
                         const std::vector<Shape> &inputs, const Build &build,
                         bool fixed) {
  buildBody<ControllerOp, YieldOp>(
      *impl, inputs,
      [&](NetworkBuilder &builder) {
        Body body(&builder);
        return build(body);
      },
      [&](OpBuilder &builder, FunctionType type) {
        Attribute distribution =
            fixed ? Attribute(FixedAttr::get(builder.getContext()))
                  : Attribute(SoftmaxAttr::get(builder.getContext()));
        return ControllerOp::create(
            builder, builder.getUnknownLoc(), builder.getStringAttr(name),
            TypeAttr::get(type), strings(builder, inputNames(inputs.size())),
            distribution);
      });
}

void Network::graph(const std::vector<std::pair<std::string, Shape>> &inputs,
                    const Build &build) {
  std::vector<Shape> shapes;
  SmallVector<std::string> names;
  for (const auto &[name, shape] : inputs) {
    names.push_back(name);
    shapes.push_back(shape);
  }
  buildBody<GraphOp, OutputOp>(
      *impl, shapes,
      [&](NetworkBuilder &builder) {
        Body body(&builder);
        return build(body);
      },
      [&](OpBuilder &builder, FunctionType type) {
        return GraphOp::create(builder, builder.getUnknownLoc(),
                               TypeAttr::get(type), strings(builder, names));
      });
}

void Network::pool(
    const std::string &name,
    const std::vector<std::pair<std::string, int64_t>> &modules) {
  if (!impl->network)
    return impl->fail("a network that was parsed cannot be built further");
  OpBuilder builder = OpBuilder::atBlockEnd(&impl->network.getBody().front());
  MLIRContext *context = builder.getContext();
  SmallVector<Attribute> members;
  for (const auto &[module, count] : modules)
    for (int64_t i = 0; i < count; ++i)
      members.push_back(MemberAttr::get(
          context,
          builder.getStringAttr(name + "." + std::to_string(members.size())),
          FlatSymbolRefAttr::get(context, module)));
  if (members.empty())
    return impl->fail("pool '" + name + "' has no member");
  PoolOp::create(builder, builder.getUnknownLoc(), name,
                 builder.getArrayAttr(members));
}

void Network::objective(const std::string &kind, double scale) {
  auto symbol = symbolizeObjectiveKind(kind);
  if (!impl->network || !symbol || *symbol == ObjectiveKind::Custom)
    return impl->fail(
        "unknown objective '" + kind +
        "', expected gaussian, laplace, categorical or bernoulli");
  OpBuilder builder = OpBuilder::atBlockEnd(&impl->network.getBody().front());
  ObjectiveOp::create(builder, builder.getUnknownLoc(),
                      ObjectiveKindAttr::get(builder.getContext(), *symbol),
                      builder.getF64FloatAttr(scale), TypeAttr(),
                      builder.getArrayAttr({}));
}

void Network::optimizer(
    const std::string &kind,
    const std::vector<std::pair<std::string, double>> &settings, bool dense) {
  auto symbol = symbolizeOptimizerKind(kind);
  if (!impl->network || !symbol || *symbol == OptimizerKind::Custom)
    return impl->fail("unknown optimizer '" + kind +
                      "', expected sgd, momentum, rmsprop or adam");
  OpBuilder builder = OpBuilder::atBlockEnd(&impl->network.getBody().front());
  SmallVector<NamedAttribute> values;
  for (const auto &[name, value] : settings)
    values.push_back(
        builder.getNamedAttr(name, builder.getF64FloatAttr(value)));
  OptimizerOp::create(builder, builder.getUnknownLoc(),
                      OptimizerKindAttr::get(builder.getContext(), *symbol),
                      builder.getDictionaryAttr(values),
                      dense ? builder.getUnitAttr() : UnitAttr(),
                      builder.getArrayAttr({}));
}

Result<ModuleOp> Network::State::verified() {
  if (!error.empty())
    return Error(error);
  if (Status right = compiler.verify(*module); !right)
    return right.error();
  return *module;
}

Result<std::string> Network::text() const {
  Result<ModuleOp> module = impl->verified();
  if (!module)
    return module.error();
  return impl->compiler.emit(*module, EmitKind::Mlir, {});
}

} // namespace api
} // namespace modc
