//===- DeviceVerifiers.cpp - Constraints of the ops of kernels ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks launch_constant.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;
using namespace modc;

/// Words of push constants that every device with Vulkan has.
constexpr int64_t kWords = 32;

LogicalResult LaunchConstantOp::verify() {
  if (getIndex() >= kWords) // launch_constant_c1
    return emitOpError("has index ")
           << getIndex() << ", a launch passes at most " << kWords
           << " constants";
  auto function = (*this)->getParentOfType<gpu::GPUFuncOp>();
  if (!function || !function.isKernel()) // launch_constant_c2
    return emitOpError("stands outside a kernel");
  return success();
}
