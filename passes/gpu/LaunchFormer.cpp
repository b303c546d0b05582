//===- LaunchFormer.cpp - Which ops run in one launch ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums over rows run as late as they can, so that they stand side by side for
// modular-merge-launches.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/LaunchFormer.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/gpu/ElementKernel.h"
#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/LaunchBuffers.h"
#include "passes/gpu/PointKernel.h"
#include "passes/gpu/ReadValues.h"
#include "passes/gpu/TileKernels.h"

using namespace mlir;
using namespace modc;

using Write = bufferization::MaterializeInDestinationOp;

/// Elements of a row that an invocation keeps for itself.
static constexpr int64_t kPrivateElements = 64;

Write modc::writeOf(Value value) {
  for (Operation *user : value.getUsers()) {
    if (auto write = dyn_cast<Write>(user))
      return write;
    if (isa<DefinedWhereOp, tensor::FromElementsOp>(user) &&
        user->getOperand(0) == value)
      if (Write write = writeOf(user->getResult(0)))
        return write;
  }
  return {};
}

/// Whether an op without rows has an invocation for each element: sums over
/// rows, and what is too large for one invocation.
static bool isByElements(Operation *op, const Placement &placement) {
  auto type = op->getNumResults() == 1
                  ? dyn_cast<RankedTensorType>(op->getResult(0).getType())
                  : RankedTensorType();
  if (!type || !type.hasStaticShape() || isCheap(op) || isa<Write>(op))
    return false;
  if (type.getNumElements() > kPrivateElements && hasElements(op))
    return true;
  return isa<linalg::GenericOp>(op) &&
         llvm::any_of(op->getOperands(), [&](Value operand) {
           return placement.get(operand).has_value();
         });
}

namespace {

class Former {
public:
  Former(const Placement &placement, const RunningSums &running,
         unsigned mostBuffers)
      : placement(placement), running(running), mostBuffers(mostBuffers) {}

  LogicalResult run(func::FuncOp program) {
    for (Operation &op : program.getBody().front().without_terminator())
      if (failed(add(&op)))
        return failure();
    splitWideLaunches(launches, mostBuffers);
    delaySums();
    return success();
  }

  SmallVector<Launch> launches;

private:
  /// The last launch that makes something this op reads, and whether it is read
  /// at the same rows only.
  struct Source {
    int launch = -1;
    bool sameRows = true;
  };
  void findSources(Value value, bool sameRows,
                   SmallVectorImpl<Source> &sources) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return;
    auto found = launchOf.find(op);
    if (found != launchOf.end()) {
      sources.push_back({found->second, sameRows});
      return;
    }
    if (!isCheap(op))
      return;
    bool same = sameRows && !isa<TileRowsOp>(op) && !placement.changesRows(op);
    for (Value operand : getReadValues(op))
      findSources(operand, same, sources);
  }

  /// Whether `op` reads row r of this operand for its own row r only.
  bool readsSameRows(Operation *op, Value operand) {
    if (!placement.get(operand))
      return false;
    if (auto take = dyn_cast<TakeRowsOp>(op))
      return operand != take.getInput();
    if (auto sample = dyn_cast<SampleOp>(op))
      return !sample.getRows() || operand != sample.getScores();
    if (auto log = dyn_cast<LogProbabilityOp>(op))
      return !log.getRows() || operand != log.getScores();
    if (auto gates = dyn_cast<GatesOp>(op))
      return !gates.getRows() || operand != gates.getScores();
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      return placement.get(operand)->rows.isOf(placement.get(insert)->rows);
    if (auto stored = dyn_cast<KeepStoredOp>(op))
      return operand == stored.getSelection();
    if (auto combine = dyn_cast<CombineOp>(op))
      return operand == combine.getGates();
    if (auto cotangent = dyn_cast<GateCotangentOp>(op))
      return operand == cotangent.getCotangent();
    if (isa<UniformOp, KeepBestOp, DispatchOp, TileRowsOp, DistinctRowsOp>(op))
      return false;
    // Captured by a body: read wherever it says.
    return llvm::is_contained(op->getOperands(), operand);
  }

  /// Rows too wide for an invocation to keep go through memory, between two
  /// launches or within one.
  LogicalResult add(Operation *op) {
    if (isCheap(op) || isa<bufferization::AllocTensorOp>(op))
      return success();
    SmallVector<Source> sources;
    for (Value operand : getReadValues(op))
      findSources(operand, readsSameRows(op, operand), sources);
    int latest = -1;
    for (Source source : sources)
      latest = std::max(latest, source.launch);
    if (isa<PlanOp>(op))
      return start({Launch::Plan, {}, {op}, 0, 0});
    if (isa<UpdateOp>(op))
      return start({Launch::Update, {}, {op}, 0, 0});
    if (auto norm = dyn_cast<GradientNormOp>(op)) {
      unsigned first = 0;
      do {
        unsigned count = countSquares(norm, first);
        (void)start({Launch::Squares, {}, {op}, first, count});
        first += count;
      } while (first < norm.getGradients().size());
      return start({Launch::Norm, {}, {op}, 0, 0});
    }
    if (auto grouped = dyn_cast<GroupedOp>(op))
      return addGrouped(grouped);
    if (isa<ScanOp>(op))
      return op->emitOpError("is no launch; modular-unroll-scans turns it into "
                             "its steps");
    if (OpResult gradient = running.getAddedGradient(op)) {
      int i = launchOfGradient(gradient);
      launches[i].ops.push_back(op);
      launchOf[op] = i;
      return success();
    }
    if (placement.isByRows(op)) {
      RowCount rows = placement.get(op->getResult(0))->rows;
      if (isTiledProduct(op, placement))
        return start({Launch::Product, rows, {op}, 0, 0});
      for (int i = launches.size() - 1; i >= std::max(latest, 0); --i) {
        bool other = llvm::any_of(sources, [&](Source source) {
          return source.launch == i && !source.sameRows;
        });
        if (launches[i].kind != Launch::Rows || launches[i].rows != rows ||
            other)
          continue;
        launches[i].ops.push_back(op);
        launchOf[op] = i;
        return success();
      }
      return start({Launch::Rows, rows, {op}, 0, 0});
    }
    for (Value operand : op->getOperands())
      if (auto placed = placement.get(operand); placed && placed->rows.distinct)
        return op->emitOpError(
            "sums over distinct rows, but a device has them among all rows");
    bool isStatic = llvm::all_of(op->getResultTypes(), [](Type type) {
      auto shaped = dyn_cast<ShapedType>(type);
      return !shaped || shaped.hasStaticShape();
    });
    if (!isStatic)
      return op->emitOpError("cannot run on a device yet");
    if (isByElements(op, placement) || (running.isPart(op) && hasElements(op)))
      return start({Launch::Elements, {}, {op}, 0, 0});
    if (auto write = dyn_cast<Write>(op); write && isWritten(write)) {
      launchOf[op] = latest;
      return success();
    }
    for (int i = launches.size() - 1; i >= std::max(latest, 0); --i)
      if (launches[i].kind == Launch::Single) {
        launches[i].ops.push_back(op);
        launchOf[op] = i;
        return success();
      }
    return start({Launch::Single, {}, {op}, 0, 0});
  }

  /// Whether the launch that makes the value writes it there.
  bool isWritten(Write write) {
    Operation *op = write.getSource().getDefiningOp();
    while (isa_and_nonnull<DefinedWhereOp, tensor::FromElementsOp>(op))
      op = op->getOperand(0).getDefiningOp();
    auto found = launchOf.find(op);
    return found != launchOf.end() && launches[found->second].writesThere();
  }

  /// Sums over rows run as late as they can: side by side they are one launch.
  void delaySums() {
    for (Launch &launch : launches)
      for (Operation *op : launch.ops) {
        addSources(op, launch);
        addWritten(op, launch);
      }
    for (size_t i = launches.size(); i-- > 0;)
      if ((launches[i].kind == Launch::Elements ||
           launches[i].kind == Launch::Gradient) &&
          !isRunning(launches[i]))
        for (size_t j = i; j + 1 < launches.size() &&
                           !mustFollow(launches[j + 1], launches[j]) &&
                           launches[j + 1].kind != launches[j].kind;
             ++j)
          std::swap(launches[j], launches[j + 1]);
  }

  /// Whether one reads what the other makes, or overwrites what it reads or
  /// writes.
  static bool mustFollow(const Launch &later, const Launch &earlier) {
    auto meet = [](const auto &some, const auto &others) {
      return llvm::any_of(
          some, [&](const auto &one) { return others.contains(one); });
    };
    return meet(earlier.ops, later.sources) ||
           meet(later.written, earlier.arguments) ||
           meet(later.written, earlier.written) ||
           meet(earlier.written, later.arguments);
  }

  /// All ops that `op` reads, through ops that launches have of their own, and
  /// what these read.
  static void addSources(Operation *op, Launch &launch) {
    for (Value operand : getReadValues(op)) {
      Operation *source = operand.getDefiningOp();
      if (!source)
        launch.arguments.insert(operand);
      else if (launch.sources.insert(source).second &&
               (isCheap(source) || isa<Write>(source)))
        addSources(source, launch);
    }
  }

  /// Arguments of the program that results are written to: those that they are
  /// meant for, also as the first steps of a running sum, and those that they
  /// continue in place.
  void addWritten(Operation *op, Launch &launch) {
    auto add = [&](Value value) {
      if (isa_and_nonnull<BlockArgument>(value))
        launch.written.insert(value);
    };
    if (auto write = dyn_cast<Write>(op))
      add(write.getDest());
    for (Value result : op->getResults())
      if (Write write = writeOf(running.getLast(result)))
        add(write.getDest());
    if (auto update = dyn_cast<UpdateOp>(op)) {
      add(update.getParameter());
      for (Value state : update.getStates())
        add(state);
    }
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      for (Value init : generic.getDpsInits())
        add(init);
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      add(insert.getDest());
  }

  /// The gradient of a grouped op is in one launch.
  int launchOfGradient(OpResult gradient) {
    auto op = cast<GroupedOp>(gradient.getOwner());
    int i = launches.size() - 1;
    while (launches[i].kind != Launch::Gradient ||
           launches[i].ops.front() != op ||
           op.getClassGradients(launches[i].classNumber)[launches[i].number] !=
               gradient)
      --i;
    return i;
  }

  /// Steps of running sums stay where they are: those of one step are side by
  /// side, and nothing is beside the sums of several.
  bool isRunning(const Launch &launch) {
    Operation *op = launch.ops.front();
    if (launch.kind == Launch::Elements)
      return running.isPart(op);
    return launch.ops.size() > 1 ||
           running.getContinuation(cast<GroupedOp>(op).getClassGradients(
               launch.classNumber)[launch.number]);
  }

  LogicalResult addGrouped(GroupedOp op) {
    for (Value result : op.getPointResults())
      if (!placement.get(result))
        return op.emitOpError("has ")
               << op.getRowsPerPoint() << " rows a point, but its plan has "
               << placement.rowsOf(op.getPlan()).factor << " for each";
    RowCount positions = placement.positionsOf(op.getPlan());
    bool summands = keepsSummands(op);
    if (!op.getRowResults().empty() || summands)
      (void)start({Launch::Grouped, positions, {op}, 0, 0});
    for (unsigned i = 0; summands && i < op.getPointResults().size(); ++i)
      (void)start({Launch::PointSum, {}, {op}, 0, i});
    if (!summands && !op.getPointResults().empty())
      (void)start({Launch::Points, {}, {op}, 0, 0});
    bool byPoint = hasGradientsByPoint(op);
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
      if (byPoint && !summands && !op.getClassGradients(c).empty())
        (void)start({Launch::Members, {}, {op}, c, 0});
      else
        for (unsigned i = 0; i < op.getClassGradients(c).size(); ++i)
          (void)start({Launch::Gradient, {}, {op}, c, i});
    return success();
  }

  LogicalResult start(Launch launch) {
    for (Operation *op : launch.ops)
      launchOf[op] = launches.size();
    launches.push_back(std::move(launch));
    return success();
  }

  const Placement &placement;
  const RunningSums &running;
  unsigned mostBuffers;
  DenseMap<Operation *, int> launchOf;
};

} // namespace

FailureOr<SmallVector<Launch>> modc::formLaunches(func::FuncOp program,
                                                  const Placement &placement,
                                                  const RunningSums &sums,
                                                  unsigned mostBuffers) {
  Former former(placement, sums, mostBuffers);
  if (failed(former.run(program)))
    return failure();
  return std::move(former.launches);
}
