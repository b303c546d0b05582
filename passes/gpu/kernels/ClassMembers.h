//===- ClassMembers.h - Members of one class --------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Members with one body have their parameters side by side, wherever they stand
// among the members of the pool. Kernels find one number from the other.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_CLASSMEMBERS_H
#define MODC_PASSES_GPU_KERNELS_CLASSMEMBERS_H

#include "passes/gpu/kernels/DeviceBuilder.h"

namespace modc {

class ClassMembers {
public:
  /// Numbers of the class's members, ascending.
  explicit ClassMembers(llvm::ArrayRef<int64_t> members);

  struct Place {
    /// Whether the member is of the class; null: always.
    mlir::Value isOwn;
    /// Its place in the class, if it is.
    mlir::Value slot;
  };
  /// Of a pool with `count` members.
  Place find(DeviceBuilder &b, mlir::Value member, int64_t count) const;
  /// The member with this place in the class.
  mlir::Value memberAt(DeviceBuilder &b, mlir::Value slot) const;
  int64_t size() const { return count; }

private:
  /// Members that follow one another.
  struct Run {
    int64_t member, slot, count;
  };
  llvm::SmallVector<Run> runs;
  int64_t count = 0;
};

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_CLASSMEMBERS_H
