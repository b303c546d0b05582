//===- NetworkVerifiers.cpp - Constraints of networks ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks what no op inside a network can see alone: how many of each there
// are, that modules do not recur, names of instances and parameters, element
// types and dimensions.
//
//===----------------------------------------------------------------------===//

#include "dialect/Verifiers.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace modc;

//===----------------------------------------------------------------------===//
// Numbers of ops
//===----------------------------------------------------------------------===//

template <typename OpTy>
static LogicalResult verifyAtMostOne(NetworkOp network) {
  OpTy first;
  for (OpTy op : network.getBody().getOps<OpTy>()) {
    if (first) {
      InFlightDiagnostic error = op.emitOpError("is the second of network '@")
                                 << network.getSymName() << "', which has one";
      error.attachNote(first.getLoc()) << "the first is here";
      return error;
    }
    first = op;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Recursion
//===----------------------------------------------------------------------===//

namespace {
/// Depth-first search over modules, along applied ones.
class RecursionCheck {
public:
  explicit RecursionCheck(NetworkOp network) : network(network) {}

  LogicalResult visit(ModuleTemplateOp module) {
    if (done.contains(module))
      return success();
    path.push_back(module);
    WalkResult walk = module.walk([&](ApplyOp apply) -> WalkResult {
      auto callee =
          network.lookupSymbol<ModuleTemplateOp>(apply.getModuleAttr());
      if (!callee)
        return WalkResult::advance();
      if (llvm::is_contained(path, callee)) // network_c4
        return emitCycle(apply, callee);
      return visit(callee);
    });
    path.pop_back();
    done.insert(module);
    return failure(walk.wasInterrupted());
  }

private:
  LogicalResult emitCycle(ApplyOp apply, ModuleTemplateOp callee) {
    InFlightDiagnostic error = apply.emitOpError("applies modules in a cycle: ");
    for (auto it = llvm::find(path, callee); it != path.end(); ++it)
      error << "'@" << (*it).getSymName() << "' applies ";
    error << "'@" << callee.getSymName() << "'";
    error.attachNote(callee.getLoc())
        << "module '@" << callee.getSymName() << "' is here";
    return error;
  }

  NetworkOp network;
  SmallVector<ModuleTemplateOp> path;
  llvm::DenseSet<Operation *> done;
};
} // namespace

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

namespace {
/// Walks all instances of a network and the names of their parameters.
class NameCheck {
public:
  explicit NameCheck(NetworkOp network) : network(network) {}

  LogicalResult run() {
    for (auto pool : network.getBody().getOps<PoolOp>()) {
      for (Attribute attribute : pool.getMembers()) {
        auto member = cast<MemberAttr>(attribute);
        if (failed(addMember(pool, member.getName()))) // pool_c4
          return failure();
        auto module = network.lookupSymbol<ModuleTemplateOp>(member.getModule());
        if (failed(addBody(module, member.getName().getValue())))
          return failure();
      }
    }
    for (Operation &op : network.getBody().getOps()) {
      if (auto controller = dyn_cast<ControllerOp>(op)) {
        if (failed(addBody(controller, controller.getSymName())))
          return failure();
      } else if (isa<GraphOp>(op)) {
        if (failed(addBody(&op, "graph")))
          return failure();
      } else if (isa<ObjectiveOp>(op)) {
        if (failed(addBody(&op, "objective")))
          return failure();
      }
    }
    return success();
  }

private:
  LogicalResult addMember(PoolOp pool, StringAttr name) {
    auto [it, isNew] = members.try_emplace(name.getValue(), pool);
    if (isNew)
      return success();
    InFlightDiagnostic error = pool.emitOpError("has a member named '")
                               << name.getValue()
                               << "', a name that is taken";
    error.attachNote(it->second.getLoc()) << "by a member of this pool";
    return error;
  }

  /// `name` is the instance's; instances of the graph stand at the top.
  LogicalResult addBody(Operation *body, StringRef name) {
    llvm::StringMap<ApplyOp> applied;
    WalkResult walk = body->walk([&](Operation *op) -> WalkResult {
      if (auto parameter = dyn_cast<ParameterOp>(op))
        return addParameter(parameter, name);
      auto apply = dyn_cast<ApplyOp>(op);
      if (!apply)
        return WalkResult::advance();
      auto [it, isNew] = applied.try_emplace(apply.getInstance(), apply);
      if (!isNew) {
        if (it->second.getModuleAttr() == apply.getModuleAttr())
          return WalkResult::advance();
        InFlightDiagnostic error = apply.emitOpError("applies '") // apply_c3
                                   << apply.getModuleAttr() << "' as '"
                                   << apply.getInstance() << "', but '"
                                   << apply.getInstance() << "' is an instance of '"
                                   << it->second.getModuleAttr() << "'";
        error.attachNote(it->second.getLoc()) << "which is applied here";
        return error;
      }
      std::string inner =
          isa<GraphOp>(body) ? apply.getInstance().str()
                             : (name + "." + apply.getInstance()).str();
      return addBody(network.lookupSymbol<ModuleTemplateOp>(apply.getModuleAttr()),
                     inner);
    });
    return failure(walk.wasInterrupted());
  }

  LogicalResult addParameter(ParameterOp parameter, StringRef instance) {
    // Modules that apply modules twice over multiply; this is where it ends.
    constexpr unsigned maxParameters = 1 << 20;
    std::string name = (instance + "." + parameter.getName()).str();
    auto [it, isNew] = parameters.try_emplace(name, parameter);
    if (!isNew) { // network_c5
      InFlightDiagnostic error = parameter.emitOpError("is named '")
                                 << name << "', a name that is taken";
      error.attachNote(it->second.getLoc()) << "by this parameter";
      return error;
    }
    if (parameters.size() > maxParameters)
      return network.emitOpError("has more than ")
             << maxParameters << " parameters";
    return success();
  }

  NetworkOp network;
  llvm::StringMap<PoolOp> members;
  llvm::StringMap<ParameterOp> parameters;
};
} // namespace

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static LogicalResult verifyTensor(Operation *op, Type type, FloatType element) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return success();
  Type own = tensor.getElementType();
  if (isa<FloatType>(own) && own != element) // network_c3
    return op->emitOpError("has a tensor of ")
           << own << ", but the network computes in " << element;
  int64_t product = 1;
  for (int64_t size : tensor.getShape()) {
    if (ShapedType::isDynamic(size))
      continue;
    if (size < 1) // network_c7
      return op->emitOpError("has a tensor of type ")
             << type << ", of which a dimension is 0";
    if (size > maxElements / product) // network_c7
      return op->emitOpError("has a tensor of type ")
             << type << ", which has more than 2^40 elements";
    product *= size;
  }
  return success();
}

static LogicalResult verifyTensors(NetworkOp network, FloatType element) {
  WalkResult walk = network.walk([&](Operation *op) -> WalkResult {
    for (Type type : op->getResultTypes())
      if (failed(verifyTensor(op, type, element)))
        return failure();
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Type type : block.getArgumentTypes())
          if (failed(verifyTensor(op, type, element)))
            return failure();
    return verifyStructuredSizes(op);
  });
  return failure(walk.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// Optimizer
//===----------------------------------------------------------------------===//

/// Settings outside these ranges give NaN sooner or later: a share of 1 divides
/// by 1 - 1, an epsilon of 0 by the root of a second moment that is 0. What
/// counts is the number that the network's type makes of a setting.
static LogicalResult verifySettings(OptimizerOp op, FloatType element) {
  for (NamedAttribute setting : op.getSettings()) {
    StringRef name = setting.getName().getValue();
    auto attribute = cast<FloatAttr>(setting.getValue());
    APFloat value = attribute.getValue();
    bool ignored;
    value.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                  &ignored);
    bool isEpsilon = name == "epsilon";
    if (isEpsilon ? value.isNormal() && !value.isNegative() // optimizer_c3
                  : (value.isZero() || !value.isNegative()) &&
                        value < APFloat::getOne(value.getSemantics()))
      continue;
    return op.emitOpError("needs '")
           << name
           << (isEpsilon ? "' to be a positive, normal number in "
                         : "' to be at least 0 and below 1 in ")
           << element << ", got " << attribute.getValueAsDouble();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Objective
//===----------------------------------------------------------------------===//

static LogicalResult verifyObjective(GraphOp graph, ObjectiveOp objective) {
  ArrayRef<Type> results = graph.getFunctionType().getResults();
  if (objective.getKind() == ObjectiveKind::Custom) {
    ArrayRef<Type> inputs = objective.getFunctionType()->getInputs();
    return verifyTypes(objective, "first input", // network_c6
                       inputs.take_front(results.size()), graph, "the graph",
                       results);
  }
  auto type = results.size() == 1 ? dyn_cast<RankedTensorType>(results[0])
                                  : RankedTensorType();
  if (type && type.getRank() == 2 && !type.isDynamicDim(1) &&
      isa<FloatType>(type.getElementType()))
    return success();
  InFlightDiagnostic error = objective.emitOpError("is '") // objective_c3
                             << stringifyObjectiveKind(objective.getKind())
                             << "', which takes one result tensor<?xDxf>, but "
                                "the graph has "
                             << results;
  error.attachNote(graph.getLoc()) << "the graph is here";
  return error;
}

/// Names of layers: `layer<i>` where none is given, as passes count them.
static LogicalResult verifyLayerNames(GraphOp graph) {
  llvm::StringMap<LayerOp> names;
  unsigned count = 0;
  WalkResult walk = graph.walk<WalkOrder::PreOrder>([&](LayerOp layer) -> WalkResult {
    std::string name = layer.getLayerName()
                           ? layer.getLayerName()->str()
                           : "layer" + std::to_string(count);
    ++count;
    auto [it, isNew] = names.try_emplace(name, layer);
    if (isNew)
      return success();
    InFlightDiagnostic error = layer.emitOpError("is named '") // layer_c11
                               << name << "', a name that is taken";
    error.attachNote(it->second.getLoc()) << "by this layer";
    return error;
  });
  return failure(walk.wasInterrupted());
}

LogicalResult NetworkOp::verifyRegions() {
  for (Operation &op : getBody().getOps())
    if (!isa<ModuleTemplateOp, PoolOp, ControllerOp, GraphOp, ObjectiveOp, // network_c8
             OptimizerOp>(op))
      return op.emitOpError("can't stand in a network, which holds modules, "
                            "pools, controllers, a graph, an objective and an "
                            "optimizer");
  GraphOp graph = getGraph();
  if (!graph) // network_c1
    return emitOpError("'@") << getSymName() << "' has no graph";
  if (failed(verifyAtMostOne<GraphOp>(*this)) || // network_c1
      failed(verifyAtMostOne<ObjectiveOp>(*this)) || // network_c2
      failed(verifyAtMostOne<OptimizerOp>(*this))) // network_c2
    return failure();
  FloatType element = getElementType();
  if (!element.isF32() && !element.isF64()) // network_c3
    return emitOpError("'@") << getSymName() << "' computes in " << element
                             << ", not in f32 or f64";
  if (failed(verifyTensors(*this, element)))
    return failure();
  RecursionCheck recursion(*this);
  for (auto module : getBody().getOps<ModuleTemplateOp>())
    if (failed(recursion.visit(module)))
      return failure();
  if (failed(NameCheck(*this).run()) || failed(verifyLayerNames(graph)))
    return failure();
  if (OptimizerOp optimizer = getOptimizer())
    if (failed(verifySettings(optimizer, element)))
      return failure();
  ObjectiveOp objective = getObjective();
  return objective ? verifyObjective(graph, objective) : success();
}
