//===- Pipelines.cpp - Phases of compilation ------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Assembles the passes of each phase and registers them.
//
//===----------------------------------------------------------------------===//

#include "passes/Pipelines.h"
#include "dialect/ModularDialect.h"
#include "dialect/ModularOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "passes/autodiff/RegisterVJP.h"
#include "passes/cpu/Pipeline.h"
#include "passes/cpu/abi/LlvmPhase.h"
#include "passes/gpu/Pipeline.h"

using namespace mlir;
using namespace modc;

void modc::registerDialects(DialectRegistry &registry) {
  registry.insert<ModularDialect>();
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerVJPModels(registry);
  registerBufferizationModels(registry);
}

void modc::registerPasses() {
  registerAllPasses();
  registerModcPasses();
  PassPipelineRegistration<>("modular-to-llvm",
                             "From the phase buffers to the phase llvm",
                             buildLlvmPhase);
  registerCpuPipelines();
  registerGpuPipelines();
}

FailureOr<NetworkOp> modc::getOnlyNetwork(ModuleOp module) {
  auto networks = llvm::to_vector(module.getOps<NetworkOp>());
  if (networks.size() == 1)
    return networks.front();
  // At the first that is too many, which has a line where the module may have
  // none.
  InFlightDiagnostic diagnostic =
      emitError(networks.empty() ? module.getLoc() : networks[1].getLoc());
  diagnostic << "expected one 'modular.network', found " << networks.size();
  if (!networks.empty())
    diagnostic.attachNote(networks[0].getLoc()) << "the first network is here";
  return failure();
}

/// Adds the passes that make `phase` from the one before it.
static void buildPhase(OpPassManager &manager, Phase phase,
                       const PipelineOptions &options) {
  switch (phase) {
  case Phase::Network:
    return;
  case Phase::Routed: {
    DeriveProgramsPassOptions derive;
    derive.only.assign(options.programs.begin(), options.programs.end());
    manager.addPass(createDeriveProgramsPass(derive));
    break;
  }
  case Phase::Programs:
    manager.addPass(createDifferentiatePass());
    manager.addPass(createShareCandidatesPass());
    break;
  case Phase::Tiled:
    buildTiledPipeline(manager, options);
    break;
  case Phase::Buffers:
    buildBuffersPipeline(manager, options);
    return;
  case Phase::Llvm:
    return buildLlvmPhase(manager);
  }
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void modc::buildPipeline(OpPassManager &manager, Phase from, Phase to,
                         const PipelineOptions &options) {
  for (int phase = static_cast<int>(from) + 1; phase <= static_cast<int>(to);
       ++phase)
    buildPhase(manager, static_cast<Phase>(phase), options);
}
