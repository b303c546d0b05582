//===- KernelMath.h - What kernels may use of math --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions that every device has, exactly rounded or nearly so. All
// others are expanded before (modular-expand-kernel-math), so that their
// accuracy is ours.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELMATH_H
#define MODC_PASSES_GPU_KERNELMATH_H

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/TypeSwitch.h"

#include <optional>

namespace modc {

/// LLVM's intrinsic for an op of `math` that kernels may have, without the
/// suffix of its type; nothing for all other ops.
inline std::optional<llvm::StringRef> getKernelIntrinsic(mlir::Operation *op) {
  using Name = std::optional<llvm::StringRef>;
  return llvm::TypeSwitch<mlir::Operation *, Name>(op)
      .Case([](mlir::math::SqrtOp) { return Name("llvm.sqrt"); })
      .Case([](mlir::math::FloorOp) { return Name("llvm.floor"); })
      .Case([](mlir::math::AbsFOp) { return Name("llvm.fabs"); })
      .Case([](mlir::math::FmaOp) { return Name("llvm.fma"); })
      .Default([](mlir::Operation *) { return Name(); });
}

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELMATH_H
