//===- GroupedVJP.cpp - Derivative of grouped execution -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The adjoint of a grouped op is a grouped op with the same plan. Its regions
// recompute what is cheap; results of contractions come as extra row results
// of the forward op, in grouped order. Shared operands that are the same for all
// rows get a gradient a member, added up over members; those with a slice for
// each point a points result.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "dialect/RowIndependence.h"
#include "dialect/VJPBuilders.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace modc;

namespace {

/// A value of the forward bodies that the adjoint reads along grouped order: a
/// row result, or (`result` negative) a new one.
struct Residual {
  int64_t result;
  Type type;
  /// For each class the forward value; null where the class does not need it.
  SmallVector<Value> values;
};

/// Builds the adjoint of one op.
class GroupedAdjoint {
public:
  GroupedAdjoint(GroupedOp op, ArrayRef<Value> cotangents,
                 Differentiator &differentiator)
      : op(op), cotangents(cotangents), differentiator(differentiator) {}
  ~GroupedAdjoint() {
    if (scaffold)
      scaffold.erase();
  }

  LogicalResult build(OpBuilder &builder);

private:
  LogicalResult buildBody(OpBuilder &builder, unsigned c);
  void chooseResiduals(unsigned c, const DenseMap<Operation *, Operation *> &);
  Value addResidual(unsigned c, Value forward);
  GroupedOp addRowResults(OpBuilder &builder);
  void dropUnusedOperands();
  GroupedOp createAdjoint(OpBuilder &builder, GroupedOp forward);
  Value sumOverMembers(OpBuilder &builder, GroupedOp adjoint, unsigned index);

  GroupedOp op;
  ArrayRef<Value> cotangents;
  Differentiator &differentiator;
  /// Holds the adjoint's regions until its operands and results are known.
  GroupedOp scaffold;
  /// The adjoint's regions, and its operands as they go along with arguments.
  MutableArrayRef<Region> bodies;
  SmallVector<Value> gathered, along, points, shared;
  SmallVector<SmallVector<Value>> parameters;
  /// Places of `along` that stand for residuals.
  SmallVector<Residual> residuals;
};

} // namespace

/// Values of the forward bodies that hold one row for each of the member's rows.
/// A body with gradients mixes rows where it sums them: what comes from such an
/// op has no rows.
static DenseSet<Value> findRowValues(GroupedOp op, Block &block) {
  RowAnalysis analysis;
  unsigned numRows = op.getGathered().size() + op.getAlong().size();
  for (Value input : block.getArguments().take_front(numRows))
    analysis.set(input, RowState::rows());
  ScopedDiagnosticHandler quiet(op.getContext(),
                                [](Diagnostic &) { return success(); });
  DenseSet<Value> rows, mixed;
  for (Operation &each : block.without_terminator()) {
    auto isMixed = [&](Value value) { return mixed.contains(value); };
    if (llvm::any_of(each.getOperands(), isMixed) ||
        failed(analysis.visit(&each))) {
      mixed.insert(each.result_begin(), each.result_end());
      continue;
    }
    for (Value result : each.getResults())
      if (analysis.get(result) == RowState::rows())
        rows.insert(result);
  }
  return rows;
}

/// Worth a tensor in memory: each element costs a loop.
static bool isExpensive(Operation *op) {
  if (isa<LinearOp>(op))
    return true;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return linalgOp && linalgOp.getNumReductionLoops() > 0;
}

/// Rows of a static shape, which can be laid out in grouped order.
static bool canBeSaved(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 && type.isDynamicDim(0) &&
         type.getNumDynamicDims() == 1;
}

Value GroupedAdjoint::addResidual(unsigned c, Value forward) {
  Operation *yield = op.getClassBody(c).getTerminator();
  unsigned numRows = op.getRowResults().size();
  OperandRange rows = yield->getOperands().take_front(numRows);
  auto row = llvm::find(rows, forward);
  int64_t result = row == rows.end() ? -1 : row - rows.begin();
  auto *place = llvm::find_if(residuals, [&](const Residual &each) {
    return each.result == result && each.type == forward.getType() &&
           (!each.values[c] || each.values[c] == forward);
  });
  if (place == residuals.end()) {
    unsigned index = gathered.size() + along.size() + residuals.size();
    residuals.push_back({result, forward.getType(), {}});
    residuals.back().values.resize(bodies.size());
    for (Region &body : bodies)
      if (!body.empty())
        body.front().insertArgument(index, forward.getType(), op.getLoc());
    place = &residuals.back();
  }
  place->values[c] = forward;
  return bodies[c].front().getArgument(gathered.size() + along.size() +
                                       (place - residuals.begin()));
}

void GroupedAdjoint::chooseResiduals(
    unsigned c, const DenseMap<Operation *, Operation *> &forwardOps) {
  Block &forward = op.getClassBody(c), &body = bodies[c].front();
  DenseSet<Value> rowValues = findRowValues(op, forward);
  DenseSet<Value> yielded;
  for (Value value : forward.getTerminator()->getOperands().take_front(
           op.getRowResults().size()))
    yielded.insert(value);
  DenseSet<Value> needed;
  SmallVector<std::pair<Value, Value>> saved;
  for (Operation &each : llvm::reverse(body)) {
    bool isLive = each.hasTrait<OpTrait::IsTerminator>() ||
                  llvm::any_of(each.getResults(),
                               [&](Value v) { return needed.contains(v); });
    if (!isLive)
      continue;
    if (Operation *original = forwardOps.lookup(&each)) {
      bool save = true;
      for (auto [copy, value] :
           llvm::zip(each.getResults(), original->getResults()))
        save &= !needed.contains(copy) ||
                (canBeSaved(value) && rowValues.contains(value) &&
                 (yielded.contains(value) || isExpensive(original)));
      if (save) {
        for (auto [copy, value] :
             llvm::zip(each.getResults(), original->getResults()))
          if (needed.contains(copy))
            saved.push_back({copy, value});
        continue;
      }
    }
    needed.insert(each.operand_begin(), each.operand_end());
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(each.getRegions(), captured);
    needed.insert(captured.begin(), captured.end());
  }
  for (auto [copy, value] : llvm::reverse(saved))
    copy.replaceAllUsesWith(addResidual(c, value));
  eraseDeadOps(body);
}

LogicalResult GroupedAdjoint::buildBody(OpBuilder &builder, unsigned c) {
  OpBuilder::InsertionGuard guard(builder);
  Location loc = op.getLoc();
  Block &forward = op.getClassBody(c);
  Block *body = builder.createBlock(&bodies[c]);
  // Arguments in the order of the operands. Residuals that other classes asked
  // for have their places already.
  IRMapping mapping;
  ArrayRef<BlockArgument> args = forward.getArguments();
  auto addArguments = [&](unsigned count) {
    for (BlockArgument arg : args.take_front(count))
      mapping.map(arg, body->addArgument(arg.getType(), arg.getLoc()));
    args = args.drop_front(count);
  };
  addArguments(op.getGathered().size() + op.getAlong().size());
  SmallVector<Value> seeds;
  Operation *yield = forward.getTerminator();
  unsigned numRows = op.getRowResults().size();
  for (unsigned i = 0; i < numRows; ++i)
    seeds.push_back(cotangents[i]
                        ? body->addArgument(yield->getOperand(i).getType(), loc)
                        : Value());
  for (const Residual &residual : residuals)
    body->addArgument(residual.type, loc);
  addArguments(op.getPoints().size());
  // Values of a region that results of the op have no cotangent for.
  auto addSeed = [&](Value result, Value yielded) {
    Value cotangent = cotangents[cast<OpResult>(result).getResultNumber()];
    seeds.push_back(cotangent ? body->addArgument(yielded.getType(), loc)
                              : Value());
  };
  unsigned yielded = numRows;
  for (Value result : op.getPointResults())
    addSeed(result, yield->getOperand(yielded++));
  addArguments(args.size());
  for (Value gradient : op.getClassGradients(c))
    addSeed(gradient, yield->getOperand(yielded++));

  builder.setInsertionPointToStart(body);
  DenseMap<Operation *, Operation *> forwardOps;
  for (Operation &each : forward.without_terminator())
    forwardOps[builder.clone(each, mapping)] = &each;
  SmallVector<Value> outputs;
  for (Value value : yield->getOperands())
    outputs.push_back(mapping.lookup(value));
  SmallVector<Value> inputs, origins;
  auto addInputs = [&](ValueRange operands, unsigned firstArgument) {
    for (auto [i, operand] : llvm::enumerate(operands))
      if (differentiator.isActive(operand)) {
        inputs.push_back(
            mapping.lookup(forward.getArgument(firstArgument + i)));
        origins.push_back(operand);
      }
  };
  addInputs(op.getGathered(), 0);
  addInputs(op.getAlong(), op.getGathered().size());
  unsigned firstPoint = op.getGathered().size() + op.getAlong().size();
  addInputs(op.getPoints(), firstPoint);
  addInputs(op.getShared(), firstPoint + op.getPoints().size());
  OperandRange stacks = op.getClassParameters(c);
  addInputs(stacks, forward.getNumArguments() - stacks.size());
  SmallVector<Value> results;
  if (failed(differentiator.differentiate(builder, *body, outputs, seeds,
                                          inputs, origins, results)))
    return failure();
  for (auto [result, input] : llvm::zip(results, inputs))
    if (!result)
      result = createZeros(builder, loc, input);
  YieldOp::create(builder, loc, results);
  chooseResiduals(c, forwardOps);
  return success();
}

/// The forward op with the new residuals as row results after its own.
GroupedOp GroupedAdjoint::addRowResults(OpBuilder &builder) {
  SmallVector<Type> added;
  for (Residual &residual : residuals)
    if (residual.result < 0)
      added.push_back(residual.type);
  if (added.empty())
    return op;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  unsigned numRows = op.getRowResults().size();
  SmallVector<Type> types(op.getResultTypes());
  types.insert(types.begin() + numRows, added.begin(), added.end());
  auto replacement = GroupedOp::create(
      builder, op.getLoc(), types, op.getPlan(), op.getGathered(),
      op.getAlong(), op.getPoints(), op.getShared(), op.getParameters(),
      op.getClasses(), op.getParameterCounts(), op.getGradientCounts(),
      op.getRowsPerPoint(), op.getNumPointResults(), bodies.size());
  for (unsigned c = 0; c < bodies.size(); ++c)
    replacement.getBodies()[c].takeBody(op.getBodies()[c]);
  for (unsigned c = 0; c < bodies.size(); ++c) {
    Operation *yield = replacement.getClassBody(c).getTerminator();
    SmallVector<Value> values;
    builder.setInsertionPoint(yield);
    for (Residual &residual : residuals) {
      if (residual.result >= 0)
        continue;
      Value value = residual.values[c];
      if (!value) {
        // Never read; other classes need the result.
        Value row = replacement.getClassBody(c).getArgument(0);
        SmallVector<OpFoldResult> sizes = {
            tensor::getMixedSize(builder, op.getLoc(), row, 0)};
        auto type = cast<RankedTensorType>(residual.type);
        for (int64_t size : type.getShape().drop_front())
          sizes.push_back(builder.getIndexAttr(size));
        value = tensor::EmptyOp::create(builder, op.getLoc(), sizes,
                                        type.getElementType());
      }
      values.push_back(value);
    }
    yield->insertOperands(numRows, values);
  }
  int64_t next = numRows;
  for (Residual &residual : residuals)
    if (residual.result < 0)
      residual.result = next++;
  return replacement;
}

void GroupedAdjoint::dropUnusedOperands() {
  auto drop = [&](SmallVectorImpl<Value> &operands, unsigned first,
                  MutableArrayRef<Region> regions) {
    for (unsigned i = operands.size(); i-- > 0;) {
      if (!llvm::all_of(regions, [&](Region &region) {
            return region.getArgument(first + i).use_empty();
          }))
        continue;
      operands.erase(operands.begin() + i);
      for (Region &region : regions)
        region.eraseArgument(first + i);
    }
  };
  unsigned numRowOperands = gathered.size() + along.size();
  unsigned firstShared = numRowOperands + points.size();
  for (unsigned c = 0; c < bodies.size(); ++c)
    drop(parameters[c], firstShared + shared.size(),
         MutableArrayRef<Region>(bodies[c]));
  drop(shared, firstShared, bodies);
  drop(points, numRowOperands, bodies);
  drop(along, gathered.size(), bodies);
  drop(gathered, 0, bodies);
}

GroupedOp GroupedAdjoint::createAdjoint(OpBuilder &builder, GroupedOp forward) {
  SmallVector<Type> types;
  // Rows that a region yields are dynamic, whatever the operand says.
  auto addRows = [&](ValueRange operands, unsigned firstArgument) {
    for (auto [i, operand] : llvm::enumerate(operands))
      if (differentiator.isActive(operand))
        types.push_back(
            forward.getClassBody(0).getArgument(firstArgument + i).getType());
  };
  addRows(forward.getGathered(), 0);
  addRows(forward.getAlong(), forward.getGathered().size());
  int64_t numPointResults = 0;
  for (Value operand : forward.getPoints())
    if (differentiator.isActive(operand)) {
      types.push_back(operand.getType());
      ++numPointResults;
    }
  SmallVector<int64_t> parameterCounts, gradientCounts;
  SmallVector<Value> stacks;
  for (unsigned c = 0; c < bodies.size(); ++c) {
    llvm::append_range(stacks, parameters[c]);
    parameterCounts.push_back(parameters[c].size());
    gradientCounts.push_back(0);
    int64_t members = forward.getClassMembers(c).size();
    for (Value operand : forward.getShared())
      if (differentiator.isActive(operand)) {
        auto type = cast<RankedTensorType>(operand.getType());
        SmallVector<int64_t> shape(type.getShape());
        shape.insert(shape.begin(), members);
        types.push_back(RankedTensorType::get(shape, type.getElementType()));
        ++gradientCounts.back();
      }
    for (Value stack : forward.getClassParameters(c))
      if (differentiator.isActive(stack)) {
        types.push_back(stack.getType());
        ++gradientCounts.back();
      }
  }
  auto adjoint =
      GroupedOp::create(builder, forward.getLoc(), types, forward.getPlan(),
                        gathered, along, points, shared, stacks,
                        forward.getClasses(), parameterCounts, gradientCounts,
                        forward.getRowsPerPoint(), numPointResults,
                        bodies.size());
  for (unsigned c = 0; c < bodies.size(); ++c)
    adjoint.getBodies()[c].takeBody(bodies[c]);
  return adjoint;
}

/// Gradient `index` of each class, added up over the class's members and over
/// classes in ascending order: one chain of additions, whatever runs when.
Value GroupedAdjoint::sumOverMembers(OpBuilder &builder, GroupedOp adjoint,
                                     unsigned index) {
  Value sum;
  for (unsigned c = 0; c < adjoint.getNumClasses(); ++c) {
    Value stack = adjoint.getClassGradients(c)[index];
    auto type = cast<RankedTensorType>(stack.getType());
    if (!sum) {
      SmallVector<OpFoldResult> sizes;
      for (int64_t size : type.getShape().drop_front())
        sizes.push_back(builder.getIndexAttr(size));
      sum = createZeros(builder, op.getLoc(), sizes, type.getElementType());
    }
    sum = linalg::ReduceOp::create(
              builder, op.getLoc(), stack, sum, ArrayRef<int64_t>{0},
              [](OpBuilder &b, Location l, ValueRange x) {
                Value added = arith::AddFOp::create(b, l, x[1], x[0]);
                linalg::YieldOp::create(b, l, added);
              })
              ->getResult(0);
  }
  return sum;
}

LogicalResult GroupedAdjoint::build(OpBuilder &builder) {
  for (Value operand : op.getShared())
    if (differentiator.isActive(operand) &&
        !cast<RankedTensorType>(operand.getType()).hasStaticShape())
      return op.emitOpError("has no gradient of a shared operand of type ")
             << operand.getType() << ": a sum over members needs a static shape";
  if (failed(checkPlanHasAdjoint(op, op.getPlan())))
    return failure();

  scaffold = GroupedOp::create(
      builder, op.getLoc(), TypeRange(), op.getPlan(), ValueRange(),
      ValueRange(), ValueRange(), ValueRange(), ValueRange(), op.getClasses(),
      ArrayRef<int64_t>(), ArrayRef<int64_t>(), op.getRowsPerPoint(),
      /*num_point_results=*/0, op.getNumClasses());
  bodies = scaffold.getBodies();
  llvm::append_range(gathered, op.getGathered());
  llvm::append_range(along, op.getAlong());
  for (Value cotangent : cotangents.take_front(op.getRowResults().size()))
    if (cotangent)
      along.push_back(cotangent);
  llvm::append_range(points, op.getPoints());
  for (Value result : op.getPointResults())
    if (Value cotangent = cotangents[cast<OpResult>(result).getResultNumber()])
      points.push_back(cotangent);
  llvm::append_range(shared, op.getShared());
  for (unsigned c = 0; c < bodies.size(); ++c) {
    llvm::append_range(parameters.emplace_back(), op.getClassParameters(c));
    for (Value gradient : op.getClassGradients(c))
      if (Value cotangent =
              cotangents[cast<OpResult>(gradient).getResultNumber()])
        parameters.back().push_back(cotangent);
    if (failed(buildBody(builder, c)))
      return failure();
  }
  GroupedOp forward = addRowResults(builder);
  for (const Residual &residual : residuals)
    along.push_back(forward.getOutputs()[residual.result]);
  dropUnusedOperands();
  GroupedOp adjoint = createAdjoint(builder, forward);

  // Cotangents of gathered rows are summed over the row's picks.
  auto result = adjoint.getOutputs().begin();
  for (Value operand : forward.getGathered())
    if (differentiator.isActive(operand))
      differentiator.accumulate(builder, operand,
                                CombineOp::create(builder, op.getLoc(),
                                                  operand.getType(),
                                                  forward.getPlan(), *result++,
                                                  Value(), Compose::Sum));
  for (Value operand : forward.getAlong())
    if (differentiator.isActive(operand))
      differentiator.accumulate(builder, operand, *result++);
  for (Value operand : forward.getPoints())
    if (differentiator.isActive(operand))
      differentiator.accumulate(builder, operand, *result++);
  unsigned numShared = 0;
  for (Value operand : forward.getShared())
    if (differentiator.isActive(operand))
      differentiator.accumulate(builder, operand,
                                sumOverMembers(builder, adjoint, numShared++));
  for (unsigned c = 0; c < bodies.size(); ++c) {
    result = adjoint.getClassGradients(c).begin() + numShared;
    for (Value stack : forward.getClassParameters(c))
      if (differentiator.isActive(stack))
        differentiator.accumulate(builder, stack, *result++);
  }

  if (forward != op) {
    unsigned numRows = op.getRowResults().size();
    unsigned numGradients = op->getNumResults() - numRows;
    SmallVector<Value> values(forward.getOutputs().take_front(numRows));
    llvm::append_range(values, forward.getOutputs().take_back(numGradients));
    differentiator.replace(op, values);
  }
  return success();
}

LogicalResult GroupedOp::buildVJP(OpBuilder &builder,
                                  ArrayRef<Value> cotangents,
                                  Differentiator &differentiator) {
  return GroupedAdjoint(*this, cotangents, differentiator).build(builder);
}
