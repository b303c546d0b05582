//===- Layout.cpp - Where a network's tensors, choices and groups stand ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks a network once and assigns names, groups and offsets.
//
//===----------------------------------------------------------------------===//

#include "passes/training/Layout.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace modc;

RankedTensorType ParameterStack::getStackType() const {
  if (!stacked)
    return type;
  SmallVector<int64_t> shape = {getNumMembers()};
  llvm::append_range(shape, type.getShape());
  return RankedTensorType::get(shape, type.getElementType());
}

int64_t ParameterStack::getMemberBytes() const {
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

namespace {
/// Builds a layout; each step reports what it can't lay out.
class LayoutBuilder {
public:
  LayoutBuilder(NetworkOp network, Layout &layout)
      : network(network), layout(layout), symbols(network) {}

  LogicalResult run();

private:
  /// Calls `add(path, op)` for each parameter of a body, those of applied
  /// modules too, under their instances' names.
  LogicalResult
  forEachParameter(Region &body, const std::string &prefix,
                   function_ref<void(const std::string &, ParameterOp)> add);
  ParameterStack makeStack(ParameterOp op) const;
  int64_t getGroup(const std::string &name);
  LogicalResult addPool(PoolOp pool);
  LogicalResult addSingles(Region &body, const std::string &prefix,
                           const std::string &group);
  LogicalResult addLayer(LayerOp layer);
  LogicalResult assignOffsets();

  NetworkOp network;
  Layout &layout;
  SymbolTable symbols;
};
} // namespace

LogicalResult LayoutBuilder::forEachParameter(
    Region &body, const std::string &prefix,
    function_ref<void(const std::string &, ParameterOp)> add) {
  WalkResult result = body.walk([&](Operation *op) {
    if (auto parameter = dyn_cast<ParameterOp>(op))
      add(prefix + parameter.getName().str(), parameter);
    if (auto apply = dyn_cast<ApplyOp>(op)) {
      auto module = symbols.lookup<ModuleTemplateOp>(apply.getModule());
      if (failed(forEachParameter(module.getBody(),
                                  prefix + apply.getInstance().str() + ".",
                                  add)))
        return WalkResult::interrupt();
    }
    if (isa<LayerOp>(op) && !op->getParentOfType<GraphOp>()) {
      op->emitOpError("is not supported inside a module or controller");
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

ParameterStack LayoutBuilder::makeStack(ParameterOp op) const {
  ParameterStack stack(op.getLoc());
  stack.type = cast<RankedTensorType>(op.getType());
  stack.init = op.getInit();
  stack.trained = !op.getFrozen() && !op.getState();
  return stack;
}

int64_t LayoutBuilder::getGroup(const std::string &name) {
  auto it = llvm::find(layout.groups, name);
  if (it != layout.groups.end())
    return it - layout.groups.begin();
  layout.groups.push_back(name);
  return layout.groups.size() - 1;
}

LogicalResult LayoutBuilder::addPool(PoolOp pool) {
  layout.poolGroups[pool] = layout.groups.size();
  llvm::MapVector<Attribute, std::vector<int64_t>> byModule;
  for (int64_t i = 0, e = pool.getNumMembers(); i < e; ++i) {
    layout.groups.push_back(pool.getMember(i).getName().str());
    byModule[pool.getMember(i).getModule()].push_back(i);
  }
  std::vector<MemberClass> &classes = layout.pools[pool];
  for (auto &[symbol, members] : byModule) {
    MemberClass memberClass;
    memberClass.module = symbols.lookup<ModuleTemplateOp>(
        cast<FlatSymbolRefAttr>(symbol).getAttr());
    memberClass.members = members;
    auto add = [&](const std::string &path, ParameterOp op) {
      if (memberClass.parameters.contains(path))
        return; // an instance that is applied twice
      ParameterStack stack = makeStack(op);
      stack.stacked = true;
      for (int64_t i : memberClass.members) {
        stack.names.push_back(pool.getMember(i).getName().str() + "." + path);
        stack.groups.push_back(layout.poolGroups[pool] + i);
      }
      memberClass.parameters.insert(path, layout.stacks.size());
      layout.stacks.push_back(std::move(stack));
    };
    if (failed(forEachParameter(memberClass.module.getBody(), "", add)))
      return failure();
    classes.push_back(std::move(memberClass));
  }
  return success();
}

LogicalResult LayoutBuilder::addSingles(Region &body, const std::string &prefix,
                                        const std::string &group) {
  return forEachParameter(body, prefix, [&](const std::string &name,
                                            ParameterOp op) {
    if (!layout.singles.insert(name, layout.stacks.size()))
      return;
    ParameterStack stack = makeStack(op);
    stack.names.push_back(name);
    stack.groups.push_back(getGroup(group));
    layout.stacks.push_back(std::move(stack));
  });
}

LogicalResult LayoutBuilder::addLayer(LayerOp op) {
  LayerSite site;
  site.op = op;
  site.name = op.getLayerName() ? op.getLayerName()->str()
                                : "layer" + std::to_string(layout.layers.size());
  site.pool = symbols.lookup<PoolOp>(op.getPool());
  site.controller = symbols.lookup<ControllerOp>(op.getController());
  site.rows = op.getRowsPerPoint();
  bool insideScan = false, tooLong = false;
  for (Operation *parent = op->getParentOp(); !isa<GraphOp>(parent);
       parent = parent->getParentOp()) {
    auto scan = cast<ScanOp>(parent);
    if (insideScan)
      return op.emitOpError("is not supported inside a scan inside a scan");
    insideScan = true;
    auto type = cast<RankedTensorType>(scan.getSequences()[0].getType());
    // Static where there is a layer, says the verifier.
    tooLong = llvm::MulOverflow(site.rows, type.getDimSize(1), site.rows);
  }
  site.slot = layout.slots;
  site.probability = layout.probabilities;
  int64_t picks, scores;
  if (tooLong || llvm::MulOverflow(site.rows, site.getChoose(), picks) ||
      llvm::MulOverflow(picks, site.getMembers(), scores) ||
      scores > INT32_MAX - layout.probabilities)
    return op.emitOpError("has too many choices for one point");
  layout.slots += picks;
  layout.probabilities += scores;
  layout.layers.insert({op, std::move(site)});
  return success();
}

LogicalResult LayoutBuilder::assignOffsets() {
  constexpr int64_t maxBytes = int64_t(1) << 46;
  unsigned states =
      network.getOptimizer() ? network.getOptimizer().getNumStates() : 0;
  for (ParameterStack &stack : layout.stacks) {
    int64_t bytes;
    if (llvm::MulOverflow(stack.getMemberBytes(), stack.getNumMembers(),
                          bytes) ||
        bytes > maxBytes)
      return emitError(stack.loc) << "parameter '" << stack.names[0]
                                  << "' is too large for an arena";
    bytes = llvm::alignTo(bytes, arenaAlignment);
    stack.offset = layout.parameterBytes;
    layout.parameterBytes += bytes;
    if (layout.parameterBytes > maxBytes)
      return network.emitOpError("has too many parameters for an arena");
    for (unsigned i = 0; stack.trained && i < states; ++i) {
      stack.stateOffsets.push_back(layout.stateBytes);
      layout.stateBytes += bytes;
    }
  }
  layout.stepsOffset = layout.stateBytes;
  layout.stateBytes +=
      llvm::alignTo(layout.groups.size() * sizeof(int64_t), arenaAlignment);
  return success();
}

LogicalResult LayoutBuilder::run() {
  for (PoolOp pool : network.getBody().getOps<PoolOp>())
    if (failed(addPool(pool)))
      return failure();
  for (ControllerOp op : network.getBody().getOps<ControllerOp>())
    if (failed(addSingles(op.getBody(), op.getSymName().str() + ".",
                          op.getSymName().str())))
      return failure();
  // Applied modules of the graph are groups of their own.
  GraphOp graph = network.getGraph();
  WalkResult walked = graph.getBody().walk([&](Operation *op) {
    LogicalResult added = success();
    if (auto apply = dyn_cast<ApplyOp>(op))
      added = addSingles(
          symbols.lookup<ModuleTemplateOp>(apply.getModule()).getBody(),
          apply.getInstance().str() + ".", apply.getInstance().str());
    else if (auto layer = dyn_cast<LayerOp>(op))
      added = addLayer(layer);
    return failed(added) ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  auto addOwn = [&](Region &body, const std::string &group) {
    body.walk([&](ParameterOp op) {
      std::string name = group + "." + op.getName().str();
      ParameterStack stack = makeStack(op);
      stack.names.push_back(name);
      stack.groups.push_back(getGroup(group));
      layout.singles.insert(name, layout.stacks.size());
      layout.stacks.push_back(std::move(stack));
    });
  };
  addOwn(graph.getBody(), "graph");
  if (ObjectiveOp objective = network.getObjective())
    addOwn(objective.getBody(), "objective");
  return assignOffsets();
}

FailureOr<Layout> Layout::get(NetworkOp network) {
  Layout layout;
  if (failed(LayoutBuilder(network, layout).run()))
    return failure();
  return layout;
}
