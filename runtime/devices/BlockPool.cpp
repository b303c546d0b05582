//===- BlockPool.cpp - Device memory that waits to be used again ----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Best fit. A block may be larger than the request by a quarter, and by 64 KiB
// for small ones, so that a large arena is not spent on a small buffer.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/BlockPool.h"

namespace modc {

std::unique_ptr<DeviceBlock> BlockPool::take(int64_t bytes) {
  const int64_t most = bytes + bytes / 4 + (64 << 10);
  auto best = blocks.end();
  for (auto it = blocks.begin(); it != blocks.end(); ++it)
    if ((*it)->bytes >= bytes && (*it)->bytes <= most &&
        (best == blocks.end() || (*it)->bytes < (*best)->bytes))
      best = it;
  if (best == blocks.end())
    return nullptr;
  std::unique_ptr<DeviceBlock> block = std::move(*best);
  blocks.erase(best);
  total -= block->bytes;
  return block;
}

void BlockPool::give(std::unique_ptr<DeviceBlock> block) {
  total += block->bytes;
  blocks.push_back(std::move(block));
}

void BlockPool::clear() {
  blocks.clear();
  total = 0;
}

} // namespace modc
