//===- Differentiator.h - What an op's derivative needs ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The view of reverse-mode differentiation that VJPOpInterface implementations
// get: where cotangents go, what is active, and how to differentiate a region.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_DIFFERENTIATOR_H
#define MODC_DIALECT_DIFFERENTIATOR_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace modc {

class Differentiator {
public:
  virtual ~Differentiator() = default;

  /// Whether a cotangent of `value` is wanted: it is a float tensor or scalar
  /// that depends on something differentiated with respect to.
  virtual bool isActive(mlir::Value value) const = 0;

  /// Adds `cotangent`, of the type of `value`, to that of `value`. Nothing
  /// happens if `value` is not active or `cotangent` is null.
  virtual void accumulate(mlir::OpBuilder &builder, mlir::Value value,
                          mlir::Value cotangent) = 0;

  /// Puts `values` in the place of the results of `op`, a forward op, and
  /// erases it. Only for the op whose VJP is being built, which may so give
  /// its forward op more results (residuals).
  virtual void replace(mlir::Operation *op, mlir::ValueRange values) = 0;

  /// Differentiates the computation of `block`, whose forward ops are already
  /// in place before the builder's insertion point. `outputs` with their
  /// `cotangents` (null where none) are pulled back to `inputs`; `gradients`
  /// gets one value an input, null where it has no influence. This is how ops
  /// with regions (scan, grouped) differentiate them. `origins` are the values
  /// outside that the inputs stand for (null where none): diagnostics name
  /// them.
  virtual llvm::LogicalResult
  differentiate(mlir::OpBuilder &builder, mlir::Block &block,
                mlir::ValueRange outputs,
                llvm::ArrayRef<mlir::Value> cotangents, mlir::ValueRange inputs,
                llvm::ArrayRef<mlir::Value> origins,
                llvm::SmallVectorImpl<mlir::Value> &gradients) = 0;
};

} // namespace modc

#endif // MODC_DIALECT_DIFFERENTIATOR_H
