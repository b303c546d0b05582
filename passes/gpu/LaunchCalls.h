//===- LaunchCalls.h - Programs as calls of launches ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gives each launch a function and the program a call of it, with the tensors
// that the call writes to.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_LAUNCHCALLS_H
#define MODC_PASSES_GPU_LAUNCHCALLS_H

#include "passes/gpu/LaunchFormer.h"

namespace modc {

/// Appends calls of all launches to `program`, in order, and returns what they
/// give. The ops stay, without a use. Fails with a diagnostic.
llvm::LogicalResult callLaunches(mlir::func::FuncOp program,
                                 const Placement &placement,
                                 const RunningSums &sums,
                                 mlir::ArrayRef<Launch> launches);

} // namespace modc

#endif // MODC_PASSES_GPU_LAUNCHCALLS_H
