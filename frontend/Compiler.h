//===- Compiler.h - Models through the phases, to code ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the driver, the JIT and the tests call: reads a model, leads it through
// the phases, and emits IR, objects or a shared library.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_COMPILER_H
#define MODC_FRONTEND_COMPILER_H

#include "frontend/RemarkLog.h"
#include "frontend/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/Pipelines.h"
#include "runtime/formats/Result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

struct CompileOptions {
  PipelineOptions pipeline;
  /// As on the command line: "cpu:host", "cpu:x86-64-v3".
  std::vector<std::string> targets = {"cpu:host"};
  /// The phase that the module is in.
  Phase from = Phase::Network;
  /// A folder that gets the module after each phase; none if empty. Where there
  /// are several targets, files that differ by target carry its name.
  std::string dumpPhases;
  /// Whether it also gets what code generation makes of the last phase: LLVM's
  /// IR, assembly and object.
  bool dumpCode = false;
  /// Where temporary files go; the system's folder if empty.
  std::string temporaryFolder;
  /// The assembler of kernels for CUDA, as findPtxas takes it.
  std::string ptxas;
};

/// What `emit` returns.
enum class EmitKind { Mlir, Bytecode, LlvmIr, Assembly, Object };

/// The name of a phase, as in docs/phases.md.
std::string_view nameOf(Phase phase);
std::optional<Phase> parsePhase(std::string_view name);

/// The objects of a model's library, and the signature in its note.
struct CompiledModel {
  std::vector<std::string> objects;
  std::string signature;
};

/// Not safe for use by two threads at once. Errors carry all diagnostics, each
/// with its file, line and column.
class Compiler {
public:
  Compiler();

  mlir::MLIRContext &context() { return mlirContext; }

  /// Reads a model, and verifies it.
  Result<mlir::OwningOpRef<mlir::ModuleOp>> parseFile(const std::string &path);
  Result<mlir::OwningOpRef<mlir::ModuleOp>> parseText(std::string_view text,
                                                      std::string_view name);

  /// Checks a module that was not parsed.
  Status verify(mlir::ModuleOp module);

  /// Leads a module from `options.from` to a phase, for the first target.
  Status lower(mlir::ModuleOp module, Phase to, const CompileOptions &options);

  /// What a module is that has reached a phase: for `Mlir` and `Bytecode` any,
  /// for the others `llvm`, and then for the first of the targets.
  Result<std::string> emit(mlir::ModuleOp module, EmitKind kind,
                           const CompileOptions &options);

  /// From `options.from` to machine code for all targets. The module is used
  /// up.
  Result<CompiledModel> compile(mlir::ModuleOp module,
                                const CompileOptions &options);

  /// The same, written as a shared library.
  Status compileTo(mlir::ModuleOp module, const std::string &path,
                   const CompileOptions &options);

  /// Warnings of the last call, one a line.
  const std::string &diagnostics() const { return messages; }

  /// What passes did and did not do, once it listens to `context()`.
  RemarkLog &remarks() { return remarkLog; }

private:
  /// An error with the diagnostics since the last call began.
  Error failure(std::string_view fallback);
  Status checkPhase(mlir::ModuleOp module, Phase phase);
  Status dump(mlir::ModuleOp module, Phase phase, const CompileOptions &options,
              const std::string &target);
  /// The object of a module in phase `llvm`; writes all forms of it where
  /// `options` asks for them.
  Status dumpDevicePhase(mlir::ModuleOp module, std::string_view phase,
                         const std::string &device,
                         const CompileOptions &options);
  Result<std::string> generateObject(mlir::ModuleOp module,
                                     const CompileOptions &options,
                                     const CpuTarget &target,
                                     int64_t deviceCodeBytes);
  /// From the phase `from` to `to`, for one target.
  Status lower(mlir::ModuleOp module, Phase from, Phase to,
               const CompileOptions &options, const CpuTarget &target);

  // Remarks of the context go there until it is gone.
  RemarkLog remarkLog;
  mlir::MLIRContext mlirContext;
  std::string messages;
};

} // namespace modc

#endif // MODC_FRONTEND_COMPILER_H
