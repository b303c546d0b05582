//===- LaunchBody.h - What the functions of launches compute ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fills the function of a launch, whose destinations are there already.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_LAUNCHBODY_H
#define MODC_PASSES_GPU_LAUNCHBODY_H

#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/LaunchFormer.h"

namespace modc {

/// Of all launches but plans and sums of squares, which make no `outputs` of
/// the program. `initOf` gives what an output continues in place, if it does.
/// What it returns is still to be written to the destinations. Fails with a
/// diagnostic.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
emitLaunch(KernelFunction &kernel, const Launch &launch,
           const Placement &placement, mlir::ArrayRef<mlir::Value> outputs,
           llvm::function_ref<mlir::Value(mlir::Value)> initOf);

/// The four tensors of a plan.
void emitPlan(KernelFunction &kernel, PlanOp plan);

} // namespace modc

#endif // MODC_PASSES_GPU_LAUNCHBODY_H
