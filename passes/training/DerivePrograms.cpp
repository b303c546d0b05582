//===- DerivePrograms.cpp - From a network to its programs ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lays the network out, builds each program and describes all of it in the
// artefact's signature.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/training/Programs.h"
#include "runtime/ModelAbi.h"

namespace modc {
#define GEN_PASS_DEF_DERIVEPROGRAMSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

//===----------------------------------------------------------------------===//
// Signature
//===----------------------------------------------------------------------===//

static llvm::json::Object describeTensor(StringRef name, Type type) {
  llvm::json::Object object{{"name", name.str()}};
  describeType(cast<RankedTensorType>(type), "N", object);
  return object;
}

static llvm::json::Array describeLayers(const Layout &layout) {
  llvm::json::Array layers;
  for (auto &[op, each] : layout.layers) {
    LayerSite site = each;
    llvm::json::Array members;
    for (int64_t i = 0; i < site.getMembers(); ++i)
      members.push_back(site.pool.getMember(i).getName().str());
    layers.push_back(llvm::json::Object{
        {"name", site.name},
        {"pool", site.pool.getSymName().str()},
        {"controller", site.controller.getSymName().str()},
        {"members", std::move(members)},
        {"choose", site.getChoose()},
        {"rows", site.rows},
        {"slot", site.slot},
        {"probability", site.probability},
        {"fixed", !site.controller.getRoutingDistribution().isRandom()}});
  }
  return layers;
}

/// The name of slot i of a rule's state, as in weights files of checkpoints.
static std::string getStateName(OptimizerOp optimizer, unsigned slot) {
  switch (optimizer.getKind()) {
  case OptimizerKind::Momentum:
    return "velocity";
  case OptimizerKind::RmsProp:
    return "square";
  case OptimizerKind::Adam:
    return slot ? "v" : "m";
  default:
    return cast<StringAttr>(optimizer.getArgNames()[4 + slot]).getValue().str();
  }
}

static std::string getInitText(InitAttr init) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << stringifyInitKind(init.getKind());
  if (!init.getValues().empty()) {
    stream << '(';
    llvm::interleaveComma(init.getValues().asArrayRef(), stream);
    stream << ')';
  }
  return text;
}

static void describeArenas(NetworkOp network, const Layout &layout,
                           llvm::json::Object &signature) {
  llvm::json::Array parameters, state;
  for (const ParameterStack &stack : layout.stacks) {
    for (int64_t i = 0; i < stack.getNumMembers(); ++i) {
      llvm::json::Object parameter = describeTensor(stack.names[i], stack.type);
      parameter["offset"] = stack.offset + i * stack.getMemberBytes();
      parameter["trained"] = stack.trained;
      parameter["group"] = stack.groups[i];
      parameter["init"] = getInitText(stack.init);
      parameters.push_back(std::move(parameter));
      for (auto [slot, offset] : llvm::enumerate(stack.stateOffsets)) {
        llvm::json::Object tensor = describeTensor(
            stack.names[i] + "." + getStateName(network.getOptimizer(), slot),
            stack.type);
        tensor["offset"] = offset + i * stack.getMemberBytes();
        state.push_back(std::move(tensor));
      }
    }
  }
  state.push_back(llvm::json::Object{
      {"name", "steps"},
      {"type", "i64"},
      {"shape", llvm::json::Array{static_cast<int64_t>(layout.groups.size())}},
      {"offset", layout.stepsOffset}});
  signature["parameters"] = std::move(parameters);
  signature["parameter_bytes"] = layout.parameterBytes;
  signature["state"] = std::move(state);
  signature["state_bytes"] = layout.stateBytes;
}

static std::string describe(NetworkOp network, const Layout &layout,
                            llvm::json::Array programs) {
  llvm::json::Object signature{
      {"abi", MODC_ABI_VERSION},
      {"modc", MODC_VERSION},
      {"network", network.getSymName().str()},
      {"element",
       network.getElementType().getIntOrFloatBitWidth() == 64 ? "f64" : "f32"},
      {"layers", describeLayers(layout)},
      {"slots", layout.slots},
      {"probabilities", layout.probabilities},
      {"groups", llvm::json::Array(layout.groups)},
      {"programs", std::move(programs)}};
  GraphOp graph = network.getGraph();
  llvm::json::Array inputs, outputs, wanted;
  for (auto [name, type] :
       llvm::zip(graph.getArgNames(), graph.getFunctionType().getInputs()))
    inputs.push_back(describeTensor(cast<StringAttr>(name).getValue(), type));
  TypeRange results = graph.getFunctionType().getResults();
  for (auto [i, type] : llvm::enumerate(results))
    outputs.push_back(describeTensor(
        results.size() == 1 ? "y" : "y" + std::to_string(i), type));
  for (auto &[name, type] : getWanted(network))
    wanted.push_back(describeTensor(name, type));
  signature["inputs"] = std::move(inputs);
  signature["outputs"] = std::move(outputs);
  signature["wanted"] = std::move(wanted);

  ObjectiveOp objective = network.getObjective();
  signature["objective"] =
      objective ? stringifyObjectiveKind(objective.getKind()) : "none";
  signature["classes"] =
      objective && objective.getKind() == ObjectiveKind::Categorical
          ? cast<RankedTensorType>(results[0]).getShape().back()
          : int64_t(0);
  OptimizerOp optimizer = network.getOptimizer();
  signature["optimizer"] = llvm::json::Object{
      {"name", optimizer ? stringifyOptimizerKind(optimizer.getKind()) : "sgd"},
      {"dense", optimizer && optimizer.getDense()}};
  describeArenas(network, layout, signature);
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(signature));
  return text;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

/// What a network needs to have a program.
enum class Needs { Nothing, Objective, Choices };

struct Derivation {
  StringRef name;
  Needs needs;
  LogicalResult (*build)(ProgramContext &);
};

const Derivation derivations[] = {
    {"init", Needs::Nothing,
     [](ProgramContext &context) { return buildInit(context), success(); }},
    {"infer", Needs::Nothing, buildInfer},
    {"forward", Needs::Nothing, buildGivenForward},
    {"score", Needs::Objective, buildScore},
    {"evaluate", Needs::Objective, buildEvaluate},
    {"m_step", Needs::Objective, buildMStep},
    {"train_step", Needs::Objective, buildTrainStep},
    {"update", Needs::Objective,
     [](ProgramContext &context) { return buildUpdate(context), success(); }},
    {"e_step", Needs::Choices, buildEStep},
    {"e_step_enumerated", Needs::Choices, buildEnumeratedEStep},
    {"sample", Needs::Choices, buildSample},
};

struct DerivePrograms : modc::impl::DeriveProgramsPassBase<DerivePrograms> {
  using DeriveProgramsPassBase::DeriveProgramsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<NetworkOp> found = getOnlyNetwork(module);
    if (failed(found))
      return signalPassFailure();
    NetworkOp network = *found;
    FailureOr<Layout> layout = Layout::get(network);
    if (failed(layout))
      return signalPassFailure();
    ProgramContext context{
        module, network, *layout, network.getElementType(), {}};
    if (failed(build(context)))
      return signalPassFailure();
    numPrograms += context.descriptions.size();
    numLayers += layout->layers.size();
    module->setAttr("modular.signature",
                    StringAttr::get(&getContext(),
                                    describe(network, *layout,
                                             std::move(context.descriptions))));
    network.erase();
  }

  LogicalResult build(ProgramContext &context) {
    for (const std::string &name : only)
      if (llvm::none_of(derivations,
                        [&](const Derivation &d) { return d.name == name; }))
        return context.network.emitError("there is no program '")
               << name << "', but "
               << llvm::join(llvm::map_range(
                                 derivations,
                                 [](const Derivation &d) { return d.name; }),
                             ", ");
    for (const Derivation &derivation : derivations) {
      bool wanted = only.empty() || llvm::is_contained(only, derivation.name);
      if (!wanted)
        continue;
      size_t before = context.descriptions.size();
      if (canDerive(derivation, context) && failed(derivation.build(context)))
        return failure();
      if (!only.empty() && context.descriptions.size() == before)
        return context.network.emitError("has no program '")
               << derivation.name << "'"
               << (derivation.name == "e_step_enumerated" &&
                           canDerive(derivation, context)
                       ? ": there are too many assignments to enumerate"
                   : context.network.getObjective() ? ": it chooses nothing"
                                                    : ": it has no objective");
    }
    return success();
  }

  static bool canDerive(const Derivation &derivation, ProgramContext &context) {
    bool objective = bool(context.network.getObjective());
    switch (derivation.needs) {
    case Needs::Nothing:
      return true;
    case Needs::Objective:
      return objective;
    case Needs::Choices:
      return objective && context.layout.slots != 0;
    }
    llvm_unreachable("all needs are known");
  }
};
} // namespace
