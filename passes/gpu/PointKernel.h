//===- PointKernel.h - Sums of what positions give --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a grouped op gives for each point, such as the gradients of keys, is a
// sum over the rows of the point and their picks, which are positions of
// several members. The invocation of a position leaves what it adds in memory,
// its summand, and one an element of the result takes the sum, rows and picks
// ascending, as the processor does. Gradients of members that see points are
// such sums over the member's positions, where they are no plain sums over
// rows. Where summands would be much memory, an invocation a point or member
// runs its positions one after another.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_POINTKERNEL_H
#define MODC_PASSES_GPU_POINTKERNEL_H

#include "passes/gpu/RowKernel.h"

namespace modc {

/// Whether an op's gradients depend on the points of rows in other ways than
/// through what rows compute, so that they are not sums over rows.
bool hasGradientsByPoint(GroupedOp op);

/// Results that are sums of summands: those by points, and gradients if they
/// are by points.
llvm::SmallVector<mlir::Value> summedResults(GroupedOp op);

/// Whether positions leave their summands in memory.
bool keepsSummands(GroupedOp op);

/// The summands of such a result, part 0 of it: [positions, ...].
mlir::RankedTensorType summandsType(mlir::Value result);

/// Of the launch of all positions: summands as rows of the destinations from
/// number `first` on.
void emitSummands(KernelFunction &kernel, RowKernel &rows, GroupedOp op,
                  unsigned first, mlir::Value self);

/// Points result i, an invocation an element.
void emitPointSum(KernelFunction &kernel, const Placement &placement,
                  GroupedOp op, unsigned i);
/// All points results, an invocation a point. Fails with a diagnostic.
llvm::LogicalResult emitPoints(KernelFunction &kernel,
                               const Placement &placement, GroupedOp op);

/// Gradient i of class c, an invocation an element.
void emitGradientSum(KernelFunction &kernel, GroupedOp op, unsigned c,
                     unsigned i);
/// All gradients of class c, an invocation a member. Fails with a diagnostic.
llvm::LogicalResult emitMembers(KernelFunction &kernel,
                                const Placement &placement, GroupedOp op,
                                unsigned c);

} // namespace modc

#endif // MODC_PASSES_GPU_POINTKERNEL_H
