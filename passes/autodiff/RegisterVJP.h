//===- RegisterVJP.h - Derivatives of upstream ops --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registration of all external models of VJPOpInterface, one function a
// dialect.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_AUTODIFF_REGISTERVJP_H
#define MODC_PASSES_AUTODIFF_REGISTERVJP_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace modc {

void registerArithVJPModels(mlir::DialectRegistry &registry);
void registerMathVJPModels(mlir::DialectRegistry &registry);
void registerTensorVJPModels(mlir::DialectRegistry &registry);
void registerLinalgVJPModels(mlir::DialectRegistry &registry);

/// All of them.
inline void registerVJPModels(mlir::DialectRegistry &registry) {
  registerArithVJPModels(registry);
  registerMathVJPModels(registry);
  registerTensorVJPModels(registry);
  registerLinalgVJPModels(registry);
}

} // namespace modc

#endif // MODC_PASSES_AUTODIFF_REGISTERVJP_H
