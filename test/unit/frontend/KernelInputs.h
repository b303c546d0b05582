//===- KernelInputs.h - Kernels of test/passes/gpu/Inputs -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads a file of kernels and compiles it for Vulkan.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_FRONTEND_KERNELINPUTS_H
#define MODC_TEST_UNIT_FRONTEND_KERNELINPUTS_H

#include "frontend/DeviceCode.h"
#include "mlir/Parser/Parser.h"
#include "passes/Pipelines.h"

#include <gtest/gtest.h>

namespace modc {

/// Kernels as text.
struct KernelText {
  std::string text;
};

/// A context with every dialect and kernels, of a file or of a text.
struct Kernels {
  Kernels()
      : context([] {
          mlir::DialectRegistry registry;
          registerDialects(registry);
          return registry;
        }()) {}
  explicit Kernels(const std::string &name) : Kernels() {
    module = mlir::parseSourceFile<mlir::ModuleOp>(
        std::string(MODC_KERNEL_INPUTS) + "/" + name + ".mlir", &context);
    EXPECT_TRUE(module) << name;
  }
  explicit Kernels(const KernelText &kernels) : Kernels() {
    module = mlir::parseSourceString<mlir::ModuleOp>(kernels.text, &context);
    EXPECT_TRUE(module) << kernels.text;
  }
  mlir::gpu::GPUModuleOp operator*() {
    return *module->getOps<mlir::gpu::GPUModuleOp>().begin();
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

inline std::string spirvOf(const std::string &name) {
  Kernels kernels(name);
  auto code = generateSpirv(*kernels);
  EXPECT_TRUE(code) << code.error().message();
  return code ? *code : "";
}

} // namespace modc

#endif // MODC_TEST_UNIT_FRONTEND_KERNELINPUTS_H
