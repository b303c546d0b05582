//===- Source.cpp - Networks as the compiler reads them -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An update rule that a flag names starts from its default settings; only
// 'dense' stays, which says when members are updated rather than how.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Source.h"

#include "dialect/ModularOps.h"
#include "tools/modc/Build.h"
#include "tools/modc/Output.h"
#include "tools/modc/Progress.h"

#include <filesystem>

namespace modc::driver {

static void replaceOptimizer(mlir::ModuleOp module, OptimizerKind kind) {
  llvm::SmallVector<OptimizerOp> rules;
  module.walk([&](OptimizerOp op) { rules.push_back(op); });
  for (OptimizerOp rule : rules) {
    mlir::OpBuilder builder(rule);
    mlir::OperationState state(rule.getLoc(), OptimizerOp::getOperationName());
    state.addRegion();
    auto fresh = mlir::cast<OptimizerOp>([&] {
      state.addAttribute("kind",
                         OptimizerKindAttr::get(rule.getContext(), kind));
      return builder.create(state);
    }());
    fresh.setDense(rule.getDense());
    rule.erase();
  }
}

Result<mlir::OwningOpRef<mlir::ModuleOp>>
readSource(Compiler &compiler, const std::string &path,
           const BuildOptions &options) {
  auto module = compiler.parseFile(path);
  if (!module || options.optimizer.empty())
    return module;
  if (auto kind = symbolizeOptimizerKind(options.optimizer))
    replaceOptimizer(module->get(), *kind);
  return module;
}

PipelineOptions pipelineOptions(const BuildOptions &options) {
  PipelineOptions pipeline;
  pipeline.dispatch =
      options.dispatch == "naive" ? Dispatch::Naive : Dispatch::Grouped;
  pipeline.optimization = unsigned(options.optimization);
  return pipeline;
}

void printWarnings(const Compiler &compiler) {
  if (compiler.diagnostics().empty())
    return;
  ProgressLine::wipe();
  std::fputs(compiler.diagnostics().c_str(), stderr);
}

Status checkNetwork(const std::string &path, const BuildOptions &options) {
  Compiler compiler;
  auto module = readSource(compiler, path, options);
  if (!module)
    return module.error();
  return compiler.lower(module->get(), Phase::Network, {});
}

Status buildLibrary(const std::string &path, const BuildOptions &options,
                    const std::string &library) {
  Compiler compiler;
  auto module = readSource(compiler, path, options);
  if (!module)
    return module.error();
  CompileOptions settings;
  settings.pipeline = pipelineOptions(options);
  settings.temporaryFolder =
      std::filesystem::path(library).parent_path().string();
  settings.targets.insert(settings.targets.end(), options.deviceTargets.begin(),
                          options.deviceTargets.end());
  if (Status status = compiler.compileTo(module->get(), library, settings);
      !status)
    return status;
  printWarnings(compiler);
  return {};
}

} // namespace modc::driver
