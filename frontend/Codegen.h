//===- Codegen.h - From the LLVM dialect to machine code --------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles the phase llvm for each target, and makes the object with the
// library's entry and note. All in memory.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_CODEGEN_H
#define MODC_FRONTEND_CODEGEN_H

#include "frontend/Target.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace modc {

enum class CodeKind { LlvmIr, Assembly, Object };

/// The module's programs for one target: optimised IR, assembly or an ELF
/// object whose one symbol for others is the hidden `modc_model_<target>`.
/// Where there are `deviceCodeBytes`, it refers to the entry's device code.
Result<std::string> generateCode(mlir::ModuleOp module, const CpuTarget &target,
                                 unsigned optimization, CodeKind kind,
                                 int64_t deviceCodeBytes = 0);

/// The object with `modc_model_entry`, which runs on any x86-64, with the note
/// that holds `signature`, and with the images of kernels for devices.
Result<std::string> generateEntry(const std::vector<CpuTarget> &targets,
                                  const std::string &signature,
                                  const std::string &deviceCode = "");

/// Fails if an object wants more from outside than memcpy, memmove, memset and
/// the models themselves.
Status checkImports(const std::string &object);

} // namespace modc

#endif // MODC_FRONTEND_CODEGEN_H
