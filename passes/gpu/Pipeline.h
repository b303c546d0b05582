//===- Pipeline.h - From kernels to SPIR-V and NVVM -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pipelines behind frontend/DeviceCode.h, which modc-opt runs too, as
// --modular-kernels-to-spirv and --modular-kernels-to-nvvm.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_PIPELINE_H
#define MODC_PASSES_GPU_PIPELINE_H

#include "mlir/Pass/PassManager.h"

namespace modc {

/// From phase programs: programs become calls of functions on tensors, one for
/// each launch.
void addLaunchPasses(mlir::OpPassManager &manager);

/// From those calls: functions become kernels of a `gpu.module`, whose groups
/// share so many bytes at most (LaunchLimits.h).
void addKernelPasses(mlir::OpPassManager &manager, int64_t sharedBytes);

/// On a builtin module: each `gpu.module` in it becomes a `spirv.module` that
/// can be serialized.
void addSpirvPasses(mlir::OpPassManager &manager);

/// On a builtin module: each `gpu.module` in it then holds functions of LLVM's
/// dialect.
void addNvvmPasses(mlir::OpPassManager &manager);

/// Registers both.
void registerGpuPipelines();

} // namespace modc

#endif // MODC_PASSES_GPU_PIPELINE_H
