//===- ModularOps.h - Ops of the modular dialect ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares all ops of the network level and of the routed level.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULAROPS_H
#define MODC_DIALECT_MODULAROPS_H

#include "dialect/ModularAttrs.h"
#include "dialect/ModularDialect.h"
#include "dialect/ModularInterfaces.h"
#include "dialect/ModularTypes.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/ParallelCombiningOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace modc {
class GraphOp;
class ObjectiveOp;
class OptimizerOp;
class NetworkOp;
class ModuleTemplateOp;
} // namespace modc

#define GET_OP_CLASSES
#include "dialect/ModularOps.h.inc"

#endif // MODC_DIALECT_MODULAROPS_H
