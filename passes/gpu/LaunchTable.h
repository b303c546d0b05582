//===- LaunchTable.h - Programs as lists of launches ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a program of a device is in a compiled model: which kernels, on which
// ranges of memory, in how many groups, as formulas of the sizes of a call
// (runtime/SignatureDevices.h reads them).
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_LAUNCHTABLE_H
#define MODC_PASSES_GPU_LAUNCHTABLE_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace modc {

/// On a module: the table as JSON, but for the images of kernels.
constexpr llvm::StringLiteral kDevicePrograms = "modular.device_programs";

/// On the function of a kernel: invocations of a group.
constexpr llvm::StringLiteral kGroupSizeAttr = "modular.group_size";

/// What the name of a kernel's gpu.module adds to that of its function.
constexpr llvm::StringLiteral kKernelSuffix = "_kernel";

/// The kernels of a function. Another function may have their name, as long as
/// there are any.
mlir::gpu::GPUModuleOp findKernels(mlir::ModuleOp module,
                                   llvm::StringRef function);

/// Buffers whose numbers of rows follow the constants of the call.
constexpr llvm::StringLiteral kSizesAttr = "modular.sizes";

/// Constants that each launch of a kernel passes, on a `gpu.func`.
constexpr llvm::StringLiteral kLaunchConstantsAttr = "modular.launch_constants";

/// Writes the table of the programs of `module`, which call functions whose
/// kernels are in gpu.modules of their names. Fails with a diagnostic.
llvm::LogicalResult recordLaunches(mlir::ModuleOp module);

} // namespace modc

#endif // MODC_PASSES_GPU_LAUNCHTABLE_H
