//===- GroupedVerifiers.cpp - Constraints of modular.grouped --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks that the classes partition the members and that each region takes and
// gives what the op's lists say.
//
//===----------------------------------------------------------------------===//

#include "dialect/Verifiers.h"

using namespace mlir;
using namespace modc;

/// `type` with a first dimension that depends on the rows of a member.
static Type withRows(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() == 0)
    return type;
  SmallVector<int64_t> shape(tensor.getShape());
  shape[0] = ShapedType::kDynamic;
  return RankedTensorType::get(shape, tensor.getElementType());
}

/// `type` without its first dimension: of a stack or of points.
static Type dropStack(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape().drop_front(),
                               tensor.getElementType());
}

static LogicalResult verifyLists(GroupedOp op) {
  size_t classes = op.getClasses().size();
  if (op.getBodies().size() != classes || // grouped_c1
      op.getParameterCounts().size() != classes ||
      op.getGradientCounts().size() != classes)
    return op.emitOpError("has ")
           << classes << " classes, " << op.getBodies().size() << " regions, "
           << op.getParameterCounts().size() << " parameter counts and "
           << op.getGradientCounts().size() << " gradient counts";
  int64_t parameters = 0, gradients = 0;
  for (size_t c = 0; c < classes; ++c) {
    int64_t p = op.getParameterCounts()[c], g = op.getGradientCounts()[c];
    if (!isa<DenseI64ArrayAttr>(op.getClasses()[c])) // grouped_c1
      return op.emitOpError("has class ")
             << c << " that is no list of members: " << op.getClasses()[c];
    if (p < 0 || g < 0 || p > INT32_MAX || g > INT32_MAX)
      return op.emitOpError("has class ") << c << " with a count out of range";
    parameters += p;
    gradients += g;
  }
  int64_t points = static_cast<int64_t>(op.getNumPointResults());
  if (points < 0 || points > INT32_MAX)
    return op.emitOpError("has a count of points results out of range");
  if (parameters != static_cast<int64_t>(op.getParameters().size()) || // grouped_c2
      gradients + points > static_cast<int64_t>(op.getNumResults())) {
    InFlightDiagnostic error = op.emitOpError("has ");
    error << op.getParameters().size() << " parameters and "
          << op.getNumResults() << " results, but its classes count "
          << parameters << " parameters and " << gradients << " gradients";
    if (points)
      error << ", beside " << points << " points results";
    return error;
  }
  return success();
}

static LogicalResult verifyPoints(GroupedOp op) {
  if (static_cast<int64_t>(op.getRowsPerPoint()) < 1) // grouped_c5
    return op.emitOpError("has ") << static_cast<int64_t>(op.getRowsPerPoint())
                                  << " rows per point, not at least 1";
  auto check = [&](TypeRange types, StringRef what) -> LogicalResult {
    for (auto [index, type] : llvm::enumerate(types))
      if (!hasRows(type)) // grouped_c5
        return op.emitOpError("has points ")
               << what << ' ' << index << " of type " << type
               << ", which has no dynamic first dimension";
    return success();
  };
  if (failed(check(op.getPoints().getTypes(), "operand")))
    return failure();
  return check(op.getPointResults().getTypes(), "result");
}

static LogicalResult verifyPartition(GroupedOp op) {
  int64_t members = op.getPlan().getType().getMembers();
  llvm::DenseMap<int64_t, unsigned> classOf;
  for (unsigned c = 0, e = op.getNumClasses(); c < e; ++c) {
    if (op.getClassMembers(c).empty()) // grouped_c1
      return op.emitOpError("has class ") << c << " without members";
    if (!llvm::is_sorted(op.getClassMembers(c))) // grouped_c1
      return op.emitOpError("has class ")
             << c << " whose members do not ascend";
    for (int64_t member : op.getClassMembers(c)) {
      if (member < 0 || member >= members) // grouped_c1
        return op.emitOpError("has member ")
               << member << " in class " << c << ", but the plan has "
               << members << " members";
      auto [it, isNew] = classOf.try_emplace(member, c);
      if (!isNew) // grouped_c1
        return op.emitOpError("has member ") << member << " in class "
                                             << it->second << " and in class " << c;
    }
  }
  if (static_cast<int64_t>(classOf.size()) == members)
    return success();
  for (int64_t member = 0;; ++member)
    if (!classOf.contains(member)) // grouped_c1
      return op.emitOpError("has member ") << member << " in no class";
}

static LogicalResult verifyStacks(GroupedOp op, unsigned c, ValueRange stacks,
                                  StringRef what) {
  int64_t size = op.getClassMembers(c).size();
  for (auto [index, stack] : llvm::enumerate(stacks)) {
    auto type = cast<RankedTensorType>(stack.getType());
    if (type.getRank() == 0 || type.getDimSize(0) != size) // grouped_c2
      return op.emitOpError("has class ")
             << c << " of " << size << " members, but its " << what << ' '
             << index << " is " << type;
  }
  return success();
}

static LogicalResult verifyClass(GroupedOp op, unsigned c) {
  if (failed(verifyStacks(op, c, op.getClassParameters(c), "parameter")) ||
      failed(verifyStacks(op, c, op.getClassGradients(c), "gradient")))
    return failure();
  SmallVector<Type> arguments, yields;
  for (Value value : op.getGathered())
    arguments.push_back(withRows(value.getType()));
  for (Value value : op.getAlong())
    arguments.push_back(withRows(value.getType()));
  for (Value value : op.getPoints())
    arguments.push_back(dropStack(value.getType()));
  llvm::append_range(arguments, op.getShared().getTypes());
  for (Value value : op.getClassParameters(c))
    arguments.push_back(dropStack(value.getType()));
  Block &body = op.getClassBody(c);
  std::string name = "class " + std::to_string(c);
  if (failed(verifyTypes(op, "region argument", body.getArgumentTypes(), // grouped_c3
                         nullptr, name, arguments)))
    return failure();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield) // grouped_c4
    return op.emitOpError("must end class ")
           << c << " with 'modular.yield', not '"
           << body.getTerminator()->getName() << "'";
  for (Value value : op.getRowResults())
    yields.push_back(withRows(value.getType()));
  for (Value value : op.getPointResults())
    yields.push_back(dropStack(value.getType()));
  for (Value value : op.getClassGradients(c))
    yields.push_back(dropStack(value.getType()));
  return verifyTypes(yield, "value", yield.getOperandTypes(), op, // grouped_c4
                     name, yields);
}

LogicalResult GroupedOp::verifyRegions() {
  if (failed(verifyLists(*this)) || failed(verifyPoints(*this)) ||
      failed(verifyPartition(*this)))
    return failure();
  for (unsigned c = 0, e = getNumClasses(); c < e; ++c)
    if (failed(verifyClass(*this, c)))
      return failure();
  return success();
}
