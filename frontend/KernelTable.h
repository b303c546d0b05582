//===- KernelTable.h - Kernels of a target in the signature -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of matrices are counted on tensors, once for all targets; which
// kernel each of them became is known for a target only, where they are calls.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_KERNELTABLE_H
#define MODC_FRONTEND_KERNELTABLE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace modc {

/// Gathers the kernels of a module in the phase `buffers` and which of them
/// each product of its signature calls, as `modular.kernels`.
void recordKernels(mlir::ModuleOp module);

/// Kernels and workspaces (passes/cpu/abi/WorkspaceTable.h) of a module in the
/// phase `llvm`, as members of a target in the signature (docs/artefact.md).
llvm::json::Object targetFactsOf(mlir::ModuleOp module);

/// A signature with such members for each of its targets.
std::string withTargetFacts(const std::string &signature,
                            std::vector<llvm::json::Object> facts);

} // namespace modc

#endif // MODC_FRONTEND_KERNELTABLE_H
