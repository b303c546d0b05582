//===- CallLayout.h - Structures of the model's interface -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Positions of the fields of modc_call and modc_host (runtime/ModelAbi.h) as
// LLVM sees them, and loads of them.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_ABI_CALLLAYOUT_H
#define MODC_PASSES_CPU_ABI_CALLLAYOUT_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace modc {

/// Every field of modc_call is a pointer.
enum class CallField : int64_t {
  Host,
  Parameters,
  Gradients,
  State,
  Workspace,
  Buffers,
  Sizes,
  Integers,
  Reals
};

/// Fields of modc_host, eight bytes each.
enum class HostField : int64_t { User, Workers, ParallelFor, EveryRegion };

/// Loads the eight bytes with number `index` behind `base`. They do not change
/// during a call.
inline mlir::Value loadWord(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Type type, mlir::Value base, int64_t index) {
  mlir::Value address = base;
  if (index != 0)
    address = mlir::LLVM::GEPOp::create(
        builder, loc, base.getType(), builder.getI64Type(), base,
        llvm::ArrayRef<mlir::LLVM::GEPArg>{int32_t(index)});
  return mlir::LLVM::LoadOp::create(builder, loc, type, address,
                                    /*alignment=*/8, /*isVolatile=*/false,
                                    /*isNonTemporal=*/false,
                                    /*isInvariant=*/true);
}

inline mlir::Value loadField(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value call, CallField field) {
  return loadWord(builder, loc,
                  mlir::LLVM::LLVMPointerType::get(builder.getContext()), call,
                  int64_t(field));
}

} // namespace modc

#endif // MODC_PASSES_CPU_ABI_CALLLAYOUT_H
