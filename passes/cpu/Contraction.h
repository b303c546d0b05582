//===- Contraction.h - Matrix products on buffers ---------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a kernel needs to know of a matrix product: its operands, which of them
// are transposed, how sums start and what becomes of them. Recognised on
// buffers, once tensors are gone.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_CONTRACTION_H
#define MODC_PASSES_CPU_CONTRACTION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>
#include <string>

namespace modc {

/// An elementwise op that is applied to sums before they are stored.
struct Finish {
  mlir::linalg::GenericOp op; ///< what is computed
  /// Its inputs, [i, j], [i], [j] or scalars; null for the sums.
  llvm::SmallVector<mlir::Value> inputs;
  mlir::Value out; ///< c, or a buffer of its own
  bool keepsSums;  ///< whether c gets the sums too
};

/// c[i, j] += Σ_k a·b, where each operand may be transposed, and the rows of a
/// and of c may be chosen by number. A matrix of b or c may be stored in panels
/// of w columns: [row, column] is at [column / w, row, column % w].
struct Contraction {
  mlir::Value a, b, c;
  /// i32: row r of the product's a, as it is stored, is row rows[r] of `a`.
  /// Null for r itself.
  mlir::Value rows;
  /// i32: row r of the product's c is row rowsOfC[r] of `c`. No two are the
  /// same. Null for r itself.
  mlir::Value rowsOfC;
  bool transposedA = false; ///< a is [k, i]
  bool transposedB = false; ///< b is [j, k]

  /// What a sum starts at: the old value of c, zero, or `bias` at its column.
  enum class Start { Old, Zero, Bias };
  Start start = Start::Old;
  mlir::Value bias;
  /// i1: whether sums do start anew, else at old values. Null for always.
  mlir::Value fresh;
  /// What stored that start before the kernel did it. Null for none.
  mlir::Operation *starter = nullptr;
  std::optional<Finish> finish;

  mlir::MemRefType typeA() const { return typeOf(a); }
  mlir::MemRefType typeB() const { return typeOf(b); }
  mlir::MemRefType typeC() const { return typeOf(c); }
  mlir::Type element() const { return typeC().getElementType(); }

  /// Columns of a panel of b or c; 0 where it is stored row after row.
  int64_t panelOfB() const { return panelOf(typeB()); }
  int64_t panelOfC() const { return panelOf(typeC()); }
  static int64_t panelOf(mlir::MemRefType type) {
    return type.getRank() == 3 ? type.getDimSize(2) : 0;
  }
  /// Which dimension of a buffer are the rows of its matrix.
  static unsigned dimensionOfRows(mlir::MemRefType type) {
    return unsigned(type.getRank() - 2);
  }

  /// Rows of c, its columns and the length of the sums; dynamic where unknown.
  int64_t height() const {
    return rowsOfC ? typeOf(rowsOfC).getDimSize(0) : countRows(typeC());
  }
  int64_t columns() const { return countColumns(typeC()); }
  int64_t depth() const {
    return transposedB ? countColumns(typeB()) : countRows(typeB());
  }

  /// Recognises out + x·y with two parallel dimensions and one reduction, a
  /// known number of columns, and rows of b and c without gaps. Where b or c is
  /// in panels, two loops p and q stand for dimension p * w + q of the others.
  static std::optional<Contraction> match(mlir::linalg::GenericOp op);

private:
  static int64_t countRows(mlir::MemRefType type) {
    return type.getDimSize(dimensionOfRows(type));
  }
  /// The number of panels is static.
  static int64_t countColumns(mlir::MemRefType type) {
    int64_t panel = panelOf(type);
    return panel ? type.getDimSize(0) * panel : type.getDimSize(1);
  }
  static mlir::MemRefType typeOf(mlir::Value value) {
    return mlir::cast<mlir::MemRefType>(value.getType());
  }
};

/// `type` at any offset: what the operands of one kernel have in common.
mlir::MemRefType atAnyOffset(mlir::MemRefType type);

} // namespace modc

#endif // MODC_PASSES_CPU_CONTRACTION_H
