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
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace modc;

void modc::registerDialects(DialectRegistry &registry) {
  registry.insert<ModularDialect>();
  registerAllDialects(registry);
  registerAllExtensions(registry);
}

void modc::registerPasses() {
  registerAllPasses();
  registerModcPasses();
}

void modc::buildPipeline(OpPassManager &manager, Phase from, Phase to,
                         const PipelineOptions &options) {}
