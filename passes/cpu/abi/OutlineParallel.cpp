//===- OutlineParallel.cpp - Turn parallel loops into tasks ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The body of a parallel loop becomes a function with one argument per pointer
// and number that it uses, called by a function with the executor's signature
// that unpacks them from the context.
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/LoweringOptions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "passes/cpu/abi/CallLayout.h"
#include "passes/cpu/abi/MemRefParts.h"
#include "passes/cpu/abi/SizeFormula.h"

namespace modc {
#define GEN_PASS_DEF_OUTLINEPARALLELPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// The buffer that a value is a view of: a function's argument, or a view of
/// the workspace. Null where that is not known.
Value rootOf(Value value) {
  while (true) {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return isa<func::FuncOp>(argument.getOwner()->getParentOp()) ? value
                                                                   : Value();
    Operation *op = value.getDefiningOp();
    // Temporaries that are live at one time do not overlap.
    if (isa<memref::ViewOp>(op))
      return value;
    auto view = dyn_cast<ViewLikeOpInterface>(op);
    if (!view)
      return Value();
    value = view.getViewSource();
  }
}

/// What a loop body uses from outside, and how it gets it.
struct Captures {
  SmallVector<Value> values;
  /// No other captured buffer shares memory with this one.
  SmallVector<bool> distinct;
};

Captures capture(scf::ParallelOp loop) {
  SetVector<Value> used;
  getUsedValuesDefinedAbove(loop.getRegion(), used);
  used.insert(loop.getLowerBound()[0]);
  used.insert(loop.getStep()[0]);
  Captures result;
  DenseMap<Value, unsigned> uses;
  for (Value value : used) {
    Operation *op = value.getDefiningOp();
    if (op && (matchPattern(op, m_Constant()) || isa<memref::GetGlobalOp>(op)))
      continue;
    result.values.push_back(value);
    if (isa<MemRefType>(value.getType()))
      ++uses[rootOf(value)];
  }
  for (Value value : result.values) {
    Value root = isa<MemRefType>(value.getType()) ? rootOf(value) : Value();
    // A buffer of unknown origin may be any of the others.
    result.distinct.push_back(root && uses[root] == 1 &&
                              !uses.contains(Value()));
  }
  return result;
}

struct OutlineParallelPass
    : public modc::impl::OutlineParallelPassBase<OutlineParallelPass> {
  using OutlineParallelPassBase::OutlineParallelPassBase;

  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    LLVMTypeConverter typeConverter(&getContext(), options);
    converter = &typeConverter;
    SmallVector<func::FuncOp> functions;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.isPublic() && !function.isExternal())
        functions.push_back(function);
    for (func::FuncOp function : functions)
      if (failed(outline(function)))
        return signalPassFailure();
    if (auto worker = getOperation().lookupSymbol("modc_worker"))
      worker->erase();
  }

private:
  LogicalResult outline(func::FuncOp function) {
    SmallVector<scf::ParallelOp> loops, inner;
    function.walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
      bool nested = loop->getParentOfType<scf::ParallelOp>();
      (nested ? inner : loops).push_back(loop);
    });
    // From the inside out.
    for (scf::ParallelOp loop : llvm::reverse(inner))
      if (failed(serialize(loop)))
        return failure();
    for (auto [number, loop] : llvm::enumerate(loops))
      if (failed(outline(function, loop, number)))
        return failure();
    return success();
  }

  LogicalResult refuseReduction(scf::ParallelOp loop) {
    if (loop.getNumReductions() == 0)
      return success();
    return loop.emitError("has ") << loop.getNumReductions()
                                  << " reductions, but the order of tasks "
                                     "is not fixed: expected none";
  }

  LogicalResult serialize(scf::ParallelOp loop) {
    if (failed(refuseReduction(loop)))
      return failure();
    ++serialized;
    IRRewriter rewriter(loop);
    SmallVector<Value> ivs;
    OpBuilder::InsertionGuard guard(rewriter);
    scf::ForOp last;
    for (auto [lower, upper, step] : llvm::zip_equal(
             loop.getLowerBound(), loop.getUpperBound(), loop.getStep())) {
      last = scf::ForOp::create(rewriter, loop.getLoc(), lower, upper, step);
      rewriter.setInsertionPointToStart(last.getBody());
      ivs.push_back(last.getInductionVar());
    }
    rewriter.eraseOp(loop.getBody()->getTerminator());
    rewriter.inlineBlockBefore(loop.getBody(), last.getBody()->getTerminator(),
                               ivs);
    rewriter.eraseOp(loop);
    return success();
  }

  LogicalResult outline(func::FuncOp function, scf::ParallelOp loop,
                        unsigned number) {
    if (failed(refuseReduction(loop)))
      return failure();
    if (loop.getNumLoops() != 1)
      return loop.emitError("has ")
             << loop.getNumLoops() << " dimensions, expected 1";
    ++outlined;
    Captures captures = capture(loop);
    MemRefParts parts(*converter);
    Location loc = loop.getLoc();
    OpBuilder builder(loop);

    SmallVector<Value> packed;
    SmallVector<Type> types;
    SmallVector<bool> distinct;
    for (auto [value, alone] :
         llvm::zip_equal(captures.values, captures.distinct)) {
      auto partTypes = parts.types(value.getType());
      if (failed(partTypes))
        return loop.emitError("uses a value of type ")
               << value.getType() << ", which cannot be handed to a task";
      llvm::append_range(packed, parts.split(builder, loc, value));
      llvm::append_range(types, *partTypes);
      distinct.push_back(alone);
      distinct.append(partTypes->size() - 1, false);
    }
    std::string name = (function.getName() + "_task" + Twine(number)).str();
    auto context =
        LLVM::LLVMStructType::getLiteral(builder.getContext(), types);
    buildBody(function, loop, name, captures, types, distinct);
    auto task = buildTask(function, loc, name, context);
    buildCall(function, loop, task, context, packed);
    loop.erase();
    return success();
  }

  /// The loop's body as a function of its captured parts, task and worker.
  void buildBody(func::FuncOp function, scf::ParallelOp loop, StringRef name,
                 const Captures &captures, ArrayRef<Type> types,
                 ArrayRef<bool> distinct) {
    Location loc = loop.getLoc();
    OpBuilder builder(function->getContext());
    builder.setInsertionPointAfter(function);
    SmallVector<Type> inputs(types);
    inputs.append(2, builder.getI64Type());
    auto body = func::FuncOp::create(builder, loc, (name + "_body").str(),
                                     builder.getFunctionType(inputs, {}));
    body.setPrivate();
    for (auto [i, alone] : llvm::enumerate(distinct))
      if (alone)
        body.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                        builder.getUnitAttr());
    Block *entry = body.addEntryBlock();
    builder.setInsertionPointToStart(entry);

    IRMapping mapping;
    SetVector<Value> used;
    getUsedValuesDefinedAbove(loop.getRegion(), used);
    used.insert(loop.getLowerBound()[0]);
    used.insert(loop.getStep()[0]);
    for (Value value : used)
      if (!llvm::is_contained(captures.values, value))
        builder.clone(*value.getDefiningOp(), mapping);
    MemRefParts parts(*converter);
    ValueRange arguments(entry->getArguments());
    for (Value value : captures.values)
      mapping.map(value, parts.join(builder, loc, value.getType(), arguments));
    Value task = arith::IndexCastOp::create(
        builder, loc, builder.getIndexType(), arguments[0]);
    Value step = mapping.lookup(loop.getStep()[0]);
    Value lower = mapping.lookup(loop.getLowerBound()[0]);
    Value iv = arith::AddIOp::create(
        builder, loc, lower, arith::MulIOp::create(builder, loc, task, step));
    mapping.map(loop.getInductionVars()[0], iv);
    for (Operation &op : loop.getBody()->without_terminator()) {
      // The number of the worker is an argument now.
      auto call = dyn_cast<func::CallOp>(op);
      if (call && call.getCallee() == "modc_worker")
        mapping.map(call.getResult(0), arguments[1]);
      else
        builder.clone(op, mapping);
    }
    func::ReturnOp::create(builder, loc);
  }

  /// The function that the executor calls.
  LLVM::LLVMFuncOp buildTask(func::FuncOp function, Location loc,
                             StringRef name, LLVM::LLVMStructType context) {
    OpBuilder builder(function->getContext());
    builder.setInsertionPointAfter(function);
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    Type i64 = builder.getI64Type();
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(builder.getContext()), {pointer, i64, i64});
    auto task = LLVM::LLVMFuncOp::create(builder, loc, name, type,
                                         LLVM::Linkage::Internal);
    Block *entry = task.addEntryBlock(builder);
    builder.setInsertionPointToStart(entry);
    SmallVector<Value> arguments;
    for (auto [i, field] : llvm::enumerate(context.getBody())) {
      Value address = LLVM::GEPOp::create(
          builder, loc, pointer, context, entry->getArgument(0),
          ArrayRef<LLVM::GEPArg>{0, int32_t(i)});
      arguments.push_back(LLVM::LoadOp::create(builder, loc, field, address));
    }
    arguments.push_back(entry->getArgument(1));
    arguments.push_back(entry->getArgument(2));
    func::CallOp::create(builder, loc, (name + "_body").str(), TypeRange(),
                         arguments);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
    return task;
  }

  /// Packs the context and calls the host, or the task itself where there is
  /// but one.
  void buildCall(func::FuncOp function, scf::ParallelOp loop,
                 LLVM::LLVMFuncOp task, LLVM::LLVMStructType context,
                 ArrayRef<Value> packed) {
    Location loc = loop.getLoc();
    OpBuilder builder(loop->getContext());
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    Type i64 = builder.getI64Type();
    // In the entry block, so that a loop does not grow the stack.
    builder.setInsertionPointToStart(&function.getBody().front());
    Value one = LLVM::ConstantOp::create(builder, loc, i64,
                                         builder.getI64IntegerAttr(1));
    Value memory = LLVM::AllocaOp::create(builder, loc, pointer, context, one);
    Value call = callArgument(function);

    builder.setInsertionPoint(loop);
    for (auto [i, value] : llvm::enumerate(packed)) {
      Value address =
          LLVM::GEPOp::create(builder, loc, pointer, context, memory,
                              ArrayRef<LLVM::GEPArg>{0, int32_t(i)});
      LLVM::StoreOp::create(builder, loc, value, address);
    }
    Value span = arith::SubIOp::create(builder, loc, loop.getUpperBound()[0],
                                       loop.getLowerBound()[0]);
    Value trips = arith::IndexCastOp::create(
        builder, loc, i64,
        arith::CeilDivSIOp::create(builder, loc, span, loop.getStep()[0]));
    Value single = arith::ConstantIntOp::create(builder, loc, 1, 64);
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 64);
    Value isOne = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        trips, single);
    auto branch = scf::IfOp::create(builder, loc, isOne, /*withElse=*/true);
    builder.setInsertionPointToStart(branch.thenBlock());
    LLVM::CallOp::create(builder, loc, task, ValueRange{memory, zero, zero});
    builder.setInsertionPointToStart(branch.elseBlock());
    Value some = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt,
                                       trips, zero);
    auto many = scf::IfOp::create(builder, loc, some, /*withElse=*/false);
    builder.setInsertionPointToStart(many.thenBlock());
    Value host = loadField(builder, loc, call, CallField::Host);
    Value user =
        loadWord(builder, loc, pointer, host, int64_t(HostField::User));
    Value run =
        loadWord(builder, loc, pointer, host, int64_t(HostField::ParallelFor));
    Value address = LLVM::AddressOfOp::create(builder, loc, task);
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(builder.getContext()),
        {pointer, i64, pointer, pointer});
    LLVM::CallOp::create(builder, loc, type,
                         ValueRange{run, user, trips, address, memory});
  }

  /// The call's structure, an argument that is added once.
  Value callArgument(func::FuncOp function) {
    for (BlockArgument argument : function.getArguments())
      if (roleOf(function, argument.getArgNumber()) == "call")
        return argument;
    unsigned index = function.getNumArguments();
    Builder builder(&getContext());
    (void)function.insertArgument(
        index, LLVM::LLVMPointerType::get(&getContext()),
        builder.getDictionaryAttr(
            builder.getNamedAttr(kRole, builder.getStringAttr("call"))),
        function.getLoc());
    return function.getArgument(index);
  }

  const LLVMTypeConverter *converter = nullptr;
};

} // namespace
