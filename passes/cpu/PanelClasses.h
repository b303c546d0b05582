//===- PanelClasses.h - Values of one layout --------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A parameter, its gradient, its states and what they become in each program
// have one layout. Classes of values that do, and which of them can be in
// panels.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_PANELCLASSES_H
#define MODC_PASSES_CPU_PANELCLASSES_H

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/IntEqClasses.h"
#include "llvm/ADT/StringMap.h"

namespace modc {

/// Loops of an op over the rows and columns of what is in panels.
struct PanelLoops {
  unsigned row, column;
  int64_t width; ///< columns of a panel
};

class PanelClasses {
public:
  explicit PanelClasses(mlir::ModuleOp module);

  /// Values that an op can change the layout of.
  llvm::ArrayRef<mlir::Value> getValues() const { return values; }
  bool isInPanels(mlir::Value value) const;
  /// The loops that the operands in panels share; none where that is not so.
  std::optional<PanelLoops> getLoops(mlir::linalg::GenericOp op) const;

  /// What was decided of a parameter that products read.
  struct Decision {
    std::string name;
    mlir::Operation *op; ///< a product that reads it
    int64_t width;
    std::string why; ///< not in panels; empty if it is
  };
  llvm::SmallVector<Decision> getDecisions() const;

private:
  unsigned add(mlir::Value value);
  void join(mlir::Value a, mlir::Value b);
  /// Keeps a value's class as it is, for the first reason that is given.
  void keep(mlir::Value value, llvm::Twine why);
  void joinArguments(mlir::func::FuncOp function);
  void visit(mlir::Operation *op);
  void visitGrouped(GroupedOp op);
  void visitProgramEnd(mlir::func::ReturnOp op);
  /// Whether a class changed.
  bool check(mlir::linalg::GenericOp op);
  unsigned classOf(mlir::Value value) const;

  /// What all values of a class have in common, once classes are known.
  struct Class {
    std::string name; ///< of a parameter; empty if there is none
    mlir::Operation *product = nullptr;
    mlir::RankedTensorType type; ///< of any value
    std::string why;             ///< not in panels
  };

  llvm::SmallVector<mlir::Value> values;
  llvm::DenseMap<mlir::Value, unsigned> numbers;
  llvm::IntEqClasses equal;
  /// Arguments of programs that are one tensor, by role and offset.
  llvm::StringMap<mlir::Value> arguments;
  llvm::SmallVector<std::pair<mlir::Value, std::string>> kept;
  llvm::SmallVector<Class> classes;
};

} // namespace modc

#endif // MODC_PASSES_CPU_PANELCLASSES_H
