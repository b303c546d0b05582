//===- PositionBlocks.cpp - Blocks of a plan's positions ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/PositionBlocks.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace modc;

// As if each member had one block that is not full: strictly ascending, and no
// block of a member is at or behind the first of the next one. So a plan need
// not know of blocks, and their number has a bound.
Value modc::getFirstBlock(DeviceBuilder &b, Value member, Value offset,
                          int64_t ofBlock) {
  return b.add(b.div(offset, ofBlock), member);
}

PositionBlock modc::findPositionBlock(DeviceBuilder &b, Value offsets,
                                      Value rowCount, int64_t ofBlock,
                                      Value number) {
  if (!offsets)
    return {{}, b.mul(number, ofBlock), b.toIndex(rowCount)};
  // The last member whose blocks begin at this one or before.
  int64_t members = sizeOf(offsets, 0) - 1;
  Value member = b.index(0);
  for (int64_t step = llvm::PowerOf2Ceil(members) / 2; step; step /= 2) {
    Value next = b.add(member, step);
    Value at = b.clamp(next, members - 1);
    Value first = getFirstBlock(b, at, b.loadIndex(offsets, at), ofBlock);
    Value reached =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ule, first, number);
    member = b.select(b.both(b.less(next, members), reached), next, member);
  }
  Value offset = b.loadIndex(offsets, member);
  Value before = b.sub(number, getFirstBlock(b, member, offset, ofBlock));
  return {member, b.add(offset, b.mul(before, ofBlock)),
          b.loadIndex(offsets, b.add(member, 1))};
}
