//===- LowerUpdates.cpp - Updates where gradients are computed ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-lower-updates: a task that computes a part of a gradient also updates
// that part of the parameter, so that the gradient of a parameter is never in
// memory as a whole. Clipping needs the whole gradient first, and is known when
// a program runs: the same tasks then write their parts, for a loop that
// updates.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/cpu/TaskCloning.h"
#include "passes/cpu/UpdateTasks.h"

namespace modc {
#define GEN_PASS_DEF_LOWERUPDATESPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

using Write = bufferization::MaterializeInDestinationOp;

namespace {

/// An update that can run where its gradient is computed.
struct Fusion {
  UpdateOp update;
  GradientNormOp norm;
  /// The number of the gradient in the norm.
  unsigned number;
  /// Puts the gradient into its arena.
  Write write;
  /// Says which members have a gradient; those that step do. May be null.
  DefinedWhereOp defined;
  /// Computes the gradient, a part in each task, which `insert` ends.
  scf::ForallOp tasks;
  tensor::ParallelInsertSliceOp insert;
  /// The task's slice of the gradient before it is computed.
  SmallVector<tensor::ExtractSliceOp> destinations;
};

} // namespace

/// Whether task t of `tasks` computes part t % parts of slice t / parts.
static bool isByParts(Fusion &fusion) {
  UpdateOp update = fusion.update;
  RankedTensorType type = tensorType(update.getParameter());
  if (!update.getStacked() || type.getRank() < 2)
    return false;
  ArrayRef<int64_t> shape = type.getShape().drop_front();
  SliceParts parts = SliceParts::of(shape);
  std::optional<SmallVector<OpFoldResult>> trips =
      fusion.tasks.getMixedUpperBound();
  if (trips->size() != 1 || !fusion.tasks.isNormalized() ||
      getConstantIntValue((*trips)[0]) != type.getDimSize(0) * parts.count)
    return false;
  SmallVector<OpFoldResult> sizes = fusion.insert.getMixedSizes();
  if (getConstantIntValue(sizes[0]) != 1)
    return false;
  for (auto [size, whole] :
       llvm::zip(ArrayRef(sizes).drop_front(2), shape.drop_front()))
    if (getConstantIntValue(size) != whole)
      return false;
  return parts.count > 1 || getConstantIntValue(sizes[1]) == shape[0];
}

/// Whether `tasks` read `value`, or a view of it.
static bool isReadBy(Value value, scf::ForallOp tasks) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (tasks->isProperAncestor(user))
      return true;
    return isa<tensor::ExtractSliceOp, tensor::CollapseShapeOp,
               tensor::ExpandShapeOp, tensor::CastOp>(user) &&
           isReadBy(user->getResult(0), tasks);
  });
}

/// Why `update` cannot run where its gradient is computed; empty if it can.
static StringRef whyNotFused(UpdateOp update, Fusion &fusion) {
  fusion.update = update;
  fusion.norm = update.getScale().getDefiningOp<GradientNormOp>();
  fusion.write = update.getGradient().getDefiningOp<Write>();
  if (!fusion.norm || !fusion.write)
    return "another program computes the gradient";
  Value gradient = fusion.write.getSource();
  fusion.defined = gradient.getDefiningOp<DefinedWhereOp>();
  if (fusion.defined && gradient.hasOneUse())
    gradient = fusion.defined.getValue();
  fusion.tasks = gradient.getDefiningOp<scf::ForallOp>();
  if (!fusion.tasks) {
    auto generic = gradient.getDefiningOp<linalg::LinalgOp>();
    if (generic && generic.getNumReductionLoops() == 0)
      return "several uses of the parameter add to its gradient";
    return "its gradient is not computed by tasks of members";
  }
  if (fusion.tasks.getNumResults() != 1)
    return "one task computes the gradients of several parameters";
  if (!gradient.hasOneUse())
    return "something else reads its gradient";
  unsigned uses = 0;
  for (auto [i, other] : llvm::enumerate(fusion.norm.getGradients()))
    if (other == update.getGradient()) {
      fusion.number = i;
      ++uses;
    }
  for (Operation *user : fusion.write->getUsers())
    if (user != update && user != fusion.norm && !isa<func::ReturnOp>(user))
      return "something else reads its gradient";
  if (uses != 1 || fusion.norm.getActive()[fusion.number] != update.getActive())
    return "its norm leaves out other members";
  for (Operation &op : fusion.tasks.getTerminator().getYieldingOps())
    fusion.insert = cast<tensor::ParallelInsertSliceOp>(op);
  for (Operation *user : fusion.tasks.getRegionIterArgs()[0].getUsers()) {
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    if (slice && slice.getType() == fusion.insert.getSource().getType())
      fusion.destinations.push_back(slice);
    else if (user != fusion.insert)
      return "its gradient is computed in place";
  }
  if (!isByParts(fusion))
    return "its gradient is split in parts of its own";
  // Bufferization would have them read a copy.
  if (isReadBy(update.getParameter(), fusion.tasks))
    return "what computes its gradient reads the parameter";
  return {};
}

/// The op behind which the parameter and its states may change: what computes
/// the gradient, or their last reader. Null if something reads them after the
/// update.
static Operation *getLastReader(Fusion &fusion) {
  Operation *last = fusion.tasks;
  Block *block = last->getBlock();
  SmallVector<Value> targets = {fusion.update.getParameter()};
  llvm::append_range(targets, fusion.update.getStates());
  for (Value target : targets)
    for (Operation *user : target.getUsers()) {
      Operation *op = block->findAncestorOpInBlock(*user);
      if (op == fusion.update)
        continue;
      if (!op || !op->isBeforeInBlock(fusion.update))
        return nullptr;
      if (last->isBeforeInBlock(op))
        last = op;
    }
  return last;
}

/// The tasks of `fusion` with the update, behind what defines `clips`, which
/// says whether gradients are clipped: the new values of parameter and states,
/// the gradient's arena and the sums of its squares.
static SmallVector<Value> buildTasks(RewriterBase &rewriter, Fusion &fusion,
                                     Value clips) {
  UpdateOp update = fusion.update;
  TensorBuilder b(update.getLoc(), rewriter);
  b.setInsertionPointAfterValue(clips);
  SmallVector<Value> targets = {update.getParameter()};
  llvm::append_range(targets, update.getStates());
  size_t numTargets = targets.size();
  targets.push_back(fusion.write.getDest());
  OpFoldResult trips = fusion.tasks.getMixedUpperBound()[0];
  targets.push_back(b.empty(
      RankedTensorType::get({*getConstantIntValue(trips)}, b.getF64Type())));
  auto forall = scf::ForallOp::create(b, ArrayRef<OpFoldResult>{trips}, targets,
                                      std::nullopt);
  b.setInsertionPoint(forall.getTerminator());

  IRMapping mapping;
  Value task = forall.getInductionVar(0);
  mapping.map(fusion.tasks.getInductionVar(0), task);
  TaskSlice slice = TaskSlice::cloneOf(b, fusion.insert, mapping);
  ValueRange shared = forall.getRegionIterArgs();
  SmallVector<Value> pieces;
  for (Value whole : shared.drop_back())
    pieces.push_back(slice.extractFrom(b, whole));
  pieces.push_back(b.insert(b.real(b.getF64Type(), 0),
                            sliceOne(b, shared.back(), task), b.index(0)));
  // The part of the gradient, which is near as long as the task runs.
  SmallVector<Value> dynamic;
  for (int64_t d = 0; d < slice.type.getRank(); ++d)
    if (slice.type.isDynamicDim(d))
      dynamic.push_back(cast<Value>(slice.sizes[d + 1]));
  Value buffer = b.empty(slice.type, dynamic);
  for (tensor::ExtractSliceOp destination : fusion.destinations)
    mapping.map(destination.getResult(), buffer);

  Value slot = getValueOrCreateConstantIndexOp(b, b.getLoc(), slice.offsets[0]);
  Value active = isActive(b, update.getActive(), slot);
  pieces = runWhen(b, active, true, pieces, [&](ValueRange carried) {
    cloneRest(b, *fusion.tasks.getBody(), mapping);
    Value gradient = mapping.lookup(fusion.insert.getSource());
    Value sum =
        b.insert(buildSquareSum(b, gradient), carried.back(), b.index(0));
    SmallVector<Value> next =
        runWhen(b, clips, false, carried.take_front(numTargets),
                [&](ValueRange values) {
                  Value step = b.extract(update.getSteps(), slot);
                  return buildRule(b, update, step, gradient, values, Value());
                });
    llvm::append_range(
        next,
        runWhen(b, clips, true, carried[numTargets], [&](ValueRange values) {
          return SmallVector<Value>{
              linalg::CopyOp::create(b, gradient, values[0]).getResult(0)};
        }));
    next.push_back(sum);
    return next;
  });

  b.setInsertionPointToEnd(forall.getTerminator().getBody());
  for (auto [piece, whole] :
       llvm::zip(ArrayRef(pieces).drop_back(), shared.drop_back()))
    slice.insertInto(b, piece, whole);
  insertOne(b, pieces.back(), shared.back(), task);
  return SmallVector<Value>(forall.getResults());
}

namespace {

struct LowerUpdatesPass : modc::impl::LowerUpdatesPassBase<LowerUpdatesPass> {
  using LowerUpdatesPassBase::LowerUpdatesPassBase;

  void runOnOperation() override {
    SmallVector<UpdateOp> updates;
    SmallVector<GradientNormOp> norms;
    getOperation()->walk([&](UpdateOp op) { updates.push_back(op); });
    getOperation()->walk([&](GradientNormOp op) { norms.push_back(op); });
    IRRewriter rewriter(&getContext());
    // By norm, the sums of squares that tasks have made.
    DenseMap<Operation *, DenseMap<unsigned, Value>> sums;
    for (UpdateOp update : updates) {
      Fusion fusion;
      StringRef why = fuse ? whyNotFused(update, fusion)
                           : "updates have tasks of their own";
      Value enabled;
      if (why.empty() && !fuseTasks(rewriter, fusion, sums, enabled))
        why = "the parameter is read after it";
      if (why.empty()) {
        ++numFused;
        remarkPassed(getArgument(), "Fused", update)
            << remark::add("runs where its gradient is computed, unless "
                           "clip_norm is above 0");
      } else if (update.getGradient().getDefiningOp()) {
        remarkMissed(getArgument(), "Fused", update)
            << remark::add("the whole gradient is written before it")
            << remark::reason("{0}", why);
      }
      lowerUpdate(rewriter, update, enabled);
    }
    skipUndefinedSlices(rewriter);
    for (GradientNormOp norm : norms)
      lowerGradientNorm(rewriter, norm, sums[norm]);
  }

private:
  void skipUndefinedSlices(RewriterBase &rewriter) {
    SmallVector<DefinedWhereOp> ops;
    getOperation()->walk([&](DefinedWhereOp op) { ops.push_back(op); });
    // Tasks that skip slices do so for all their results.
    DenseSet<Operation *> skipping;
    for (DefinedWhereOp op : ops) {
      if (fuse && !skipping.contains(op.getValue().getDefiningOp())) {
        StringRef why = skipUndefined(rewriter, op);
        if (why.empty()) {
          ++numSkipped;
          skipping.insert(op.getValue().getDefiningOp());
          remarkPassed(getArgument(), "Skipped", op) << remark::add(
              "gradients of members without rows are not written");
        } else {
          remarkMissed(getArgument(), "Skipped", op)
              << remark::add("gradients of members without rows are zeros")
              << remark::reason("{0}", why);
        }
      }
      rewriter.replaceOp(op, op.getValue());
    }
  }

  /// Builds the tasks; `enabled` is then when the update is still to be done.
  bool fuseTasks(RewriterBase &rewriter, Fusion &fusion,
                 DenseMap<Operation *, DenseMap<unsigned, Value>> &sums,
                 Value &enabled) {
    UpdateOp update = fusion.update;
    Operation *last = getLastReader(fusion);
    if (!last)
      return false;
    SetVector<Value> needed;
    needed.insert(update.getActive());
    needed.insert(update.getSteps());
    needed.insert(update.getLr());
    needed.insert(update.getDecay());
    needed.insert(fusion.norm.getClip());
    getUsedValuesDefinedAbove(update->getRegions(), needed);
    // Stands where the tasks will, whatever moves before it.
    Value clip = fusion.norm.getClip();
    rewriter.setInsertionPointAfter(last);
    Value zero = arith::ConstantOp::create(
        rewriter, update.getLoc(), rewriter.getFloatAttr(clip.getType(), 0));
    Operation *place = zero.getDefiningOp();
    if (!llvm::all_of(needed, [&](Value v) { return hoist(v, place); }))
      return false;
    rewriter.setInsertionPointAfter(place);
    enabled = arith::CmpFOp::create(rewriter, update.getLoc(),
                                    arith::CmpFPredicate::OGT, clip, zero);
    SmallVector<Value> results = buildTasks(rewriter, fusion, enabled);
    sums[fusion.norm][fusion.number] = results.pop_back_val();
    rewriter.replaceOp(fusion.write, results.pop_back_val());
    if (fusion.defined)
      rewriter.eraseOp(fusion.defined);
    rewriter.eraseOp(fusion.tasks);
    rewriter.modifyOpInPlace(update, [&] {
      update.getParameterMutable().assign(results.front());
      update.getStatesMutable().assign(ArrayRef(results).drop_front());
    });
    return true;
  }
};

} // namespace
