//===- ModularTypes.h - Types of the modular dialect ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the selection and plan types.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARTYPES_H
#define MODC_DIALECT_MODULARTYPES_H

#include "mlir/IR/BuiltinTypes.h"

#define GET_TYPEDEF_CLASSES
#include "dialect/ModularTypes.h.inc"

#endif // MODC_DIALECT_MODULARTYPES_H
