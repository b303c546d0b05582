//===- ModularAsm.h - Pieces of the dialect's assembly ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parsers and printers that several ops and attributes share.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARASM_H
#define MODC_DIALECT_MODULARASM_H

#include "dialect/ModularAttrs.h"
#include "mlir/IR/OpImplementation.h"

namespace modc {

/// `glorot_uniform`, `normal(0.0, 0.02)`.
mlir::ParseResult parseInit(mlir::AsmParser &parser, InitAttr &init);
void printInit(mlir::AsmPrinter &printer, InitAttr init);
inline mlir::ParseResult parseInit(mlir::OpAsmParser &parser, InitAttr &init) {
  return parseInit(static_cast<mlir::AsmParser &>(parser), init);
}
inline void printInit(mlir::OpAsmPrinter &printer, mlir::Operation *,
                      InitAttr init) {
  printInit(printer, init);
}

/// The named inputs and the result types of a body:
/// `(%x: tensor<?x2xf32>, shared %k: tensor<?x4xf32>) -> tensor<?x2xf32>`.
struct BodySignature {
  llvm::SmallVector<mlir::OpAsmParser::Argument> arguments;
  llvm::SmallVector<mlir::Type> results;
  /// Number of trailing arguments marked `shared`.
  int64_t shared = 0;

  mlir::FunctionType getType(mlir::Builder &builder) const;
  /// The arguments' names without the percent sign.
  mlir::ArrayAttr getNames(mlir::Builder &builder) const;
};
mlir::ParseResult parseBodySignature(mlir::OpAsmParser &parser,
                                     BodySignature &signature,
                                     bool allowShared);
void printBodySignature(mlir::OpAsmPrinter &printer, mlir::Block &block,
                        mlir::TypeRange results, int64_t shared);

/// Names block arguments after `names`.
void nameBlockArguments(mlir::Region &region, mlir::ArrayAttr names,
                        mlir::OpAsmSetValueNameFn setName);

/// `tensor<f32>, tensor<f32>` or `(tensor<f32>, tensor<f32>)`.
mlir::ParseResult parseResultTypes(mlir::OpAsmParser &parser,
                                   llvm::SmallVectorImpl<mlir::Type> &types);

/// `%a : t, %b : u`, up to something that is no operand.
struct TypedOperands {
  llvm::SmallVector<mlir::OpAsmParser::UnresolvedOperand> operands;
  llvm::SmallVector<mlir::Type> types;
};
mlir::ParseResult parseTypedOperands(mlir::OpAsmParser &parser,
                                     TypedOperands &operands);
void printTypedOperands(mlir::OpAsmPrinter &printer, mlir::ValueRange operands);

} // namespace modc

#endif // MODC_DIALECT_MODULARASM_H
