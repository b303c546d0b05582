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

#include <string>
#include <vector>

namespace modc {

/// Gathers the kernels of a module in the phase `buffers` and which of them
/// each product of its signature calls, as `modular.kernels`.
void recordKernels(mlir::ModuleOp module);

/// A signature with `kernels`, a value of `modular.kernels` for each target
/// (docs/artefact.md); empty ones add nothing.
std::string withKernels(const std::string &signature,
                        const std::vector<std::string> &kernels);

/// The value of `modular.kernels`; empty if there is none.
std::string kernelsOf(mlir::ModuleOp module);

} // namespace modc

#endif // MODC_FRONTEND_KERNELTABLE_H
