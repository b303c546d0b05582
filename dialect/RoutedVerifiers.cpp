//===- RoutedVerifiers.cpp - Constraints of the routed level --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks the ops that layers, samplers and update rules become.
//
//===----------------------------------------------------------------------===//

#include "dialect/Verifiers.h"

using namespace mlir;
using namespace modc;

/// Checks that `value` has `rank` dimensions and that those after the first are
/// `dims`; the first counts rows and may be anything.
static LogicalResult verifyShape(Operation *op, StringRef what, Type value,
                                 ArrayRef<int64_t> dims, Type against) {
  auto type = cast<RankedTensorType>(value);
  if (type.getRank() == static_cast<int64_t>(dims.size()) + 1 &&
      type.getShape().drop_front() == dims)
    return success();
  InFlightDiagnostic error = op->emitOpError("needs ") << what << " tensor<?x";
  for (int64_t dim : dims)
    error << dim << 'x';
  return error << (type.getElementType().isInteger(32) ? "i32" : "f")
               << "> for " << against << ", got " << type;
}

/// Integers of a selection.
static LogicalResult verifyIntegers(Operation *op, StringRef what, Type value,
                                    SelectionType selection) {
  return verifyShape(op, what, value, {selection.getChoose()}, selection);
}

static LogicalResult verifyScores(Operation *op, Type value,
                                  SelectionType selection) {
  return verifyShape(op, "scores", value,
                     {selection.getChoose(), selection.getMembers()},
                     selection);
}

/// Numbers of rows, if there are any.
static LogicalResult verifyRowNumbers(Operation *op, StringRef what,
                                      Value value) {
  if (!value)
    return success();
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() == 1 && type.isDynamicDim(0))
    return success();
  return op->emitOpError("needs ") << what << " tensor<?xi32>, got " << type;
}

static LogicalResult verifySameElements(Operation *op, Type left, Type right) {
  if (getElementTypeOrSelf(left) == getElementTypeOrSelf(right))
    return success();
  return op->emitOpError("mixes element types: ") << left << ", " << right;
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

LogicalResult ToSelectionOp::verify() {
  return verifyIntegers(*this, "the operand to be",
                        getInput().getType(), // to_selection_c1
                        getType());
}

LogicalResult FromSelectionOp::verify() {
  return verifyIntegers(*this, "the result to be",
                        getType(), // from_selection_c1
                        getInput().getType());
}

LogicalResult ModeOp::verify() {
  return verifyScores(*this, getScores().getType(), getType()); // mode_c1
}

LogicalResult SampleOp::verify() {
  if (failed(
          verifyScores(*this, getScores().getType(), getType())) || // sample_c1
      failed(verifyShape(*this, "uniforms",
                         getUniforms().getType(), // sample_c2
                         {getType().getChoose()}, getType())) ||
      failed(verifyRowNumbers(*this, "rows of scores", getRows()))) // sample_c3
    return failure();
  return verifySameElements(*this, getScores().getType(), // sample_c2
                            getUniforms().getType());
}

LogicalResult KeepStoredOp::verify() {
  return verifyIntegers(*this, "stored choices",
                        getStored().getType(), // keep_stored_c1
                        getSelection().getType());
}

LogicalResult LogProbabilityOp::verify() {
  SelectionType selection = getSelection().getType();
  if (failed(verifyScores(*this, getScores().getType(),
                          selection)) || // log_probability_c1
      failed(verifyShape(*this, "a result", getType(), {},
                         selection)) || // log_probability_c2
      failed(verifyRowNumbers(*this, "rows of scores",
                              getRows()))) // log_probability_c3
    return failure();
  return verifySameElements(*this, getScores().getType(),
                            getType()); // log_probability_c2
}

LogicalResult GatesOp::verify() {
  SelectionType selection = getSelection().getType();
  if (failed(
          verifyScores(*this, getScores().getType(), selection)) || // gates_c1
      failed(verifyShape(*this, "a result", getType(),
                         {selection.getChoose()}, // gates_c2
                         selection)) ||
      failed(verifyRowNumbers(*this, "rows of scores", getRows()))) // gates_c3
    return failure();
  return verifySameElements(*this, getScores().getType(),
                            getType()); // gates_c2
}

LogicalResult UsageOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  int64_t members = getSelection().getType().getMembers();
  if (type.getRank() != 1 || type.getDimSize(0) != members) // usage_c1
    return emitOpError("needs a result tensor<")
           << members << "xi32> for " << getSelection().getType() << ", got "
           << type;
  return success();
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

LogicalResult PlanOp::verify() {
  SelectionType selection = getSelection().getType();
  PlanType plan = getType();
  if (selection.getChoose() != plan.getChoose() || // plan_c1
      selection.getMembers() != plan.getMembers())
    return emitOpError("makes ") << plan << " of " << selection;
  if (static_cast<bool>(getRows()) != static_cast<bool>(getCount())) // plan_c2
    return emitOpError("has ")
           << (getRows() ? "operand rows without their count"
                         : "a count without operand rows");
  if (getUnique() && (!getRows() || plan.getChoose() != 1)) // plan_c3
    return emitOpError("is unique, which needs operand rows and 1 pick a row, "
                       "not ")
           << plan << (getRows() ? " with" : " without") << " operand rows";
  return verifyRowNumbers(*this, "operand rows", getRows()); // plan_c2
}

/// `row` is in the order of rows, `grouped` in grouped order.
static LogicalResult verifyCompose(Operation *op, PlanType plan, Type grouped,
                                   Value gates, Type row, Compose compose) {
  auto value = cast<RankedTensorType>(grouped);
  auto result = cast<RankedTensorType>(row);
  if ((compose == Compose::Gated) != bool(gates)) // combine_c1, dispatch_c1
    return op->emitOpError("composes by '")
           << stringifyCompose(compose) << "' and has "
           << (gates ? "gates" : "no gates");
  if (gates && failed(verifyShape(op, "gates",
                                  gates.getType(), // combine_c1, dispatch_c1
                                  {plan.getChoose()}, plan)))
    return failure();
  SmallVector<int64_t> expected(value.getShape());
  bool fits = value.getRank() >= 1 && value.getRank() == result.getRank();
  if (fits && compose == Compose::Concat)
    fits =
        value.getRank() >= 2 && !value.isDynamicDim(value.getRank() - 1) &&
        !llvm::MulOverflow(expected.back(), plan.getChoose(), expected.back());
  if (!fits || ArrayRef(expected).drop_front() != // combine_c2, dispatch_c1
                   result.getShape().drop_front())
    return op->emitOpError("composes by '")
           << stringifyCompose(compose) << "' with " << plan
           << ", so values in grouped order " << value
           << " do not go with rows " << result;
  if (failed(verifySameElements(op, value, result)))
    return failure();
  return gates ? verifySameElements(op, value, gates.getType()) : success();
}

LogicalResult CombineOp::verify() {
  return verifyCompose(*this, getPlan().getType(), getValues().getType(),
                       getGates(), getType(), getCompose());
}

LogicalResult DispatchOp::verify() {
  return verifyCompose(*this, getPlan().getType(), getType(), getGates(),
                       getValues().getType(), getCompose());
}

LogicalResult GateCotangentOp::verify() {
  auto values = cast<RankedTensorType>(getValues().getType());
  auto cotangent = cast<RankedTensorType>(getCotangent().getType());
  if (values.getRank() < 1 ||
      values.getRank() != cotangent.getRank() || // gate_cotangent_c1
      values.getShape().drop_front() != cotangent.getShape().drop_front())
    return emitOpError("multiplies ")
           << values << " by " << cotangent
           << ", which must agree in all dimensions but the first";
  if (failed(verifySameElements(*this, values, cotangent)) ||
      failed(verifySameElements(*this, values, getType())))
    return failure();
  return verifyShape(*this, "a result", getType(), // gate_cotangent_c2
                     {getPlan().getType().getChoose()}, getPlan().getType());
}

//===----------------------------------------------------------------------===//
// Candidates, random numbers
//===----------------------------------------------------------------------===//

LogicalResult TileRowsOp::verify() {
  if (getInput().getType() != getType() || !hasRows(getType())) // tile_rows_c1
    return emitOpError("maps ")
           << getInput().getType() << " to " << getType()
           << ", which must be equal and have a dynamic first dimension";
  return success();
}

LogicalResult TakeRowsOp::verify() {
  if (getInput().getType() != getType() || !hasRows(getType())) // take_rows_c1
    return emitOpError("maps ")
           << getInput().getType() << " to " << getType()
           << ", which must be equal and have a dynamic first dimension";
  return verifyRowNumbers(*this, "row numbers", getRows()); // take_rows_c2
}

LogicalResult ScatterRowsOp::verify() {
  auto source = cast<ShapedType>(getSource().getType());
  auto dest = cast<ShapedType>(getDest().getType());
  bool onTensors = isa<RankedTensorType>(source);
  auto hasRows = [](ShapedType type) {
    return type.getRank() && type.isDynamicDim(0);
  };
  if (onTensors != isa<RankedTensorType>(dest) || // scatter_rows_c1
      !hasRows(source) || !hasRows(dest) ||
      source.getShape() != dest.getShape() ||
      source.getElementType() != dest.getElementType())
    return emitOpError("puts rows of ")
           << source << " into " << dest
           << ", which must be equal but for a layout and have a dynamic first "
              "dimension";
  auto rows = cast<ShapedType>(getRows().getType());
  if (isa<RankedTensorType>(rows) != onTensors || // scatter_rows_c2
      rows.getRank() != 1 || !rows.isDynamicDim(0))
    return emitOpError("needs row numbers ")
           << (onTensors ? "tensor<?xi32>" : "memref<?xi32>") << ", got "
           << rows;
  if (onTensors && // scatter_rows_c3
      !isa_and_nonnull<InParallelOpInterface>((*this)->getParentOp()))
    return emitOpError("on tensors must end a task, in an "
                       "'scf.forall.in_parallel'");
  return success();
}

MutableOperandRange ScatterRowsOp::getUpdatedDestinations() {
  return getDestMutable();
}

Operation *ScatterRowsOp::getIteratingParent() {
  if (isa_and_nonnull<InParallelOpInterface>((*this)->getParentOp()))
    return (*this)->getParentOp()->getParentOp();
  return nullptr;
}

LogicalResult DistinctRowsOp::verify() {
  RankedTensorType keys = getKeys().getType();
  if (keys.getRank() != 2 || !keys.isDynamicDim(0) || keys.isDynamicDim(1) ||
      keys.getDimSize(1) < 1) // distinct_rows_c1
    return emitOpError("needs keys tensor<?xPxi32> with P ≥ 1, got ") << keys;
  for (auto [what, value] :
       {std::pair("parents", Value(getParent())), // distinct_rows_c2
        std::pair("an index", Value(getIndex())),
        std::pair("first rows", Value(getFirst()))})
    if (failed(verifyRowNumbers(*this, what, value)))
      return failure();
  if (auto bound = static_cast<int32_t>(getBound()); bound < 1)
    return emitOpError("needs keys below at least 1, got ") // distinct_rows_c3
           << bound;
  return success();
}

LogicalResult UniformOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (type.getRank() != 2 || type.isDynamicDim(1)) // uniform_c1
    return emitOpError("needs a result tensor<?xKxf>, got ") << type;
  if (getPoints().getType().getRank() != 1) // uniform_c2
    return emitOpError("needs points tensor<?xi64>, got ")
           << getPoints().getType();
  if (static_cast<int64_t>(getRowsPerPoint()) < 1) // uniform_c2
    return emitOpError("has ") << static_cast<int64_t>(getRowsPerPoint())
                               << " rows per point, not at least 1";
  return success();
}

LogicalResult InitializeOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  int64_t names = getNames().size();
  if (names == 0) // initialize_c1
    return emitOpError("has no name");
  if (!type.hasStaticShape()) // initialize_c2
    return emitOpError("needs a static shape, got ") << type;
  if ((names > 1 || getStacked()) && // initialize_c1
      (type.getRank() == 0 || type.getDimSize(0) != names))
    return emitOpError("stacks ")
           << names << " tensors, but its result is " << type;
  return success();
}

LogicalResult KeepBestOp::verify() {
  auto objective = cast<RankedTensorType>(getObjective().getType());
  auto choices = cast<RankedTensorType>(getChoices().getType());
  auto best = cast<RankedTensorType>(getBest().getType());
  for (Type type :
       {getObjective().getType(), getBefore().getType(), getAfter().getType()})
    if (cast<RankedTensorType>(type).getRank() != 1) // keep_best_c1
      return emitOpError("needs objectives tensor<?xf>, got ") << type;
    else if (failed(verifySameElements(*this, objective, type)))
      return failure();
  if (choices.getRank() != 2 || best.getRank() != 2 || // keep_best_c1
      choices.getDimSize(1) != best.getDimSize(1) || choices.isDynamicDim(1))
    return emitOpError("needs choices tensor<?xPxi32>, got ")
           << choices << " and " << best;
  return success();
}

//===----------------------------------------------------------------------===//
// Differentiation and updates
//===----------------------------------------------------------------------===//

LogicalResult PullbackOp::verify() {
  if (failed(verifyTypes(*this, "cotangent",
                         getCotangents().getTypes(), // pullback_c1
                         nullptr, "the values", getValues().getTypes())) ||
      failed(verifyTypes(*this, "result", getResultTypes(),
                         nullptr, // pullback_c2
                         "the inputs", getInputs().getTypes())))
    return failure();
  for (Type type : getOperandTypes()) {
    if (!isa<FloatType>(getElementTypeOrSelf(type))) // pullback_c2
      return emitOpError("differentiates ")
             << type << ", which is not of floats";
    if (!isa<FloatType, RankedTensorType>(type)) // pullback_c2
      return emitOpError("differentiates ")
             << type << ", which is neither a scalar nor a tensor with a rank";
  }
  return success();
}

LogicalResult DefinedWhereOp::verify() {
  auto type = cast<RankedTensorType>(getValue().getType());
  RankedTensorType flags = getFlags().getType();
  if (type.getRank() == 0 || type.isDynamicDim(0)) // defined_where_c1
    return emitOpError("has a value ")
           << type << ", whose slices are not known";
  if (flags.getRank() != 1 ||
      flags.getDimSize(0) != type.getDimSize(0)) // defined_where_c1
    return emitOpError("has ") << type.getDimSize(0) << " slices of " << type
                               << ", but flags " << flags;
  return success();
}

LogicalResult GradientNormOp::verify() {
  if (getStacked().size() != getGradients().size()) // gradient_norm_c1
    return emitOpError("has ") << getGradients().size() << " gradients but "
                               << getStacked().size() << " flags";
  for (auto [gradient, active, stacked] :
       llvm::zip(getGradients(), getActive(), getStacked())) {
    auto type = cast<RankedTensorType>(gradient.getType());
    if (!type.hasStaticShape() || // gradient_norm_c1
        (stacked && type.getRank() == 0))
      return emitOpError("has a gradient ")
             << type
             << (stacked ? ", which is no stack" : ", whose size is not known");
    int64_t slices = stacked ? type.getDimSize(0) : 1;
    auto flags = cast<RankedTensorType>(active.getType());
    if (flags.getRank() != 1 ||
        flags.getDimSize(0) != slices) // gradient_norm_c2
      return emitOpError("has ")
             << slices << " slices of " << type << ", but active is " << flags;
  }
  return success();
}

LogicalResult UpdateOp::verifyRegions() {
  auto type = cast<RankedTensorType>(getParameter().getType());
  if (getGradient().getType() != type) // update_c1
    return emitOpError("has a parameter ")
           << type << " but a gradient " << getGradient().getType();
  SmallVector<Type> results(1 + getStates().size(), type);
  if (failed(verifyTypes(*this, "state", getStates().getTypes(),
                         nullptr, // update_c1
                         "the parameter", TypeRange(results).drop_front())) ||
      failed(verifyTypes(*this, "result", getResultTypes(),
                         nullptr, // update_c1
                         "the parameter and its states", results)))
    return failure();
  if (getStacked() && type.getRank() == 0) // update_c2
    return emitOpError("is stacked, but its parameter is ") << type;
  int64_t slices = getStacked() ? type.getDimSize(0) : 1;
  auto active = getActive().getType(), steps = getSteps().getType();
  if (active.getRank() != 1 || active.getDimSize(0) != slices || // update_c2
      steps.getRank() != 1 || steps.getDimSize(0) != slices)
    return emitOpError("has ") << slices << " slices, but active is " << active
                               << " and steps " << steps;
  Block &body = getRule().front();
  SmallVector<Type> scalars(4 + getStates().size(), type.getElementType());
  if (failed(verifyTypes(*this, "region argument",
                         body.getArgumentTypes(), // update_c3
                         nullptr, "the rule", scalars)))
    return failure();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield) // update_c3
    return emitOpError("must end with 'modular.yield', not '")
           << body.getTerminator()->getName() << "'";
  return verifyTypes(yield, "value", yield.getOperandTypes(),
                     *this, // update_c3
                     "the rule", ArrayRef<Type>(scalars).drop_back(3));
}
