//===- ReverseSweep.h - Reverse-mode differentiation of a block ----*- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The differentiator of modular-differentiate: finds the active values of a
// block and walks it backwards.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_AUTODIFF_REVERSESWEEP_H
#define MODC_PASSES_AUTODIFF_REVERSESWEEP_H

#include "dialect/Differentiator.h"
#include "llvm/ADT/DenseMap.h"

namespace modc {

/// One walk over one block. Regions inside get sweeps of their own, whose
/// diagnostics name values of the outer ones.
class ReverseSweep final : public Differentiator {
public:
  explicit ReverseSweep(const ReverseSweep *outer = nullptr) : outer(outer) {}

  /// As Differentiator::differentiate, for this sweep's block.
  llvm::LogicalResult run(mlir::OpBuilder &builder, mlir::Block &block,
                          mlir::ValueRange outputs,
                          llvm::ArrayRef<mlir::Value> seeds,
                          mlir::ValueRange inputs,
                          llvm::ArrayRef<mlir::Value> origins,
                          llvm::SmallVectorImpl<mlir::Value> &gradients);

  bool isActive(mlir::Value value) const override {
    return sources.contains(value);
  }
  void accumulate(mlir::OpBuilder &builder, mlir::Value value,
                  mlir::Value cotangent) override;
  void replace(mlir::Operation *op, mlir::ValueRange values) override;
  llvm::LogicalResult
  differentiate(mlir::OpBuilder &builder, mlir::Block &block,
                mlir::ValueRange outputs, llvm::ArrayRef<mlir::Value> seeds,
                mlir::ValueRange inputs, llvm::ArrayRef<mlir::Value> origins,
                llvm::SmallVectorImpl<mlir::Value> &gradients) override;

private:
  void findActive(llvm::ArrayRef<mlir::Operation *> ops);
  llvm::LogicalResult visit(mlir::OpBuilder &builder, mlir::Operation *op);
  llvm::LogicalResult reportMissing(mlir::Operation *op, mlir::Value operand);
  /// The outermost value that `value` depends on by way of an input.
  mlir::Value findSource(mlir::Value value) const;

  const ReverseSweep *outer;
  llvm::SmallVector<mlir::Value> inputs, origins;
  /// For each active value, an input that it depends on.
  llvm::DenseMap<mlir::Value, mlir::Value> sources;
  llvm::DenseMap<mlir::Value, mlir::Value> cotangents;
};

} // namespace modc

#endif // MODC_PASSES_AUTODIFF_REVERSESWEEP_H
