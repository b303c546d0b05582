//===- ElementFunction.h - An element of a body's values --------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What becomes of a product's sum at the end of a tile, as a function of
// scalars: from the sum and elements of the body's arguments at the same row
// and column to elements of values that the body computes.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_ELEMENTFUNCTION_H
#define MODC_PASSES_GPU_ELEMENTFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/cpu/TensorBuilder.h"
#include <optional>

namespace modc {

/// On private functions that are no launches: of scalars, for kernels.
constexpr llvm::StringLiteral kElementFunction = "modular.element_function";

/// An element that a function takes.
struct ElementLoad {
  mlir::BlockArgument argument;
  /// (row, column) to the place in the argument.
  mlir::AffineMap map;
};

struct ElementFunction {
  /// Takes the sum, then `loads`, and gives the bits of the values as i32. Of
  /// no module.
  mlir::OwningOpRef<mlir::func::FuncOp> function;
  llvm::SmallVector<ElementLoad> loads;

  /// Of `values` [rows, width] of a body; `sum` is one of them or what they are
  /// made of, or null. None where an element depends on others than arguments
  /// and that element of `sum`. Those of `given` are as good as arguments: only
  /// whether there is a function is of use then.
  static std::optional<ElementFunction> build(mlir::Location loc,
                                              mlir::ValueRange values,
                                              mlir::Value sum,
                                              mlir::ValueRange given = {});
};

} // namespace modc

#endif // MODC_PASSES_GPU_ELEMENTFUNCTION_H
