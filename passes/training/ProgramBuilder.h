//===- ProgramBuilder.h - Builds one program's function ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A func.func in destination-passing form with the argument attributes of
// docs/phases.md.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_TRAINING_PROGRAMBUILDER_H
#define MODC_PASSES_TRAINING_PROGRAMBUILDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/training/Layout.h"
#include "llvm/Support/JSON.h"
#include <map>

namespace modc {

class ProgramBuilder {
public:
  /// Starts a public function at the end of `module`.
  ProgramBuilder(mlir::ModuleOp module, mlir::Location loc,
                 llvm::StringRef name, const Layout &layout,
                 mlir::FloatType element);

  mlir::OpBuilder &builder() { return b; }
  mlir::Location getLoc() const { return loc; }
  const Layout &getLayout() const { return layout; }
  mlir::FloatType getElement() const { return element; }

  /// The argument for a parameter stack, made at its first use.
  mlir::Value getParameter(unsigned stack);
  mlir::Value getGradient(unsigned stack);
  mlir::Value getState(unsigned stack, unsigned slot);
  /// The step counts of all groups, `tensor<Gxi64>`.
  mlir::Value getSteps();

  /// A buffer; `rows` ("N" or "S*N") is what a dynamic first dimension counts.
  mlir::Value addInput(llvm::StringRef name, mlir::Type type,
                       llvm::StringRef rows = "N");
  mlir::Value addOutput(llvm::StringRef name, mlir::Type type,
                        llvm::StringRef rows = "N");
  /// The number of candidates S.
  mlir::Value getCandidates();
  mlir::Value addInteger(llvm::StringRef name);
  mlir::Value addReal(llvm::StringRef name);

  /// At the end of the program, copies `value` into the argument; if possible it
  /// is computed there. The copies come last so that other readers of the value
  /// don't stand between.
  void write(mlir::Value argument, mlir::Value value);
  /// The same at once; returns the argument's new value, to be used instead.
  mlir::Value writeNow(mlir::Value argument, mlir::Value value);
  /// `value` is the argument with elements replaced: it is updated in place.
  void update(mlir::Value argument, mlir::Value value);

  /// Ends the function.
  void finish();
  /// The program's entry in the signature.
  llvm::json::Object describe() const;

private:
  mlir::Value addArgument(mlir::Type type, llvm::StringRef role,
                          llvm::StringRef name);
  void setAttr(mlir::Value argument, llvm::StringRef name,
               mlir::Attribute value);
  mlir::Value getArena(llvm::StringRef role, const std::string &name,
                       mlir::Type type, int64_t offset);

  mlir::Location loc;
  const Layout &layout;
  mlir::FloatType element;
  mlir::func::FuncOp func;
  mlir::OpBuilder b;
  llvm::SmallVector<mlir::NamedAttrList> attributes;
  std::map<std::pair<std::string, std::string>, mlir::Value> arenas;
  llvm::MapVector<unsigned, mlir::Value> results;
  llvm::SmallVector<std::pair<mlir::Value, mlir::Value>> pending;
  mlir::Value candidates;
  llvm::json::Array buffers, integers, reals;
};

/// A tensor type as JSON: `"type": "f32", "shape": ["N", 784]`, added to `object`.
void describeType(mlir::RankedTensorType type, llvm::StringRef rows,
                  llvm::json::Object &object);

} // namespace modc

#endif // MODC_PASSES_TRAINING_PROGRAMBUILDER_H
