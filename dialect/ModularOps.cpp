//===- ModularOps.cpp - Ops of the modular dialect ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The generated definitions, and accessors of networks.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "dialect/ModularAsm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace modc;

#include "dialect/ModularOpInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialect/ModularOps.cpp.inc"

template <typename OpTy> static OpTy getOnly(NetworkOp network) {
  auto ops = network.getBody().getOps<OpTy>();
  return ops.empty() ? OpTy() : *ops.begin();
}

GraphOp NetworkOp::getGraph() { return getOnly<GraphOp>(*this); }
ObjectiveOp NetworkOp::getObjective() { return getOnly<ObjectiveOp>(*this); }
OptimizerOp NetworkOp::getOptimizer() { return getOnly<OptimizerOp>(*this); }

FloatType NetworkOp::getElementType() {
  // Some input or result of the graph is a float tensor; verified.
  FunctionType type = getGraph().getFunctionType();
  for (TypeRange types : {TypeRange(type.getResults()), TypeRange(type.getInputs())})
    for (Type each : types)
      if (auto tensor = dyn_cast<RankedTensorType>(each))
        if (auto element = dyn_cast<FloatType>(tensor.getElementType()))
          return element;
  return Float32Type::get(getContext());
}
