//===- LayerVerifiers.cpp - Constraints of pools, layers and instances ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks what uses a module: pools and their members, layers, applied modules;
// and parameters and scans, which stand in bodies.
//
//===----------------------------------------------------------------------===//

#include "dialect/Verifiers.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace modc;

/// A bound on the numbers that an initialiser gives or computes with. What is
/// drawn from a normal distribution is within 9 standard deviations.
static double getLargest(InitAttr init) {
  ArrayRef<double> values = init.getValues().asArrayRef();
  switch (init.getKind()) {
  case InitKind::Constant:
    return std::abs(values[0]);
  case InitKind::Uniform:
    return std::max({std::abs(values[0]), std::abs(values[1]),
                     values[1] - values[0]});
  case InitKind::Normal:
    return std::abs(values[0]) + 9 * values[1];
  default:
    return 0;
  }
}

LogicalResult ParameterOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (!type.getElementType().isF32() && !type.getElementType().isF64()) // parameter_c1
    return emitOpError("has elements of type ")
           << type.getElementType() << ", not f32 or f64";
  if (llvm::is_contained(type.getShape(), 0)) // parameter_c1
    return emitOpError("has type ") << type << ", which has no elements";
  double largest = getLargest(getInit());
  if (!std::isfinite(type.getElementType().isF32() // parameter_c3
                         ? static_cast<float>(largest)
                         : largest))
    return emitOpError("has initialiser '")
           << stringifyInitKind(getInit().getKind())
           << "' with values that are not finite in " << type.getElementType();
  if (!isName(getName(), /*dots=*/false)) // parameter_c2
    return emitOpError("is named '")
           << getName() << "', but names hold letters, digits, '_' and '-' only";
  return success();
}

//===----------------------------------------------------------------------===//
// Pool
//===----------------------------------------------------------------------===//

LogicalResult PoolOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (getMembers().empty()) // pool_c1
    return emitOpError("has no members");
  ModuleTemplateOp first;
  FlatSymbolRefAttr checked;
  for (auto [index, attribute] : llvm::enumerate(getMembers())) {
    auto member = cast<MemberAttr>(attribute);
    if (!isName(member.getName(), /*dots=*/true)) // pool_c4
      return emitOpError("has a member named '")
             << member.getName().getValue()
             << "', but names hold letters, digits, '_', '-' and '.' only";
    if (member.getModule() == checked)
      continue;
    checked = member.getModule();
    auto module = lookup<ModuleTemplateOp>(*this, checked, "module", tables); // pool_c2
    if (failed(module))
      return failure();
    if (!first)
      first = *module;
    if (first.getFunctionType() != module->getFunctionType() || // pool_c3
        first.getShared() != module->getShared()) {
      InFlightDiagnostic error = emitOpError("has members with different "
                                             "interfaces: '")
                                 << getMember(0).getName().getValue() << "' is "
                                 << first.getFunctionType();
      if (first.getShared())
        error << " with " << first.getShared() << " shared";
      error << ", '" << member.getName().getValue() << "' is "
            << module->getFunctionType();
      if (module->getShared())
        error << " with " << module->getShared() << " shared";
      error.attachNote(first.getLoc())
          << "module '@" << first.getSymName() << "' is here";
      error.attachNote(module->getLoc())
          << "module '@" << module->getSymName() << "' is here";
      return error;
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Layer
//===----------------------------------------------------------------------===//

static LogicalResult verifyGates(LayerOp op) {
  if (op.getGate() != Gate::Hard && op.getCompose() != Compose::Gated) // layer_c7
    return op.emitOpError("has gate '")
           << stringifyGate(op.getGate()) << "', which goes with compose gated, "
           << "but composes by '" << stringifyCompose(op.getCompose()) << "'";
  size_t expected =
      op.getGate() == Gate::Fixed ? static_cast<size_t>(op.getChoose()) : 0;
  if (op.getGates().size() != expected) // layer_c7
    return op.emitOpError("has gate '")
           << stringifyGate(op.getGate()) << "' and chooses " << op.getChoose()
           << ", so it takes " << expected << " gates, but has "
           << op.getGates().size();
  for (double gate : op.getGates())
    if (!std::isfinite(gate)) // layer_c7
      return op.emitOpError("has a gate that is not finite");
  return success();
}

/// Types of the shared operands without the dimension of points, for those that
/// have it where `inputs`, what the members take, do not.
static SmallVector<Type> getSharedTypes(LayerOp op, ArrayRef<Type> inputs) {
  SmallVector<Type> types(op.getSharedOperands().getTypes());
  for (auto [type, input] : llvm::zip(types, inputs)) {
    auto tensor = cast<RankedTensorType>(type);
    auto wanted = dyn_cast<RankedTensorType>(input);
    if (wanted && hasRows(type) && tensor.getRank() == wanted.getRank() + 1)
      type = RankedTensorType::get(tensor.getShape().drop_front(),
                                   tensor.getElementType());
  }
  return types;
}

/// Results of the members, composed.
static LogicalResult verifyResults(LayerOp op, ModuleTemplateOp module,
                                   StringRef name) {
  SmallVector<Type> expected;
  for (Type type : module.getFunctionType().getResults()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && op.getCompose() == Compose::Concat) {
      SmallVector<int64_t> shape(tensor.getShape());
      int64_t choose = op.getChoose();
      if (shape.size() < 2 || ShapedType::isDynamic(shape.back()) ||
          shape.back() > maxElements / choose) // layer_c6
        return op.emitOpError("can't concatenate results of type ") << type;
      shape.back() *= choose;
      type = RankedTensorType::get(shape, tensor.getElementType());
    }
    expected.push_back(type);
  }
  if (Value selection = op.getSelection()) {
    auto type = cast<SelectionType>(selection.getType());
    int64_t members = op->getParentOfType<NetworkOp>()
                          .lookupSymbol<PoolOp>(op.getPoolAttr())
                          .getNumMembers();
    if (type.getChoose() != static_cast<int64_t>(op.getChoose()) || // layer_c6
        type.getMembers() != members)
      return op.emitOpError("gives its selection as ")
             << type << " but chooses " << op.getChoose() << " of " << members;
  }
  return verifyTypes(op, "result", TypeRange(op.getRowResults()), module, name, // layer_c6
                     expected);
}

LogicalResult LayerOp::verifySymbolUses(SymbolTableCollection &tables) {
  Operation *parent = (*this)->getParentOp();
  while (isa<ScanOp>(parent))
    parent = parent->getParentOp();
  if (!isa<GraphOp>(parent)) // layer_c10
    return emitOpError("must stand in the graph or in a scan of the graph, but "
                       "stands in '")
           << parent->getName() << "'";
  auto pool = lookup<PoolOp>(*this, getPoolAttr(), "pool", tables); // layer_c1
  if (failed(pool))
    return failure();
  auto controller = lookup<ControllerOp>(*this, getControllerAttr(), // layer_c1
                                         "controller", tables);
  if (failed(controller))
    return failure();
  if (pool->getNumMembers() == 0)
    return success(); // The pool says so.
  int64_t choose = static_cast<int64_t>(getChoose());
  if (choose < 1) // layer_c2
    return emitOpError("chooses ") << choose << " modules, not at least 1";
  if (choose > pool->getNumMembers()) { // layer_c2
    InFlightDiagnostic error = emitOpError("chooses ")
                               << choose << " modules but pool '"
                               << getPoolAttr() << "' has "
                               << pool->getNumMembers();
    error.attachNote(pool->getLoc())
        << "pool '" << getPoolAttr() << "' is here";
    return error;
  }
  if (controller->getChoose() != choose || // layer_c3
      controller->getMembers() != pool->getNumMembers()) {
    InFlightDiagnostic error =
        emitOpError("chooses ")
        << choose << " of " << pool->getNumMembers() << " modules but controller '"
        << getControllerAttr() << "' scores " << controller->getChoose()
        << " picks of " << controller->getMembers();
    error.attachNote(controller->getLoc())
        << "controller '" << getControllerAttr() << "' is here";
    return error;
  }
  FailureOr<ModuleTemplateOp> module =
      lookup<ModuleTemplateOp>(*this, pool->getMember(0).getModule(), "module", tables);
  if (failed(module))
    return failure();
  std::string name = ("module '@" + module->getSymName() + "'").str();
  ArrayRef<Type> inputs = module->getFunctionType().getInputs();
  unsigned shared = module->getShared();
  std::string controllerName =
      ("controller '@" + controller->getSymName() + "'").str();
  if (failed(verifyTypes(*this, "row operand", getRowOperands().getTypes(), // layer_c4
                         *module, name, inputs.drop_back(shared))) ||
      failed(verifyTypes(*this, "shared operand", // layer_c4
                         getSharedTypes(*this, inputs.take_back(shared)),
                         *module, name, inputs.take_back(shared))) ||
      failed(verifyTypes(*this, "controller operand", // layer_c5
                         getControllerOperands().getTypes(), *controller,
                         controllerName,
                         controller->getFunctionType().getInputs())) ||
      failed(verifyResults(*this, *module, name)) || failed(verifyGates(*this)))
    return failure();
  if (getDuplicates() == Duplicates::Once && getCompose() == Compose::Concat) // layer_c8
    return emitOpError("counts duplicates once, which does not go with compose "
                       "concat");
  if (static_cast<int64_t>(getRowsPerPoint()) < 1) // layer_c9
    return emitOpError("has ") << static_cast<int64_t>(getRowsPerPoint())
                               << " rows per point, not at least 1";
  return success();
}

//===----------------------------------------------------------------------===//
// Apply
//===----------------------------------------------------------------------===//

LogicalResult ApplyOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto module = lookup<ModuleTemplateOp>(*this, getModuleAttr(), "module", tables); // apply_c1
  if (failed(module))
    return failure();
  if (!isName(getInstance(), /*dots=*/true)) // apply_c4
    return emitOpError("names its instance '")
           << getInstance()
           << "', but names hold letters, digits, '_', '-' and '.' only";
  std::string name = ("module '@" + module->getSymName() + "'").str();
  FunctionType type = module->getFunctionType();
  if (failed(verifyTypes(*this, "operand", getOperandTypes(), *module, name, // apply_c2
                         type.getInputs())))
    return failure();
  return verifyTypes(*this, "result", getResultTypes(), *module, name, // apply_c2
                     type.getResults());
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

/// `type` without its dimension 1, or null.
static RankedTensorType dropSequence(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (tensor.getRank() < 2)
    return {};
  SmallVector<int64_t> shape(tensor.getShape());
  shape.erase(shape.begin() + 1);
  return RankedTensorType::get(shape, tensor.getElementType());
}

LogicalResult ScanOp::verifyRegions() {
  if (getSequences().empty()) // scan_c1
    return emitOpError("has no sequence");
  SmallVector<Type> arguments = {IndexType::get(getContext())};
  llvm::append_range(arguments, getInits().getTypes());
  std::optional<int64_t> length;
  for (auto [index, sequence] : llvm::enumerate(getSequences())) {
    auto type = cast<RankedTensorType>(sequence.getType());
    if (type.getRank() < 2) // scan_c1
      return emitOpError("has sequence ")
             << index << " of type " << type << ", not of rank 2 or more";
    if (length && *length != type.getDimSize(1)) // scan_c1
      return emitOpError("has sequences of different lengths: sequence 0 is ")
             << getSequences()[0].getType() << ", sequence " << index << " is "
             << type;
    length = type.getDimSize(1);
    arguments.push_back(dropSequence(type));
  }
  Block &body = getBody().front();
  if (failed(verifyTypes(*this, "region argument", body.getArgumentTypes(), // scan_c2
                         nullptr, "step, carried values and elements",
                         arguments)))
    return failure();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield) // scan_c3
    return emitOpError("must end with 'modular.yield', not '")
           << body.getTerminator()->getName() << "'";
  if (getNumResults() < getInits().size()) // scan_c3
    return emitOpError("carries ") << getInits().size() << " values but has "
                                   << getNumResults() << " results";
  if (failed(verifyTypes(*this, "final result", getFinals().getTypes(), // scan_c3
                         nullptr, "the carried values", getInits().getTypes())))
    return failure();
  SmallVector<Type> yields(getInits().getTypes());
  for (auto [index, result] : llvm::enumerate(getStacked())) {
    auto type = cast<RankedTensorType>(result.getType());
    if (type.getRank() < 2 || type.getDimSize(1) != *length) // scan_c3
      return emitOpError("has stacked result ")
             << index << " of type " << type << ", but sequence 0 is "
             << getSequences()[0].getType();
    yields.push_back(dropSequence(type));
  }
  if (failed(verifyTypes(yield, "value", yield.getOperandTypes(), *this, // scan_c3
                         "the scan", yields)))
    return failure();
  if (!ShapedType::isDynamic(*length)) // scan_c4
    return success();
  WalkResult walk = body.walk([&](LayerOp layer) {
    emitOpError("holds a layer, so dimension 1 of its sequences must be static, "
                "but sequence 0 is ")
            .append(getSequences()[0].getType())
            .attachNote(layer.getLoc())
        << "the layer is here";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}
