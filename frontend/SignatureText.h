//===- SignatureText.h - The library's signature ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Completes the signature of a module by what only the end of compilation
// knows: targets, flags, versions, and the hash of the network.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_SIGNATURETEXT_H
#define MODC_FRONTEND_SIGNATURETEXT_H

#include "frontend/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/Pipelines.h"
#include "runtime/formats/Result.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace modc {

/// Puts the hash of the network's text on the module, as `modular.hash`.
void recordHash(mlir::ModuleOp module);

/// The whole signature (docs/artefact.md), in one line; keys are sorted.
Result<std::string> completeSignature(mlir::ModuleOp module,
                                      const std::vector<CpuTarget> &targets,
                                      const PipelineOptions &options);

/// The signature with what it holds for devices, in their order.
std::string withDevices(const std::string &signature,
                        std::vector<llvm::json::Object> devices);

} // namespace modc

#endif // MODC_FRONTEND_SIGNATURETEXT_H
