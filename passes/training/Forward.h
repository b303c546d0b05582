//===- Forward.h - The graph as tensor code with explicit routing ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns layers into scores, a selection, a plan, a grouped op and a combine;
// how rows choose is the caller's policy.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_TRAINING_FORWARD_H
#define MODC_PASSES_TRAINING_FORWARD_H

#include "passes/training/ProgramBuilder.h"

namespace modc {

/// Where choices come from, and what else a forward computation should give.
struct ForwardOptions {
  enum class Choices {
    /// The mode of each controller.
    Mode,
    /// `choices`, [rows, slots].
    Given,
    /// Drawn from the controllers.
    Drawn
  };
  Choices policy = Choices::Mode;
  mlir::Value choices;

  // For drawn choices.
  mlir::Value seed, step, points, candidates;
  int64_t purpose = 1;
  /// Replaces the choices of the first rows, [N, slots]; may be null.
  mlir::Value stored;

  bool wantLogPrior = false;
  bool wantProbabilities = false;
};

struct ForwardResult {
  llvm::SmallVector<mlir::Value> outputs;
  /// One a layer, in order: [points, rows·K] integers.
  llvm::SmallVector<mlir::Value> choices;
  /// log p(a|x), one a point; null if not wanted.
  mlir::Value logPrior;
  /// One a layer: [points, rows·K·M]; empty if not wanted.
  llvm::SmallVector<mlir::Value> probabilities;
};

/// Builds the graph on `inputs`. Fails with a diagnostic.
mlir::FailureOr<ForwardResult> buildForward(ProgramBuilder &program,
                                            NetworkOp network,
                                            mlir::ValueRange inputs,
                                            const ForwardOptions &options);

/// Builds log p(y|x, a) of each point from the graph's outputs and the wanted
/// values.
mlir::Value buildLogLikelihood(ProgramBuilder &program, NetworkOp network,
                               mlir::ValueRange outputs,
                               mlir::ValueRange wanted);

/// What the objective wants beside the outputs: names and types.
llvm::SmallVector<std::pair<std::string, mlir::RankedTensorType>>
getWanted(NetworkOp network);

/// A tensor filled with `value`; its dynamic first dimension is that of `like`.
mlir::Value buildFilled(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::RankedTensorType type, mlir::Value like,
                        double value);

/// [points·R, rest...] as [points, R·rest], and back.
mlir::Value toPoints(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                     int64_t rows);
mlir::Value fromPoints(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value value, int64_t rows);

} // namespace modc

#endif // MODC_PASSES_TRAINING_FORWARD_H
