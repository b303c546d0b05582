//===- LowerKernelBuffers.cpp - Buffers that kernels can have -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-lower-kernel-buffers: constant tables, copies and arrays of booleans,
// which bufferization makes and SPIR-V has no word for.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_LOWERKERNELBUFFERSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// Tables of more elements are buffers to pass, not code.
constexpr int64_t kMostSelected = 64;

static Value index(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

/// The element that `load` reads, by a chain of selects over its number.
static Value selectElement(memref::LoadOp load, DenseElementsAttr values) {
  ImplicitLocOpBuilder b(load.getLoc(), load);
  auto constants = llvm::to_vector(values.getValues<TypedAttr>());
  Value place = index(b, 0);
  for (auto [size, at] :
       llvm::zip_equal(load.getMemRefType().getShape(), load.getIndices()))
    place = b.createOrFold<arith::AddIOp>(
        b.createOrFold<arith::MulIOp>(place, index(b, size)), at);
  Value element = arith::ConstantOp::create(b, constants.back());
  for (int64_t i = int64_t(constants.size()) - 2; i >= 0; --i) {
    Value here =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, place, index(b, i));
    element = arith::SelectOp::create(
        b, here, arith::ConstantOp::create(b, constants[size_t(i)]), element);
  }
  return element;
}

/// Replaces a constant table by the code of its loads.
static LogicalResult replaceTable(memref::GetGlobalOp table) {
  auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
      table, table.getNameAttr()); // there, as the verifier says
  auto values =
      dyn_cast_or_null<DenseElementsAttr>(global.getInitialValueAttr());
  if (!values || !global.getConstant())
    return table.emitOpError("is not constant, kernels have no variables of "
                             "their own");
  if (values.empty() || values.getNumElements() > kMostSelected)
    return table.emitOpError("has ")
           << values.getNumElements() << " elements, kernels select from 1 to "
           << kMostSelected;
  for (Operation *user : llvm::make_early_inc_range(table->getUsers())) {
    auto load = dyn_cast<memref::LoadOp>(user);
    if (!load)
      return user->emitOpError("needs a constant table in memory, which "
                               "kernels do not have");
    load.replaceAllUsesWith(selectElement(load, values));
    load.erase();
  }
  table.erase();
  return success();
}

static LogicalResult replaceCopy(memref::CopyOp copy) {
  if (copy.getSource() == copy.getTarget()) {
    copy.erase();
    return success();
  }
  auto from = cast<MemRefType>(copy.getSource().getType());
  auto to = cast<MemRefType>(copy.getTarget().getType());
  if (!from.hasStaticShape() && !to.hasStaticShape())
    return copy.emitOpError("has no known size: ") << from << " to " << to;
  ImplicitLocOpBuilder b(copy.getLoc(), copy);
  SmallVector<Value> at;
  for (int64_t size : (from.hasStaticShape() ? from : to).getShape()) {
    auto loop = scf::ForOp::create(b, index(b, 0), index(b, size), index(b, 1));
    at.push_back(loop.getInductionVar());
    b.setInsertionPointToStart(loop.getBody());
  }
  Value element = memref::LoadOp::create(b, copy.getSource(), at);
  memref::StoreOp::create(b, element, copy.getTarget(), at);
  copy.erase();
  return success();
}

/// Stores the booleans of `array` as i32. Returns the op that uses it in
/// another way, or null.
static Operation *widenBooleans(Operation *array) {
  Value buffer = array->getResult(0);
  for (Operation *user : buffer.getUsers())
    if (!isa<memref::LoadOp, memref::StoreOp, memref::DeallocOp>(user))
      return user;
  auto type = cast<MemRefType>(buffer.getType());
  Type boolean = type.getElementType();
  Type word = IntegerType::get(type.getContext(), 32);
  buffer.setType(type.clone(word));
  for (Operation *user : llvm::make_early_inc_range(buffer.getUsers())) {
    ImplicitLocOpBuilder b(user->getLoc(), user);
    if (auto load = dyn_cast<memref::LoadOp>(user)) {
      load.getResult().setType(word);
      b.setInsertionPointAfter(load);
      auto value = arith::TruncIOp::create(b, boolean, load.getResult());
      load.getResult().replaceAllUsesExcept(value, value);
    } else if (auto store = dyn_cast<memref::StoreOp>(user)) {
      store.getValueMutable().set(
          arith::ExtUIOp::create(b, word, store.getValueToStore()));
    }
  }
  return nullptr;
}

namespace {

struct LowerKernelBuffersPass
    : public modc::impl::LowerKernelBuffersPassBase<LowerKernelBuffersPass> {
  using LowerKernelBuffersPassBase::LowerKernelBuffersPassBase;

  void runOnOperation() override {
    // Copies become loads of tables, and stores of booleans.
    auto copies = collect<memref::CopyOp>();
    auto tables = collect<memref::GetGlobalOp>();
    for (memref::CopyOp copy : copies)
      if (failed(replaceCopy(copy)))
        return signalPassFailure();
    for (memref::GetGlobalOp table : tables)
      if (failed(replaceTable(table)))
        return signalPassFailure();
    for (auto global : collect<memref::GlobalOp>())
      if (SymbolTable::symbolKnownUseEmpty(global, getOperation()))
        global.erase();
    SmallVector<Operation *> arrays;
    getOperation()->walk([&](Operation *op) {
      if (isa<memref::AllocOp, memref::AllocaOp>(op) &&
          cast<MemRefType>(op->getResult(0).getType())
              .getElementType()
              .isInteger(1))
        arrays.push_back(op);
    });
    for (Operation *array : arrays)
      if (Operation *user = widenBooleans(array)) {
        user->emitOpError("uses an array of booleans, which kernels only load "
                          "from and store to");
        return signalPassFailure();
      }
    numCopies += copies.size();
    numTables += tables.size();
  }

private:
  template <typename OpTy>
  SmallVector<OpTy> collect() {
    SmallVector<OpTy> ops;
    getOperation()->walk([&](OpTy op) { ops.push_back(op); });
    return ops;
  }
};

} // namespace
