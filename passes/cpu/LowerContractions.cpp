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
#include "mlir/IR/SymbolTable.h"
#include "passes/Passes.h"
#include "passes/cpu/ContractionKernel.h"

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
      if (std::optional<Contraction> contraction = Contraction::match(op))
        matches.push_back({op, *contraction});
    });
    for (auto &[op, contraction] : matches) {
      OpBuilder builder(op);
      if (!op->getParentOfType<scf::ParallelOp>() &&
          !op->getParentOfType<scf::ForallOp>() && rowsOfTask(contraction))
        callInTasks(builder, op.getLoc(), contraction);
      else
        call(builder, op.getLoc(), contraction);
      op.erase();
      ++numProducts;
    }
  }

private:
  /// Types of the operands as a function's, and which are transposed.
  using Key = std::pair<Type, unsigned>;

  /// Rows of the result per task, or 0 where there should be one task. Static,
  /// so that it does not depend on the batch.
  int64_t rowsOfTask(const Contraction &contraction) {
    if (contraction.rows)
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
    Value rows = builder.createOrFold<memref::DimOp>(loc, contraction.c, 0);
    auto loop =
        scf::ParallelOp::create(builder, loc, ValueRange{index(0)},
                                ValueRange{rows}, ValueRange{index(block)});
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value first = loop.getInductionVars()[0];
    Value left = arith::SubIOp::create(builder, loc, rows, first);
    Value count = arith::MinUIOp::create(builder, loc, left, index(block));
    auto slice = [&](Value buffer, unsigned dimension) -> Value {
      SmallVector<OpFoldResult> offsets(2, builder.getIndexAttr(0));
      SmallVector<OpFoldResult> strides(2, builder.getIndexAttr(1));
      SmallVector<OpFoldResult> sizes =
          memref::getMixedSizes(builder, loc, buffer);
      offsets[dimension] = first;
      sizes[dimension] = count;
      return memref::SubViewOp::create(builder, loc, buffer, offsets, sizes,
                                       strides);
    };
    Contraction part = contraction;
    part.a = slice(contraction.a, contraction.transposedA ? 1 : 0);
    part.c = slice(contraction.c, 0);
    call(builder, loc, part);
  }

  void call(OpBuilder &builder, Location loc, const Contraction &contraction) {
    SmallVector<Value> buffers = {contraction.a, contraction.b, contraction.c};
    if (contraction.rows)
      buffers.push_back(contraction.rows);
    SmallVector<Value> operands;
    for (Value value : buffers) {
      MemRefType type = atAnyOffset(cast<MemRefType>(value.getType()));
      operands.push_back(
          builder.createOrFold<memref::CastOp>(loc, type, value));
    }
    KernelSchedule schedule(contraction, vectorBits, kBlock);
    if (schedule.packed)
      operands.push_back(memref::AllocOp::create(
          builder, loc, schedule.panelType(contraction.element()), ValueRange(),
          builder.getI64IntegerAttr(64)));
    func::CallOp::create(builder, loc, kernelFor(loc, contraction, schedule),
                         operands);
  }

  /// The function of a shape.
  func::FuncOp kernelFor(Location loc, const Contraction &contraction,
                         const KernelSchedule &schedule) {
    SmallVector<Type> types = {atAnyOffset(contraction.typeA()),
                               atAnyOffset(contraction.typeB()),
                               atAnyOffset(contraction.typeC())};
    if (contraction.rows)
      types.push_back(
          atAnyOffset(cast<MemRefType>(contraction.rows.getType())));
    if (schedule.packed)
      types.push_back(schedule.panelType(contraction.element()));
    OpBuilder builder(&getContext());
    auto type = builder.getFunctionType(types, {});
    func::FuncOp &kernel = kernels[Key(type, 2 * contraction.transposedA +
                                                 contraction.transposedB)];
    if (kernel)
      return kernel;
    ++numKernels;
    auto size = [](int64_t n) {
      return ShapedType::isDynamic(n) ? std::string("n") : std::to_string(n);
    };
    std::string name = "matmul_" + size(contraction.height()) + "x" +
                       size(contraction.depth()) + "x" +
                       size(contraction.columns()) +
                       (contraction.transposedA ? "_at" : "") +
                       (contraction.transposedB ? "_bt" : "") +
                       (contraction.rows ? "_rows" : "");
    kernel = func::FuncOp::create(builder, loc, name, type);
    kernel.setPrivate();
    symbols->insert(kernel); // Renames it where another layout has the name.
    builder.setInsertionPointToStart(kernel.addEntryBlock());
    Contraction inner = contraction;
    inner.a = kernel.getArgument(0);
    inner.b = kernel.getArgument(1);
    inner.c = kernel.getArgument(2);
    if (contraction.rows)
      inner.rows = kernel.getArgument(3);
    buildContraction(builder, loc, inner,
                     schedule.packed ? kernel.getArguments().back() : Value(),
                     schedule);
    func::ReturnOp::create(builder, loc);
    return kernel;
  }

  DenseMap<Key, func::FuncOp> kernels;
  SymbolTable *symbols = nullptr;
};

} // namespace
