//===- GradientStages.cpp - In what order gradients are computed ----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What rows compute is laid down where it is no larger than what it is made of;
// windows, paddings and outer products are followed instead. A sum is laid down
// where an element of it is read more than once.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/GradientStages.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/cpu/Grouped.h"
#include "passes/gpu/ElementBuilder.h"
#include "passes/gpu/ReadValues.h"

using namespace mlir;
using namespace modc;

/// Whether the op only shows its operand in another shape or order.
static bool isView(Operation *op) {
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp,
          ReshapeOp>(op))
    return true;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && generic.getNumReductionLoops() == 0 &&
         generic.getNumDpsInputs() == 1 && generic->getNumResults() == 1 &&
         llvm::hasSingleElement(*generic.getBody()) &&
         generic.getBody()->getTerminator()->getOperand(0) ==
             generic.getBody()->getArgument(0);
}

namespace {

class Finder {
public:
  Finder(GroupedOp op, unsigned c) : body(op.getClassBody(c)) {
    result.rows = analyzeRows(op, c);
    first = op.getRowResults().size() + op.getPointResults().size();
  }

  GradientStages find() {
    auto yields = body.getTerminator()->getOperands().drop_front(first);
    for (Value gradient : yields)
      need(gradient);
    for (Operation &op : body.without_terminator())
      for (Value value : op.getResults())
        if (needed.contains(value))
          place(value, llvm::is_contained(yields, value));
    for (Value gradient : yields)
      result.gradients.push_back(lay(gradient, stageOf.lookup(gradient)));
    for (auto [value, stage] : stageOf)
      if (!llvm::is_contained(yields, value))
        (void)lay(value, stage);
    return std::move(result);
  }

private:
  bool hasRows(Value value) const { return result.rows.get(value).isRows(); }

  std::pair<unsigned, unsigned> lay(Value value, unsigned stage) {
    if (result.stages.size() <= stage)
      result.stages.resize(stage + 1);
    result.stages[stage].push_back(value);
    return {stage, unsigned(result.stages[stage].size() - 1)};
  }

  /// What a gradient is made of, up to the summands.
  void need(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || result.rows.get(value).isCount() || needed.contains(value) ||
        llvm::is_contained(result.summands, value))
      return;
    if (hasRows(value) && !isFollowed(value)) {
      result.summands.push_back(value);
      return;
    }
    needed.insert(value);
    for (Value operand : getReadValues(op))
      need(operand);
  }

  int64_t elementsOfRow(Value value) const {
    RowState state = result.rows.get(value);
    int64_t count = state.multiple;
    for (auto [d, size] :
         llvm::enumerate(cast<RankedTensorType>(value.getType()).getShape()))
      if (int64_t(d) != state.dim && !ShapedType::isDynamic(size))
        count = std::min<int64_t>(count * size, int64_t(1) << 40);
    return count;
  }

  /// Whether sums compute the elements of a value with rows themselves.
  bool isFollowed(Value value) const {
    Operation *op = value.getDefiningOp();
    if (!ElementBuilder::supports(op))
      return false;
    // There are no buffers of truth values.
    if (isView(op) || getElementTypeOrSelf(value.getType()).isInteger(1))
      return true;
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
      Value source = slice.getSource();
      while (source.getDefiningOp() && isView(source.getDefiningOp()))
        source = source.getDefiningOp()->getOperand(0);
      return isa<BlockArgument>(source);
    }
    if (auto generic = dyn_cast<linalg::GenericOp>(op);
        generic && generic.getNumReductionLoops() > 0)
      return false;
    return llvm::all_of(getReadValues(op), [&](Value operand) {
      return !hasRows(operand) || operand.getDefiningOp<tensor::EmptyOp>() ||
             elementsOfRow(operand) < elementsOfRow(value);
    });
  }

  /// Decides whether a value is laid down, and where it can be at the earliest.
  void place(Value value, bool isGradient) {
    Operation *op = value.getDefiningOp();
    unsigned stage = 0;
    bool sums = false;
    for (Value operand : getReadValues(op)) {
      if (auto found = stageOf.find(operand); found != stageOf.end())
        stage = std::max(stage, found->second + 1);
      else
        stage = std::max(stage, earliest.lookup(operand));
      sums |= containsSum.contains(operand) && !stageOf.contains(operand);
    }
    earliest[value] = stage;
    if (!isa<RankedTensorType>(value.getType()) || hasRows(value))
      return;
    auto generic = dyn_cast<linalg::GenericOp>(op);
    sums |= generic && generic.getNumReductionLoops() > 0;
    if (sums)
      containsSum.insert(value);
    if (isGradient || !ElementBuilder::supports(op) ||
        (sums && !isReadOnce(value)))
      stageOf[value] = stage;
  }

  /// Whether one element of another value reads one of this.
  bool isReadOnce(Value value) const {
    OpOperand *read = nullptr;
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (llvm::none_of(user->getResults(),
                        [&](Value v) { return needed.contains(v); }) &&
          user->getBlock() == &body)
        continue;
      if (read || user->getBlock() != &body)
        return false;
      read = &use;
    }
    if (!read || !ElementBuilder::supports(read->getOwner()) ||
        hasRows(read->getOwner()->getResult(0)))
      return false;
    auto reader = dyn_cast<linalg::GenericOp>(read->getOwner());
    if (!reader)
      return true;
    // A sum of sums has enough to do with its own loops.
    if (reader.getNumReductionLoops() > 0 && !reader.isDpsInit(read))
      return false;
    // Loops that the map does not name repeat the read.
    AffineMap map = reader.getMatchingIndexingMap(read);
    SmallVector<int64_t> ranges = reader.getStaticLoopRanges();
    SmallVector<unsigned> loops;
    reader.getParallelDims(loops);
    return llvm::all_of(loops, [&](unsigned d) {
      return ranges[d] == 1 ||
             map.getResultPosition(getAffineDimExpr(d, map.getContext()));
    });
  }

  Block &body;
  size_t first;
  GradientStages result;
  DenseSet<Value> needed, containsSum;
  DenseMap<Value, unsigned> earliest;
  llvm::MapVector<Value, unsigned> stageOf;
};

} // namespace

GradientStages GradientStages::of(GroupedOp op, unsigned c) {
  return Finder(op, c).find();
}
