//===- Programs.h - The programs of a network -------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function a program; DerivePrograms.cpp calls them all.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_TRAINING_PROGRAMS_H
#define MODC_PASSES_TRAINING_PROGRAMS_H

#include "passes/training/Forward.h"

namespace modc {

/// What every program is built from.
struct ProgramContext {
  mlir::ModuleOp module;
  NetworkOp network;
  const Layout &layout;
  mlir::FloatType element;
  /// Entries of the signature's `programs`, in order.
  llvm::json::Array descriptions;

  ProgramBuilder start(llvm::StringRef name) {
    return ProgramBuilder(module, network.getLoc(), name, layout, element);
  }
  void finish(ProgramBuilder &program) {
    program.finish();
    descriptions.push_back(program.describe());
  }
};

/// Assignments that `e_step_enumerated` scores at most.
constexpr int64_t maxEnumerated = 1024;
/// M^slots over all layers, or nothing if above `maxEnumerated`.
std::optional<int64_t> countAssignments(const Layout &layout);

void buildInit(ProgramContext &context);
mlir::LogicalResult buildInfer(ProgramContext &context);
mlir::LogicalResult buildGivenForward(ProgramContext &context);
mlir::LogicalResult buildScore(ProgramContext &context);
mlir::LogicalResult buildEStep(ProgramContext &context);
mlir::LogicalResult buildEnumeratedEStep(ProgramContext &context);
mlir::LogicalResult buildEvaluate(ProgramContext &context);
mlir::LogicalResult buildSample(ProgramContext &context);
mlir::LogicalResult buildMStep(ProgramContext &context);
void buildUpdate(ProgramContext &context);
mlir::LogicalResult buildTrainStep(ProgramContext &context);

/// Adds the graph's inputs as buffers.
llvm::SmallVector<mlir::Value> addInputs(ProgramContext &context,
                                         ProgramBuilder &program);
/// Adds the objective's own inputs as buffers.
llvm::SmallVector<mlir::Value> addWanted(ProgramContext &context,
                                         ProgramBuilder &program);
/// `tensor<?xslots x i32>`.
mlir::RankedTensorType getChoicesType(ProgramContext &context);
/// `tensor<?xf>`, one number a point.
mlir::RankedTensorType getPointType(ProgramContext &context);
/// Puts one part a layer side by side into `destination`, [points, width].
mlir::Value assemble(mlir::OpBuilder &b, mlir::Location loc,
                     mlir::ValueRange parts, mlir::Value destination);
/// 1 where the largest of a point's outputs is its label's, else 0.
mlir::Value buildCorrect(ProgramBuilder &program, mlir::Value output,
                         mlir::Value label);

} // namespace modc

#endif // MODC_PASSES_TRAINING_PROGRAMS_H
