//===- ModularAttrs.h - Attributes of the modular dialect -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the enums and attributes: members, initialisers, distributions.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARATTRS_H
#define MODC_DIALECT_MODULARATTRS_H

#include "dialect/ModularInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"

#include "dialect/ModularEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/ModularAttrs.h.inc"

#endif // MODC_DIALECT_MODULARATTRS_H
