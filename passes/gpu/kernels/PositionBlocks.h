//===- PositionBlocks.h - Blocks of a plan's positions ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers blocks of at most so many positions, none of which has two members,
// such that a group finds its own from the plan's offsets alone.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_POSITIONBLOCKS_H
#define MODC_PASSES_GPU_KERNELS_POSITIONBLOCKS_H

#include "passes/gpu/kernels/DeviceBuilder.h"

namespace modc {

/// Blocks of so many positions, enough for any grouping of them by `members`; 0
/// without members.
inline int64_t getPositionBlocks(int64_t positions, int64_t members,
                                 int64_t ofBlock) {
  return members ? positions / ofBlock + members
                 : (positions + ofBlock - 1) / ofBlock;
}

struct PositionBlock {
  mlir::Value member; ///< null without members
  mlir::Value first;
  /// Behind the member's last position, which may come before `first`.
  mlir::Value end;
};

/// Block `number`. Without `offsets` [M + 1], blocks are of all `rowCount`
/// (i32) rows.
PositionBlock findPositionBlock(DeviceBuilder &b, mlir::Value offsets,
                                mlir::Value rowCount, int64_t ofBlock,
                                mlir::Value number);

/// The number of a member's first block, where its positions begin at `offset`.
/// Some blocks before it may have none.
mlir::Value getFirstBlock(DeviceBuilder &b, mlir::Value member,
                          mlir::Value offset, int64_t ofBlock);

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_POSITIONBLOCKS_H
