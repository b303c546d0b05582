//===- SizeFormula.h - Bounds of sizes as formulas --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rebuilds the computation of a buffer's size from the sizes of a call. The
// same formulas are built twice, in a program and in its workspace function,
// so that both lay memory out alike.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_ABI_SIZEFORMULA_H
#define MODC_PASSES_CPU_ABI_SIZEFORMULA_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace modc {

/// Names of attributes on arguments (docs/phases.md).
constexpr llvm::StringLiteral kRole = "modular.role";
constexpr llvm::StringLiteral kName = "modular.name";
constexpr llvm::StringLiteral kOffset = "modular.offset";
constexpr llvm::StringLiteral kRows = "modular.rows";

/// The role of a function's argument, or empty.
llvm::StringRef roleOf(mlir::func::FuncOp function, unsigned argument);

/// Builds 64-bit integers at the builder's position.
class SizeFormula {
public:
  /// `points` and `candidates` are N and S, i64. A `checked` formula knows in
  /// the end whether any step of it left the range of i64.
  SizeFormula(mlir::OpBuilder &builder, mlir::Location loc,
              mlir::func::FuncOp program, mlir::Value points,
              mlir::Value candidates, bool checked);

  /// An upper bound of a size, which is not negative. Null after an error at
  /// the op that has no bound.
  mlir::Value bound(mlir::Value size);
  /// Bytes of a buffer whose dynamic sizes are given, at most.
  mlir::Value bytes(mlir::MemRefType type, mlir::ValueRange sizes);

  mlir::Value constant(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value max(mlir::Value a, mlir::Value b);
  /// The next multiple of 64.
  mlir::Value aligned(mlir::Value bytes);

  /// `total`, or -1 if a step overflowed.
  mlir::Value checkedResult(mlir::Value total);

private:
  /// A bound, and whether it is the value itself.
  struct Bound {
    mlir::Value value;
    bool exact = true;
    explicit operator bool() const { return bool(value); }
  };
  Bound visit(mlir::Value value);
  Bound build(mlir::Value value);
  Bound buildArgument(mlir::BlockArgument argument);
  Bound buildDim(mlir::memref::DimOp dim);
  Bound sizeOf(mlir::Value memref, int64_t index);
  Bound buildArith(mlir::Operation *op);
  Bound minimum(Bound a, Bound b);
  Bound maximum(Bound a, Bound b);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::func::FuncOp program;
  mlir::Value points, candidates;
  mlir::Value overflow;
  bool checked;
  llvm::DenseMap<mlir::Value, Bound> known;
};

} // namespace modc

#endif // MODC_PASSES_CPU_ABI_SIZEFORMULA_H
