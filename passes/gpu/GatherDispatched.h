//===- GatherDispatched.h - Rows that are only moved ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A `modular.dispatch` without gates copies rows to the positions of a plan;
// grouped ops gather rows themselves.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_GATHERDISPATCHED_H
#define MODC_PASSES_GPU_GATHERDISPATCHED_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace modc {

/// Makes operands in grouped order that are only moved there gathered ones, and
/// erases the ops that have moved them.
void gatherDispatched(mlir::func::FuncOp program);

} // namespace modc

#endif // MODC_PASSES_GPU_GATHERDISPATCHED_H
