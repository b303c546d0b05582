//===- ModularDialect.cpp - The modular dialect ---------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers types, attributes and ops.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularDialect.h"
#include "dialect/ModularOps.h"
#include "dialect/RowIndependence.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace modc;

#include "dialect/ModularDialect.cpp.inc"

void ModularDialect::initialize() {
  registerTypes();
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialect/ModularOps.cpp.inc"
      >();
  // The dialects that this one depends on are loaded by now.
  attachTensorRowModels(*getContext());
  attachLinalgRowModels(*getContext());
}
