//===- RowIndependence.h - Rows depend on themselves only -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Proves that row i of each value of a body depends on row i of the body's row
// inputs only, so that a member may run on any gathered subset of the rows, in
// any order. Rules come from indexing maps and from RowOpInterface.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_ROWINDEPENDENCE_H
#define MODC_DIALECT_ROWINDEPENDENCE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include <string>

namespace modc {

/// What is known of a value inside a body.
struct RowState {
  enum Kind {
    /// Does not depend on the rows: constants, parameters, shared inputs.
    Free,
    /// A tensor whose dimension `dim` runs over rows.
    Rows,
    /// An index: the number of rows.
    Count
  };
  Kind kind = Free;
  /// Dimension of a tensor that the rows are.
  int64_t dim = 0;
  /// Consecutive rows of the tensor that belong to one row of the body's inputs:
  /// the tokens of a sequence after collapse_shape [[0, 1], [2]].
  int64_t multiple = 1;

  static RowState free() { return {}; }
  static RowState rows(int64_t dim = 0, int64_t multiple = 1) {
    return {Rows, dim, multiple};
  }
  static RowState count(int64_t multiple) { return {Count, 0, multiple}; }

  bool isFree() const { return kind == Free; }
  bool isRows() const { return kind == Rows; }
  bool isCount() const { return kind == Count; }
  bool operator==(const RowState &o) const {
    return kind == o.kind && dim == o.dim && multiple == o.multiple;
  }
  bool operator!=(const RowState &o) const { return !(*this == o); }

  /// For messages: "rows in dimension 1, 4 for each input row".
  std::string describe() const;
};

class RowAnalysis {
public:
  /// Values that were never set, those from outside the body too, are free.
  RowState get(mlir::Value value) const { return states.lookup(value); }
  void set(mlir::Value value, RowState state) { states[value] = state; }

  /// Visits the ops of a block in order; fails with a diagnostic at the first op
  /// that may mix rows.
  llvm::LogicalResult visit(mlir::Block &block);
  /// The same for one op, whose operands' states are known.
  llvm::LogicalResult visit(mlir::Operation *op);

  /// The common state of `values`, of which all must be rows in the same
  /// dimension with the same multiple; else a diagnostic at `op`.
  llvm::FailureOr<RowState> getCommonRows(mlir::Operation *op,
                                          mlir::ValueRange values);

private:
  llvm::DenseMap<mlir::Value, RowState> states;
};

/// Proves row independence of a body whose first `numRows` arguments have rows in
/// dimension 0 (the others are free): each of the terminator's operands has the
/// rows in dimension 0, one for each input row.
llvm::LogicalResult verifyRowIndependence(mlir::Block &body, unsigned numRows);

/// Gives upstream ops their RowOpInterface. The dialect does so when it is loaded.
void attachTensorRowModels(mlir::MLIRContext &context);
void attachLinalgRowModels(mlir::MLIRContext &context);
/// The rule of structured ops, from their indexing maps.
llvm::LogicalResult propagateStructuredRows(mlir::Operation *op,
                                            RowAnalysis &rows);

} // namespace modc

#endif // MODC_DIALECT_ROWINDEPENDENCE_H
