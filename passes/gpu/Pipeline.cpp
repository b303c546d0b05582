//===- Pipeline.cpp - From kernels to SPIR-V and NVVM ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Orders the passes of passes/gpu and upstream's.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/Pipeline.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "mlir/Dialect/SPIRV/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "passes/cpu/Pipeline.h"
#include "passes/gpu/LaunchLimits.h"

using namespace mlir;
using namespace modc;

static void addCleanup(OpPassManager &manager) {
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void modc::addLaunchPasses(OpPassManager &manager) {
  manager.addNestedPass<func::FuncOp>(createNameOpsPass());
  manager.addNestedPass<func::FuncOp>(createFoldPermutationsPass());
  manager.addNestedPass<func::FuncOp>(createSplitSumsPass());
  addCleanup(manager);
  manager.addPass(createSplitGroupedPass());
  addCleanup(manager);
  manager.addPass(createSplitProductsPass());
  addCleanup(manager);
  manager.addPass(createPrepareLaunchesPass());
  manager.addPass(createUnrollScansPass());
  addCleanup(manager);
  manager.addPass(createFormLaunchesPass());
  addCleanup(manager);
  // Steps of a recurrence, and programs, have many in common.
  manager.addPass(createMergeFunctionsPass());
}

void modc::addKernelPasses(OpPassManager &manager, int64_t sharedBytes) {
  // What is left in a function has one row, so that all sizes are known.
  manager.addPass(createDecomposePass());
  LowerRoutingPassOptions routing;
  routing.rowBlock = 1;
  manager.addPass(createLowerRoutingPass(routing));
  manager.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  addCleanup(manager);
  manager.addPass(createFuseElementwisePass());
  manager.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  addCleanup(manager);
  addBufferization(manager);
  OpPassManager &function = manager.nest<func::FuncOp>();
  function.addPass(createLinalgGeneralizeNamedOpsPass());
  function.addPass(createHoistViewsPass());
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());
  function.addPass(createLowerCopiesPass({/*plain=*/true}));
  function.addPass(createConvertLinalgToLoopsPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(memref::createFoldMemRefAliasOpsPass());
  addCleanup(manager);
  manager.addPass(createMergeLaunchesPass());
  manager.addPass(createMergeFunctionsPass());
  manager.addPass(createOutlineKernelsPass({sharedBytes}));
  addCleanup(manager);
}

/// Up to the form that both targets share.
static OpPassManager &addCommonPasses(OpPassManager &manager) {
  OpPassManager &kernels = manager.nest<gpu::GPUModuleOp>();
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(createLowerKernelBuffersPass());
  kernels.addPass(createExpandKernelMathPass());
  kernels.addPass(createSplitWideNumbersPass());
  // Divisions that round up or down have no counterpart in SPIR-V.
  kernels.addPass(arith::createArithExpandOpsPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createCheckKernelsPass());
  return kernels;
}

void modc::addSpirvPasses(OpPassManager &manager) {
  addCommonPasses(manager).addPass(createGuardEmptyLoopsPass());
  manager.addPass(createGpuToSpirvPass());
  OpPassManager &code = manager.nest<spirv::ModuleOp>();
  code.addPass(createCanonicalizerPass());
  code.addPass(createCSEPass());
  code.addPass(spirv::createSPIRVLowerABIAttributesPass());
  code.addPass(spirv::createSPIRVUpdateVCEPass());
  code.addPass(createForbidContractionPass());
}

void modc::addNvvmPasses(OpPassManager &manager) {
  OpPassManager &kernels = addCommonPasses(manager);
  kernels.addPass(createPrepareNvvmPass());
  kernels.addPass(createSCFToControlFlowPass());
  ConvertGpuOpsToNVVMOpsOptions options;
  options.indexBitwidth = 32;
  options.useBarePtrCallConv = true;
  kernels.addPass(createConvertGpuOpsToNVVMOps(options));
  kernels.addPass(createReconcileUnrealizedCastsPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void modc::registerGpuPipelines() {
  PassPipelineRegistration<>("modular-to-launches",
                             "From phase programs to phase launches",
                             addLaunchPasses);
  PassPipelineRegistration<>("modular-to-kernels",
                             "From phase launches to phase kernels",
                             [](OpPassManager &manager) {
                               addKernelPasses(manager, kVulkanSharedBytes);
                             });
  PassPipelineRegistration<>("modular-kernels-to-spirv",
                             "From kernels to SPIR-V for Vulkan 1.1",
                             addSpirvPasses);
  PassPipelineRegistration<>("modular-kernels-to-nvvm",
                             "From kernels to NVVM without libdevice",
                             addNvvmPasses);
}
