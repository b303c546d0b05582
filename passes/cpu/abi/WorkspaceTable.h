//===- WorkspaceTable.h - What a workspace holds ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Says for people what the temporaries of a program are and how large, in terms
// of the sizes of a call: 'modc inspect --memory' prints it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_ABI_WORKSPACETABLE_H
#define MODC_PASSES_CPU_ABI_WORKSPACETABLE_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace modc {

/// Attribute of a module: the workspaces of its programs by name, as JSON
/// (docs/artefact.md).
constexpr llvm::StringLiteral kWorkspaces = "modular.workspaces";

/// The formula of an integer that a workspace function computes from its
/// arguments, in postfix notation: "N 8 * 4 *". Empty for what it cannot say.
std::string formulaOf(mlir::Value value);

/// A temporary of a workspace: the name of its op, its type and its bytes.
llvm::json::Value describeTemporary(mlir::memref::AllocOp alloc,
                                    mlir::Value bytes);

} // namespace modc

#endif // MODC_PASSES_CPU_ABI_WORKSPACETABLE_H
