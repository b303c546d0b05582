//===- Source.h - Networks as the compiler reads them -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads a network and applies what flags change about it before compilation.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_SOURCE_H
#define MODC_TOOLS_MODC_SOURCE_H

#include "frontend/Compiler.h"
#include "tools/modc/Network.h"

namespace modc::driver {

/// Reads and verifies the network in `path` and replaces its update rule where
/// the options name another.
Result<mlir::OwningOpRef<mlir::ModuleOp>>
readSource(Compiler &compiler, const std::string &path,
           const BuildOptions &options);

/// The options of the pipelines.
PipelineOptions pipelineOptions(const BuildOptions &options);

/// Prints what the compiler has to say beside errors.
void printWarnings(const Compiler &compiler);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_SOURCE_H
