//===- LoweringRemarks.h - Why an op got the code that it has ---*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reasons that no pass needs for its own decisions are found here, and only
// where remarks are wanted.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_LOWERINGREMARKS_H
#define MODC_PASSES_CPU_LOWERINGREMARKS_H

#include "dialect/ModularOps.h"
#include "passes/cpu/ContractionKernel.h"

namespace modc {

/// A product reads the gathered rows of `tile` where they are; else says what
/// keeps it from that.
void remarkOnTile(GroupedOp op, mlir::BlockArgument tile, bool gathered);

/// A product that becomes a call of `kernel`; `taskRows` is 0 where it is no
/// parallel loop.
void remarkOnKernel(mlir::linalg::GenericOp op, const Contraction &contraction,
                    const KernelSchedule &schedule, llvm::StringRef kernel,
                    int64_t taskRows);

/// The value of kKernelAttribute.
mlir::DictionaryAttr describeKernel(const Contraction &contraction,
                                    const KernelSchedule &schedule);

/// A sum of products that stays a loop over scalars, and why. Says nothing of
/// other ops.
void remarkOnLoop(mlir::linalg::GenericOp op);

/// A product that does, as tiles of the schedule would cross its panels.
void remarkOnPanels(mlir::linalg::GenericOp op, const Contraction &contraction,
                    const KernelSchedule &schedule);

/// A reduction that stays a loop over scalars, and why.
void remarkOnReduction(mlir::linalg::GenericOp op, int64_t shortest);

/// Parameters and optimizer state that a program changes: in place, or through
/// a copy.
void remarkOnUpdates(mlir::func::FuncOp program);

} // namespace modc

#endif // MODC_PASSES_CPU_LOWERINGREMARKS_H
