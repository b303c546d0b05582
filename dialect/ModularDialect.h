//===- ModularDialect.h - The modular dialect -------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the dialect class.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARDIALECT_H
#define MODC_DIALECT_MODULARDIALECT_H

#include "mlir/IR/Dialect.h"

#include "dialect/ModularDialect.h.inc"

#endif // MODC_DIALECT_MODULARDIALECT_H
