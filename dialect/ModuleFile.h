//===- ModuleFile.h - Files that hold IR ------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a model file becomes IR and IR a file. Files may come from anywhere:
// whatever they hold, reading gives a module or a message, and never takes the
// process down.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULEFILE_H
#define MODC_DIALECT_MODULEFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <string>

namespace modc {

/// Larger files are refused.
constexpr size_t maxModuleBytes = size_t(64) << 20;
/// Text that nests deeper is refused before it is parsed.
constexpr unsigned maxModuleNesting = 256;

/// Reads and verifies a file of text or of bytecode that `writeBytecode` wrote;
/// `-` is standard input. Null after a diagnostic that names the file.
mlir::OwningOpRef<mlir::ModuleOp> loadModule(llvm::StringRef path,
                                             mlir::MLIRContext *context);

/// The same of bytes in memory; `name` stands for the path in messages.
mlir::OwningOpRef<mlir::ModuleOp> parseModule(llvm::StringRef bytes,
                                              llvm::StringRef name,
                                              mlir::MLIRContext *context);

/// MLIR bytecode behind 16 bytes: a magic number and the XXH64 of what follows,
/// little-endian. MLIR's reader of bytecode trusts its input, so that nothing is
/// parsed whose hash is not right.
std::string toBytecode(mlir::ModuleOp module);

/// Writes `toBytecode` to a file, which holds the old bytes or all the new ones;
/// `-` is standard output. Fails after a diagnostic that names the file.
llvm::LogicalResult writeBytecode(mlir::ModuleOp module, llvm::StringRef path);

/// Why text can't be parsed safely: "nests deeper than 256".
struct TextHazard {
  unsigned line;
  unsigned column;
  std::string what;
};
std::optional<TextHazard> findTextHazard(llvm::StringRef text);

} // namespace modc

#endif // MODC_DIALECT_MODULEFILE_H
