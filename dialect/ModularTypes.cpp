//===- ModularTypes.cpp - Types of the modular dialect --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Selections and plans: registration and their constraints.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularTypes.h"
#include "dialect/ModularDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace modc;

#define GET_TYPEDEF_CLASSES
#include "dialect/ModularTypes.cpp.inc"

void ModularDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/ModularTypes.cpp.inc"
      >();
}

/// K may exceed M: picks are drawn with replacement. Layers are stricter.
static LogicalResult
verifyChoose(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t choose,
             int64_t members) {
  if (choose < 1)
    return emitError() << "expected at least 1 pick, got " << choose;
  if (members < 1)
    return emitError() << "expected at least 1 member, got " << members;
  if (choose > INT32_MAX || members > INT32_MAX)
    return emitError() << "picks and members must fit 32 bits";
  return success();
}

LogicalResult
SelectionType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                      int64_t choose, int64_t members) {
  return verifyChoose(emitError, choose, members);
}

LogicalResult
PlanType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                 int64_t choose, int64_t members) {
  return verifyChoose(emitError, choose, members);
}
