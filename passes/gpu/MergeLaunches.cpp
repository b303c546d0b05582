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
#include "passes/gpu/ElementFunction.h"
#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/LaunchLimits.h"
#include "passes/gpu/LaunchRounds.h"
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
    // Of loops over invocations, and of kernels of gradients.
    SmallVector<func::CallOp> groups[2];
    auto flush = [&](SmallVectorImpl<func::CallOp> &group) {
      if (group.size() > 1) {
        if (&group == &groups[0])
          merge(group);
        else
          mergePieces(group);
        merged += group.size() - 1;
      }
      group.clear();
    };
    for (func::CallOp call : calls) {
      for (auto &group : groups)
        // The group's launches run after it, if they can.
        if (llvm::any_of(group, [&](func::CallOp other) {
              return conflict(other, call);
            }))
          flush(group);
      if (!canMerge(call) && !hasGradients(call))
        continue;
      auto &group = groups[hasGradients(call) ? 1 : 0];
      if (!fits(group, call))
        flush(group);
      group.push_back(call);
    }
    for (auto &group : groups)
      flush(group);
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

  /// A kernel by tiles of gradients.
  bool hasGradients(func::CallOp call) {
    auto roles = calleeOf(call)->getAttrOfType<DictionaryAttr>(kTileKernel);
    return roles && roles.getAs<StringAttr>("kind").getValue() == "gradient";
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

  /// The function of a merged launch, and what it is called with: one argument
  /// for each buffer or size, whoever uses it.
  struct Merged {
    func::FuncOp function;
    SmallVector<Value> operands;
    DenseMap<Value, Value> arguments;
  };
  Merged makeFunction(ArrayRef<func::CallOp> group, TensorBuilder &b) {
    b.setInsertionPointToEnd(module.getBody());
    func::CallOp last = group.back();
    std::string name = (calleeOf(last).getName() + ".merged").str();
    Merged result;
    result.function = func::FuncOp::create(b, name, b.getFunctionType({}, {}));
    result.function.setPrivate();
    Block *entry = result.function.addEntryBlock();
    for (func::CallOp call : group)
      for (Value operand : call.getOperands())
        if (!result.arguments.contains(operand)) {
          result.arguments[operand] =
              entry->addArgument(operand.getType(), b.getLoc());
          result.operands.push_back(operand);
        }
    result.function.setFunctionType(
        b.getFunctionType(entry->getArgumentTypes(), {}));
    b.setInsertionPointToStart(entry);
    return result;
  }
  void replace(ArrayRef<func::CallOp> group, const Merged &merged,
               TensorBuilder &b) {
    SymbolTable(module).insert(merged.function);
    func::CallOp last = group.back();
    b.setInsertionPoint(last);
    b.setLoc(func::CallOp(group.front()).getLoc());
    func::CallOp::create(b, merged.function, merged.operands);
    for (func::CallOp call : group)
      call.erase();
  }

  /// Pieces of one kernel; the plain form is one loop after the other.
  void mergePieces(ArrayRef<func::CallOp> group) {
    TensorBuilder b(func::CallOp(group.front()).getLoc(), module.getContext());
    Merged merged = makeFunction(group, b);
    SmallVector<Attribute> pieces;
    for (func::CallOp call : group) {
      func::FuncOp function = calleeOf(call);
      IRMapping mapping;
      SmallVector<int64_t> numbers;
      for (auto [argument, operand] :
           llvm::zip(function.getArguments(), call.getOperands())) {
        Value mapped = merged.arguments.lookup(operand);
        mapping.map(argument, mapped);
        numbers.push_back(cast<BlockArgument>(mapped).getArgNumber());
      }
      for (Operation &op : function.getBody().front().without_terminator())
        b.clone(op, mapping);
      auto roles = function->getAttrOfType<DictionaryAttr>(kTileKernel);
      for (auto notes :
           roles.getAs<ArrayAttr>("pieces").getAsRange<DictionaryAttr>()) {
        NamedAttrList renumbered;
        for (NamedAttribute note : notes) {
          auto number = dyn_cast<IntegerAttr>(note.getValue());
          renumbered.set(note.getName(),
                         number ? b.getI64IntegerAttr(numbers[number.getInt()])
                                : note.getValue());
        }
        pieces.push_back(renumbered.getDictionary(b.getContext()));
      }
    }
    func::ReturnOp::create(b);
    merged.function->setAttr(
        kTileKernel, b.getDictionaryAttr(
                         {b.getNamedAttr("kind", b.getStringAttr("gradient")),
                          b.getNamedAttr("pieces", b.getArrayAttr(pieces))}));
    replace(group, merged, b);
  }

  void merge(ArrayRef<func::CallOp> group) {
    TensorBuilder b(func::CallOp(group.front()).getLoc(), module.getContext());
    Merged merged = makeFunction(group, b);
    int64_t total = 0;
    SmallVector<int64_t> ends;
    for (func::CallOp call : group) {
      int64_t count =
          calleeOf(call)->getAttrOfType<DenseI64ArrayAttr>(kInvocations)[0];
      // No group works for two launches.
      total += llvm::alignTo(count, kGroupSize);
      ends.push_back(total);
    }
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
        branch->setAttr(kByGroups, b.getUnitAttr());
        b.setInsertionPointToStart(branch.thenBlock());
      }
      cloneBody(b, call, merged.arguments,
                begin ? b.sub(id, b.index(begin)) : id);
      if (!isLast)
        b.setInsertionPointToStart(branch.elseBlock());
    }
    merged.function->setAttr(kInvocations, b.getDenseI64ArrayAttr({total, -1}));
    replace(group, merged, b);
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
      if (function.isPrivate() && !function->hasAttr(kElementFunction) &&
          !called.contains(function.getSymNameAttr()))
        function.erase();
  }
};

} // namespace
