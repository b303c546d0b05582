//===- ReadValues.h - What an op reads --------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops with bodies read more than their operands: what the bodies take from
// outside. Whoever asks what an op is made of needs both.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_READVALUES_H
#define MODC_PASSES_GPU_READVALUES_H

#include "mlir/Transforms/RegionUtils.h"

namespace modc {

/// The operands of an op, then what its regions use that is defined above.
inline llvm::SetVector<mlir::Value> getReadValues(mlir::Operation *op) {
  llvm::SetVector<mlir::Value> values(op->operand_begin(), op->operand_end());
  mlir::getUsedValuesDefinedAbove(op->getRegions(), values);
  return values;
}

} // namespace modc

#endif // MODC_PASSES_GPU_READVALUES_H
