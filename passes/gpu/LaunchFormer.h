//===- LaunchFormer.h - Which ops run in one launch -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops are taken in order. One that works row by row joins the last launch over
// the same rows that all its operands are ready for; what makes rows of another
// kind, or reads other rows, starts a new one.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_LAUNCHFORMER_H
#define MODC_PASSES_GPU_LAUNCHFORMER_H

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "passes/gpu/Placement.h"
#include "passes/gpu/RunningSums.h"

namespace modc {

struct Launch {
  enum Kind {
    /// An invocation a row.
    Rows,
    /// The same, of one op: a matrix product, by tiles.
    Product,
    /// An invocation a position of a plan; one grouped op.
    Grouped,
    /// A result of a grouped op by points: an invocation an element, of what
    /// the positions have left.
    PointSum,
    /// All of them, an invocation a point.
    Points,
    /// All gradients of a class by points, an invocation a member.
    Members,
    /// A plan, by one invocation.
    Plan,
    /// Everything by one invocation: small tensors of fixed size.
    Single,
    /// An invocation an element: one op.
    Elements,
    /// The same, for each gradient of a grouped op; then the addition to a
    /// running sum, if there is one.
    Gradient,
    Update,
    /// Sums of squares for a norm, an invocation a part, of some gradients.
    /// Then the norm.
    Squares,
    Norm
  };
  Kind kind;
  RowCount rows;
  llvm::SmallVector<mlir::Operation *> ops;
  /// Of a Gradient: class and number; of a PointSum: number. Of Squares: the
  /// first gradient and how many.
  unsigned classNumber = 0, number = 0;
  /// Whose results it reads, and which arguments of the program.
  llvm::DenseSet<mlir::Operation *> sources = {};
  llvm::DenseSet<mlir::Value> arguments = {};
  /// Arguments that it overwrites.
  llvm::DenseSet<mlir::Value> written = {};

  /// Whether it writes its results to where the program wants them, of its own
  /// accord; the others have ops for this.
  bool writesThere() const {
    return kind != Rows && kind != Product && kind != Grouped && kind != Single;
  }
};

/// The op that writes a value to where the program wants it; null if there is
/// none, or something in between.
mlir::bufferization::MaterializeInDestinationOp writeOf(mlir::Value value);

/// The launches of a program in their order; those of rows take so many buffers
/// at most, if they can be cut. Fails with a diagnostic.
mlir::FailureOr<llvm::SmallVector<Launch>>
formLaunches(mlir::func::FuncOp program, const Placement &placement,
             const RunningSums &sums, unsigned mostBuffers);

} // namespace modc

#endif // MODC_PASSES_GPU_LAUNCHFORMER_H
