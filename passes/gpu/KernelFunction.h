//===- KernelFunction.h - A launch as a function on tensors -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A launch is a call of a private function that writes its results to tensors
// it is given. The function takes whole tensors; what one invocation does with
// them stands in an scf.forall over all invocations.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELFUNCTION_H
#define MODC_PASSES_GPU_KERNELFUNCTION_H

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/cpu/Routing.h"
#include "passes/cpu/TensorBuilder.h"
#include "passes/gpu/Placement.h"

namespace modc {

/// On functions that are kernels: [f, a] for f times argument a invocations, or
/// f if a is -1.
constexpr llvm::StringLiteral kInvocations = "modular.invocations";
/// On functions that are kernels of rows some of which stand for others: the
/// argument that has the row that each stands for. An invocation whose row is
/// not its own leaves at once.
constexpr llvm::StringLiteral kDistinct = "modular.distinct";

/// What a kernel is called with.
struct KernelInput {
  /// A value of the program, or a part of a plan.
  mlir::Value value;
  int part = -1;
  /// A size of the call instead.
  std::optional<RowCount> size;
};

/// An index that no folder looks into, the number of a step: launches that
/// differ in it alone have equal functions, which take it as an argument.
mlir::Value buildLaunchNumber(mlir::OpBuilder &b, mlir::Location loc,
                              int64_t number);
/// The number that a value is so; none if it is not.
std::optional<int64_t> getLaunchNumber(mlir::Value value);

/// The type of the tensor that stands for a value between launches: a selection
/// is its members [R, K], a scalar a tensor of one.
mlir::RankedTensorType tensorTypeOf(mlir::Type type);

/// The selection that a tensor of members is; they are numbers of members.
mlir::Value asSelection(mlir::OpBuilder &b, mlir::Type type,
                        mlir::Value members);

/// Parts of a plan between launches: rows, slots, offsets, position.
constexpr int kPlanParts = 4;
mlir::RankedTensorType planPartType(PlanType plan, int part,
                                    mlir::MLIRContext *context);

/// Ops that each launch which needs them has of its own: views, constants,
/// sizes, numbers that follow from the row.
bool isCheap(mlir::Operation *op);

/// The programs of a module: its public functions. Private ones are launches.
llvm::SmallVector<mlir::func::FuncOp> getPrograms(mlir::ModuleOp module);

class KernelFunction {
public:
  /// The name is made one of its own.
  KernelFunction(mlir::SymbolTable &symbols, llvm::StringRef name,
                 mlir::Location loc, const Placement &placement);

  /// The destination of a result; before all inputs.
  mlir::Value addDestination(mlir::RankedTensorType type);

  /// Starts the loop over `count` invocations, whose number it gives. With
  /// `plan`, only as many as the plan has positions; with `distinct`, those of
  /// first rows alone do anything.
  mlir::Value beginLoop(RowCount count);
  /// The destinations as one invocation sees them.
  mlir::Value destination(unsigned i) const {
    return loop ? shared[i] : destinations[i];
  }
  /// Makes `slice` the part of destination i at these offsets.
  void write(mlir::Value slice, unsigned i,
             llvm::ArrayRef<mlir::OpFoldResult> offsets,
             llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// Returns the destinations as the loop has left them.
  void finish();
  /// Without a loop: `results` go to the destinations, unless they were made
  /// there.
  void finish(mlir::ValueRange results, bool inPlace);

  /// A value of the program as a whole, an argument of the function or made of
  /// arguments.
  mlir::Value whole(mlir::Value value);
  mlir::Value size(RowCount count);
  /// A tensor that another launch has made for this value, besides the value.
  mlir::Value part(mlir::Value value, int number, mlir::RankedTensorType type);
  /// Rows that a plan sorts.
  RowCount rowsOf(mlir::Value plan) const { return placement.rowsOf(plan); }
  /// The tensors of a plan that another launch has made.
  PlanTensors plan(mlir::Value plan);
  /// Clones an op on whole values.
  mlir::Operation *cloneWhole(mlir::Operation *op);
  /// What an op of the program is here; for ops that are cloned whole.
  mlir::IRMapping &mapping() { return known; }

  mlir::func::FuncOp function;
  TensorBuilder b;
  llvm::SmallVector<KernelInput> inputs;

private:
  mlir::Value addInput(KernelInput input, mlir::Type type);

  const Placement &placement;
  mlir::Block *entry;
  mlir::IRMapping known;
  llvm::SmallVector<mlir::Value> destinations, shared;
  llvm::DenseMap<std::pair<mlir::Value, int>, mlir::Value> arguments;
  llvm::DenseMap<mlir::Value, PlanTensors> plans;
  mlir::Value points, candidates, both;
  mlir::scf::ForallOp loop;
};

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELFUNCTION_H
