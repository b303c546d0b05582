//===- Precompiled.h - Headers compiled once for the library ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The MLIR and LLVM headers that nearly every source here needs.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_PRECOMPILED_H
#define MODC_FRONTEND_PRECOMPILED_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"

#include "dialect/ModularOps.h"
#include "passes/Pipelines.h"

#include <string>
#include <vector>

#endif // MODC_FRONTEND_PRECOMPILED_H
