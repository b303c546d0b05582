//===- SplitGrouped.cpp - Rows and gradients in ops of their own ----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On a device rows are independent work, gradients are sums over rows that
// other invocations have made. What gradients sum becomes row results first.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/cpu/TensorBuilder.h"
#include "passes/gpu/PointKernel.h"

namespace modc {
#define GEN_PASS_DEF_SPLITGROUPEDPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// What the gradients of one class sum, that is no argument of the body.
SmallVector<Value> computedSummands(GroupedOp op, unsigned c) {
  Block &body = op.getClassBody(c);
  size_t first = op.getRowResults().size() + op.getPointResults().size();
  SmallVector<Value> result;
  for (Value gradient : body.getTerminator()->getOperands().drop_front(first))
    if (auto sum = gradient.getDefiningOp<linalg::GenericOp>())
      for (Value input : sum.getDpsInputs()) {
        auto type = dyn_cast<RankedTensorType>(input.getType());
        if (type && type.getRank() > 0 && type.isDynamicDim(0) &&
            !isa<BlockArgument>(input) && !llvm::is_contained(result, input))
          result.push_back(input);
      }
  return result;
}

struct Split {
  GroupedOp op;
  TensorBuilder b;
  SmallVector<SmallVector<Value>> summands;

  explicit Split(GroupedOp op) : op(op), b(op.getLoc(), op.getContext()) {
    b.setInsertionPoint(op);
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
      summands.push_back(computedSummands(op, c));
  }

  /// The row results, and what gradients sum. What another class sums a class
  /// leaves undefined: no sum reads its members' positions.
  GroupedOp buildRows() {
    SmallVector<Type> types(op.getRowResults().getTypes());
    for (auto &values : summands)
      for (Value value : values)
        types.push_back(value.getType());
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
      for (auto [other, list] : llvm::enumerate(summands))
        for (Value value : list)
          values.push_back(other == c
                               ? mapping.lookup(value)
                               : undefined(region.front(), value.getType()));
      llvm::append_range(
          values,
          yield->getOperands().drop_front(numRows).take_front(numPoints));
      yield->setOperands(values);
    }
    return rows;
  }

  /// What nobody reads.
  Value undefined(Block &body, Type type) {
    auto tensor = cast<RankedTensorType>(type);
    Value count = b.dim(body.getArgument(0), 0);
    return b.empty(tensor, count);
  }

  /// The gradients, of the same values in grouped order.
  GroupedOp buildGradients(GroupedOp rows) {
    size_t numRows = op.getRowResults().size();
    size_t numPoints = op.getPointResults().size();
    SmallVector<Value> along(op.getAlong());
    for (auto &values : summands)
      for (size_t i = 0; i < values.size(); ++i)
        along.push_back(rows.getRowResults()[along.size() -
                                             op.getAlong().size() + numRows]);
    SmallVector<Type> types;
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
      llvm::append_range(types, op.getClassGradients(c).getTypes());
    auto gradients = GroupedOp::create(
        b, op.getLoc(), types, op.getPlan(), op.getGathered(), along,
        op.getPoints(), op.getShared(), op.getParameters(), op.getClasses(),
        op.getParameterCounts(), op.getGradientCounts(), op.getRowsPerPoint(),
        /*num_point_results=*/0, op.getNumClasses());
    for (unsigned c = 0; c < op.getNumClasses(); ++c) {
      IRMapping mapping;
      Region &region = gradients.getBodies()[c];
      op.getBodies()[c].cloneInto(&region, mapping);
      Block &body = region.front();
      unsigned place = op.getGathered().size() + op.getAlong().size();
      for (auto [other, list] : llvm::enumerate(summands))
        for (Value value : list) {
          Value argument =
              body.insertArgument(place++, value.getType(), op.getLoc());
          if (other == c)
            mapping.lookup(value).replaceAllUsesWith(argument);
        }
      Operation *yield = body.getTerminator();
      yield->setOperands(SmallVector<Value>(
          yield->getOperands().drop_front(numRows + numPoints)));
      // What only the row results needed.
      SmallVector<Operation *> ops;
      for (Operation &inner : body.without_terminator())
        ops.push_back(&inner);
      for (Operation *inner : llvm::reverse(ops))
        if (isOpTriviallyDead(inner))
          inner->erase();
    }
    return gradients;
  }

  void run() {
    bool hasRows = op.getRowResults().size() + op.getPointResults().size() > 0;
    bool computes = llvm::any_of(
        summands, [](const SmallVector<Value> &list) { return !list.empty(); });
    if (!hasRows && !computes)
      return;
    GroupedOp rows = buildRows(), gradients = buildGradients(rows);
    SmallVector<Value> results(
        rows.getRowResults().take_front(op.getRowResults().size()));
    llvm::append_range(results, rows.getPointResults());
    llvm::append_range(results, gradients.getResults());
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
