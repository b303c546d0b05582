//===- Outlining.h - Code that moves into a function ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an op uses from around it, as the arguments of a function that holds it
// instead. Shared by the passes that make tasks and functions of loops.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_ABI_OUTLINING_H
#define MODC_PASSES_CPU_ABI_OUTLINING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/cpu/abi/MemRefParts.h"
#include "llvm/ADT/StringMap.h"

namespace modc {

/// What an op and its regions use from outside.
struct Captures {
  explicit Captures(mlir::Operation *op);

  /// The types of the parts of all values and whether each part is a pointer
  /// that nothing else points into; fails with a diagnostic at the op.
  llvm::LogicalResult partTypes(const MemRefParts &parts);

  /// The values as parts, at the builder's place.
  llvm::SmallVector<mlir::Value> split(mlir::OpBuilder &builder,
                                       mlir::Location loc,
                                       const MemRefParts &parts) const;

  /// Starts a private function `name` after `place` whose arguments are the
  /// parts and `extra`; maps what the op uses to values of the function.
  mlir::func::FuncOp buildFunction(mlir::Operation *place, llvm::StringRef name,
                                   llvm::ArrayRef<mlir::Type> extra,
                                   const MemRefParts &parts,
                                   mlir::IRMapping &mapping) const;

  mlir::Operation *op;
  /// By the order of their uses, so that equal ops have equal functions.
  llvm::SmallVector<mlir::Value> values;
  /// Constants, which the function has of its own.
  llvm::SmallVector<mlir::Value> constants;
  /// By value: no other captured buffer shares memory with this one.
  llvm::SmallVector<bool> distinct;
  llvm::SmallVector<mlir::Type> types;
  /// By part.
  llvm::SmallVector<bool> noAlias;
};

/// Names for functions that are made of parts of programs, as profilers show
/// them.
class FunctionNames {
public:
  explicit FunctionNames(mlir::ModuleOp module);

  /// "infer.layer0.grouped" for a part of `infer` whose location names it, else
  /// "infer.<kind>"; with ".1", ".2", ... where that is taken.
  std::string get(mlir::func::FuncOp program, mlir::Location loc,
                  llvm::StringRef kind);

private:
  llvm::StringMap<unsigned> taken;
};

/// Tells LLVM to leave calls of the function as they are.
void keepApart(mlir::func::FuncOp function);

} // namespace modc

#endif // MODC_PASSES_CPU_ABI_OUTLINING_H
