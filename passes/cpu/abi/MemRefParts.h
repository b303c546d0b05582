//===- MemRefParts.h - Buffers as pointers and numbers ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Takes a memref apart into one pointer and its dynamic sizes and strides, and
// puts it together again on the other side of a call: what is static stays
// visible to LLVM, and the pointer can carry noalias.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_ABI_MEMREFPARTS_H
#define MODC_PASSES_CPU_ABI_MEMREFPARTS_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace modc {

/// Conversion of one value that crosses a call: a memref into a pointer to its
/// first element, then dynamic sizes, then dynamic strides (i64); an index into
/// i64; LLVM's types into themselves.
class MemRefParts {
public:
  explicit MemRefParts(const mlir::LLVMTypeConverter &converter)
      : converter(converter) {}

  /// Fails for a type that has no parts.
  llvm::FailureOr<llvm::SmallVector<mlir::Type>> types(mlir::Type type) const;
  llvm::SmallVector<mlir::Value>
  split(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value) const;
  /// Takes what it needs from the front of `parts`.
  mlir::Value join(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Type type, mlir::ValueRange &parts) const;

private:
  const mlir::LLVMTypeConverter &converter;
};

} // namespace modc

#endif // MODC_PASSES_CPU_ABI_MEMREFPARTS_H
