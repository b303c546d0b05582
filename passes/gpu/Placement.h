//===- Placement.h - Which rows the values of a program have ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A device runs an op for all its rows at once, one invocation each. For this,
// each tensor of a program is told its rows: how many there are, as a product
// of the sizes of a call, and which dimension they are.
// dialect/RowIndependence.h knows one set of rows, the points; a program has
// several: points, candidates of points, positions of a plan. Candidates that
// made the same choices share work: the first of them has it, in its place.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_PLACEMENT_H
#define MODC_PASSES_GPU_PLACEMENT_H

#include "dialect/RowIndependence.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace modc {

/// factor · N · S, the latter two where they are set.
struct RowCount {
  int64_t factor = 1;
  bool points = false, candidates = false;
  /// The plan whose positions the rows are; there may be fewer than the product
  /// then, as duplicates have none.
  mlir::Value plan;
  /// The index of the modular.distinct_rows whose first rows alone have values:
  /// row r is read as row index[r].
  mlir::Value distinct = {};

  bool isStatic() const { return !points && !candidates; }
  /// Whether the two differ in a constant factor only.
  bool isLike(const RowCount &o) const {
    return points == o.points && candidates == o.candidates;
  }
  /// Whether both are the same rows, though fewer of them may have values.
  bool isOf(const RowCount &o) const {
    return factor == o.factor && isLike(o) && plan == o.plan;
  }
  bool operator==(const RowCount &o) const {
    return isOf(o) && distinct == o.distinct;
  }
  bool operator!=(const RowCount &o) const { return !(*this == o); }
  /// Nothing where the product would have a square.
  std::optional<RowCount> times(const RowCount &o) const;
};

/// Rows of a tensor: `multiple` consecutive slices of dimension `dim` each.
struct Placed {
  RowCount rows;
  int64_t dim = 0, multiple = 1;
};

class Placement {
public:
  explicit Placement(mlir::func::FuncOp program);

  /// The rows of a tensor or selection; none where it has no rows, such as a
  /// parameter or a sum over rows.
  std::optional<Placed> get(mlir::Value value) const;
  /// The value of an index that is made of the sizes of the call.
  std::optional<RowCount> size(mlir::Value index) const;
  /// Rows that a plan sorts: those of its selection.
  RowCount rowsOf(mlir::Value plan) const { return planRows.lookup(plan); }
  /// Positions of a plan.
  RowCount positionsOf(mlir::Value plan) const;
  /// Whether each row of the results depends on the same row of the placed
  /// operands alone, or on rows that the op names.
  bool isByRows(mlir::Operation *op) const { return byRows.contains(op); }
  /// Whether an op makes rows of points or points of rows, by a reshape.
  bool changesRows(mlir::Operation *op) const;

private:
  void visit(mlir::Operation *op);
  bool visitRouted(mlir::Operation *op);
  bool visitReshape(mlir::Operation *op);
  bool visitStructured(mlir::Operation *op);
  void visitSize(mlir::Operation *op);
  void place(mlir::Value value, RowCount rows, int64_t dim = 0,
             int64_t multiple = 1);

  llvm::DenseMap<mlir::Value, Placed> placed;
  llvm::DenseMap<mlir::Value, RowCount> sizes;
  llvm::DenseMap<mlir::Value, RowCount> planRows;
  llvm::DenseSet<mlir::Operation *> byRows;
};

} // namespace modc

#endif // MODC_PASSES_GPU_PLACEMENT_H
