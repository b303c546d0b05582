//===- LaunchTable.cpp - Programs as lists of launches --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Temporaries share slots as those of the processor's programs do. Formulas are
// built as ops of a function that is thrown away, which folds them.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/LaunchTable.h"
#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "passes/OpNames.h"
#include "passes/cpu/abi/SizeFormula.h"
#include "passes/cpu/abi/Temporaries.h"
#include "passes/cpu/abi/WorkspaceTable.h"
#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/LaunchFlops.h"
#include "passes/gpu/LaunchLimits.h"
#include "passes/gpu/LaunchRounds.h"
#include "passes/gpu/TileKernels.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace modc;

namespace {

/// Bytes of the buffers of a group.
int64_t getSharedBytes(gpu::GPUFuncOp kernel) {
  int64_t bytes = 0;
  kernel.walk([&](memref::AllocOp shared) {
    MemRefType type = shared.getType();
    bytes +=
        type.getNumElements() * int64_t(DataLayout::closest(kernel)
                                            .getTypeSize(type.getElementType())
                                            .getFixedValue());
  });
  return bytes;
}

llvm::json::Object describeKernel(func::FuncOp function) {
  gpu::GPUModuleOp kernels =
      findKernels(function->getParentOfType<ModuleOp>(), function.getName());
  auto kernel = *kernels.getOps<gpu::GPUFuncOp>().begin();
  std::string access;
  for (BlockArgument buffer : kernel.getArguments()) {
    bool reads = false, writes = false;
    for (Operation *user : buffer.getUsers()) {
      bool stores = isa<memref::StoreOp>(user);
      writes |= stores || isa<memref::AtomicRMWOp>(user);
      reads |= !stores;
    }
    access += reads && writes ? 'm' : writes ? 'w' : 'r';
  }
  int64_t constants = 0;
  for (Type type : function.getArgumentTypes())
    constants += type.isIndex();
  constants += function->getAttrOfType<DenseI64ArrayAttr>(kSizesAttr).size();
  auto size = function->getAttrOfType<IntegerAttr>(kGroupSizeAttr);
  return llvm::json::Object{{"name", function.getName()},
                            {"entry", kernel.getName()},
                            {"bindings", access},
                            {"constants", constants},
                            {"group", llvm::json::Array{size.getInt(), 1, 1}},
                            {"shared", getSharedBytes(kernel)}};
}

class ProgramTable {
public:
  ProgramTable(func::FuncOp program, const llvm::StringMap<int64_t> &kernels)
      : program(program), kernels(kernels), builder(program.getContext()) {
    builder.setInsertionPointAfter(program);
    Type i64 = builder.getI64Type();
    scratch = func::FuncOp::create(builder, program.getLoc(), "formulas",
                                   builder.getFunctionType({i64, i64}, {}));
    Block *block = scratch.addEntryBlock();
    builder.setInsertionPointToStart(block);
    formula = std::make_unique<SizeFormula>(
        builder, program.getLoc(), program, block->getArgument(0),
        block->getArgument(1), /*checked=*/false);
  }
  ~ProgramTable() { scratch.erase(); }

  FailureOr<llvm::json::Value> build() {
    Block &block = program.getBody().front();
    BufferViewFlowAnalysis aliases(program);
    auto arena = Temporaries::collect(block, aliases);
    if (failed(arena))
      return failure();
    SmallVector<Value> slots((*arena)->slots);
    for (const Temporaries::Item &item : (*arena)->items) {
      memref::AllocOp alloc = item.alloc;
      Value bytes = formula->bytes(alloc.getType(), alloc.getDynamicSizes());
      if (!bytes)
        return failure();
      Value &slot = slots[item.slot];
      slot = slot ? formula->max(slot, bytes) : bytes;
      slotOf[alloc.getResult()] = item.slot;
    }
    llvm::json::Array sizes, launches;
    for (Value slot : slots)
      sizes.push_back(formulaOf(slot));
    for (Operation &op : block.without_terminator()) {
      if (auto call = dyn_cast<func::CallOp>(op)) {
        auto launch = describe(call);
        if (failed(launch))
          return failure();
        launches.push_back(std::move(*launch));
        continue;
      }
      if (!isMemoryEffectFree(&op) &&
          !isa<memref::AllocOp, memref::DeallocOp>(op))
        return op.emitError("a program of a device is a list of launches");
    }
    return llvm::json::Value(llvm::json::Object{
        {"slots", std::move(sizes)}, {"launches", std::move(launches)}});
  }

private:
  FailureOr<llvm::json::Value> describe(func::CallOp call) {
    auto function =
        program->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(
            call.getCallee());
    llvm::json::Array bindings, constants;
    for (Value operand : call.getOperands()) {
      if (operand.getType().isIndex()) {
        Value bound = formula->bound(operand);
        if (!bound)
          return failure();
        constants.push_back(formulaOf(bound));
        continue;
      }
      auto binding = bind(call, operand);
      if (failed(binding))
        return failure();
      bindings.push_back(std::move(*binding));
    }
    for (int64_t number :
         function->getAttrOfType<DenseI64ArrayAttr>(kSizesAttr).asArrayRef()) {
      Value rows = rowsOf(call.getOperand(number));
      if (!rows)
        return failure();
      constants.push_back(formulaOf(rows));
    }
    auto invocations = function->getAttrOfType<DenseI64ArrayAttr>(kInvocations);
    int64_t size =
        function->getAttrOfType<IntegerAttr>(kGroupSizeAttr).getInt();
    std::string x = "1", y = "1";
    if (function->hasAttr(kTileKernel)) {
      TileGroups groups = getTileGroups(function);
      x = std::to_string(groups.x);
      y = std::to_string(groups.y);
      if (groups.argument >= 0) {
        x = formulaOf(formula->bound(call.getOperand(groups.argument))) + " " +
            std::to_string(groups.factor) + " * " +
            std::to_string(groups.tile) +
            (groups.members ? " / " + std::to_string(groups.members) + " +"
                            : " ceil");
      }
    } else if (invocations && size > 1) {
      std::string count = std::to_string(invocations[0]);
      if (invocations[1] >= 0) {
        Value bound = formula->bound(call.getOperand(invocations[1]));
        count =
            formulaOf(bound) + (invocations[0] == 1 ? "" : " " + count + " *");
      }
      std::string groups = count + " " + std::to_string(size) + " ceil";
      std::string most = std::to_string(kGroups);
      x = groups + " " + most + " min";
      y = groups + " " + most + " ceil";
    }
    StringRef label = opNameOf(call.getLoc());
    llvm::json::Object launch{
        {"kernel", kernels.lookup(function.getName())},
        {"label", label.empty() ? function.getName() : label},
        {"groups", llvm::json::Array{x, y, "1"}},
        {"bindings", std::move(bindings)},
        {"constants", std::move(constants)}};
    launch["rounds"] = roundsOf(call, function);
    if (auto terms = countLaunchFlops(function))
      launch["operations"] = operationsOf(call, *terms);
    return llvm::json::Value(std::move(launch));
  }

  /// The dynamic size of a buffer.
  Value rowsOf(Value buffer) {
    if (auto alloc = buffer.getDefiningOp<memref::AllocOp>())
      return formula->bound(alloc.getDynamicSizes()[0]);
    auto argument = cast<BlockArgument>(buffer);
    auto rows =
        program.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRows);
    Block &block = scratch.getBody().front();
    Value count = block.getArgument(0);
    if (rows && rows.getValue() == "S*N")
      count = formula->mul(block.getArgument(1), count);
    return count;
  }

  /// An upper bound: no loop runs longer than the longest buffer has rows.
  std::string roundsOf(func::CallOp call, func::FuncOp function) {
    LaunchRounds rounds = LaunchRounds::of(function);
    if (rounds.perRow == 0)
      return std::to_string(rounds.fixed);
    // Without rows nothing tells how long the loops are.
    std::string most = std::to_string(LaunchRounds::kMany);
    Value longest = longestOf(call);
    if (!longest)
      return most;
    return formulaOf(longest) + " " + most + " min " +
           std::to_string(rounds.perRow) + " * " +
           std::to_string(rounds.fixed) + " +";
  }

  /// Rows of the longest buffer; null where none has rows.
  Value longestOf(func::CallOp call) {
    Value longest;
    for (Value operand : call.getOperands()) {
      auto type = dyn_cast<MemRefType>(operand.getType());
      if (!type || type.getNumDynamicDims() != 1)
        continue;
      Value rows = rowsOf(operand);
      longest = longest ? formula->max(longest, rows) : rows;
    }
    return longest;
  }

  std::string operationsOf(func::CallOp call, ArrayRef<FlopTerm> terms) {
    std::string sum;
    Value longest = longestOf(call);
    for (const FlopTerm &term : terms) {
      std::string text = std::to_string(term.factor);
      for (int64_t number : term.arguments) {
        Value rows;
        if (number == FlopTerm::kLongest)
          rows = longest ? longest : formula->constant(0);
        else if (call.getOperand(number).getType().isIndex())
          rows = formula->bound(call.getOperand(number));
        else
          rows = rowsOf(call.getOperand(number));
        text = formulaOf(rows) + " " + text + " *";
      }
      if (term.divisor > 1)
        text += " " + std::to_string(term.divisor) + " ceil";
      sum = sum.empty() ? text : sum + " " + text + " +";
    }
    return sum.empty() ? "0" : sum;
  }

  FailureOr<llvm::json::Value> bind(func::CallOp call, Value operand) {
    auto type = cast<MemRefType>(operand.getType());
    auto found = slotOf.find(operand);
    if (found != slotOf.end()) {
      auto alloc = operand.getDefiningOp<memref::AllocOp>();
      Value bytes = formula->bytes(type, alloc.getDynamicSizes());
      return range("slot", found->second, 0, bytes);
    }
    auto argument = dyn_cast<BlockArgument>(operand);
    if (!argument)
      return call.emitError("takes a view of a buffer");
    unsigned number = argument.getArgNumber();
    StringRef role = roleOf(program, number);
    auto offset = program.getArgAttrOfType<IntegerAttr>(number, kOffset);
    SmallVector<Value> sizes;
    if (type.getNumDynamicDims() == 1)
      sizes.push_back(rowsOf(operand));
    Value bytes = formula->constant(DataLayout::closest(program)
                                        .getTypeSize(type.getElementType())
                                        .getFixedValue());
    for (int64_t size : type.getShape())
      bytes = formula->mul(bytes, ShapedType::isDynamic(size)
                                      ? sizes.front()
                                      : formula->constant(size));
    if (role == "input" || role == "output") {
      int64_t index = 0;
      for (unsigned i = 0; i < number; ++i) {
        StringRef other = roleOf(program, i);
        index += other == "input" || other == "output";
      }
      return range("buffer", index, 0, bytes);
    }
    StringRef space = role == "parameter"  ? "parameters"
                      : role == "gradient" ? "gradients"
                      : role == "state"    ? "state"
                      : role == "scalar"   ? "scalars"
                                           : "";
    if (space.empty() || !offset)
      return call.emitError("takes an argument of role '") << role << "'";
    return range(space, 0, offset.getInt(), bytes);
  }

  llvm::json::Value range(StringRef space, int64_t index, int64_t offset,
                          Value bytes) {
    return llvm::json::Array{space, index, std::to_string(offset),
                             formulaOf(bytes)};
  }

  func::FuncOp program;
  const llvm::StringMap<int64_t> &kernels;
  OpBuilder builder;
  func::FuncOp scratch;
  std::unique_ptr<SizeFormula> formula;
  DenseMap<Value, int64_t> slotOf;
};

} // namespace

LogicalResult modc::recordLaunches(ModuleOp module) {
  llvm::json::Array kernels;
  llvm::StringMap<int64_t> numbers;
  SmallVector<func::FuncOp> programs;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isPublic()) {
      programs.push_back(function);
      continue;
    }
    numbers[function.getName()] = kernels.size();
    kernels.push_back(describeKernel(function));
  }
  llvm::json::Object table;
  for (func::FuncOp program : programs) {
    auto entry = ProgramTable(program, numbers).build();
    if (failed(entry))
      return failure();
    table[program.getName()] = std::move(*entry);
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(llvm::json::Object{
      {"kernels", std::move(kernels)}, {"programs", std::move(table)}});
  module->setAttr(kDevicePrograms, StringAttr::get(module.getContext(), text));
  return success();
}
