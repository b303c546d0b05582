//===- Verifiers.h - Pieces of the verifiers --------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks that several verifiers share: bodies against their signature, names,
// types of scores, and where symbols of a network lead.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_VERIFIERS_H
#define MODC_DIALECT_VERIFIERS_H

#include "dialect/ModularOps.h"

namespace modc {

/// No tensor of a network has more elements, counting static dimensions only.
constexpr int64_t maxElements = int64_t(1) << 40;

/// Letters, digits, `_`, `-` and, if `dots`, `.`: fit for weights files.
bool isName(llvm::StringRef name, bool dots);

/// Checks that the block's arguments are the inputs of `type`, that there is a
/// name for each, and that `TerminatorOp` ends the block with its results.
llvm::LogicalResult verifySignature(mlir::Operation *op, mlir::Block &body,
                                    mlir::FunctionType type,
                                    mlir::ArrayAttr names,
                                    llvm::StringRef terminator);

/// Compares types one by one: "has 2 inputs but module '@m' has 1", "input 0 is
/// ... but that of module '@m' is ...". The other place is attached as a note.
llvm::LogicalResult verifyTypes(mlir::Operation *op, llvm::StringRef what,
                                mlir::TypeRange mine, mlir::Operation *other,
                                llvm::StringRef otherName,
                                mlir::TypeRange theirs);

/// The static sizes of a linalg op's operands agree, whatever the dynamic ones
/// are. Other ops are fine.
llvm::LogicalResult verifyStructuredSizes(mlir::Operation *op);

/// A ranked tensor whose first dimension is dynamic.
bool hasRows(mlir::Type type);

/// The network that holds `op`, or null.
NetworkOp getNetwork(mlir::Operation *op);

/// The op of type `OpTy` that `symbol` names in the network around `op`; a
/// diagnostic at `op` if there is none ("names controller '@r', which the
/// network does not have").
template <typename OpTy>
llvm::FailureOr<OpTy> lookup(mlir::Operation *op, mlir::FlatSymbolRefAttr symbol,
                             llvm::StringRef what,
                             mlir::SymbolTableCollection &tables) {
  NetworkOp network = getNetwork(op);
  mlir::Operation *found =
      network ? tables.lookupSymbolIn(network, symbol) : nullptr;
  if (auto typed = llvm::dyn_cast_or_null<OpTy>(found))
    return typed;
  mlir::InFlightDiagnostic error = op->emitOpError("names ")
                                   << what << " '" << symbol
                                   << "', which the network does not have";
  if (found)
    error.attachNote(found->getLoc())
        << "'" << symbol << "' is a '" << found->getName() << "'";
  return error;
}

} // namespace modc

#endif // MODC_DIALECT_VERIFIERS_H
