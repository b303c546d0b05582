//===- GpuToSpirv.cpp - Kernels as SPIR-V for Vulkan 1.1 ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-gpu-to-spirv: one conversion of all that kernels hold. The version is
// what Vulkan 1.1 takes and the one capability is Shader, so that no device is
// asked for a feature.
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/GPUToSPIRV/GPUToSPIRV.h"
#include "mlir/Conversion/ArithToSPIRV/ArithToSPIRV.h"
#include "mlir/Conversion/FuncToSPIRV/FuncToSPIRV.h"
#include "mlir/Conversion/MathToSPIRV/MathToSPIRV.h"
#include "mlir/Conversion/MemRefToSPIRV/MemRefToSPIRV.h"
#include "mlir/Conversion/SCFToSPIRV/SCFToSPIRV.h"
#include "mlir/Conversion/UBToSPIRV/UBToSPIRV.h"
#include "mlir/Conversion/VectorToSPIRV/VectorToSPIRV.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "mlir/Dialect/SPIRV/IR/TargetAndABI.h"
#include "mlir/Dialect/SPIRV/Transforms/SPIRVConversion.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_GPUTOSPIRVPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

static spirv::TargetEnvAttr getVulkan11(MLIRContext *context) {
  auto version = spirv::VerCapExtAttr::get(
      spirv::Version::V_1_3, {spirv::Capability::Shader},
      {spirv::Extension::SPV_KHR_storage_buffer_storage_class}, context);
  return spirv::TargetEnvAttr::get(
      version, spirv::getDefaultResourceLimits(context),
      spirv::ClientAPI::Vulkan, spirv::Vendor::Unknown,
      spirv::DeviceType::Unknown, spirv::TargetEnvAttr::kUnknownDeviceID);
}

/// Where a buffer lives. Upstream's map makes one of an invocation a variable
/// of the module (Private), which allocas do not convert to.
static std::optional<spirv::StorageClass> getStorageClass(Attribute space) {
  auto named = dyn_cast_or_null<gpu::AddressSpaceAttr>(space);
  if (!named)
    return spirv::StorageClass::StorageBuffer;
  switch (named.getValue()) {
  case gpu::AddressSpace::Workgroup:
    return spirv::StorageClass::Workgroup;
  case gpu::AddressSpace::Private:
    return spirv::StorageClass::Function;
  default:
    return spirv::StorageClass::StorageBuffer;
  }
}

/// SPIR-V before 1.4 selects vectors by vectors only.
static void broadcastConditions(gpu::GPUModuleOp module) {
  module.walk([](arith::SelectOp select) {
    auto vector = dyn_cast<VectorType>(select.getType());
    if (!vector || isa<VectorType>(select.getCondition().getType()))
      return;
    OpBuilder builder(select);
    Value conditions = vector::BroadcastOp::create(
        builder, select.getLoc(), vector.clone(builder.getI1Type()),
        select.getCondition());
    select.getConditionMutable().assign(conditions);
  });
}

namespace {

struct LaunchConstantPattern : OpConversionPattern<LaunchConstantOp> {
  /// All kernels of a module declare one block of `count` words.
  LaunchConstantPattern(SPIRVTypeConverter &types, MLIRContext *context,
                        unsigned count)
      : OpConversionPattern(types, context), count(count) {}

  LogicalResult
  matchAndRewrite(LaunchConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value word = spirv::getPushConstantValue(op, count, op.getIndex(),
                                             rewriter.getI32Type(), rewriter);
    if (!word)
      return failure();
    if (op.getType().isF32())
      word =
          spirv::BitcastOp::create(rewriter, op.getLoc(), op.getType(), word);
    rewriter.replaceOp(op, word);
    return success();
  }

private:
  unsigned count;
};

/// Upstream's pattern orders shared memory only: what invocations of a group
/// exchange through a storage buffer would be a race.
struct BarrierPattern : OpConversionPattern<gpu::BarrierOp> {
  BarrierPattern(SPIRVTypeConverter &types, MLIRContext *context)
      : OpConversionPattern(types, context, /*benefit=*/2) {}

  LogicalResult
  matchAndRewrite(gpu::BarrierOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto semantics = spirv::MemorySemantics::AcquireRelease |
                     spirv::MemorySemantics::WorkgroupMemory |
                     spirv::MemorySemantics::UniformMemory;
    rewriter.replaceOpWithNewOp<spirv::ControlBarrierOp>(
        op, spirv::Scope::Workgroup, spirv::Scope::Workgroup, semantics);
    return success();
  }
};

struct GpuToSpirvPass : public modc::impl::GpuToSpirvPassBase<GpuToSpirvPass> {
  using GpuToSpirvPassBase::GpuToSpirvPassBase;

  void runOnOperation() override {
    auto modules = llvm::to_vector(getOperation().getOps<gpu::GPUModuleOp>());
    for (gpu::GPUModuleOp module : modules)
      if (failed(convert(module)))
        return signalPassFailure();
  }

private:
  LogicalResult convert(gpu::GPUModuleOp module);
};

} // namespace

LogicalResult GpuToSpirvPass::convert(gpu::GPUModuleOp module) {
  MLIRContext *context = &getContext();
  spirv::TargetEnvAttr environment = getVulkan11(context);
  module->setAttr(spirv::getTargetEnvAttrName(), environment);
  for (auto kernel : module.getOps<gpu::GPUFuncOp>()) {
    std::optional<ArrayRef<int32_t>> size = kernel.getKnownBlockSize();
    if (!size)
      return kernel.emitOpError("has no known_block_size");
    kernel->setAttr(spirv::getEntryPointABIAttrName(),
                    spirv::getEntryPointABIAttr(context, *size));
    kernel.removeKnownBlockSizeAttr();
    ++numConverted;
  }
  unsigned count = 0;
  module.walk([&](LaunchConstantOp op) {
    count = std::max(count, unsigned(op.getIndex()) + 1);
  });

  broadcastConditions(module);
  spirv::MemorySpaceToStorageClassConverter spaces(getStorageClass);
  spirv::convertMemRefTypesAndAttrs(module, spaces);
  std::unique_ptr<ConversionTarget> target =
      SPIRVConversionTarget::get(environment);
  SPIRVTypeConverter types(environment, SPIRVConversionOptions());
  ScfToSPIRVContext loops;
  RewritePatternSet patterns(context);
  populateGPUToSPIRVPatterns(types, patterns);
  populateSCFToSPIRVPatterns(types, loops, patterns);
  arith::populateArithToSPIRVPatterns(types, patterns);
  populateMathToSPIRVPatterns(types, patterns);
  populateMemRefToSPIRVPatterns(types, patterns);
  populateFuncToSPIRVPatterns(types, patterns);
  populateVectorToSPIRVPatterns(types, patterns);
  ub::populateUBToSPIRVConversionPatterns(types, patterns);
  patterns.add<LaunchConstantPattern>(types, context, count);
  patterns.add<BarrierPattern>(types, context);
  return applyFullConversion(module, *target, std::move(patterns));
}
