//===- PlanWorkspace.cpp - Place temporaries in the workspace -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lays the temporaries of each program out in the workspace and writes the
// function that says how large it must be. Layout is built twice from the same
// description: unchecked in the program, checked in that function.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/Passes.h"
#include "passes/cpu/abi/CarriedBuffers.h"
#include "passes/cpu/abi/SizeFormula.h"
#include "passes/cpu/abi/Temporaries.h"
#include "passes/cpu/abi/WorkspaceTable.h"

namespace modc {
#define GEN_PASS_DEF_PLANWORKSPACEPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// Where the slots of an arena start, and where it ends; i64.
struct Layout {
  SmallVector<Value> offsets;
  /// By item: its bytes.
  SmallVector<Value> bytes;
  Value total;
  /// By item: the layout of a parallel loop's workers.
  DenseMap<const Temporaries *, std::unique_ptr<Layout>> workers;
};

/// Null after an error.
std::unique_ptr<Layout> buildLayout(SizeFormula &formula,
                                    const Temporaries &arena, Value workers) {
  auto layout = std::make_unique<Layout>();
  SmallVector<Value> sizes(arena.slots);
  for (const Temporaries::Item &item : arena.items) {
    Value bytes;
    if (item.workers) {
      auto inner = buildLayout(formula, *item.workers, workers);
      if (!inner)
        return nullptr;
      bytes = formula.mul(inner->total, workers);
      layout->workers[item.workers.get()] = std::move(inner);
    } else {
      memref::AllocOp alloc = item.alloc;
      bytes = formula.bytes(alloc.getType(), alloc.getDynamicSizes());
    }
    if (!bytes)
      return nullptr;
    layout->bytes.push_back(bytes);
    Value &size = sizes[item.slot];
    size = size ? formula.max(size, bytes) : bytes;
  }
  layout->total = formula.constant(0);
  for (Value size : sizes) {
    layout->offsets.push_back(layout->total);
    layout->total = formula.add(layout->total, formula.aligned(size));
  }
  return layout;
}

/// The slots of an arena, each with what shares it: a temporary, or the slots
/// that each worker has of its own.
llvm::json::Value describe(const Temporaries &arena, const Layout &layout) {
  std::vector<llvm::json::Array> slots(arena.slots);
  for (auto [item, bytes] : llvm::zip(arena.items, layout.bytes))
    if (item.workers)
      slots[item.slot].push_back(llvm::json::Object{
          {"worker",
           describe(*item.workers, *layout.workers.at(item.workers.get()))}});
    else
      slots[item.slot].push_back(describeTemporary(item.alloc, bytes));
  llvm::json::Array result;
  for (llvm::json::Array &slot : slots)
    result.push_back(std::move(slot));
  return result;
}

struct PlanWorkspacePass
    : public modc::impl::PlanWorkspacePassBase<PlanWorkspacePass> {
  using PlanWorkspacePassBase::PlanWorkspacePassBase;

  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (function.isPublic() && !function.isExternal())
        if (failed(plan(function)))
          return signalPassFailure();
    std::string text;
    llvm::raw_string_ostream(text) << llvm::json::Value(std::move(workspaces));
    getOperation()->setAttr(kWorkspaces, StringAttr::get(&getContext(), text));
  }

private:
  LogicalResult plan(func::FuncOp function) {
    // What is on the stack in a loop would grow it.
    IRRewriter rewriter(&getContext());
    function.walk([&](memref::AllocaOp op) {
      rewriter.setInsertionPoint(op);
      rewriter.replaceOpWithNewOp<memref::AllocOp>(op, op.getType(),
                                                   op.getDynamicSizes());
    });
    if (!llvm::hasSingleElement(function.getBody()))
      return function.emitError("program '")
             << function.getName() << "' has "
             << function.getBody().getBlocks().size() << " blocks, not one";

    pinned += pinCarriedBuffers(function);
    BufferViewFlowAnalysis aliases(function);
    auto arena = Temporaries::collect(function.getBody().front(), aliases);
    if (failed(arena) || failed(buildSize(function, **arena)))
      return failure();
    return place(function, **arena);
  }

  /// The function that the host asks for the workspace's size.
  LogicalResult buildSize(func::FuncOp function, const Temporaries &arena) {
    OpBuilder builder(function->getContext());
    builder.setInsertionPointAfter(function);
    Type i64 = builder.getI64Type();
    auto size = func::FuncOp::create(
        builder, function.getLoc(), (function.getName() + "_workspace").str(),
        builder.getFunctionType({i64, i64, i64}, {i64}));
    size.setPrivate();
    // Runs once a session: not worth the time to optimize it.
    size->setAttr("passthrough",
                  builder.getStrArrayAttr({"noinline", "optnone"}));
    Block *entry = size.addEntryBlock();
    builder.setInsertionPointToStart(entry);
    SizeFormula formula(builder, function.getLoc(), function,
                        entry->getArgument(0), entry->getArgument(1),
                        /*checked=*/true);
    auto layout = buildLayout(formula, arena, entry->getArgument(2));
    if (!layout)
      return failure();
    workspaces[function.getName()] = describe(arena, *layout);
    func::ReturnOp::create(builder, function.getLoc(),
                           formula.checkedResult(layout->total));
    return success();
  }

  /// Turns allocations into views of a new argument, the workspace.
  LogicalResult place(func::FuncOp function, const Temporaries &arena) {
    Location loc = function.getLoc();
    OpBuilder builder(&getContext());
    Value space = addArgument(
        function, MemRefType::get({ShapedType::kDynamic}, builder.getI8Type()),
        "workspace");
    Value count = addArgument(function, builder.getIndexType(), "workers");
    function.walk([&](NumWorkersOp op) {
      op.replaceAllUsesWith(count);
      op.erase();
    });

    builder.setInsertionPointToStart(&function.getBody().front());
    auto number = [&](Value index) -> Value {
      return arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                        index);
    };
    auto [points, candidates] = sizesOf(function, builder);
    SizeFormula formula(builder, loc, function, points, candidates,
                        /*checked=*/false);
    auto layout = buildLayout(formula, arena, number(count));
    if (!layout)
      return failure();
    replace(arena, *layout, space, formula.constant(0));
    for (const Temporaries::Item &item : arena.items) {
      if (!item.workers)
        continue;
      // Worker w has the w-th copy.
      const Temporaries &inner = *item.workers;
      const Layout &innerLayout = *layout->workers[&inner];
      scf::ParallelOp loop = inner.loop;
      builder.setInsertionPointToStart(loop.getBody());
      Value worker =
          func::CallOp::create(builder, loc, workerFunction(), ValueRange())
              .getResult(0);
      Value base = arith::AddIOp::create(
          builder, loc, layout->offsets[item.slot],
          arith::MulIOp::create(builder, loc, worker, innerLayout.total));
      replace(inner, innerLayout, space, base);
    }
    function.walk([](memref::DeallocOp op) { op.erase(); });
    return success();
  }

  void replace(const Temporaries &arena, const Layout &layout, Value space,
               Value base) {
    slots += arena.slots;
    for (const Temporaries::Item &item : arena.items) {
      if (!item.alloc)
        continue;
      ++placed;
      memref::AllocOp alloc = item.alloc;
      OpBuilder builder(alloc);
      Location loc = alloc.getLoc();
      Value offset =
          arith::AddIOp::create(builder, loc, base, layout.offsets[item.slot]);
      Value index = arith::IndexCastOp::create(builder, loc,
                                               builder.getIndexType(), offset);
      Value view = memref::ViewOp::create(builder, loc, alloc.getType(), space,
                                          index, alloc.getDynamicSizes());
      alloc.replaceAllUsesWith(view);
      alloc.erase();
    }
  }

  /// N and S as i64 at the function's start; 0 where it has no such size.
  std::pair<Value, Value> sizesOf(func::FuncOp function, OpBuilder &builder) {
    Location loc = function.getLoc();
    Value points, candidates;
    auto number = [&](Value index) -> Value {
      return arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                        index);
    };
    for (BlockArgument argument : function.getArguments()) {
      unsigned i = argument.getArgNumber();
      if (roleOf(function, i) != "size")
        continue;
      auto name = function.getArgAttrOfType<StringAttr>(i, kName);
      (name && name.getValue() == "S" ? candidates : points) = number(argument);
    }
    // A function without the size itself may have a buffer with N rows.
    for (BlockArgument argument : function.getArguments()) {
      auto rows =
          function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRows);
      if (points || !rows || rows.getValue() != "N")
        continue;
      points = number(memref::DimOp::create(builder, loc, argument, 0));
    }
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 64);
    return {points ? points : zero, candidates ? candidates : zero};
  }

  Value addArgument(func::FuncOp function, Type type, StringRef role) {
    unsigned index = function.getNumArguments();
    Builder builder(&getContext());
    auto attributes = builder.getDictionaryAttr(
        builder.getNamedAttr(kRole, builder.getStringAttr(role)));
    (void)function.insertArgument(index, type, attributes, function.getLoc());
    return function.getArgument(index);
  }

  llvm::json::Object workspaces;

  /// Stands for the number of the worker that runs a task, until tasks are
  /// functions (modular-outline-parallel).
  func::FuncOp workerFunction() {
    ModuleOp module = getOperation();
    if (auto known = module.lookupSymbol<func::FuncOp>("modc_worker"))
      return known;
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    auto function = func::FuncOp::create(
        builder, module.getLoc(), "modc_worker",
        builder.getFunctionType({}, {builder.getI64Type()}));
    function.setPrivate();
    return function;
  }
};

} // namespace
