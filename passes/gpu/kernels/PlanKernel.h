//===- PlanKernel.h - Plans on a device -------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels of the stable counting sort of a selection: one group for few picks,
// three launches of many groups for many. Positions, rows and their order are
// those of passes/cpu/LowerPlan.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_PLANKERNEL_H
#define MODC_PASSES_GPU_KERNELS_PLANKERNEL_H

#include "passes/gpu/kernels/DeviceBuilder.h"

namespace modc {

/// What a plan is made of and what becomes of it: buffers of i32. A pick is
/// pick k of row r, and there are R·K of them in order of rows.
struct PlanBuffers {
  mlir::Value selection; ///< [R, K], members
  mlir::Value rowCount;  ///< R, i32, the same in all invocations
  /// [R] or null: what rows stand for; a row of which it is -1 has no
  /// positions, as an earlier one has them.
  mlir::Value operandRows;
  mlir::Value offsets;  ///< [M + 1], out: first position of each member
  mlir::Value rows;     ///< [R·K], out: operand row of each position
  mlir::Value slots;    ///< [R·K] or null, out: k of each position
  mlir::Value position; ///< [R, K], out: -1 for none
  mlir::Value usage;    ///< [M] or null, out: picks that name a member
  /// A second pick of a member by a row has no position; what stands behind
  /// the last position is 0.
  bool once = false;

  int64_t choose() const { return sizeOf(selection, 1); }
  int64_t members() const { return sizeOf(offsets, 0) - 1; }
  /// Picks of a row may lack a position.
  bool skips() const { return operandRows || (once && choose() > 1); }
};

/// Invocations of a group, for all kernels of a plan: as many as 16 KiB of
/// shared memory allow with so many members; 0 if no group does.
int64_t getPlanThreads(int64_t members);

/// Up to so many picks, one group; more of them leave most of a GPU idle.
inline constexpr int64_t kPlanOfOneGroup = 4096;
/// Picks of a group of the first and the last of three launches.
inline constexpr int64_t kPlanBlock = 512;
/// Width of the [⌈R·K / kPlanBlock⌉, width] i32 that three launches pass on.
int64_t getPlanHistogramWidth(const PlanBuffers &plan);

/// The body of a kernel of one group, for any number of picks.
void buildPlan(DeviceBuilder &b, const PlanBuffers &plan);

/// Three launches: ⌈R·K / kPlanBlock⌉ groups, one group, and as many groups as
/// the first. The first one writes nothing but the histogram.
void buildPlanCounts(DeviceBuilder &b, const PlanBuffers &plan,
                     mlir::Value histogram);
void buildPlanOffsets(DeviceBuilder &b, const PlanBuffers &plan,
                      mlir::Value histogram);
void buildPlanPositions(DeviceBuilder &b, const PlanBuffers &plan,
                        mlir::Value histogram);

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_PLANKERNEL_H
