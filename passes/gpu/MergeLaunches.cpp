//===- MergeLaunches.cpp - Independent launches as one --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Updates of all parameters, and sums of all gradients, follow one another and
// do not touch each other's results: ranges of the groups of one launch.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "passes/Passes.h"
#include "passes/cpu/abi/SizeFormula.h"
#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/LaunchLimits.h"
#include "passes/gpu/TileKernels.h"

namespace modc {
#define GEN_PASS_DEF_MERGELAUNCHESPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct Use {
  Value buffer;
  bool writes;
};

class Merger {
public:
  Merger(ModuleOp module, func::FuncOp program)
      : module(module), program(program) {}

  /// The number of launches that are gone.
  unsigned run() {
    SmallVector<func::CallOp> calls(
        program.getBody().front().getOps<func::CallOp>());
    unsigned merged = 0;
    SmallVector<func::CallOp> group;
    auto flush = [&] {
      if (group.size() > 1) {
        merge(group);
        merged += group.size() - 1;
      }
      group.clear();
    };
    for (func::CallOp call : calls) {
      bool free = llvm::none_of(
          group, [&](func::CallOp other) { return conflict(other, call); });
      if (!canMerge(call)) {
        // The group's launches run after it, if they can.
        if (!free)
          flush();
        continue;
      }
      if (!free || !fits(group, call))
        flush();
      group.push_back(call);
    }
    flush();
    return merged;
  }

private:
  func::FuncOp calleeOf(func::CallOp call) {
    return module.lookupSymbol<func::FuncOp>(call.getCallee());
  }

  /// A loop over a fixed number of invocations.
  bool canMerge(func::CallOp call) {
    func::FuncOp function = calleeOf(call);
    auto count = function->getAttrOfType<DenseI64ArrayAttr>(kInvocations);
    return count && count[1] < 0 && !function->hasAttr(kTileKernel) &&
           llvm::hasSingleElement(
               function.getBody().front().getOps<scf::ForallOp>());
  }

  SmallVector<Use> usesOf(func::CallOp call) {
    SmallVector<Use> uses;
    func::FuncOp function = calleeOf(call);
    for (auto [operand, argument] :
         llvm::zip(call.getOperands(), function.getArguments()))
      if (isa<MemRefType>(operand.getType()))
        uses.push_back(
            {operand, llvm::any_of(argument.getUsers(), [](Operation *user) {
               return isa<memref::StoreOp>(user);
             })});
    return uses;
  }

  /// Whether two buffers may share memory: tensors of one arena may.
  bool overlap(Value a, Value b) {
    if (a == b)
      return true;
    auto first = dyn_cast<BlockArgument>(a),
         second = dyn_cast<BlockArgument>(b);
    if (!first || !second)
      return false;
    unsigned i = first.getArgNumber(), j = second.getArgNumber();
    auto from = program.getArgAttrOfType<IntegerAttr>(i, kOffset);
    auto to = program.getArgAttrOfType<IntegerAttr>(j, kOffset);
    if (!from || !to || roleOf(program, i) != roleOf(program, j))
      return false;
    auto endOf = [&](BlockArgument argument, IntegerAttr offset) {
      auto type = cast<MemRefType>(argument.getType());
      return offset.getInt() +
             type.getNumElements() *
                 int64_t(DataLayout::closest(program)
                             .getTypeSize(type.getElementType())
                             .getFixedValue());
    };
    return from.getInt() < endOf(second, to) &&
           to.getInt() < endOf(first, from);
  }

  /// Whether one of two calls writes what the other one touches.
  bool conflict(func::CallOp first, func::CallOp second) {
    for (Use a : usesOf(first))
      for (Use b : usesOf(second))
        if ((a.writes || b.writes) && overlap(a.buffer, b.buffer))
          return true;
    return false;
  }

  bool fits(ArrayRef<func::CallOp> group, func::CallOp call) {
    SetVector<Value> buffers;
    for (func::CallOp other : group)
      for (Use use : usesOf(other))
        buffers.insert(use.buffer);
    for (Use use : usesOf(call))
      buffers.insert(use.buffer);
    return buffers.size() <= kBuffers;
  }

  void merge(MutableArrayRef<func::CallOp> group) {
    func::CallOp last = group.back();
    TensorBuilder b(group.front().getLoc(), module.getContext());
    b.setInsertionPointToEnd(module.getBody());
    std::string name = (calleeOf(last).getName() + ".merged").str();
    auto function = func::FuncOp::create(b, name, b.getFunctionType({}, {}));
    function.setPrivate();
    Block *entry = function.addEntryBlock();
    // One argument for each buffer or size, whoever uses it.
    SmallVector<Value> operands;
    DenseMap<Value, Value> arguments;
    int64_t total = 0;
    SmallVector<int64_t> ends;
    for (func::CallOp call : group) {
      for (Value operand : call.getOperands())
        if (!arguments.contains(operand)) {
          arguments[operand] =
              entry->addArgument(operand.getType(), b.getLoc());
          operands.push_back(operand);
        }
      int64_t count =
          calleeOf(call)->getAttrOfType<DenseI64ArrayAttr>(kInvocations)[0];
      // No group works for two launches.
      total += llvm::alignTo(count, kGroupSize);
      ends.push_back(total);
    }
    b.setInsertionPointToStart(entry);
    auto loop =
        scf::ForallOp::create(b, ArrayRef<OpFoldResult>{b.getIndexAttr(total)},
                              ValueRange(), std::nullopt);
    b.setInsertionPointAfter(loop);
    func::ReturnOp::create(b);
    b.setInsertionPoint(loop.getTerminator());
    Value id = loop.getInductionVar(0);
    for (auto [i, call] : llvm::enumerate(group)) {
      int64_t begin = i == 0 ? 0 : ends[i - 1];
      bool isLast = i + 1 == group.size();
      scf::IfOp branch;
      if (!isLast) {
        Value isIts = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, id,
                                            b.index(ends[i]));
        branch = scf::IfOp::create(b, isIts, /*withElseRegion=*/true);
        b.setInsertionPointToStart(branch.thenBlock());
      }
      cloneBody(b, call, arguments, begin ? b.sub(id, b.index(begin)) : id);
      if (!isLast)
        b.setInsertionPointToStart(branch.elseBlock());
    }
    function.setFunctionType(b.getFunctionType(entry->getArgumentTypes(), {}));
    function->setAttr(kInvocations, b.getDenseI64ArrayAttr({total, -1}));
    SymbolTable(module).insert(function);
    b.setInsertionPoint(last);
    b.setLoc(group.front().getLoc());
    func::CallOp::create(b, function, operands);
    for (func::CallOp call : group)
      call.erase();
  }

  /// What invocation `id` of a launch does.
  void cloneBody(TensorBuilder &b, func::CallOp call,
                 const DenseMap<Value, Value> &arguments, Value id) {
    func::FuncOp function = calleeOf(call);
    IRMapping mapping;
    for (auto [argument, operand] :
         llvm::zip(function.getArguments(), call.getOperands()))
      mapping.map(argument, arguments.lookup(operand));
    for (Operation &op : function.getBody().front().without_terminator()) {
      auto loop = dyn_cast<scf::ForallOp>(op);
      if (!loop) {
        b.clone(op, mapping);
        continue;
      }
      OpFoldResult bound = loop.getMixedUpperBound()[0];
      Value count = getValueOrCreateConstantIndexOp(b, b.getLoc(), bound);
      Value runs = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, id,
                                         mapping.lookupOrDefault(count));
      auto branch = scf::IfOp::create(b, runs, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      mapping.map(loop.getInductionVar(0), id);
      for (Operation &inner : loop.getBody()->without_terminator())
        b.clone(inner, mapping);
    }
  }

  ModuleOp module;
  func::FuncOp program;
};

struct MergeLaunchesPass
    : public modc::impl::MergeLaunchesPassBase<MergeLaunchesPass> {
  using MergeLaunchesPassBase::MergeLaunchesPassBase;

  void runOnOperation() override {
    for (func::FuncOp program : getPrograms(getOperation()))
      numMerged += Merger(getOperation(), program).run();
    // Functions that are still called elsewhere stay.
    DenseSet<StringAttr> called;
    getOperation().walk([&](func::CallOp call) {
      called.insert(call.getCalleeAttr().getAttr());
    });
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (function.isPrivate() && !called.contains(function.getSymNameAttr()))
        function.erase();
  }
};

} // namespace
