//===- SplitGrouped.cpp - Rows and gradients in ops of their own ----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On a device rows are independent work, gradients are sums over rows that
// other invocations have made. What gradients sum becomes row results first,
// what they make of sums follows stage by stage.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/cpu/TensorBuilder.h"
#include "passes/gpu/GradientStages.h"
#include "passes/gpu/PointKernel.h"

namespace modc {
#define GEN_PASS_DEF_SPLITGROUPEDPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// A value with its dimensions in another order: dimension i is the old
/// order[i].
Value permute(TensorBuilder &b, Value value, ArrayRef<int64_t> order) {
  auto type = tensorType(value);
  SmallVector<int64_t> shape;
  SmallVector<Value> sizes;
  SmallVector<AffineExpr> exprs(order.size());
  for (auto [i, d] : llvm::enumerate(order)) {
    shape.push_back(type.getDimSize(d));
    if (type.isDynamicDim(d))
      sizes.push_back(b.dim(value, d));
    exprs[d] = b.getAffineDimExpr(i);
  }
  Value empty =
      b.empty(RankedTensorType::get(shape, type.getElementType()), sizes);
  AffineMap map = AffineMap::get(order.size(), 0, exprs, b.getContext());
  return b.generic(value, empty, {map, b.getMultiDimIdentityMap(order.size())},
                   0, [](ValueRange v) { return SmallVector<Value>{v[0]}; })[0];
}

/// A value with rows as what a grouped op takes and gives: one row each in the
/// first dimension.
struct RowForm {
  RankedTensorType type;
  RowState state;

  RowForm(Value value, const RowAnalysis &rows)
      : type(tensorType(value)), state(rows.get(value)) {}
  bool isPlain() const { return state == RowState::rows(); }
  /// The rows before all other dimensions.
  SmallVector<int64_t> order() const {
    SmallVector<int64_t> result = {state.dim};
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (d != state.dim)
        result.push_back(d);
    return result;
  }
  RankedTensorType formType() const {
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    if (state.multiple != 1)
      shape.push_back(state.multiple);
    SmallVector<int64_t> dims = order();
    for (int64_t d : ArrayRef(dims).drop_front())
      shape.push_back(type.getDimSize(d));
    return RankedTensorType::get(shape, type.getElementType());
  }
  SmallVector<ReassociationIndices> groups() const {
    SmallVector<ReassociationIndices> result = {{0, 1}};
    for (int64_t d = 1; d < type.getRank(); ++d)
      result.push_back({d + 1});
    return result;
  }
  Value to(TensorBuilder &b, Value value, Value count) const {
    if (isPlain())
      return value;
    if (state.dim != 0)
      value = permute(b, value, order());
    if (state.multiple == 1)
      return value;
    RankedTensorType form = formType();
    SmallVector<OpFoldResult> sizes =
        getAsIndexOpFoldResult(b.getContext(), form.getShape());
    sizes[0] = count;
    return tensor::ExpandShapeOp::create(b, form, value, groups(), sizes);
  }
  Value from(TensorBuilder &b, Value value) const {
    if (state.multiple != 1)
      value = tensor::CollapseShapeOp::create(b, value, groups());
    if (state.dim == 0)
      return value;
    SmallVector<int64_t> back(type.getRank());
    for (auto [i, d] : llvm::enumerate(order()))
      back[d] = i;
    return permute(b, value, back);
  }
};

struct Split {
  GroupedOp op;
  TensorBuilder b;
  SmallVector<GradientStages> classes;
  SmallVector<GroupedOp> made;

  explicit Split(GroupedOp op) : op(op), b(op.getLoc(), op.getContext()) {
    b.setInsertionPoint(op);
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
      classes.push_back(GradientStages::of(op, c));
  }

  /// The row results, and what gradients sum. What another class sums a class
  /// leaves undefined: no sum reads its members' positions.
  GroupedOp buildRows() {
    SmallVector<Type> types(op.getRowResults().getTypes());
    for (GradientStages &each : classes)
      for (Value value : each.summands)
        types.push_back(RowForm(value, each.rows).formType());
    llvm::append_range(types, op.getPointResults().getTypes());
    SmallVector<int64_t> none(op.getNumClasses(), 0);
    auto rows = GroupedOp::create(
        b, op.getLoc(), types, op.getPlan(), op.getGathered(), op.getAlong(),
        op.getPoints(), op.getShared(), op.getParameters(), op.getClasses(),
        op.getParameterCounts(), none, op.getRowsPerPoint(),
        op.getNumPointResults(), op.getNumClasses());
    size_t numRows = op.getRowResults().size();
    size_t numPoints = op.getPointResults().size();
    for (unsigned c = 0; c < op.getNumClasses(); ++c) {
      IRMapping mapping;
      Region &region = rows.getBodies()[c];
      op.getBodies()[c].cloneInto(&region, mapping);
      Operation *yield = region.front().getTerminator();
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(yield);
      SmallVector<Value> values(yield->getOperands().take_front(numRows));
      for (auto [other, each] : llvm::enumerate(classes))
        for (Value value : each.summands) {
          RowForm form(value, each.rows);
          Value count = b.dim(region.front().getArgument(0), 0);
          values.push_back(other == c ? form.to(b, mapping.lookup(value), count)
                                      : b.empty(form.formType(), count));
        }
      llvm::append_range(
          values,
          yield->getOperands().drop_front(numRows).take_front(numPoints));
      yield->setOperands(values);
    }
    return rows;
  }

  /// Whether a later stage may read a value.
  static bool isRead(Value value) {
    return llvm::any_of(value.getUsers(), [](Operation *user) {
      return !user->hasTrait<OpTrait::IsTerminator>();
    });
  }

  /// What one stage computes, of the same values in grouped order and what
  /// earlier stages have made.
  GroupedOp buildStage(unsigned stage, ValueRange along) {
    SmallVector<Type> types;
    SmallVector<Value> parameters;
    SmallVector<int64_t> parameterCounts, gradientCounts;
    // For each class values of its body, in the order of the new parameters.
    SmallVector<SmallVector<Value>> before(classes.size());
    for (auto [c, each] : llvm::enumerate(classes)) {
      llvm::append_range(parameters, op.getClassParameters(c));
      for (unsigned s = 0; s < std::min<size_t>(stage, each.stages.size()); ++s)
        for (auto [i, value] : llvm::enumerate(each.stages[s]))
          if (isRead(value) && !llvm::is_contained(before[c], value)) {
            before[c].push_back(value);
            parameters.push_back(made[s].getClassGradients(c)[i]);
          }
      parameterCounts.push_back(op.getClassParameters(c).size() +
                                before[c].size());
      gradientCounts.push_back(0);
      if (stage >= each.stages.size())
        continue;
      for (Value value : each.stages[stage]) {
        SmallVector<int64_t> shape(tensorType(value).getShape());
        shape.insert(shape.begin(), op.getClassMembers(c).size());
        types.push_back(
            RankedTensorType::get(shape, tensorType(value).getElementType()));
        ++gradientCounts.back();
      }
    }
    auto gradients = GroupedOp::create(
        b, op.getLoc(), types, op.getPlan(), op.getGathered(), along,
        op.getPoints(), op.getShared(), parameters, op.getClasses(),
        parameterCounts, gradientCounts, op.getRowsPerPoint(),
        /*num_point_results=*/0, op.getNumClasses());
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
      fillStage(gradients.getBodies()[c], c, stage, before[c]);
    return gradients;
  }

  void fillStage(Region &region, unsigned c, unsigned stage,
                 ArrayRef<Value> before) {
    IRMapping mapping;
    op.getBodies()[c].cloneInto(&region, mapping);
    Block &body = region.front();
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&body);
    Operation *yield = body.getTerminator();
    SmallVector<Value> yielded;
    if (stage < classes[c].stages.size())
      for (Value value : classes[c].stages[stage])
        yielded.push_back(mapping.lookup(value));
    yield->setOperands(yielded);
    unsigned place = op.getGathered().size() + op.getAlong().size();
    for (auto [other, each] : llvm::enumerate(classes))
      for (Value value : each.summands) {
        RowForm form(value, each.rows);
        Value argument =
            body.insertArgument(place++, form.formType(), op.getLoc());
        if (other == c)
          mapping.lookup(value).replaceAllUsesWith(form.from(b, argument));
      }
    for (Value value : before)
      mapping.lookup(value).replaceAllUsesWith(
          body.addArgument(value.getType(), op.getLoc()));
    // What only the row results or other stages needed.
    SmallVector<Operation *> ops;
    for (Operation &inner : body.without_terminator())
      ops.push_back(&inner);
    for (Operation *inner : llvm::reverse(ops))
      if (isOpTriviallyDead(inner))
        inner->erase();
  }

  void run() {
    size_t numRows = op.getRowResults().size();
    bool computes = numRows + op.getPointResults().size() > 0;
    size_t numStages = 0;
    for (GradientStages &each : classes) {
      computes |= !each.summands.empty();
      numStages = std::max(numStages, each.stages.size());
    }
    if (!computes && numStages <= 1)
      return;
    SmallVector<Value> results, along(op.getAlong());
    if (computes) {
      GroupedOp rows = buildRows();
      llvm::append_range(results, rows.getRowResults().take_front(numRows));
      llvm::append_range(along, rows.getRowResults().drop_front(numRows));
      llvm::append_range(results, rows.getPointResults());
    }
    for (unsigned stage = 0; stage < numStages; ++stage)
      made.push_back(buildStage(stage, along));
    for (auto [c, each] : llvm::enumerate(classes))
      for (auto [stage, place] : each.gradients)
        results.push_back(made[stage].getClassGradients(c)[place]);
    op.replaceAllUsesWith(results);
    op.erase();
  }
};

struct SplitGroupedPass
    : public modc::impl::SplitGroupedPassBase<SplitGroupedPass> {
  using SplitGroupedPassBase::SplitGroupedPassBase;

  void runOnOperation() override {
    SmallVector<GroupedOp> ops;
    getOperation()->walk([&](GroupedOp op) {
      if (hasGradientsByPoint(op))
        return;
      for (unsigned c = 0; c < op.getNumClasses(); ++c)
        if (!op.getClassGradients(c).empty()) {
          ops.push_back(op);
          return;
        }
    });
    for (GroupedOp op : ops) {
      ++numSplit;
      Split(op).run();
    }
  }
};

} // namespace
