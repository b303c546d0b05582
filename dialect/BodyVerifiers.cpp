//===- BodyVerifiers.cpp - Constraints of ops with a body -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks modules, controllers, graphs, objectives and optimizers.
//
//===----------------------------------------------------------------------===//

#include "dialect/RowIndependence.h"
#include "dialect/Verifiers.h"
#include <cmath>

using namespace mlir;
using namespace modc;

/// Checks that inputs and results have rows; `rows` inputs do.
static LogicalResult verifyRows(Operation *op, FunctionType type,
                                unsigned rows, StringRef what) {
  for (auto [index, input] : llvm::enumerate(type.getInputs().take_front(rows)))
    if (!hasRows(input))
      return op->emitOpError("has input ")
             << index << " of type " << input
             << ", but the first dimension counts " << what
             << " and must be '?'";
  for (auto [index, result] : llvm::enumerate(type.getResults()))
    if (!hasRows(result))
      return op->emitOpError("has result ")
             << index << " of type " << result
             << ", but the first dimension counts " << what
             << " and must be '?'";
  return success();
}

LogicalResult ModuleTemplateOp::verifyRegions() {
  FunctionType type = getFunctionType();
  int64_t shared = static_cast<int64_t>(getSharedAttr() ? getShared() : 0);
  int64_t inputs = type.getNumInputs();
  if (shared < 0 || shared > inputs)
    return emitOpError("has ") << inputs << " inputs, of which " << shared
                               << " are said to be shared";
  if (inputs == shared) // module_c4
    return emitOpError("has no row operand");
  if (type.getNumResults() == 0) // module_c4
    return emitOpError("has no result");
  if (failed(verifyRows(*this, type, inputs - shared, "rows"))) // module_c1
    return failure();
  Block &body = getBody().front();
  if (failed(verifySignature(*this, body, type, getArgNames(), // module_c3
                             YieldOp::getOperationName())))
    return failure();
  return verifyRowIndependence(body, inputs - shared); // module_c2
}

LogicalResult ControllerOp::verifyRegions() {
  FunctionType type = getFunctionType();
  if (!isa<RoutingDistribution>(getDistribution())) // controller_c4
    return emitOpError("has distribution ")
           << getDistribution() << ", which is no distribution of choices";
  auto scores = type.getNumResults() == 1
                    ? dyn_cast<RankedTensorType>(type.getResult(0))
                    : RankedTensorType();
  if (!scores || scores.getRank() != 3 || !scores.isDynamicDim(0) || // controller_c1
      scores.isDynamicDim(1) || scores.isDynamicDim(2) ||
      scores.getDimSize(1) < 1 || scores.getDimSize(2) < 1 ||
      !isa<FloatType>(scores.getElementType()))
    return emitOpError("must have one result, scores tensor<?xKxMxf> with K and "
                       "M at least 1, but has ")
           << type.getResults();
  if (type.getNumInputs() == 0) // controller_c1
    return emitOpError("has no input");
  if (failed(verifyRows(*this, type, type.getNumInputs(), "rows")))
    return failure();
  Block &body = getBody().front();
  if (failed(verifySignature(*this, body, type, getArgNames(), // controller_c3
                             YieldOp::getOperationName())))
    return failure();
  return verifyRowIndependence(body, type.getNumInputs()); // controller_c2
}

/// A point of a batch has the same size as any other.
static LogicalResult verifyStaticPoints(GraphOp op, StringRef what,
                                        TypeRange types) {
  for (auto [index, type] : llvm::enumerate(types)) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
    if (ShapedType::isDynamicShape(shape.drop_front()))
      return op.emitOpError("has ")
             << what << " " << index << " of type " << type
             << ", but only the first dimension may be '?'";
  }
  return success();
}

LogicalResult GraphOp::verifyRegions() {
  FunctionType type = getFunctionType();
  if (type.getNumInputs() == 0 || type.getNumResults() == 0) // graph_c4
    return emitOpError("has no ")
           << (type.getNumInputs() ? "result" : "input");
  if (failed(verifyRows(*this, type, type.getNumInputs(), "points"))) // graph_c1
    return failure();
  if (failed(verifyStaticPoints(*this, "input", type.getInputs())) || // graph_c5
      failed(verifyStaticPoints(*this, "result", type.getResults())))
    return failure();
  auto isFloat = [](Type each) {
    return isa<FloatType>(getElementTypeOrSelf(each));
  };
  if (llvm::none_of(type.getInputs(), isFloat) && // graph_c4
      llvm::none_of(type.getResults(), isFloat))
    return emitOpError("has neither an input nor a result of floats");
  Block &body = getBody().front();
  if (failed(verifySignature(*this, body, type, getArgNames(), // graph_c3
                             OutputOp::getOperationName())))
    return failure();
  return verifyRowIndependence(body, type.getNumInputs()); // graph_c2
}

LogicalResult ObjectiveOp::verifyRegions() {
  if (getKind() == ObjectiveKind::Custom) {
    if (getBody().empty() || !getFunctionType()) // objective_c1
      return emitOpError("is neither a shorthand nor a region");
    FunctionType type = *getFunctionType();
    auto result = type.getNumResults() == 1
                      ? dyn_cast<RankedTensorType>(type.getResult(0))
                      : RankedTensorType();
    if (!result || result.getRank() != 1 || !result.isDynamicDim(0) || // objective_c2
        !isa<FloatType>(result.getElementType()))
      return emitOpError("must have one result, log p of each point as "
                         "tensor<?xf>, but has ")
             << type.getResults();
    if (failed(verifyRows(*this, type, type.getNumInputs(), "points")))
      return failure();
    Block &body = getBody().front();
    if (failed(verifySignature(*this, body, type, getArgNames(), // objective_c2
                               YieldOp::getOperationName())))
      return failure();
    return verifyRowIndependence(body, type.getNumInputs()); // objective_c2
  }
  if (!getBody().empty()) // objective_c1
    return emitOpError("is '") << stringifyObjectiveKind(getKind())
                               << "', which has no region";
  double scale = getScale().convertToDouble();
  if (!std::isfinite(scale) || scale <= 0) // objective_c1
    return emitOpError("needs a positive, finite ")
           << (getKind() == ObjectiveKind::Gaussian ? "sigma" : "scale")
           << ", got " << scale;
  return success();
}

/// Names of a shorthand's settings.
static ArrayRef<StringRef> getSettingNames(OptimizerKind kind) {
  static constexpr StringRef momentum[] = {"momentum"};
  static constexpr StringRef rmsprop[] = {"decay", "epsilon"};
  static constexpr StringRef adam[] = {"beta1", "beta2", "epsilon"};
  switch (kind) {
  case OptimizerKind::Momentum:
    return momentum;
  case OptimizerKind::RmsProp:
    return rmsprop;
  case OptimizerKind::Adam:
    return adam;
  default:
    return {};
  }
}

static LogicalResult verifyRule(OptimizerOp op) {
  if (op.getBody().empty() || !op.getSettings().empty()) // optimizer_c1
    return op.emitOpError("is neither a shorthand nor a region");
  Block &body = op.getBody().front();
  if (body.getNumArguments() < 4) // optimizer_c2
    return op.emitOpError("must take parameter, gradient, learning rate and "
                          "step, but has ")
           << body.getNumArguments() << " arguments";
  Type type = body.getArgument(0).getType();
  for (BlockArgument argument : body.getArguments()) // optimizer_c2
    if (!type.isF32() && !type.isF64())
      return op.emitOpError("has argument 0 of type ")
             << type << ", not f32 or f64";
    else if (argument.getType() != type)
      return op.emitOpError("has argument ")
             << argument.getArgNumber() << " of type " << argument.getType()
             << " but argument 0 is " << type;
  if (op.getArgNames().size() != body.getNumArguments())
    return op.emitOpError("has ") << body.getNumArguments() << " arguments but "
                                  << op.getArgNames().size() << " names";
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield) // optimizer_c2
    return op.emitOpError("must end with 'modular.yield', not '")
           << body.getTerminator()->getName() << "'";
  SmallVector<Type> results(body.getNumArguments() - 3, type);
  if (failed(verifyTypes(yield, "value", yield.getOperandTypes(), op, // optimizer_c2
                         "the new parameter and state", results)))
    return failure();
  for (Operation &nested : body)
    if (!isMemoryEffectFree(&nested)) // optimizer_c2
      return nested.emitOpError("has effects, which an update rule may not have");
  return success();
}

LogicalResult OptimizerOp::verifyRegions() {
  if (getKind() == OptimizerKind::Custom)
    return verifyRule(*this);
  StringRef kind = stringifyOptimizerKind(getKind());
  if (!getBody().empty()) // optimizer_c1
    return emitOpError("is '") << kind << "', which has no region";
  ArrayRef<StringRef> known = getSettingNames(getKind());
  for (NamedAttribute setting : getSettings()) {
    if (!llvm::is_contained(known, setting.getName().getValue())) { // optimizer_c1
      InFlightDiagnostic error = emitOpError("is '")
                                 << kind << "', which has no setting '"
                                 << setting.getName().getValue() << "'";
      if (!known.empty()) {
        error << ", but ";
        llvm::interleaveComma(known, error);
      }
      return error;
    }
    auto value = dyn_cast<FloatAttr>(setting.getValue());
    if (!value || !value.getValue().isFinite()) // optimizer_c1
      return emitOpError("needs a finite '")
             << setting.getName().getValue() << "', got " << setting.getValue();
  }
  return success();
}
