//===- FormLaunches.cpp - Which ops run in one launch ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops are taken in order. One that works row by row joins the last launch over
// the same rows that all its operands are ready for; what makes rows of another
// kind, or reads other rows, starts a new one. A program becomes calls of
// functions, in order.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/OpNames.h"
#include "passes/Passes.h"
#include "passes/cpu/abi/SizeFormula.h"
#include "passes/gpu/ElementKernel.h"
#include "passes/gpu/TileKernels.h"

namespace modc {
#define GEN_PASS_DEF_FORMLAUNCHESPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

using Write = bufferization::MaterializeInDestinationOp;

namespace {

/// Elements of a row that an invocation keeps for itself.
constexpr int64_t kPrivateElements = 64;

struct Launch {
  enum Kind {
    /// An invocation a row.
    Rows,
    /// The same, of one op: a matrix product, by tiles.
    Product,
    /// An invocation a position of a plan; one grouped op.
    Grouped,
    /// A plan, by one invocation.
    Plan,
    /// Everything by one invocation: small tensors of fixed size.
    Single,
    /// An invocation an element: one op.
    Elements,
    /// The same, for each gradient of a grouped op.
    Gradient,
    Update,
    /// Sums of squares for a norm, an invocation a part; then the norm.
    Squares,
    Norm
  };
  Kind kind;
  RowCount rows;
  SmallVector<Operation *> ops;
  /// Of a Gradient: class and number.
  unsigned classNumber = 0, number = 0;
  /// Whose results it reads.
  DenseSet<Operation *> sources = {};
};

/// The op that writes a value to where the program wants it; null if there is
/// none, or something in between.
Write writeOf(Value value) {
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

/// Whether the launch that makes a value writes it: those of one op do.
bool isOwn(Write write) {
  Value source = write.getSource();
  while (Operation *op = source.getDefiningOp()) {
    if (!isa<DefinedWhereOp, tensor::FromElementsOp>(op))
      break;
    source = op->getOperand(0);
  }
  Operation *op = source.getDefiningOp();
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  return isa_and_nonnull<GroupedOp, UpdateOp, GradientNormOp>(op) ||
         (generic && generic.getNumReductionLoops() > 0);
}

class Former {
public:
  Former(func::FuncOp program, const Placement &placement)
      : program(program), placement(placement) {}

  LogicalResult run() {
    for (Operation &op : program.getBody().front().without_terminator())
      if (failed(add(&op)))
        return failure();
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
    bool same = sameRows && !isa<TileRowsOp>(op);
    for (Value operand : operandsOf(op))
      findSources(operand, same, sources);
  }

  static SetVector<Value> operandsOf(Operation *op) {
    SetVector<Value> result(op->operand_begin(), op->operand_end());
    for (Region &region : op->getRegions())
      getUsedValuesDefinedAbove(region, result);
    return result;
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
      return placement.get(operand)->rows == placement.get(insert)->rows;
    if (auto stored = dyn_cast<KeepStoredOp>(op))
      return operand == stored.getSelection();
    if (auto combine = dyn_cast<CombineOp>(op))
      return operand == combine.getGates();
    if (auto cotangent = dyn_cast<GateCotangentOp>(op))
      return operand == cotangent.getCotangent();
    if (isa<UniformOp, KeepBestOp, DispatchOp, TileRowsOp>(op))
      return false;
    // Captured by a body: read wherever it says.
    return llvm::is_contained(op->getOperands(), operand);
  }

  /// Rows too wide for an invocation to keep go through memory, between two
  /// launches or within one.
  LogicalResult add(Operation *op) {
    if (isCheap(op))
      return success();
    SmallVector<Source> sources;
    for (Value operand : operandsOf(op))
      findSources(operand, readsSameRows(op, operand), sources);
    int latest = -1;
    for (Source source : sources)
      latest = std::max(latest, source.launch);
    if (isa<PlanOp>(op))
      return start({Launch::Plan, {}, {op}, 0, 0});
    if (isa<UpdateOp>(op))
      return start({Launch::Update, {}, {op}, 0, 0});
    if (isa<GradientNormOp>(op)) {
      (void)start({Launch::Squares, {}, {op}, 0, 0});
      return start({Launch::Norm, {}, {op}, 0, 0});
    }
    if (auto grouped = dyn_cast<GroupedOp>(op))
      return addGrouped(grouped);
    if (isa<ScanOp>(op))
      return op->emitOpError("cannot run on a device yet");
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
    bool isStatic = llvm::all_of(op->getResultTypes(), [](Type type) {
      auto shaped = dyn_cast<ShapedType>(type);
      return !shaped || shaped.hasStaticShape();
    });
    if (!isStatic)
      return op->emitOpError("cannot run on a device yet");
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    auto generic = dyn_cast<linalg::GenericOp>(op);
    bool sums = llvm::any_of(op->getOperands(), [&](Value operand) {
      return placement.get(operand).has_value();
    });
    if (generic && generic->getNumResults() == 1 &&
        (sums || type.getNumElements() > kPrivateElements))
      return start({Launch::Elements, {}, {op}, 0, 0});
    if (auto write = dyn_cast<Write>(op); write && isOwn(write)) {
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

  /// Sums over rows run as late as they can: side by side they are one launch.
  void delaySums() {
    for (Launch &launch : launches)
      for (Operation *op : launch.ops)
        addSources(op, launch.sources);
    for (size_t i = launches.size(); i-- > 0;)
      if (launches[i].kind == Launch::Elements ||
          launches[i].kind == Launch::Gradient)
        for (size_t j = i;
             j + 1 < launches.size() && !reads(launches[j + 1], launches[j]) &&
             launches[j + 1].kind != launches[j].kind;
             ++j)
          std::swap(launches[j], launches[j + 1]);
  }

  static bool reads(const Launch &reader, const Launch &maker) {
    return llvm::any_of(
        maker.ops, [&](Operation *op) { return reader.sources.contains(op); });
  }

  /// All ops that `op` reads, through ops that launches have of their own.
  static void addSources(Operation *op, DenseSet<Operation *> &sources) {
    for (Value operand : operandsOf(op))
      if (Operation *source = operand.getDefiningOp())
        if (sources.insert(source).second &&
            (isCheap(source) || isa<Write>(source)))
          addSources(source, sources);
  }

  LogicalResult addGrouped(GroupedOp op) {
    if (op.isByPoint())
      return op.emitOpError("with operands or results by points cannot run on "
                            "a device yet");
    if (!op.getRowResults().empty())
      return start(
          {Launch::Grouped, placement.get(op.getResult(0))->rows, {op}, 0, 0});
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
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

  func::FuncOp program;
  const Placement &placement;
  DenseMap<Operation *, int> launchOf;
};

/// Replaces the ops of a program by calls.
class Caller {
public:
  Caller(ModuleOp module, func::FuncOp program, const Placement &placement,
         ArrayRef<Launch> launches)
      : module(module), program(program), placement(placement),
        launches(launches), b(program.getLoc(), module.getContext()) {}

  LogicalResult run();

private:
  using Outputs = SmallVector<Value>;
  Outputs outputsOf(const Launch &launch);
  bool isReadElsewhere(Value value, const Launch &launch);
  LogicalResult call(const Launch &launch);
  FailureOr<SmallVector<Value>>
  emit(const Launch &launch, KernelFunction &kernel, ArrayRef<Value> outputs);
  /// No tensor.empty: equal ones would become one.
  Value allocate(RankedTensorType type, ValueRange sizes) {
    return bufferization::AllocTensorOp::create(b, type, sizes);
  }
  Value initOf(Value output, const Launch &launch);
  Value destinationOf(Value output, const Launch &launch,
                      RankedTensorType type);
  Value argumentFor(const KernelInput &input);
  Value sizeOf(RowCount count);
  Value tensorFor(Value value);

  ModuleOp module;
  func::FuncOp program;
  const Placement &placement;
  ArrayRef<Launch> launches;
  TensorBuilder b;
  llvm::StringMap<unsigned> names;
  /// Tensors that stand for values of the program; parts of plans by number.
  DenseMap<std::pair<Value, int>, Value> made;
};

Value Caller::sizeOf(RowCount count) {
  Value result = b.index(count.factor);
  if (count.points) {
    Value points;
    for (BlockArgument argument : program.getArguments()) {
      unsigned i = argument.getArgNumber();
      auto rows = program.getArgAttrOfType<StringAttr>(i, kRows);
      if (!points && rows && rows.getValue() == "N")
        points = b.dim(argument, 0);
    }
    result = b.mul(result, points);
  }
  if (count.candidates)
    for (BlockArgument argument : program.getArguments()) {
      auto name =
          program.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kName);
      if (argument.getType().isIndex() && name && name.getValue() == "S")
        result = b.mul(result, argument);
    }
  return result;
}

Value Caller::tensorFor(Value value) {
  if (Value tensor = made.lookup({value, -1}))
    return tensor;
  return value;
}

Value Caller::argumentFor(const KernelInput &input) {
  if (input.size)
    return sizeOf(*input.size);
  if (input.part >= 0)
    return made.lookup({input.value, input.part});
  return tensorFor(input.value);
}

bool Caller::isReadElsewhere(Value value, const Launch &launch) {
  SmallVector<Value> list = {value};
  while (!list.empty()) {
    Value next = list.pop_back_val();
    for (Operation *user : next.getUsers()) {
      Operation *top = program.getBody().front().findAncestorOpInBlock(*user);
      if (top->hasTrait<OpTrait::IsTerminator>())
        return true;
      if (llvm::is_contained(launch.ops, top))
        continue;
      if (!isCheap(top))
        return true;
      llvm::append_range(list, top->getResults());
    }
  }
  return false;
}

Caller::Outputs Caller::outputsOf(const Launch &launch) {
  Outputs outputs;
  if (launch.kind == Launch::Gradient) {
    auto op = cast<GroupedOp>(launch.ops.front());
    outputs.push_back(op.getClassGradients(launch.classNumber)[launch.number]);
    return outputs;
  }
  if (launch.kind == Launch::Update)
    return Outputs(launch.ops.front()->getResults());
  for (Operation *op : launch.ops)
    for (Value result : op->getResults())
      if (isReadElsewhere(result, launch))
        outputs.push_back(result);
  return outputs;
}

/// The tensor from outside of the launch that an output continues in place:
/// columns of choices are inserted, steps are counted.
Value Caller::initOf(Value output, const Launch &launch) {
  Operation *op = output.getDefiningOp();
  Value init;
  if (isa<UpdateOp>(op))
    return {};
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    init = insert.getDest();
  else if (auto generic = dyn_cast<linalg::GenericOp>(op))
    init = generic.getDpsInits()[cast<OpResult>(output).getResultNumber()];
  // Through earlier insertions of the same launch.
  while (init && llvm::is_contained(launch.ops, init.getDefiningOp())) {
    auto insert = init.getDefiningOp<tensor::InsertSliceOp>();
    init = insert ? insert.getDest() : Value();
  }
  if (init && init.getDefiningOp<tensor::InsertSliceOp>() &&
      made.contains({init, -1}))
    return init;
  return init && isa<BlockArgument>(init) ? init : Value();
}

/// Where a result is written: to an argument of the program if it belongs
/// there.
Value Caller::destinationOf(Value output, const Launch &launch,
                            RankedTensorType type) {
  if (auto write = output.getDefiningOp<Write>())
    return tensorFor(write.getDest());
  if (launch.kind != Launch::Rows && launch.kind != Launch::Single &&
      launch.kind != Launch::Product && launch.kind != Launch::Grouped)
    if (Write write = writeOf(output))
      return tensorFor(write.getDest());
  if (auto update = output.getDefiningOp<UpdateOp>()) {
    unsigned number = cast<OpResult>(output).getResultNumber();
    return tensorFor(number == 0 ? update.getParameter()
                                 : update.getStates()[number - 1]);
  }
  if (Value init = initOf(output, launch))
    return tensorFor(init);
  SmallVector<Value> sizes;
  if (auto placed = placement.get(output)) {
    RowCount count = placed->rows;
    count.factor *= placed->multiple;
    if (type.getNumDynamicDims() == 1)
      sizes.push_back(sizeOf(count));
  }
  return allocate(type, sizes);
}

FailureOr<SmallVector<Value>> Caller::emit(const Launch &launch,
                                           KernelFunction &kernel,
                                           ArrayRef<Value> outputs) {
  Operation *op = launch.ops.front();
  switch (launch.kind) {
  case Launch::Grouped:
  case Launch::Product:
  case Launch::Rows: {
    Value self = kernel.beginLoop(launch.rows);
    RowKernel rows(kernel, placement, launch.ops, self);
    for (auto [i, output] : llvm::enumerate(outputs))
      if (Value init = initOf(output, launch))
        rows.tie(init, i);
    if (failed(rows.emit(launch.ops)))
      return failure();
    for (auto [i, output] : llvm::enumerate(outputs)) {
      Value value = rows.result(output);
      Placed placed = *placement.get(output);
      RankedTensorType type = tensorType(value);
      TensorBuilder &kb = kernel.b;
      SmallVector<OpFoldResult> offsets(type.getRank(), kb.getIndexAttr(0));
      offsets[placed.dim] = kb.mul(self, kb.index(placed.multiple));
      SmallVector<OpFoldResult> sizes;
      for (int64_t size : type.getShape())
        sizes.push_back(kb.getIndexAttr(size));
      kernel.write(value, i, offsets, sizes);
    }
    if (outputs.size() == 1) {
      auto grouped = dyn_cast<GroupedOp>(op);
      if (launch.kind == Launch::Product)
        setProductKernel(kernel, op, launch.rows);
      else if (grouped && isTiledGrouped(grouped))
        setGroupedKernel(kernel, grouped, launch.rows);
    }
    return SmallVector<Value>();
  }
  case Launch::Elements:
    if (failed(emitElements(kernel, placement, cast<linalg::GenericOp>(op))))
      return failure();
    return SmallVector<Value>();
  case Launch::Gradient:
    if (failed(emitMemberGradient(kernel, placement, cast<GroupedOp>(op),
                                  launch.classNumber, launch.number)))
      return failure();
    setGradientKernel(kernel, cast<GroupedOp>(op), launch.classNumber,
                      launch.number);
    return SmallVector<Value>();
  case Launch::Update:
    emitUpdate(kernel, cast<UpdateOp>(op));
    return SmallVector<Value>();
  case Launch::Norm: {
    auto norm = cast<GradientNormOp>(op);
    SmallVector<Value> values = emitGradientNorm(
        kernel, norm, kernel.part(norm.getNorm(), 0, squareSumsType(norm)));
    SmallVector<Value> wanted;
    for (Value output : outputs)
      wanted.push_back(values[cast<OpResult>(output).getResultNumber()]);
    return wanted;
  }
  case Launch::Squares:
  case Launch::Plan:
    llvm_unreachable("plans have no outputs of their own");
  case Launch::Single: {
    SmallVector<Value> results;
    for (auto [i, output] : llvm::enumerate(outputs))
      if (Value init = initOf(output, launch))
        kernel.mapping().map(init, kernel.destination(i));
    for (Operation *inner : launch.ops) {
      kernel.b.setLoc(inner->getLoc());
      if (auto write = dyn_cast<Write>(inner)) {
        kernel.mapping().map(write.getResult(),
                             kernel.whole(write.getSource()));
        continue;
      }
      Operation *clone = kernel.cloneWhole(inner);
      kernel.mapping().map(inner->getResults(), clone->getResults());
    }
    for (Value output : outputs) {
      Value value = kernel.mapping().lookup(output);
      if (!isa<RankedTensorType>(value.getType()))
        value = kernel.b.insert(value,
                                kernel.b.empty(tensorTypeOf(value.getType())),
                                kernel.b.index(0));
      results.push_back(value);
    }
    return results;
  }
  }
  llvm_unreachable("unknown kind of launch");
}

LogicalResult Caller::call(const Launch &launch) {
  Operation *op = launch.ops.front();
  StringRef label = opNameOf(op->getLoc());
  std::string name =
      (program.getName() + "." + (label.empty() ? describeOp(op) : label))
          .str();
  if (unsigned number = names[name]++)
    name += "." + std::to_string(number);
  KernelFunction kernel(module, name, op->getLoc(), placement);
  b.setLoc(op->getLoc());

  Outputs outputs =
      launch.kind == Launch::Plan || launch.kind == Launch::Squares
          ? Outputs()
          : outputsOf(launch);
  SmallVector<Value> destinations;
  SmallVector<std::pair<Value, int>> keys;
  if (auto plan = dyn_cast<PlanOp>(op)) {
    auto type = cast<PlanType>(plan.getType());
    RowCount rows = placement.rowsOf(plan);
    for (int part = 0; part < kPlanParts; ++part) {
      RankedTensorType partType = planPartType(type, part, b.getContext());
      RowCount count = rows;
      if (part < 2)
        count.factor *= int64_t(type.getChoose());
      kernel.addDestination(partType);
      SmallVector<Value> sizes;
      if (part != 2)
        sizes.push_back(sizeOf(count));
      destinations.push_back(allocate(partType, sizes));
      keys.push_back({plan, part});
    }
    TensorBuilder &kb = kernel.b;
    Value selection = kernel.whole(plan.getSelection());
    Value operandRows = plan.getRows() ? kernel.whole(plan.getRows()) : Value();
    Value tensor = FromSelectionOp::create(
        kb, tensorTypeOf(plan.getSelection().getType()), selection);
    SmallVector<Value> parts = buildPlanInto(
        kb, plan, tensor, operandRows,
        kernel.function.getBody().front().getArguments().take_front(
            kPlanParts));
    setPlanKernel(kernel, plan);
    kernel.finish(parts, /*inPlace=*/true);
  } else if (launch.kind == Launch::Squares) {
    auto norm = cast<GradientNormOp>(op);
    RankedTensorType type = squareSumsType(norm);
    kernel.addDestination(type);
    destinations.push_back(allocate(type, {}));
    keys.push_back({norm.getNorm(), 0});
    emitSquareSums(kernel, norm);
    kernel.finish();
  } else {
    for (Value output : outputs) {
      RankedTensorType type = tensorTypeOf(output.getType());
      kernel.addDestination(type);
      destinations.push_back(destinationOf(output, launch, type));
      keys.push_back({output, -1});
    }
    auto results = emit(launch, kernel, outputs);
    if (failed(results))
      return failure();
    if (launch.kind == Launch::Single || launch.kind == Launch::Norm)
      kernel.finish(*results, /*inPlace=*/false);
    else
      kernel.finish();
  }
  SmallVector<Value> operands = destinations;
  for (const KernelInput &input : kernel.inputs)
    operands.push_back(argumentFor(input));
  if (llvm::is_contained(operands, Value()))
    return op->emitOpError("reads a plan that no launch has made");
  auto call = func::CallOp::create(b, kernel.function, operands);
  for (auto [key, result] : llvm::zip(keys, call.getResults())) {
    made[key] = result;
    if (key.second < 0)
      if (Write write = writeOf(key.first))
        made[{write.getResult(), -1}] = result;
  }
  return success();
}

LogicalResult Caller::run() {
  Block &block = program.getBody().front();
  Operation *terminator = block.getTerminator();
  b.setInsertionPoint(terminator);
  for (const Launch &launch : launches)
    if (failed(call(launch)))
      return failure();
  for (OpOperand &operand : terminator->getOpOperands())
    operand.set(tensorFor(operand.get()));
  return success();
}

struct FormLaunchesPass
    : public modc::impl::FormLaunchesPassBase<FormLaunchesPass> {
  using FormLaunchesPassBase::FormLaunchesPassBase;

  void runOnOperation() override {
    SmallVector<func::FuncOp> programs;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.isPublic())
        programs.push_back(function);
    for (func::FuncOp program : programs)
      if (failed(form(program)))
        return signalPassFailure();
  }

private:
  LogicalResult form(func::FuncOp program) {
    prepare(program);
    Placement placement(program);
    Former former(program, placement);
    if (failed(former.run()))
      return failure();
    numLaunches += former.launches.size();
    Caller caller(getOperation(), program, placement, former.launches);
    if (failed(caller.run()))
      return failure();
    // The ops, which nothing reads any more.
    Block &block = program.getBody().front();
    SmallVector<Operation *> ops;
    for (Operation &op : block.without_terminator())
      ops.push_back(&op);
    for (Operation *op : llvm::reverse(ops))
      if (op->use_empty() && !isa<func::CallOp>(op))
        op->erase();
    return success();
  }

  /// Scalars of a call come in one buffer of words: integers as two each, then
  /// reals.
  void takeScalars(func::FuncOp program, TensorBuilder &b) {
    SmallVector<BlockArgument> integers, reals;
    for (BlockArgument argument : program.getArguments()) {
      StringRef role = roleOf(program, argument.getArgNumber());
      if (role == "integer")
        integers.push_back(argument);
      else if (role == "real")
        reals.push_back(argument);
    }
    int64_t words = 2 * integers.size() + reals.size();
    if (words == 0)
      return;
    Type i32 = b.getI32Type(), i64 = b.getI64Type();
    NamedAttribute attributes[] = {
        b.getNamedAttr(kRole, b.getStringAttr("scalar")),
        b.getNamedAttr(kOffset, b.getI64IntegerAttr(0))};
    unsigned last = program.getNumArguments();
    (void)program.insertArgument(last, RankedTensorType::get({words}, i32),
                                 b.getDictionaryAttr(attributes),
                                 program.getLoc());
    Value buffer = program.getArgument(last);
    auto word = [&](int64_t i) { return b.extract(buffer, b.index(i)); };
    for (auto [i, argument] : llvm::enumerate(integers)) {
      Value low = arith::ExtUIOp::create(b, i64, word(2 * i));
      Value high = arith::ExtUIOp::create(b, i64, word(2 * i + 1));
      high = arith::ShLIOp::create(b, high, b.integer(i64, 32));
      argument.replaceAllUsesWith(arith::OrIOp::create(b, low, high));
    }
    for (auto [i, argument] : llvm::enumerate(reals))
      argument.replaceAllUsesWith(arith::BitcastOp::create(
          b, argument.getType(), word(2 * integers.size() + i)));
  }

  /// Flags that a program makes are words: bytes beside one another would have
  /// to be written atomically.
  void widenFlags(func::FuncOp program) {
    Type i32 = IntegerType::get(program.getContext(), 32);
    auto widen = [&](Value value) {
      value.setType(RankedTensorType::get(
          cast<RankedTensorType>(value.getType()).getShape(), i32));
    };
    SmallVector<linalg::GenericOp> makers;
    program.walk([&](linalg::GenericOp op) {
      auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
      if (op->getNumResults() == 1 && type.getElementType().isInteger(8) &&
          op.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>())
        makers.push_back(op);
    });
    for (linalg::GenericOp op : makers) {
      OpBuilder b(op);
      op.getDpsInitsMutable()[0].set(tensor::EmptyOp::create(
          b, op.getLoc(),
          tensor::getMixedSizes(b, op.getLoc(), op.getDpsInits()[0]), i32));
      Operation *yield = op.getBody()->getTerminator();
      b.setInsertionPoint(yield);
      yield->setOperand(
          0, arith::ExtUIOp::create(b, op.getLoc(), i32, yield->getOperand(0)));
      op.getRegionOutputArgs()[0].setType(i32);
      widen(op->getResult(0));
      SmallVector<Value> list = {op->getResult(0)};
      while (!list.empty())
        for (OpOperand &use : list.pop_back_val().getUses()) {
          Operation *user = use.getOwner();
          if (auto slice = dyn_cast<tensor::ExtractSliceOp>(user)) {
            widen(slice.getResult());
            list.push_back(slice.getResult());
          } else if (auto reader = dyn_cast<linalg::GenericOp>(user)) {
            BlockArgument argument = reader.getMatchingBlockArgument(&use);
            Type narrow = argument.getType();
            argument.setType(i32);
            b.setInsertionPointToStart(reader.getBody());
            auto cut =
                arith::TruncIOp::create(b, reader.getLoc(), narrow, argument);
            argument.replaceAllUsesExcept(cut, cut);
          }
        }
    }
  }

  /// Scalars of a call come in a buffer, and distinct rows are all rows.
  void prepare(func::FuncOp program) {
    widenFlags(program);
    TensorBuilder scalars(program.getLoc(), program.getContext());
    scalars.setInsertionPointToStart(&program.getBody().front());
    takeScalars(program, scalars);
    OpBuilder builder(program.getBody());
    SmallVector<DistinctRowsOp> distinct;
    program.walk([&](DistinctRowsOp op) { distinct.push_back(op); });
    for (DistinctRowsOp op : distinct) {
      TensorBuilder b(op.getLoc(), builder);
      b.setInsertionPoint(op);
      Value rows = tensor::EmptyOp::create(
          b, ArrayRef<OpFoldResult>{b.dim(op.getKeys(), 0)}, b.getI32Type());
      rows =
          b.generic({}, rows, b.getMultiDimIdentityMap(1), 0, [&](ValueRange) {
            return SmallVector<Value>{
                b.toInteger(linalg::IndexOp::create(b, 0), b.getI32Type())};
          })[0];
      op.replaceAllUsesWith(ValueRange{rows, rows});
      op.erase();
    }
    SmallVector<linalg::LinalgOp> named;
    program.walk([&](linalg::LinalgOp op) {
      if (!isa<linalg::GenericOp, linalg::FillOp>(op))
        named.push_back(op);
    });
    IRRewriter rewriter(program.getContext());
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      (void)linalg::generalizeNamedOp(rewriter, op);
    }
  }
};

} // namespace
