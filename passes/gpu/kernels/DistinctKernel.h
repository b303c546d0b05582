//===- DistinctKernel.h - Distinct rows on a device -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels that number the distinct rows of candidates, as
// passes/cpu/LowerDistinct.cpp does: in order of their first occurrence. The
// count stays on the device.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_DISTINCTKERNEL_H
#define MODC_PASSES_GPU_KERNELS_DISTINCTKERNEL_H

#include "passes/gpu/kernels/DeviceBuilder.h"

namespace modc {

/// Rows that agree in their parent and all keys; buffers of i32.
struct DistinctBuffers {
  mlir::Value keys;     ///< [R, P]
  mlir::Value parent;   ///< [R], or null: row r's is r modulo the stride
  mlir::Value rowCount; ///< R, i32, the same in all invocations
  /// i32: rows with one parent are this far apart, or multiples of it. The
  /// number of points where row s·N + n is candidate s of point n; 1 says
  /// nothing, and each row then looks at all before it.
  mlir::Value stride;
  mlir::Value same;   ///< [R]: the first row that agrees with each
  mlir::Value number; ///< [R]: of rows that agree with none before them
  mlir::Value index;  ///< [R], out
  mlir::Value first;  ///< [R], out: its first places
  mlir::Value count;  ///< [1], out: of distinct rows
};

/// Invocations of a group, and rows that it takes.
inline constexpr int64_t kDistinctThreads = 128;

/// Three launches of ⌈R / kDistinctThreads⌉ groups each, at least one. The
/// first writes `same`, `number` and the groups' `counts` [groups], the second
/// `number`, `first` and `count`, the third `index`, which is number[same[r]]:
/// a reader may do that itself.
void buildDistinctMatch(DeviceBuilder &b, const DistinctBuffers &rows,
                        mlir::Value counts);
void buildDistinctNumber(DeviceBuilder &b, const DistinctBuffers &rows,
                         mlir::Value counts);
void buildDistinctIndex(DeviceBuilder &b, const DistinctBuffers &rows);

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_DISTINCTKERNEL_H
