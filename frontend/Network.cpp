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

#include "frontend/NetworkBuilder.h"

#include "dialect/ModularDialect.h"

using namespace mlir;

namespace modc {
namespace api {

Network::Network(std::unique_ptr<State> impl) : impl(std::move(impl)) {}
Network::~Network() = default;
Network::Network(Network &&) = default;
Network &Network::operator=(Network &&) = default;

Network::Network(const std::string &name, bool doublePrecision)
    : impl(std::make_unique<State>()) {
  MLIRContext &context = impl->compiler.context();
  context.loadDialect<ModularDialect>();
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
static void buildBody(Network::State &state, ArrayRef<Type> inputs,
                      const Network::Build &build, Create create) {
  OpBuilder builder = OpBuilder::atBlockEnd(&state.network.getBody().front());
  Op op = create(builder, builder.getFunctionType(inputs, {}));
  Block &block = op->getRegion(0).emplaceBlock();
  NetworkBuilder inner{state, OpBuilder::atBlockEnd(&block), &block};
  block.addArguments(inputs,
                     SmallVector<Location>(inputs.size(), inner.loc()));
  SmallVector<mlir::Value> results = inner.of(inner.run(build));
  Terminator::create(inner.builder, inner.loc(), results);
  op.setFunctionTypeAttr(TypeAttr::get(
      builder.getFunctionType(inputs, ValueRange(results).getTypes())));
}

/// Types of row inputs, and of shared ones behind them.
static SmallVector<Type> inputTypes(Network::State &state,
                                    const std::vector<Shape> &rows,
                                    const std::vector<Shape> &shared = {}) {
  NetworkBuilder types{state, OpBuilder(state.network), nullptr};
  SmallVector<Type> result;
  for (const Shape &shape : rows)
    result.push_back(types.rows(shape));
  for (const Shape &shape : shared)
    result.push_back(types.whole(shape));
  return result;
}

/// x, x1, x2, … and for shared ones shared, shared1, ….
static SmallVector<std::string> inputNames(size_t rows, size_t shared = 0) {
  SmallVector<std::string> names;
  for (size_t i = 0; i < rows; ++i)
    names.push_back(i == 0 ? "x" : "x" + std::to_string(i));
  for (size_t i = 0; i < shared; ++i)
    names.push_back(i == 0 ? "shared" : "shared" + std::to_string(i));
  return names;
}

static ArrayAttr strings(OpBuilder &builder, ArrayRef<std::string> texts) {
  SmallVector<StringRef> references(texts.begin(), texts.end());
  return builder.getStrArrayAttr(references);
}

bool Network::canBuild() {
  if (!impl->network)
    impl->fail("a network that was parsed cannot be built further");
  return bool(impl->network);
}

void Network::module(const std::string &name, const std::vector<Shape> &inputs,
                     const Build &build) {
  module(name, inputs, {}, build);
}

void Network::module(const std::string &name, const std::vector<Shape> &inputs,
                     const std::vector<Shape> &shared, const Build &build) {
  if (!canBuild())
    return;
  buildBody<ModuleTemplateOp, YieldOp>(
      *impl, inputTypes(*impl, inputs, shared), build,
      [&](OpBuilder &builder, FunctionType type) {
        return ModuleTemplateOp::create(
            builder, builder.getUnknownLoc(), builder.getStringAttr(name),
            TypeAttr::get(type),
            strings(builder, inputNames(inputs.size(), shared.size())),
            builder.getI64IntegerAttr(shared.size()));
      });
}

void Network::controller(const std::string &name,
                         const std::vector<Shape> &inputs, const Build &build,
                         bool fixed) {
  if (!canBuild())
    return;
  buildBody<ControllerOp, YieldOp>(
      *impl, inputTypes(*impl, inputs), build,
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
  if (!canBuild())
    return;
  std::vector<Shape> shapes;
  SmallVector<std::string> names;
  for (const auto &[name, shape] : inputs) {
    names.push_back(name);
    shapes.push_back(shape);
  }
  buildBody<GraphOp, OutputOp>(
      *impl, inputTypes(*impl, shapes), build,
      [&](OpBuilder &builder, FunctionType type) {
        return GraphOp::create(builder, builder.getUnknownLoc(),
                               TypeAttr::get(type), strings(builder, names));
      });
}

void Network::pool(
    const std::string &name,
    const std::vector<std::pair<std::string, int64_t>> &modules) {
  if (!canBuild())
    return;
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
  if (!canBuild())
    return;
  auto symbol = symbolizeObjectiveKind(kind);
  if (!symbol || *symbol == ObjectiveKind::Custom)
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
  if (!canBuild())
    return;
  auto symbol = symbolizeOptimizerKind(kind);
  if (!symbol || *symbol == OptimizerKind::Custom)
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

void Network::objective(const std::vector<Wanted> &wanted,
                        const Build &build) {
  if (!canBuild())
    return;
  auto graphs = impl->network.getBody().getOps<GraphOp>();
  if (graphs.empty())
    return impl->fail("an objective is built before the graph, whose outputs "
                      "it takes");
  GraphOp graph = *graphs.begin();
  SmallVector<Type> types(graph.getFunctionType().getResults());
  SmallVector<std::string> names;
  for (size_t i = 0; i < types.size(); ++i)
    names.push_back(i == 0 ? "y" : "y" + std::to_string(i));
  for (const Wanted &value : wanted) {
    auto type = cast<RankedTensorType>(inputTypes(*impl, {value.shape})[0]);
    if (value.isLabel)
      type = RankedTensorType::get(
          type.getShape(), IntegerType::get(type.getContext(), 32));
    types.push_back(type);
    names.push_back(value.name);
  }
  buildBody<ObjectiveOp, YieldOp>(
      *impl, types, build, [&](OpBuilder &builder, FunctionType type) {
        return ObjectiveOp::create(
            builder, builder.getUnknownLoc(),
            ObjectiveKindAttr::get(builder.getContext(), ObjectiveKind::Custom),
            builder.getF64FloatAttr(1.0), TypeAttr::get(type),
            strings(builder, names));
      });
}

void Network::optimizer(size_t states, const Build &build, bool dense) {
  if (!canBuild())
    return;
  SmallVector<std::string> names = {"p", "g", "lr", "step"};
  for (size_t i = 0; i < states; ++i)
    names.push_back("s" + std::to_string(i));
  OpBuilder builder = OpBuilder::atBlockEnd(&impl->network.getBody().front());
  Location loc = builder.getUnknownLoc();
  auto op = OptimizerOp::create(
      builder, loc,
      OptimizerKindAttr::get(builder.getContext(), OptimizerKind::Custom),
      builder.getDictionaryAttr({}),
      dense ? builder.getUnitAttr() : UnitAttr(), strings(builder, names));
  Block &block = op.getBody().emplaceBlock();
  block.addArguments(SmallVector<Type>(names.size(), impl->element),
                     SmallVector<Location>(names.size(), loc));
  NetworkBuilder inner{*impl, OpBuilder::atBlockEnd(&block), &block};
  YieldOp::create(inner.builder, loc, inner.of(inner.run(build)));
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
