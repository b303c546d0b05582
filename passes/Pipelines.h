//===- Pipelines.h - Phases of compilation ----------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pipelines behind every level, as library functions: the driver, the JIT
// and the tests call the same ones.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_PIPELINES_H
#define MODC_PASSES_PIPELINES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include <string>
#include <vector>

namespace modc {

class NetworkOp;

/// The levels of a model, each reached from the one before.
enum class Phase { Network, Routed, Programs, Tiled, Buffers, Llvm };

/// How grouped ops become loops.
enum class Dispatch {
  /// A loop over rows and a switch over members: the reference.
  Naive,
  /// One plan, tasks of rows of one member.
  Grouped
};

struct PipelineOptions {
  Dispatch dispatch = Dispatch::Grouped;
  /// 0 to 3, as for a C compiler.
  unsigned optimization = 2;
  /// Rows of one task of a grouped op.
  int64_t rowBlock = 64;
  /// The programs to derive from a network; all of them if empty.
  std::vector<std::string> programs;
  /// Width of the target's vector registers: 512 for x86-64-v4, 256 for v3,
  /// 128 for v2.
  int64_t vectorBits = 256;
  /// Whether weights may be kept in panels of columns, which all targets of a
  /// model share: faster with vectors of 512 bits only. Compiler sets it by the
  /// targets.
  bool panels = false;
};

/// Registers every dialect and interface that models and phases use.
void registerDialects(mlir::DialectRegistry &registry);

/// Registers all passes of modc and the upstream ones that its pipelines use,
/// and the pipelines themselves, for modc-opt.
void registerPasses();

/// The network of a module of the phase `network`; an error if it has none, or
/// several.
llvm::FailureOr<NetworkOp> getOnlyNetwork(mlir::ModuleOp module);

/// Adds the passes that lead from `from` to `to`.
void buildPipeline(mlir::OpPassManager &manager, Phase from, Phase to,
                   const PipelineOptions &options);

} // namespace modc

#endif // MODC_PASSES_PIPELINES_H
