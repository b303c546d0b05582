//===- ModularInterfaces.h - Interfaces of the modular dialect ----*- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the interfaces for routing distributions, derivatives and rows.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARINTERFACES_H
#define MODC_DIALECT_MODULARINTERFACES_H

#include "dialect/Differentiator.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

namespace modc {
class RowAnalysis;
} // namespace modc

#include "dialect/ModularAttrInterfaces.h.inc"
#include "dialect/ModularOpInterfaces.h.inc"

#endif // MODC_DIALECT_MODULARINTERFACES_H
