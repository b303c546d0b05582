//===- BlockPool.h - Device memory that waits to be used again --*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Allocating device memory is slow and some drivers limit the number of
// allocations. Blocks whose buffer is gone are kept here and handed out again
// when a request of about their size comes.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_BLOCKPOOL_H
#define MODC_RUNTIME_DEVICES_BLOCKPOOL_H

#include <cstdint>
#include <memory>
#include <vector>

namespace modc {

/// One allocation of a driver, which derives from it.
struct DeviceBlock {
  explicit DeviceBlock(int64_t bytes) : bytes(bytes) {}
  virtual ~DeviceBlock() = default;
  DeviceBlock(const DeviceBlock &) = delete;
  DeviceBlock &operator=(const DeviceBlock &) = delete;

  const int64_t bytes;
};

class BlockPool {
public:
  /// The smallest block that holds `bytes` and wastes little; null if none
  /// does. What it holds is undefined.
  std::unique_ptr<DeviceBlock> take(int64_t bytes);
  void give(std::unique_ptr<DeviceBlock> block);
  void clear();
  /// Of all blocks that wait.
  int64_t bytes() const { return total; }

private:
  std::vector<std::unique_ptr<DeviceBlock>> blocks;
  int64_t total = 0;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_BLOCKPOOL_H
