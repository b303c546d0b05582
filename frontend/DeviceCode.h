//===- DeviceCode.h - Code for Vulkan and CUDA ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles a module of kernels for devices, in memory and without a toolkit:
// SPIR-V for any device with Vulkan 1.1, PTX for NVIDIA's chips. Both keep the
// order of f32 arithmetic as it is written, and contract nothing.
//
// Kernels are `gpu.func`s over buffers with known inner sizes and
// `modular.launch_constant`s (passes/gpu/Passes.td says what is refused). A
// kernel's bindings are its arguments, its constants the words of a launch.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_DEVICECODE_H
#define MODC_FRONTEND_DEVICECODE_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "runtime/formats/Result.h"

#include <string>
#include <string_view>

namespace modc {

/// The bytes of a SPIR-V module with one entry point a kernel, as
/// Device::load takes it. `kernels` stays as it is. What cannot be lowered is
/// reported as a diagnostic at the op, and the error says so.
Result<std::string> generateSpirv(mlir::gpu::GPUModuleOp kernels);

/// The text of a PTX module for a chip of compute capability 8.0 or more
/// ("sm_80", "sm_90"). Subnormal numbers are flushed to zero, as programs on
/// the processor do; nothing of libdevice is called.
Result<std::string> generatePtx(mlir::gpu::GPUModuleOp kernels,
                                std::string_view chip);

} // namespace modc

#endif // MODC_FRONTEND_DEVICECODE_H
