//===- BodyUnits.h - Products of a grouped body -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The body of a class as matrix products and what is made of their elements:
// which of it a kernel by tiles computes at once.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_BODYUNITS_H
#define MODC_PASSES_GPU_BODYUNITS_H

#include "dialect/ModularOps.h"
#include "passes/gpu/MatrixProduct.h"

namespace modc {

/// A matrix of a member with both sides up to here is no work for tiles: an
/// element alone is less than its share of one.
constexpr int64_t kWide = 32;

/// Rows of products that stay in shared memory have at most so many columns.
constexpr int64_t kChained = 64;

/// What one kernel computes of a body.
struct BodyUnit {
  /// None, one, or two, the second of what is made of the first one's sums.
  llvm::SmallVector<mlir::Operation *, 2> products;
  /// Values of the body, [rows, width], that are results, or that other units
  /// read: made of the first of two products, and of the last one.
  llvm::SmallVector<mlir::Value> between, stored;
  int64_t width = 0;

  mlir::Value sum(unsigned i) const { return products[i]->getResult(0); }
};

/// The units of class c in their order; none where something is neither a
/// product by parameters nor made element by element.
std::optional<llvm::SmallVector<BodyUnit>> findUnits(GroupedOp op, unsigned c);

/// Whether a product of the units is worth tiles.
bool isWorthTiles(llvm::ArrayRef<BodyUnit> units);

/// The operand of the op that an argument of class c's body has slices of.
mlir::Value operandOf(GroupedOp op, unsigned c, mlir::Value argument);
/// Whether it has rows.
bool isRowArgument(GroupedOp op, mlir::Value argument);
/// Whether it has rows by the plan's order of rows.
bool isGatheredArgument(GroupedOp op, mlir::Value argument);

} // namespace modc

#endif // MODC_PASSES_GPU_BODYUNITS_H
