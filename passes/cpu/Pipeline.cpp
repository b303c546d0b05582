//===- Pipeline.cpp - Pipelines of the CPU phases -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Assembles the phases tiled and buffers, and registers each as a pipeline of
// modc-opt.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/Pipeline.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace modc;

static void addCleanup(OpPassManager &manager) {
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void modc::buildTiledPipeline(OpPassManager &manager,
                              const PipelineOptions &options) {
  manager.addNestedPass<func::FuncOp>(createNameOpsPass());
  manager.addPass(createDecomposePass());
  if (options.dispatch == Dispatch::Grouped)
    manager.addPass(createFuseDispatchPass());
  // The reference computes on matrices as they are.
  if (options.dispatch == Dispatch::Grouped && options.panels)
    manager.addPass(createLayOutPanelsPass());
  LowerRoutingPassOptions routing;
  routing.rowBlock = options.rowBlock;
  manager.addPass(createLowerRoutingPass(routing));
  LowerGroupedPassOptions grouped;
  grouped.dispatch = options.dispatch == Dispatch::Naive ? "naive" : "grouped";
  grouped.rowBlock = options.rowBlock;
  manager.addPass(createLowerGroupedPass(grouped));
  LowerUpdatesPassOptions updates;
  updates.fuse = options.dispatch == Dispatch::Grouped;
  manager.addPass(createLowerUpdatesPass(updates));
  // Bodies that were pasted in compute on whole tensors.
  manager.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  addCleanup(manager);
  manager.addPass(createFuseElementwisePass());
  // Sizes of buffers as formulas of the arguments' sizes.
  manager.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  addCleanup(manager);
}

void modc::addBufferization(OpPassManager &manager) {
  // Results are made where they belong.
  manager.addPass(createPrepareDestinationsPass());
  manager.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  options.allowReturnAllocsFromLoops = true;
  manager.addPass(bufferization::createOneShotBufferizePass(options));
  addCleanup(manager);
  addCleanup(manager);
  // Of private functions; those of programs go below.
  manager.addPass(bufferization::createDropEquivalentBufferResultsPass());
  manager.addPass(createOrderGlobalsPass());
  manager.addNestedPass<func::FuncOp>(createDropResultsPass());
  addCleanup(manager);
}

void modc::buildBuffersPipeline(OpPassManager &manager,
                                const PipelineOptions &options) {
  addBufferization(manager);
  manager.addNestedPass<func::FuncOp>(createLinalgGeneralizeNamedOpsPass());
  // The reference computes in plain loops.
  if (options.dispatch == Dispatch::Grouped) {
    LowerContractionsPassOptions contractions;
    contractions.vectorBits = options.vectorBits;
    contractions.rowBlock = options.rowBlock;
    manager.addPass(createLowerContractionsPass(contractions));
    manager.addNestedPass<func::FuncOp>(createParallelizeRowsPass());
    manager.addNestedPass<func::FuncOp>(createFlattenElementwisePass());
    manager.addNestedPass<func::FuncOp>(createOrderLoopsPass());
    manager.addNestedPass<func::FuncOp>(createVectorizeReductionsPass());
  }
  OpPassManager &function = manager.nest<func::FuncOp>();
  function.addPass(createLowerCopiesPass());
  function.addPass(createConvertLinalgToLoopsPass());
  function.addPass(createForallToParallelLoopPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(memref::createFoldMemRefAliasOpsPass());
  addCleanup(manager);
}

namespace {
/// The options of the phases, as text.
struct PhaseOptions : PassPipelineOptions<PhaseOptions> {
  Option<std::string> dispatch{*this, "dispatch",
                               llvm::cl::desc("naive or grouped"),
                               llvm::cl::init("grouped")};
  Option<int64_t> rowBlock{*this, "row-block",
                           llvm::cl::desc("Rows of one task"),
                           llvm::cl::init(64)};
  Option<int64_t> vectorBits{*this, "vector-bits",
                             llvm::cl::desc("Width of a vector register"),
                             llvm::cl::init(256)};
  Option<bool> panels{*this, "panels",
                      llvm::cl::desc("Keep weights in panels of columns"),
                      llvm::cl::init(false)};

  PipelineOptions get() const {
    PipelineOptions options;
    options.dispatch =
        dispatch == "naive" ? Dispatch::Naive : Dispatch::Grouped;
    options.rowBlock = rowBlock;
    options.vectorBits = vectorBits;
    options.panels = panels;
    return options;
  }
};
} // namespace

void modc::registerCpuPipelines() {
  PassPipelineRegistration<PhaseOptions>(
      "modular-to-tiled", "From phase programs to phase tiled",
      [](OpPassManager &manager, const PhaseOptions &options) {
        buildTiledPipeline(manager, options.get());
      });
  PassPipelineRegistration<PhaseOptions>(
      "modular-to-buffers", "From phase tiled to phase buffers",
      [](OpPassManager &manager, const PhaseOptions &options) {
        buildBuffersPipeline(manager, options.get());
      });
}
