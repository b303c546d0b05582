//===- Remarks.h - What passes did and why not ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Remarks by MLIR's engine, each with the line in the network, the place of the
// op there and the program. Where nobody listens they cost a test of a pointer.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_REMARKS_H
#define MODC_PASSES_REMARKS_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Remarks.h"

namespace modc {

/// The key of the argument that holds an op's name (passes/OpNames.h).
constexpr const char *kRemarkPlace = "Place";

/// `pass` is the pass's flag ("modular-fuse-elementwise"), `name` what it is
/// about ("Fused"). Texts follow by `mlir::remark::add`, `reason`, `suggest`,
/// numbers by `metric`.
mlir::remark::detail::InFlightRemark
remarkPassed(llvm::StringRef pass, llvm::StringRef name, mlir::Operation *op);
mlir::remark::detail::InFlightRemark
remarkMissed(llvm::StringRef pass, llvm::StringRef name, mlir::Operation *op);
mlir::remark::detail::InFlightRemark
remarkAnalysis(llvm::StringRef pass, llvm::StringRef name, mlir::Operation *op);

/// Whether anybody wants remarks: what is only computed for them can wait.
inline bool wantsRemarks(mlir::MLIRContext *context) {
  return context->getRemarkEngine();
}

} // namespace modc

#endif // MODC_PASSES_REMARKS_H
