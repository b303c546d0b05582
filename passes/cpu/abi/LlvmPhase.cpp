//===- LlvmPhase.cpp - From buffers to the LLVM dialect -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory and tasks first, while loops and buffers are still to be seen; then
// the upstream conversions, in an order in which each finds what it can
// convert.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/abi/LlvmPhase.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"

using namespace mlir;

void modc::buildLlvmPhase(OpPassManager &manager) {
  // Sizes as arithmetic, in few forms.
  manager.addPass(createLowerAffinePass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createPlanWorkspacePass());
  manager.addPass(createLowerCopiesPass());
  // What stays the same goes in front of a loop, before it becomes a task.
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createLoopInvariantCodeMotionPass());
  manager.addPass(createCSEPass());
  manager.addPass(createOutlineParallelPass());
  manager.addPass(createOutlineLoopsPass());
  manager.addPass(createMergeFunctionsPass());
  // Not before: a function is one op on the way.
  manager.addPass(createExpandMathPass());
  manager.addPass(createModelAbiPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(arith::createArithExpandOpsPass());
  ConvertToLLVMPassOptions conversion;
  conversion.allowPatternRollback = false;
  manager.addPass(createConvertToLLVMPass(conversion));
  manager.addPass(createReconcileUnrealizedCastsPass());
  // Descriptors that are made and taken apart again go in one sweep.
  manager.addPass(createCanonicalizerPass(
      GreedyRewriteConfig().setMaxIterations(1).setRegionSimplificationLevel(
          GreedySimplifyRegionLevel::Disabled)));
}
