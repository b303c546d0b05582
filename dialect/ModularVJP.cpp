//===- ModularVJP.cpp - Derivatives of the dialect's ops ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// VJPs of the ops of this dialect; those of upstream ops are external models
// in passes/autodiff.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"

using namespace mlir;
using namespace modc;

#define MODC_NO_VJP(OP)                                                        \
  LogicalResult OP::buildVJP(OpBuilder &, ArrayRef<Value>, Differentiator &) { \
    return emitOpError("has no derivative yet");                               \
  }
MODC_NO_VJP(LinearOp)
MODC_NO_VJP(ReluOp)
MODC_NO_VJP(GeluOp)
MODC_NO_VJP(SigmoidOp)
MODC_NO_VJP(SoftplusOp)
MODC_NO_VJP(SoftmaxOp)
MODC_NO_VJP(LogSoftmaxOp)
MODC_NO_VJP(ReshapeOp)
MODC_NO_VJP(PickOp)
MODC_NO_VJP(LogProbabilityOp)
MODC_NO_VJP(GatesOp)
MODC_NO_VJP(GroupedOp)
MODC_NO_VJP(CombineOp)
MODC_NO_VJP(DispatchOp)
MODC_NO_VJP(TileRowsOp)
#undef MODC_NO_VJP
