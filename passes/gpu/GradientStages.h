//===- GradientStages.h - In what order gradients are computed --*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A gradient of members is sums over rows of what rows have computed, and ops
// on these sums. Here is decided what of it is laid into memory: an invocation
// makes one element, and shall add up no sum twice.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_GRADIENTSTAGES_H
#define MODC_PASSES_GPU_GRADIENTSTAGES_H

#include "dialect/ModularOps.h"
#include "dialect/RowIndependence.h"

namespace modc {

/// Of one class of a grouped op; all values are those of its body.
struct GradientStages {
  /// Values with rows that sums read and rows compute.
  llvm::SmallVector<mlir::Value> summands;
  /// Values without rows that are computed as a whole, the later ones from
  /// those of earlier stages; gradients come first, in the order in which they
  /// are yielded.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>> stages;
  /// Stage and place of each gradient.
  llvm::SmallVector<std::pair<unsigned, unsigned>> gradients;
  RowAnalysis rows;

  static GradientStages of(GroupedOp op, unsigned c);
};

} // namespace modc

#endif // MODC_PASSES_GPU_GRADIENTSTAGES_H
