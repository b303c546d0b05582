//===- GroupedVJP.cpp - Derivative of grouped execution -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The adjoint of a grouped op is a grouped op with the same plan. Its regions
// recompute what is cheap; results of contractions come as extra row results
// of the forward op, in grouped order.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "dialect/VJPBuilders.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
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

  GroupedOp op;
  ArrayRef<Value> cotangents;
  Differentiator &differentiator;
  /// Holds the adjoint's regions until its operands and results are known.
  GroupedOp scaffold;
  /// The adjoint's regions, and its operands as they go along with arguments.
  MutableArrayRef<Region> bodies;
  SmallVector<Value> gathered, along, shared;
  SmallVector<SmallVector<Value>> parameters;
  /// Places of `along` that stand for residuals.
  SmallVector<Residual> residuals;
  unsigned firstResidual = 0;
};

} // namespace

/// Results of `block` whose element i belongs to row i of the member's rows.
static DenseSet<Value> findRowValues(GroupedOp op, Block &block) {
  DenseSet<Value> rows;
  unsigned numRows = op.getGathered().size() + op.getAlong().size();
  rows.insert(block.args_begin(), block.args_begin() + numRows);
  for (Operation &each : block) {
    bool isRow = false;
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(each)) {
      if (!linalgOp.getNumDpsInits() || linalgOp->getNumResults() == 0)
        continue;
      AffineMap out =
          linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
      for (OpOperand *input : linalgOp.getDpsInputOperands()) {
        AffineMap map = linalgOp.getMatchingIndexingMap(input);
        isRow |= rows.contains(input->get()) && map.getNumResults() &&
                 out.getNumResults() && map.getResult(0) == out.getResult(0);
      }
    } else if (each.hasTrait<OpTrait::Elementwise>()) {
      isRow = llvm::any_of(each.getOperands(),
                           [&](Value v) { return rows.contains(v); });
    } else if (isa<LinearOp, SoftmaxOp, LogSoftmaxOp, ReshapeOp, PickOp>(
                   each)) {
      isRow = rows.contains(each.getOperand(0));
    }
    if (isRow)
      rows.insert(each.result_begin(), each.result_end());
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
  addArguments(args.size());
  ResultRange gradients = op.getClassGradients(c);
  for (auto [i, gradient] : llvm::enumerate(gradients)) {
    bool given = bool(cotangents[cast<OpResult>(gradient).getResultNumber()]);
    seeds.push_back(
        given ? body->addArgument(yield->getOperand(numRows + i).getType(), loc)
              : Value());
  }

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
      op.getAlong(), op.getShared(), op.getParameters(), op.getClasses(),
      op.getParameterCounts(), op.getGradientCounts(), bodies.size());
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
  for (unsigned c = 0; c < bodies.size(); ++c)
    drop(parameters[c], numRowOperands + shared.size(),
         MutableArrayRef<Region>(bodies[c]));
  drop(shared, numRowOperands, bodies);
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
  SmallVector<int64_t> parameterCounts, gradientCounts;
  SmallVector<Value> operands = {forward.getPlan()}, stacks;
  llvm::append_range(operands, gathered);
  llvm::append_range(operands, along);
  llvm::append_range(operands, shared);
  for (unsigned c = 0; c < bodies.size(); ++c) {
    llvm::append_range(operands, parameters[c]);
    llvm::append_range(stacks, parameters[c]);
    parameterCounts.push_back(parameters[c].size());
    gradientCounts.push_back(0);
    for (Value stack : forward.getClassParameters(c))
      if (differentiator.isActive(stack)) {
        types.push_back(stack.getType());
        ++gradientCounts.back();
      }
  }
  auto adjoint =
      GroupedOp::create(builder, forward.getLoc(), types, forward.getPlan(),
                        gathered, along, shared, stacks, forward.getClasses(),
                        parameterCounts, gradientCounts, bodies.size());
  for (unsigned c = 0; c < bodies.size(); ++c)
    adjoint.getBodies()[c].takeBody(bodies[c]);
  return adjoint;
}

LogicalResult GroupedAdjoint::build(OpBuilder &builder) {
  for (Value operand : op.getShared())
    if (differentiator.isActive(operand))
      return op.emitOpError(
          "gradient of a shared operand is not supported yet");
  if (failed(checkPlanHasAdjoint(op, op.getPlan())))
    return failure();

  scaffold = GroupedOp::create(
      builder, op.getLoc(), TypeRange(), op.getPlan(), ValueRange(),
      ValueRange(), ValueRange(), ValueRange(), op.getClasses(),
      ArrayRef<int64_t>(), ArrayRef<int64_t>(), op.getNumClasses());
  bodies = scaffold.getBodies();
  llvm::append_range(gathered, op.getGathered());
  llvm::append_range(along, op.getAlong());
  for (Value cotangent : cotangents.take_front(op.getRowResults().size()))
    if (cotangent)
      along.push_back(cotangent);
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
  for (unsigned c = 0; c < bodies.size(); ++c)
    for (Value stack : forward.getClassParameters(c))
      if (differentiator.isActive(stack))
        differentiator.accumulate(builder, stack, *result++);

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
