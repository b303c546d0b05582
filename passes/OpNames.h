//===- OpNames.h - Names of ops for people to read --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A location carries the place of an op in its network ("layer0.router") in
// front of the line that it was written in. Passes keep locations, so that what
// an op has become in the end can still be named after it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_OPNAMES_H
#define MODC_PASSES_OPNAMES_H

#include "mlir/IR/Builders.h"
#include <string>

namespace modc {

/// The first name in a location; empty if there is none.
llvm::StringRef opNameOf(mlir::Location loc);

/// `loc` with this name in place of the one that it may have; empty takes the
/// name away.
mlir::Location withOpName(mlir::Location loc, llvm::StringRef name);

/// `name` and `part` with a dot between, where both say something.
std::string joinNames(llvm::StringRef name, llvm::StringRef part);

/// What an op does, in a word: "linear"; of generic ops "product", "reduce" or
/// "elementwise".
llvm::StringRef describeOp(mlir::Operation *op);

/// Names an op and all ops in it.
void setOpNames(mlir::Operation *op, llvm::StringRef name);

/// Appends `part` to the names of an op and all ops in it, where they do not
/// end with it already.
void appendToOpNames(mlir::Operation *op, llvm::StringRef part);

/// The ops that a builder has made at its place, in the block where it stands.
class MadeOps {
public:
  explicit MadeOps(mlir::OpBuilder &builder);
  /// Those since construction; the op in front of them must still be there.
  llvm::iterator_range<mlir::Block::iterator> get() const;

private:
  mlir::OpBuilder &builder;
  mlir::Operation *before;
};

} // namespace modc

#endif // MODC_PASSES_OPNAMES_H
