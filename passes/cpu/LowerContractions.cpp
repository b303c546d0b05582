//===- LowerContractions.cpp - Matrix products as calls of kernels --------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of one shape share one private function of vector code, whichever
// programs they stand in. Large products outside of tasks become tasks over
// blocks of rows of the result.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/Passes.h"
#include "passes/cpu/ContractionFusion.h"
#include "passes/cpu/ContractionKernel.h"
#include "passes/cpu/LoweringRemarks.h"

namespace modc {
#define GEN_PASS_DEF_LOWERCONTRACTIONSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// Multiply-adds below which a task costs more than it saves.
constexpr int64_t kTaskWork = 1 << 17;

struct LowerContractionsPass
    : modc::impl::LowerContractionsPassBase<LowerContractionsPass> {
  using LowerContractionsPassBase::LowerContractionsPassBase;

  void runOnOperation() override {
    kernels.clear();
    SymbolTable table(getOperation());
    symbols = &table;
    SmallVector<std::pair<linalg::GenericOp, Contraction>> matches;
    getOperation().walk([&](linalg::GenericOp op) {
      std::optional<Contraction> contraction = Contraction::match(op);
      if (!contraction)
        return remarkOnLoop(op);
      KernelSchedule schedule(*contraction, vectorBits, kBlock);
      if (!schedule.fitsPanels(*contraction))
        return remarkOnPanels(op, *contraction, schedule);
      matches.push_back({op, *contraction});
    });
    AbsorbedOps absorbed;
    SmallVector<Value> late;
    for (auto &[op, contraction] : matches) {
      numStarts += fuseStart(op, contraction, absorbed);
      if (contraction.bias)
        late.push_back(contraction.bias);
    }
    for (auto &[op, contraction] : matches)
      numFinishes += fuseFinish(op, contraction, absorbed, late);
    for (auto &[op, contraction] : matches)
      numScatters += fuseScatter(op, contraction, absorbed, late);
    for (auto &[op, contraction] : matches) {
      KernelSchedule schedule(contraction, vectorBits, kBlock);
      // Tasks have any number of rows.
      if (rowsOfTask(contraction))
        schedule.tall = 0;
      remarkOnKernel(op, contraction, schedule, nameOf(contraction),
                     rowsOfTask(contraction));
      OpBuilder builder(op);
      if (!op->getParentOfType<scf::ParallelOp>() &&
          !op->getParentOfType<scf::ForallOp>() && rowsOfTask(contraction))
        callInTasks(builder, op.getLoc(), contraction);
      else
        call(builder, op.getLoc(), contraction);
      op.erase();
      ++numProducts;
    }
    for (Operation *op : absorbed)
      op->erase();
  }

private:
  /// Rows of the result per task, or 0 where there should be one task. Static,
  /// so that it does not depend on the batch.
  int64_t rowsOfTask(const Contraction &contraction) {
    if (contraction.rows || contraction.rowsOfC)
      return 0;
    int64_t depth = contraction.depth();
    // A sum over the batch: taken to be of one block of rows.
    int64_t length = ShapedType::isDynamic(depth) ? rowBlock : depth;
    if (contraction.columns() * length * rowBlock < kTaskWork)
      return 0;
    int64_t rows = contraction.height();
    return ShapedType::isDynamic(rows) || rows > rowBlock ? rowBlock : 0;
  }

  /// Calls the kernel for blocks of rows of c, in any order.
  void callInTasks(OpBuilder &builder, Location loc,
                   const Contraction &contraction) {
    auto index = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(builder, loc, value);
    };
    int64_t block = rowsOfTask(contraction);
    unsigned rowsOfC = Contraction::dimensionOfRows(contraction.typeC());
    Value rows =
        builder.createOrFold<memref::DimOp>(loc, contraction.c, rowsOfC);
    auto loop =
        scf::ParallelOp::create(builder, loc, ValueRange{index(0)},
                                ValueRange{rows}, ValueRange{index(block)});
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value first = loop.getInductionVars()[0];
    Value left = arith::SubIOp::create(builder, loc, rows, first);
    Value count = arith::MinUIOp::create(builder, loc, left, index(block));
    auto slice = [&](Value buffer, unsigned dimension) -> Value {
      int64_t rank = cast<MemRefType>(buffer.getType()).getRank();
      SmallVector<OpFoldResult> offsets(rank, builder.getIndexAttr(0));
      SmallVector<OpFoldResult> strides(rank, builder.getIndexAttr(1));
      SmallVector<OpFoldResult> sizes =
          memref::getMixedSizes(builder, loc, buffer);
      offsets[dimension] = first;
      sizes[dimension] = count;
      return memref::SubViewOp::create(builder, loc, buffer, offsets, sizes,
                                       strides);
    };
    Contraction part = contraction;
    part.a = slice(contraction.a, contraction.transposedA ? 1 : 0);
    part.c = slice(contraction.c, rowsOfC);
    if (part.finish) {
      part.finish->out = contraction.finish->out == contraction.c
                             ? part.c
                             : slice(part.finish->out, 0);
      for (auto [i, input] : llvm::enumerate(part.finish->inputs))
        if (input && readsRows(*part.finish, i))
          input = input == contraction.finish->out ? part.finish->out
                                                   : slice(input, 0);
    }
    call(builder, loc, part);
  }

  /// Whether an input of a finish has an element or a row for each row of c.
  static bool readsRows(const Finish &finish, unsigned input) {
    linalg::GenericOp op = finish.op;
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInputOperand(input));
    return map.getNumResults() && map.getDimPosition(0) == 0;
  }

  /// Every value that a kernel works on, in the order of its arguments.
  static SmallVector<Value *> operandsOf(Contraction &contraction) {
    SmallVector<Value *> result = {&contraction.a, &contraction.b,
                                   &contraction.c};
    auto add = [&](Value &value) {
      if (value)
        result.push_back(&value);
    };
    add(contraction.rows);
    add(contraction.rowsOfC);
    add(contraction.bias);
    add(contraction.fresh);
    if (contraction.finish) {
      for (Value &input : contraction.finish->inputs)
        add(input);
      // Rows by number are those of c, whatever becomes of the sums.
      if (!contraction.rowsOfC)
        add(contraction.finish->out);
    }
    return result;
  }

  /// Calls the kernel of a contraction.
  void call(OpBuilder &builder, Location loc, Contraction contraction) {
    SmallVector<Value> operands;
    for (Value *value : operandsOf(contraction)) {
      auto type = dyn_cast<MemRefType>(value->getType());
      operands.push_back(type ? builder.createOrFold<memref::CastOp>(
                                    loc, atAnyOffset(type), *value)
                              : *value);
    }
    KernelSchedule schedule(contraction, vectorBits, kBlock);
    if (schedule.packed)
      operands.push_back(memref::AllocOp::create(
          builder, loc, schedule.panelType(contraction.element()), ValueRange(),
          builder.getI64IntegerAttr(64)));
    if (schedule.packsA)
      operands.push_back(memref::AllocOp::create(
          builder, loc, schedule.copyTypeOfA(contraction.element()),
          ValueRange(), builder.getI64IntegerAttr(64)));
    func::CallOp::create(builder, loc, kernelFor(loc, contraction, schedule),
                         operands);
  }

  /// What a finish computes: operators, types and where operands come from.
  static std::string describe(const Finish &finish) {
    std::string text;
    llvm::raw_string_ostream out(text);
    linalg::GenericOp op = finish.op;
    DenseMap<Value, unsigned> numbers;
    auto print = [&](Value value) {
      Attribute constant;
      if (matchPattern(value, m_Constant(&constant)))
        out << ' ' << constant;
      else
        out << " %" << numbers.try_emplace(value, numbers.size()).first->second;
    };
    for (auto [i, input] : llvm::enumerate(finish.inputs))
      out << (input ? "" : "sum ")
          << AffineMapAttr::get(
                 op.getMatchingIndexingMap(op.getDpsInputOperand(i)));
    for (BlockArgument argument : op.getBody()->getArguments())
      print(argument);
    for (Operation &inner : *op.getBody()) {
      if (inner.hasTrait<OpTrait::ConstantLike>())
        continue;
      out << "; " << inner.getName() << inner.getAttrDictionary();
      for (Value operand : inner.getOperands())
        print(operand);
      for (Value result : inner.getResults()) {
        print(result);
        out << ':' << result.getType();
      }
    }
    out << (finish.keepsSums ? " keeps" : "") << " to " << finish.out.getType();
    return text;
  }

  /// A name for people.
  static std::string nameOf(const Contraction &contraction) {
    auto size = [](int64_t n) {
      return ShapedType::isDynamic(n) ? std::string("n") : std::to_string(n);
    };
    std::string name = "matmul_" + size(contraction.height()) + "x" +
                       size(contraction.depth()) + "x" +
                       size(contraction.columns()) +
                       (contraction.transposedA ? "_at" : "") +
                       (contraction.transposedB ? "_bt" : "") +
                       (contraction.panelOfB() ? "_panels" : "") +
                       (contraction.panelOfC() ? "_to_panels" : "") +
                       (contraction.rows ? "_rows" : "");
    if (contraction.start == Contraction::Start::Zero)
      name += contraction.fresh ? "_fresh" : "_zero";
    if (contraction.start == Contraction::Start::Bias)
      name += "_bias";
    if (contraction.finish) {
      linalg::GenericOp finish = contraction.finish->op;
      for (Operation &inner : finish.getBody()->without_terminator())
        if (!inner.hasTrait<OpTrait::ConstantLike>())
          name += ("_" + inner.getName().stripDialect()).str();
    }
    return contraction.rowsOfC ? name + "_scatter" : name;
  }

  /// The function of a shape.
  func::FuncOp kernelFor(Location loc, Contraction contraction,
                         const KernelSchedule &schedule) {
    SmallVector<Value *> operands = operandsOf(contraction);
    SmallVector<Type> types;
    for (Value *value : operands) {
      auto type = dyn_cast<MemRefType>(value->getType());
      types.push_back(type ? atAnyOffset(type) : value->getType());
    }
    if (schedule.packed)
      types.push_back(schedule.panelType(contraction.element()));
    if (schedule.packsA)
      types.push_back(schedule.copyTypeOfA(contraction.element()));
    OpBuilder builder(&getContext());
    auto type = builder.getFunctionType(types, {});
    std::string name = nameOf(contraction), key;
    llvm::raw_string_ostream(key)
        << name << type
        << (contraction.finish ? describe(*contraction.finish) : "");
    func::FuncOp &kernel = kernels[key];
    if (kernel)
      return kernel;
    ++numKernels;
    kernel = func::FuncOp::create(builder, loc, name, type);
    kernel.setPrivate();
    kernel->setAttr(kKernelAttribute, describeKernel(contraction, schedule));
    symbols->insert(kernel); // Renames it where another layout has the name.
    builder.setInsertionPointToStart(kernel.addEntryBlock());
    for (auto [value, argument] : llvm::zip(operands, kernel.getArguments()))
      *value = argument;
    SmallVector<Value> own(kernel.getArguments().drop_front(operands.size()));
    Value ofA = schedule.packsA ? own.pop_back_val() : Value();
    buildContraction(builder, loc, contraction,
                     schedule.packed ? own.back() : Value(), ofA, schedule);
    func::ReturnOp::create(builder, loc);
    return kernel;
  }

  llvm::StringMap<func::FuncOp> kernels;
  SymbolTable *symbols = nullptr;
};

} // namespace
