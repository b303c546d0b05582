//===- PrepareNvvm.cpp - Kernels for convert-gpu-to-nvvm ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-prepare-nvvm: what upstream's conversion refuses or makes calls of
// libdevice from. Parameters come out as the devices of the runtime pass them:
// one pointer a buffer, then the constants of the launch.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Passes.h"
#include "passes/gpu/KernelMath.h"
#include "passes/gpu/LaunchTable.h"

namespace modc {
#define GEN_PASS_DEF_PREPARENVVMPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// Groups that a multiprocessor is to hold at the least. More would take
/// registers from tiles, one would let ptxas spill.
constexpr int32_t kGroupsPerProcessor = 2;

/// The buffer's type with a first size of 1 where it is dynamic: a bare pointer
/// needs a static shape, and no address depends on the first size.
static Type getBareType(Type type) {
  auto buffer = dyn_cast<MemRefType>(type);
  if (!buffer || buffer.hasStaticShape())
    return type;
  SmallVector<int64_t> shape(buffer.getShape());
  shape[0] = 1;
  return MemRefType::get(shape, buffer.getElementType(), buffer.getLayout(),
                         buffer.getMemorySpace());
}

static void passConstants(gpu::GPUFuncOp kernel) {
  Block &entry = kernel.getBody().front();
  auto constants = SmallVector<LaunchConstantOp>();
  unsigned count = 0;
  kernel.walk([&](LaunchConstantOp op) {
    constants.push_back(op);
    count = std::max(count, unsigned(op.getIndex()) + 1);
  });
  // Those that nothing uses are gone, and are passed all the same.
  if (auto passed = dyn_cast_or_null<IntegerAttr>(
          kernel->removeAttr(kLaunchConstantsAttr)))
    count = std::max(count, unsigned(passed.getInt()));
  OpBuilder builder(kernel.getContext());
  unsigned buffers = kernel.getNumArguments();
  // Attributions of shared memory are arguments of the block behind these.
  SmallVector<Type> inputs;
  for (BlockArgument argument : entry.getArguments().take_front(buffers)) {
    argument.setType(getBareType(argument.getType()));
    inputs.push_back(argument.getType());
  }
  for (unsigned i = 0; i < count; ++i) {
    inputs.push_back(builder.getI32Type());
    entry.insertArgument(buffers + i, builder.getI32Type(), kernel.getLoc());
  }
  kernel.setFunctionType(builder.getFunctionType(inputs, {}));
  for (LaunchConstantOp op : constants) {
    Value word = entry.getArgument(buffers + op.getIndex());
    builder.setInsertionPoint(op);
    if (op.getType().isF32())
      word = arith::BitcastOp::create(builder, op.getLoc(), op.getType(), word);
    op.replaceAllUsesWith(word);
    op.erase();
  }
}

/// Allocations are what SPIR-V has; convert-gpu-to-nvvm knows attributions.
static void attributeBuffers(gpu::GPUFuncOp kernel) {
  kernel.walk([&](Operation *op) {
    if (auto shared = dyn_cast<memref::AllocOp>(op)) {
      shared.replaceAllUsesWith(
          kernel.addWorkgroupAttribution(shared.getType(), op->getLoc()));
      op->erase();
    } else if (auto own = dyn_cast<memref::AllocaOp>(op)) {
      MemRefType type = own.getType();
      own.getResult().setType(
          MemRefType::get(type.getShape(), type.getElementType()));
    }
  });
}

/// "f32", or "v4f32" of a vector.
static std::string getSuffix(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? "v" + std::to_string(vector.getNumElements()) + "f32" : "f32";
}

static void makeIntrinsic(Operation *op, StringRef name) {
  ImplicitLocOpBuilder builder(op->getLoc(), op);
  Type type = op->getResult(0).getType();
  auto full = builder.getStringAttr(name + "." + getSuffix(type));
  op->replaceAllUsesWith(
      LLVM::CallIntrinsicOp::create(builder, type, full, op->getOperands()));
  op->erase();
}

namespace {

struct PrepareNvvmPass
    : public modc::impl::PrepareNvvmPassBase<PrepareNvvmPass> {
  using PrepareNvvmPassBase::PrepareNvvmPassBase;

  void runOnOperation() override {
    auto groups = IntegerAttr::get(IntegerType::get(&getContext(), 32),
                                   kGroupsPerProcessor);
    for (auto kernel : getOperation().getOps<gpu::GPUFuncOp>()) {
      passConstants(kernel);
      attributeBuffers(kernel);
      kernel.walk([&](Operation *op) {
        if (std::optional<StringRef> name = getKernelIntrinsic(op)) {
          makeIntrinsic(op, *name);
          ++numIntrinsics;
        }
      });
      kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), groups);
      ++numKernels;
    }
  }
};

} // namespace
