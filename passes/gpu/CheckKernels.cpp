//===- CheckKernels.cpp - What kernels may hold ---------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-check-kernels: says what cannot be lowered, by name and in the terms
// of the kernel, before a target's conversion fails on what is left of it.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "passes/Passes.h"
#include "passes/gpu/KernelMath.h"

namespace modc {
#define GEN_PASS_DEF_CHECKKERNELSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// The numbers of a type if they have more than 32 bits; null otherwise.
static Type findWide(Type type) {
  while (auto shaped = dyn_cast<ShapedType>(type))
    type = shaped.getElementType();
  return type.isIntOrFloat() && type.getIntOrFloatBitWidth() > 32 ? type
                                                                  : Type();
}

/// Whether sizes and strides are known but for the first dimension's size.
static bool hasPlainRows(MemRefType type) {
  return type.getLayout().isIdentity() &&
         (type.getRank() == 0 ||
          llvm::none_of(type.getShape().drop_front(), ShapedType::isDynamic));
}

/// The buffer of a load or store of a vector; null for other ops.
static MemRefType getVectorAccess(Operation *op) {
  if (auto load = dyn_cast<vector::LoadOp>(op))
    return load.getMemRefType();
  if (auto store = dyn_cast<vector::StoreOp>(op))
    return store.getMemRefType();
  return {};
}

/// Whether constants say how often a loop runs, so that all invocations of a
/// group make as many rounds.
static bool hasConstantBounds(scf::ForOp loop) {
  return matchPattern(loop.getLowerBound(), m_Constant()) &&
         matchPattern(loop.getUpperBound(), m_Constant()) &&
         matchPattern(loop.getStep(), m_Constant());
}

/// A store of a byte changes a word by atomics in SPIR-V. In a loop whose
/// invocations make unlike numbers of rounds, Mesa's lavapipe then loses what
/// comes after.
static LogicalResult checkByteStore(memref::StoreOp store) {
  Type element = store.getMemRefType().getElementType();
  if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() >= 32)
    return success();
  for (Operation *parent = store->getParentOp(); !isa<gpu::GPUFuncOp>(parent);
       parent = parent->getParentOp()) {
    auto loop = dyn_cast<scf::ForOp>(parent);
    if (isa<scf::WhileOp>(parent) || (loop && !hasConstantBounds(loop)))
      return store.emitOpError("stores ")
             << element
             << " in a loop without constant bounds; kernels store i32 there";
  }
  return success();
}

static LogicalResult checkOp(Operation *op) {
  if (auto store = dyn_cast<memref::StoreOp>(op))
    if (failed(checkByteStore(store)))
      return failure();
  for (TypeRange types :
       {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
    for (Type type : types)
      if (Type wide = findWide(type))
        return op->emitOpError("uses ")
               << wide << ", kernels have numbers of 32 bits";
  if (isa_and_present<math::MathDialect>(op->getDialect()) &&
      !getKernelIntrinsic(op))
    return op->emitOpError("has no lowering in kernels; ")
           << "modular-expand-kernel-math replaces it";
  // spirv-val rejects what upstream makes of it: no logical pointer.
  MemRefType accessed = getVectorAccess(op);
  if (accessed && !isa<VectorType>(accessed.getElementType()))
    return op->emitOpError("accesses ")
           << accessed << ", kernels need a buffer of vectors for it";
  return success();
}

static LogicalResult checkFunction(gpu::GPUFuncOp function) {
  if (!function.isKernel())
    return function.emitOpError("is not a kernel; inline it");
  if (!function.getKnownBlockSize())
    return function.emitOpError("has no known_block_size, the size of its "
                                "groups");
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto buffer = dyn_cast<MemRefType>(type);
    if (!buffer)
      return function.emitOpError("has argument ")
             << i << " of " << type
             << ", kernels have buffers and modular.launch_constant";
    if (!hasPlainRows(buffer))
      return function.emitOpError("has argument ")
             << i << " of " << buffer
             << ", only the first size of a buffer may be dynamic";
    if (Type wide = findWide(buffer))
      return function.emitOpError("has argument ")
             << i << " of " << buffer << ", kernels have numbers of 32 bits";
  }
  return success();
}

namespace {

struct CheckKernelsPass
    : public modc::impl::CheckKernelsPassBase<CheckKernelsPass> {
  using CheckKernelsPassBase::CheckKernelsPassBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<gpu::GPUFuncOp>()) {
      if (failed(checkFunction(function)))
        return signalPassFailure();
      WalkResult walk = function.getBody().walk([](Operation *op) {
        return failed(checkOp(op)) ? WalkResult::interrupt()
                                   : WalkResult::advance();
      });
      if (walk.wasInterrupted())
        return signalPassFailure();
      ++numKernels;
    }
  }
};

} // namespace
