//===- modc-lsp-server.cpp - Language server for model files --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Diagnostics, completion and navigation for .mlir files with the modular
// dialect.
//
//===----------------------------------------------------------------------===//

#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "passes/Pipelines.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  modc::registerDialects(registry);
  return failed(mlir::MlirLspServerMain(argc, argv, registry));
}
