//===- RepeatedRows.h - Values whose rows repeat others ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the rows of candidates repeat fewer rows: those of the points, or the
// distinct ones of a trie of choices. What pass modular-share-candidates reads
// from and writes to the IR.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_ROUTING_REPEATEDROWS_H
#define MODC_PASSES_ROUTING_REPEATEDROWS_H

#include "dialect/ModularOps.h"

namespace modc {

/// A way to repeat rows: S times one after the other (`modular.tile_rows`), or
/// by number (`modular.take_rows`, with the index of a
/// `modular.distinct_rows`).
struct Repetition {
  mlir::Value times, index;
  bool operator==(const Repetition &other) const {
    return times == other.times && index == other.index;
  }
};

/// What the rows of `value` repeat, and how.
struct RepeatedRows {
  mlir::Value source;
  Repetition how;
};
std::optional<RepeatedRows> getRepeatedRows(mlir::Value value);

/// Whether `value` is made to hold 0, 1, 2, …
bool isCounting(mlir::Value value);

/// The finest of the repetitions of `values`, if each value's rows repeat
/// others and each repetition is a prefix of the finest.
std::optional<Repetition> getCommonRepetition(mlir::ValueRange values);

/// The rows that `value` repeats by its own repetition, for the rows that
/// `common` repeats. Never larger than all candidates'.
mlir::Value getSource(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                      const Repetition &common);
/// Repeats `value`.
mlir::Value repeat(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                   const Repetition &how);

/// The number of the source row of each candidate's row, when `rows` is a value
/// to be repeated.
mlir::Value getIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value rows,
                     const Repetition &how);

/// Patterns that move repetitions past ops that work row by row.
void populateSinkRepeatedRowsPatterns(mlir::RewritePatternSet &patterns);

} // namespace modc

#endif // MODC_PASSES_ROUTING_REPEATEDROWS_H
