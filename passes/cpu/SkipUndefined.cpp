//===- SkipUndefined.cpp - Tasks of slices that nobody wants --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A task whose slice of a gradient is undefined (modular.defined_where) writes
// nothing: with 64 members of which two have rows, the zeros of the others
// would take longer than the gradient.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/TaskCloning.h"
#include "passes/cpu/UpdateTasks.h"

using namespace mlir;
using namespace modc;

namespace {

/// A result of tasks that each compute (a part of) one slice of it.
struct SlicedResult {
  tensor::ParallelInsertSliceOp insert;
  /// The task's slice before it is computed.
  SmallVector<tensor::ExtractSliceOp> destinations;
};

} // namespace

static std::optional<SlicedResult>
matchSliced(scf::ForallOp tasks, tensor::ParallelInsertSliceOp insert) {
  SlicedResult result = {insert, {}};
  if (getConstantIntValue(insert.getMixedSizes()[0]) != 1)
    return std::nullopt;
  for (Operation *user : insert.getDest().getUsers()) {
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    if (slice && slice.getType() == insert.getSource().getType() &&
        slice.getMixedOffsets() == insert.getMixedOffsets() &&
        slice.getMixedSizes() == insert.getMixedSizes() &&
        slice->getBlock() == tasks.getBody())
      result.destinations.push_back(slice);
    else if (user != insert)
      return std::nullopt;
  }
  return result;
}

/// Whether every result of `tasks` is defined where `flags` are.
static bool allDefinedWhere(scf::ForallOp tasks, Value flags) {
  return llvm::all_of(tasks.getResults(), [&](Value result) {
    if (!result.hasOneUse())
      return false;
    auto op = dyn_cast<DefinedWhereOp>(*result.getUsers().begin());
    return op && op.getFlags() == flags;
  });
}

StringRef modc::skipUndefined(RewriterBase &rewriter, DefinedWhereOp op) {
  auto tasks = op.getValue().getDefiningOp<scf::ForallOp>();
  if (!tasks) {
    auto generic = op.getValue().getDefiningOp<linalg::LinalgOp>();
    if (generic && generic.getNumReductionLoops() == 0)
      return "several uses of the parameter add to it";
    return "no tasks of members compute it";
  }
  if (!allDefinedWhere(tasks, op.getFlags()))
    return "its tasks compute something else, too";
  SmallVector<SlicedResult> results;
  for (Operation &inner : tasks.getTerminator().getYieldingOps()) {
    auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(inner);
    std::optional<SlicedResult> result;
    if (insert)
      result = matchSliced(tasks, insert);
    if (!result ||
        (!results.empty() &&
         insert.getMixedOffsets()[0] != results[0].insert.getMixedOffsets()[0]))
      return "a task computes parts of several members";
    results.push_back(*result);
  }
  if (!hoist(op.getFlags(), tasks))
    return "what rows choose is known after it";

  TensorBuilder b(tasks.getLoc(), rewriter);
  b.setInsertionPoint(tasks);
  auto guarded = scf::ForallOp::create(
      b, tasks.getMixedLowerBound(), tasks.getMixedUpperBound(),
      tasks.getMixedStep(), tasks.getOutputs(), tasks.getMapping());
  b.setInsertionPoint(guarded.getTerminator());
  IRMapping mapping;
  mapping.map(tasks.getInductionVars(), guarded.getInductionVars());
  SmallVector<TaskSlice> slices;
  SmallVector<Value> pieces, shared;
  for (SlicedResult &result : results) {
    slices.push_back(TaskSlice::cloneOf(b, result.insert, mapping));
    unsigned number =
        cast<BlockArgument>(result.insert.getDest()).getArgNumber();
    shared.push_back(guarded.getBody()->getArgument(number));
    pieces.push_back(slices.back().extractFrom(b, shared.back()));
  }
  Value slot =
      getValueOrCreateConstantIndexOp(b, b.getLoc(), slices[0].offsets[0]);
  Value wanted = arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                                       b.extract(op.getFlags(), slot),
                                       b.integer(b.getI32Type(), 0));
  pieces = runWhen(b, wanted, true, pieces, [&](ValueRange carried) {
    for (auto [result, piece] : llvm::zip(results, carried))
      for (tensor::ExtractSliceOp destination : result.destinations)
        mapping.map(destination.getResult(), piece);
    cloneRest(b, *tasks.getBody(), mapping);
    SmallVector<Value> next;
    for (SlicedResult &result : results)
      next.push_back(mapping.lookupOrDefault(result.insert.getSource()));
    return next;
  });
  b.setInsertionPointToEnd(guarded.getTerminator().getBody());
  for (auto [slice, piece, whole] : llvm::zip(slices, pieces, shared))
    slice.insertInto(b, piece, whole);
  rewriter.replaceOp(tasks, guarded.getResults());
  return {};
}
