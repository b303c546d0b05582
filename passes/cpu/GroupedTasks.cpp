//===- GroupedTasks.cpp - Grouped ops as tasks in parallel ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Row results by tasks of some rows of one member, gradients by parts (see
// GroupedGradients.cpp) or by member, points results by point. Which task
// computes an element never changes its order of additions.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "passes/Remarks.h"
#include "passes/cpu/Grouped.h"

using namespace mlir;
using namespace modc;

/// Bytes that one op of a task's body makes; a second-level cache holds a few.
/// With a panel of weights they are 256 KiB.
constexpr int64_t kTaskBytes = 216 << 10;
/// Rows of a tile in registers: all of a task's rows are in full tiles but for
/// the last of a member.
constexpr int64_t kTileRows = 6;
/// Rows from which on it costs little that a panel of weights is copied once a
/// task.
constexpr int64_t kManyRows = 192;
/// Tasks that a batch should have at least, for two threads to share.
constexpr int64_t kTasks = 8;
/// Multiplications of a task that is long beside what it takes to hand it out.
/// Several such tasks may each read weights anew that stay near.
constexpr int64_t kTaskWork = 1 << 19;

int64_t GroupedLowering::largestTask(unsigned c) {
  int64_t bytes = 1;
  auto add = [&](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.getRank() == 0 || !tensor.isDynamicDim(0))
      return;
    int64_t row = llvm::divideCeil(tensor.getElementTypeBitWidth(), 8);
    for (int64_t size : tensor.getShape().drop_front())
      row *= ShapedType::isDynamic(size) ? 1 : size;
    bytes = std::max(bytes, row);
  };
  op.getClassBody(c).walk([&](Operation *inner) {
    for (Type type : inner->getResultTypes())
      add(type);
  });
  int64_t rows =
      std::clamp(kTaskBytes / bytes, rowBlock, std::max(rowBlock, kManyRows));
  // Up, so that rows of a power of two are a power of two of tasks.
  return llvm::alignTo(rows, kTileRows);
}

int64_t GroupedLowering::smallestTask(unsigned c) {
  int64_t smallest = std::min(rowBlock, largestTask(c));
  int64_t weights = 0, bytes = 0;
  for (Type type : op.getClassBody(c).getArgumentTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    if (tensor.getRank() < 2 || !tensor.hasStaticShape())
      continue;
    weights += tensor.getNumElements();
    bytes += tensor.getNumElements() *
             llvm::divideCeil(tensor.getElementTypeBitWidth(), 8);
  }
  if (weights == 0 || bytes > kNearBytes)
    return smallest;
  // A row is multiplied with each weight, at least once.
  int64_t rows = llvm::alignTo(kTaskWork / weights, kTileRows);
  return std::clamp(rows, std::min(2 * kTileRows, smallest), smallest);
}

namespace {

/// Tasks of a class: for each, its place of the member in the class, its first
/// position and the end of the positions that it and the tasks after it share.
struct TaskList {
  Value count, table;
  /// For each place in the class the first task; only where tasks go by points.
  Value starts;
  /// Rows that a task has at most.
  int64_t largest;

  /// Place, first position and number of positions of task t.
  std::array<Value, 3> get(GroupedLowering &lowering, Value t) const;
};

/// min(largest, last - first): an affine.min, so that buffers of a block have
/// a bound.
Value blockSize(TensorBuilder &b, int64_t largest, Value first, Value last) {
  AffineExpr i, j;
  bindDims(b.getContext(), i, j);
  return affine::AffineMinOp::create(
      b,
      AffineMap::get(2, 0, {b.getAffineConstantExpr(largest), j - i},
                     b.getContext()),
      ValueRange{first, last});
}

std::array<Value, 3> TaskList::get(GroupedLowering &lowering, Value t) const {
  TensorBuilder &b = lowering.b;
  std::array<Value, 3> entry;
  for (int64_t k = 0; k < 3; ++k)
    entry[k] = b.toIndex(b.extract(table, {t, b.index(k)}));
  entry[2] = blockSize(b, largest, entry[1], entry[2]);
  return entry;
}

/// Tasks that end with the rows of a point: a row starts one where it is the
/// first of its point or the task before it is full.
TaskList buildPointTasks(GroupedLowering &lowering, unsigned c) {
  TensorBuilder &b = lowering.b;
  Type i32 = b.getI32Type();
  int64_t members = lowering.op.getClassMembers(c).size();
  int64_t largest = lowering.largestTask(c);
  Value zero = b.index(0), one = b.index(1), block = b.index(largest);
  Value table = tensor::EmptyOp::create(
      b, ArrayRef<OpFoldResult>{lowering.positionCount(), b.getIndexAttr(3)},
      i32);
  Value starts = tensor::EmptyOp::create(
      b, ArrayRef<OpFoldResult>{b.getIndexAttr(members + 1)}, i32);
  starts = b.insert(b.integer(i32, 0), starts, zero);
  SmallVector<Value> built = b.loop(
      zero, b.index(members), {table, starts, zero},
      [&](Value slot, ValueRange c0) {
        auto [first, size] = lowering.segmentOf(lowering.memberOf(c, slot));
        // Carried: the table, the number of tasks, the first position of the
        // last one and its point. No task starts behind the last position.
        Value none = lowering.positionCount();
        SmallVector<Value> own = b.loop(
            first, b.add(first, size), {c0[0], c0[2], none, none},
            [&](Value p, ValueRange inner) {
              Value point = lowering.pointOf(p);
              auto compare = [&](arith::CmpIPredicate how, Value x, Value y) {
                return arith::CmpIOp::create(b, how, x, y).getResult();
              };
              Value other = compare(arith::CmpIPredicate::ne, point, inner[3]);
              Value full =
                  compare(arith::CmpIPredicate::eq, b.sub(p, inner[2]), block);
              Value starts = arith::OrIOp::create(b, other, full);
              Value at = arith::SelectOp::create(
                  b, starts, b.add(inner[1], one), inner[1]);
              Value begin = arith::SelectOp::create(b, starts, p, inner[2]);
              Value task = b.sub(at, one), rows = inner[0];
              SmallVector<Value> entry = {slot, begin, b.add(p, one)};
              for (auto [k, value] : llvm::enumerate(entry))
                rows =
                    b.insert(b.toInteger(value, i32), rows, {task, b.index(k)});
              return SmallVector<Value>{rows, at, begin, point};
            });
        Value next =
            b.insert(b.toInteger(own[1], i32), c0[1], b.add(slot, one));
        return SmallVector<Value>{own[0], next, own[1]};
      });
  return {built[2], built[0], built[1], largest};
}

TaskList buildTasks(GroupedLowering &lowering, unsigned c) {
  if (lowering.op.isByPoint())
    return buildPointTasks(lowering, c);
  TensorBuilder &b = lowering.b;
  Type i32 = b.getI32Type();
  int64_t members = lowering.op.getClassMembers(c).size();
  int64_t largest = lowering.largestTask(c);
  int64_t smallest = lowering.smallestTask(c);
  Value zero = b.index(0), one = b.index(1), tile = b.index(kTileRows);
  // Every member may end with a block that is not full.
  AffineExpr s;
  bindSymbols(b.getContext(), s);
  Value positions = lowering.positionCount();
  Value capacity = affine::AffineApplyOp::create(
      b, AffineMap::get(0, 1, s.ceilDiv(smallest) + members), positions);
  Value table = tensor::EmptyOp::create(
      b, ArrayRef<OpFoldResult>{capacity, b.getIndexAttr(3)}, i32);
  // One thread alone needs no more tasks than members.
  Value wanted = b.mul(b.sub(NumWorkersOp::create(b), one), b.index(kTasks));
  wanted = arith::MaxUIOp::create(b, wanted, one);
  wanted = arith::CeilDivUIOp::create(b, positions, wanted);
  wanted = arith::MaxUIOp::create(b, wanted, b.index(smallest));
  wanted = arith::MinUIOp::create(b, wanted, b.index(largest));
  SmallVector<Value> built = b.loop(
      zero, b.index(members), {table, zero}, [&](Value slot, ValueRange c0) {
        Value first, size;
        std::tie(first, size) = lowering.segmentOf(lowering.memberOf(c, slot));
        Value last = b.add(first, size);
        auto compare = [&](arith::CmpIPredicate how, Value x, Value y) {
          return arith::CmpIOp::create(b, how, x, y).getResult();
        };
        // Number of blocks and rows of each but the last. Most members of a
        // large pool have rows for one task, and are spared the divisions.
        SmallVector<Value> parts = b.branch(
            compare(arith::CmpIPredicate::ule, size, wanted),
            [&] {
              Value any = compare(arith::CmpIPredicate::ne, size, zero);
              Value blocks =
                  arith::IndexCastUIOp::create(b, b.getIndexType(), any);
              return SmallVector<Value>{blocks, wanted};
            },
            [&] {
              Value blocks = arith::CeilDivUIOp::create(b, size, wanted);
              Value block = arith::CeilDivUIOp::create(b, size, blocks);
              block = b.mul(arith::CeilDivUIOp::create(b, block, tile), tile);
              blocks = arith::CeilDivUIOp::create(b, size, block);
              return SmallVector<Value>{blocks, block};
            });
        Value blocks = parts[0], block = parts[1];
        return b.loop(zero, blocks, c0, [&](Value i, ValueRange inner) {
          Value begin = b.add(first, b.mul(i, block));
          Value end = arith::MinUIOp::create(b, b.add(begin, block), last);
          Value rows = inner[0], at = inner[1];
          Value task[] = {slot, begin, end};
          for (auto [k, value] : llvm::enumerate(task))
            rows = b.insert(b.toInteger(value, i32), rows, {at, b.index(k)});
          return SmallVector<Value>{rows, b.add(at, one)};
        });
      });
  return {built[1], built[0], Value(), largest};
}

/// Ends a task of `forall` that has computed the slices of `shared` from
/// `first` on, `count` of them.
void insertSlices(TensorBuilder &b, scf::ForallOp forall, Value value,
                  Value shared, Value first, OpFoldResult count) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(forall.getTerminator());
  SmallVector<OpFoldResult> sizes = b.sizes(shared);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  offsets[0] = first;
  sizes[0] = count;
  b.setInsertionPointToEnd(forall.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, value, shared, offsets, sizes,
                                        strides);
}

/// Row results of class c over `results`, and `summands` of its body over
/// the results that follow them.
SmallVector<Value> lowerRows(GroupedLowering &lowering, unsigned c,
                             ValueRange results, ArrayRef<Value> summands) {
  TensorBuilder &b = lowering.b;
  TaskList tasks = buildTasks(lowering, c);
  auto forall = scf::ForallOp::create(b, ArrayRef<OpFoldResult>{tasks.count},
                                      results, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(forall.getTerminator());
  Value t = forall.getInductionVar(0);
  auto [slot, first, count] = tasks.get(lowering, t);
  Operation *yield = lowering.op.getClassBody(c).getTerminator();
  SmallVector<Value> wanted(
      yield->getOperands().take_front(results.size() - summands.size()));
  llvm::append_range(wanted, summands);
  SmallVector<Value> values = lowering.valuesOf(c, slot, first, count, wanted);
  size_t numRows = results.size() - summands.size();
  for (auto [i, value] : llvm::enumerate(values)) {
    Value shared = forall.getRegionIterArgs()[i];
    if (i >= numRows || !lowering.getMover(i)) {
      insertSlices(b, forall, value, shared, first, count);
      continue;
    }
    Value rows = b.rows(lowering.plan.owners, first, count);
    if (value.getType() != shared.getType())
      value = tensor::CastOp::create(b, shared.getType(), value);
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToEnd(forall.getTerminator().getBody());
    ScatterRowsOp::create(b, value, shared, rows);
  }
  return SmallVector<Value>(forall.getResults());
}

/// Gradients of a member of class c: its rows in blocks that continue one sum,
/// so that no buffer grows with the number of rows. `tasks` is empty where
/// blocks are not by point.
SmallVector<Value> sumRows(GroupedLowering &lowering, unsigned c, Value slot,
                           const TaskList &tasks,
                           ArrayRef<Value> destinations) {
  TensorBuilder &b = lowering.b;
  GroupedOp op = lowering.op;
  SmallVector<Value> sums;
  for (Value destination : destinations)
    sums.push_back(b.fill(destination, 0.0));
  size_t numOthers = op.getRowResults().size() + op.getPointResults().size();
  auto addBlock = [&](Value begin, Value count, ValueRange carried) {
    SmallVector<Value> accumulators(op.getPointResults().size());
    llvm::append_range(accumulators, carried);
    SmallVector<Value> values =
        lowering.runBody(c, slot, begin, count, accumulators);
    return SmallVector<Value>(llvm::drop_begin(values, numOthers));
  };
  if (tasks.starts) {
    auto startOf = [&](Value place) {
      return b.toIndex(b.extract(tasks.starts, place));
    };
    return b.loop(startOf(slot), startOf(b.add(slot, b.index(1))), sums,
                  [&](Value t, ValueRange carried) {
                    auto [place, begin, count] = tasks.get(lowering, t);
                    return addBlock(begin, count, carried);
                  });
  }
  auto [first, size] = lowering.segmentOf(lowering.memberOf(c, slot));
  Value begins = first, last = b.add(first, size);
  int64_t largest = lowering.largestTask(c);
  Value block = b.index(largest);
  return b.loop(b.index(0), arith::CeilDivUIOp::create(b, size, block), sums,
                [&](Value i, ValueRange carried) {
                  Value begin = b.add(begins, b.mul(i, block));
                  Value count = blockSize(b, largest, begin, last);
                  return addBlock(begin, count, carried);
                });
}

/// Gradients of a class with one member. A loop over it would fold and leave a
/// copy behind.
SmallVector<Value> lowerOnlyGradients(GroupedLowering &lowering, unsigned c,
                                      const TaskList &tasks) {
  TensorBuilder &b = lowering.b;
  SmallVector<Value> destinations;
  SmallVector<RankedTensorType> types;
  for (Value gradient : lowering.op.getClassGradients(c)) {
    types.push_back(tensorType(gradient));
    destinations.push_back(b.empty(RankedTensorType::get(
        types.back().getShape().drop_front(), types.back().getElementType())));
  }
  SmallVector<Value> sums =
      sumRows(lowering, c, b.index(0), tasks, destinations);
  for (auto [sum, type] : llvm::zip(sums, types)) {
    SmallVector<ReassociationIndices> groups;
    for (int64_t d = 1; d < type.getRank(); ++d)
      groups.push_back(d == 1 ? ReassociationIndices{0, 1}
                              : ReassociationIndices{d});
    sum = tensor::ExpandShapeOp::create(b, type, sum, groups);
  }
  return sums;
}

/// Gradients of class c: one member a task.
SmallVector<Value> lowerGradients(GroupedLowering &lowering, unsigned c) {
  TensorBuilder &b = lowering.b;
  GroupedOp op = lowering.op;
  int64_t members = op.getClassMembers(c).size();
  TaskList tasks;
  if (op.isByPoint())
    tasks = buildTasks(lowering, c);
  if (members == 1)
    return lowerOnlyGradients(lowering, c, tasks);
  SmallVector<Value> outputs;
  for (size_t i = 0; i < op.getClassGradients(c).size(); ++i)
    outputs.push_back(lowering.emptyGradient(c, i));
  auto forall =
      scf::ForallOp::create(b, ArrayRef<OpFoldResult>{b.getIndexAttr(members)},
                            outputs, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(forall.getTerminator());
  Value slot = forall.getInductionVar(0);
  SmallVector<Value> destinations;
  for (BlockArgument shared : forall.getRegionIterArgs())
    destinations.push_back(b.row(shared, slot));
  SmallVector<Value> sums = sumRows(lowering, c, slot, tasks, destinations);
  for (auto [value, shared] : llvm::zip(sums, forall.getRegionIterArgs()))
    insertSlices(b, forall, value, shared, slot, b.getIndexAttr(1));
  return SmallVector<Value>(forall.getResults());
}

/// Points results: one point a task, its rows one after another, each with the
/// members that it chose. A point's rows are few and spread over members, so
/// there is no block to run them in.
SmallVector<Value> lowerPoints(GroupedLowering &lowering) {
  TensorBuilder &b = lowering.b;
  GroupedOp op = lowering.op;
  PlanTensors &plan = lowering.plan;
  size_t numRows = op.getRowResults().size();
  size_t numPoints = op.getPointResults().size();
  SmallVector<Value> outputs;
  for (size_t i = 0; i < numPoints; ++i)
    outputs.push_back(lowering.emptyPointResult(i));
  GroupedLowering::MemberTables tables = lowering.memberTables();
  Value rowsPerPoint = b.index(op.getRowsPerPoint());
  auto forall = scf::ForallOp::create(
      b, ArrayRef<OpFoldResult>{lowering.pointCount()}, outputs, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(forall.getTerminator());
  Value n = forall.getInductionVar(0);
  SmallVector<Value> sums;
  for (BlockArgument shared : forall.getRegionIterArgs())
    sums.push_back(b.fill(b.row(shared, n), 0.0));
  Value first = b.mul(n, rowsPerPoint), zero = b.index(0), one = b.index(1);
  auto addPick = [&](Value r, Value k, ValueRange carried) {
    Value position = b.extract(plan.position, {r, k});
    auto run = [&] {
      Value member = b.toIndex(b.extract(plan.selection, {r, k}));
      Value p = b.toIndex(position);
      return lowering.switchMember(tables, member, [&](unsigned c, Value slot) {
        SmallVector<Value> accumulators(carried);
        accumulators.resize(numPoints + op.getClassGradients(c).size());
        SmallVector<Value> values =
            lowering.runBody(c, slot, p, one, accumulators);
        return SmallVector<Value>(
            ArrayRef<Value>(values).slice(numRows, numPoints));
      });
    };
    if (!plan.once)
      return run();
    Value counts = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, position,
                                         b.integer(b.getI32Type(), 0));
    return b.branch(counts, run, [&] { return SmallVector<Value>(carried); });
  };
  sums = b.loop(first, b.add(first, rowsPerPoint), sums,
                [&](Value r, ValueRange outer) {
                  return b.loop(zero, b.dim(plan.selection, 1), outer,
                                [&](Value k, ValueRange carried) {
                                  return addPick(r, k, carried);
                                });
                });
  for (auto [value, shared] : llvm::zip(sums, forall.getRegionIterArgs()))
    insertSlices(b, forall, value, shared, n, b.getIndexAttr(1));
  return SmallVector<Value>(forall.getResults());
}

} // namespace

SmallVector<Value> modc::lowerGroupedByTasks(GroupedLowering &lowering) {
  GroupedOp op = lowering.op;
  size_t numRows = op.getRowResults().size();
  if (wantsRemarks(op.getContext()))
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
      remarkAnalysis("modular-lower-grouped", "Rows", op)
          << remark::add("a task has at most {0} rows of a member of class {1}",
                         lowering.largestTask(c), c);
  SmallVector<Value> rows, gradients;
  for (size_t i = 0; i < numRows; ++i)
    rows.push_back(lowering.emptyRowResult(i));
  for (unsigned c = 0; c < op.getNumClasses(); ++c) {
    std::optional<RowSums> sums = RowSums::match(lowering, c);
    ArrayRef<Value> summands;
    if (sums)
      summands = sums->getSummands();
    SmallVector<Value> results = rows;
    for (Value summand : summands)
      results.push_back(
          lowering.b.empty(tensorType(summand), lowering.positionCount()));
    if (!results.empty())
      results = lowerRows(lowering, c, results, summands);
    rows.assign(results.begin(), results.begin() + numRows);
    if (sums)
      llvm::append_range(gradients,
                         sums->build(ArrayRef(results).drop_front(numRows)));
    else if (!op.getClassGradients(c).empty())
      llvm::append_range(gradients, lowerGradients(lowering, c));
  }
  SmallVector<Value> results = rows;
  if (!op.getPointResults().empty())
    llvm::append_range(results, lowerPoints(lowering));
  llvm::append_range(results, gradients);
  return results;
}
