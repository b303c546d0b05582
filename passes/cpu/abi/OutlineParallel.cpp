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
#include "passes/OpNames.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/cpu/abi/CallLayout.h"
#include "passes/cpu/abi/Outlining.h"
#include "passes/cpu/abi/SizeFormula.h"

namespace modc {
#define GEN_PASS_DEF_OUTLINEPARALLELPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct OutlineParallelPass
    : public modc::impl::OutlineParallelPassBase<OutlineParallelPass> {
  using OutlineParallelPassBase::OutlineParallelPassBase;

  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    LLVMTypeConverter typeConverter(&getContext(), options);
    converter = &typeConverter;
    FunctionNames functionNames(getOperation());
    names = &functionNames;
    regions.clear();
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
    for (scf::ParallelOp loop : loops)
      if (failed(outline(function, loop)))
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
    remarkMissed(getArgument(), "Tasks", loop)
        << remark::add("a parallel loop runs serially")
        << remark::reason("it stands in a task already");
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

  LogicalResult outline(func::FuncOp function, scf::ParallelOp loop) {
    if (failed(refuseReduction(loop)))
      return failure();
    if (loop.getNumLoops() != 1)
      return loop.emitError("has ")
             << loop.getNumLoops() << " dimensions, expected 1";
    ++outlined;
    remarkPassed(getArgument(), "Tasks", loop)
        << remark::add("a parallel loop runs as tasks");
    Captures captures(loop);
    MemRefParts parts(*converter);
    if (failed(captures.partTypes(parts)))
      return failure();
    OpBuilder builder(loop);
    SmallVector<Value> packed = captures.split(builder, loop.getLoc(), parts);
    std::string name = names->get(function, loop.getLoc(), "loop");
    auto context =
        LLVM::LLVMStructType::getLiteral(builder.getContext(), captures.types);
    buildBody(function, loop, name, captures, parts);
    auto task = buildTask(function, loop.getLoc(), name, context);
    buildCall(function, loop, task, context, packed);
    loop.erase();
    return success();
  }

  /// The loop's body as a function of its captured parts, task and worker.
  void buildBody(func::FuncOp function, scf::ParallelOp loop, StringRef name,
                 const Captures &captures, const MemRefParts &parts) {
    Location loc = loop.getLoc();
    IRMapping mapping;
    Type i64 = IntegerType::get(&getContext(), 64);
    auto body = captures.buildFunction(function, name, {i64, i64}, parts,
                                       mapping);
    keepApart(body);
    Block *entry = &body.getBody().front();
    Value number = entry->getArgument(captures.types.size());
    Value worker = entry->getArgument(captures.types.size() + 1);
    OpBuilder builder = OpBuilder::atBlockEnd(entry);
    Value task = arith::IndexCastOp::create(builder, loc,
                                            builder.getIndexType(), number);
    Value step = mapping.lookup(loop.getStep()[0]);
    Value lower = mapping.lookup(loop.getLowerBound()[0]);
    Value iv = arith::AddIOp::create(
        builder, loc, lower, arith::MulIOp::create(builder, loc, task, step));
    mapping.map(loop.getInductionVars()[0], iv);
    for (Operation &op : loop.getBody()->without_terminator()) {
      // The number of the worker is an argument now.
      auto call = dyn_cast<func::CallOp>(op);
      if (call && call.getCallee() == "modc_worker")
        mapping.map(call.getResult(0), worker);
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
    auto task =
        LLVM::LLVMFuncOp::create(builder, loc, (name + ".task").str(), type,
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
    func::CallOp::create(builder, loc, name, TypeRange(), arguments);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
    return task;
  }

  /// Packs the context and calls the host, or the task itself where there is
  /// but one and the host does not want to see it.
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
    Value host = loadField(builder, loc, call, CallField::Host);
    Value every =
        loadWord(builder, loc, i64, host, int64_t(HostField::EveryRegion));
    Value unseen = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                         every, zero);
    Value direct = arith::AndIOp::create(builder, loc, isOne, unseen);
    auto branch = scf::IfOp::create(builder, loc, direct, /*withElse=*/true);
    builder.setInsertionPointToStart(branch.thenBlock());
    LLVM::CallOp::create(builder, loc, task, ValueRange{memory, zero, zero});
    builder.setInsertionPointToStart(branch.elseBlock());
    Value some = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt,
                                       trips, zero);
    auto many = scf::IfOp::create(builder, loc, some, /*withElse=*/false);
    builder.setInsertionPointToStart(many.thenBlock());
    Value user =
        loadWord(builder, loc, pointer, host, int64_t(HostField::User));
    Value run =
        loadWord(builder, loc, pointer, host, int64_t(HostField::ParallelFor));
    Value address = LLVM::AddressOfOp::create(builder, loc, task);
    Value region = LLVM::AddressOfOp::create(builder, loc, nameOf(loop));
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(builder.getContext()),
        {pointer, i64, pointer, pointer, pointer});
    LLVM::CallOp::create(builder, loc, type,
                         ValueRange{run, user, trips, address, memory, region});
  }

  /// The text that tells the host what runs; one for all loops of a name.
  LLVM::GlobalOp nameOf(scf::ParallelOp loop) {
    StringRef name = opNameOf(loop.getLoc());
    std::string text = (name.empty() ? "loop" : name.str()) + '\0';
    LLVM::GlobalOp &global = regions[text];
    if (global)
      return global;
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    global = LLVM::GlobalOp::create(
        builder, getOperation().getLoc(),
        LLVM::LLVMArrayType::get(builder.getI8Type(), text.size()),
        /*isConstant=*/true, LLVM::Linkage::Private,
        "modc_region" + std::to_string(regions.size() - 1),
        builder.getStringAttr(text));
    return global;
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
  FunctionNames *names = nullptr;
  llvm::StringMap<LLVM::GlobalOp> regions;
};

} // namespace
