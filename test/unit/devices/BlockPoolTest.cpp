//===- BlockPoolTest.cpp - Device memory that waits to be used again ------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which block answers which request.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/BlockPool.h"

#include <gtest/gtest.h>

using namespace modc;

namespace {

constexpr int64_t kMega = 1 << 20;

TEST(BlockPool, GivesTheSmallestThatFits) {
  BlockPool pool;
  for (int64_t megas : {12, 10, 11, 9})
    pool.give(std::make_unique<DeviceBlock>(megas * kMega));
  EXPECT_EQ(pool.bytes(), 42 * kMega);
  auto block = pool.take(10 * kMega - 5);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->bytes, 10 * kMega);
  EXPECT_EQ(pool.bytes(), 32 * kMega);
  pool.clear();
  EXPECT_EQ(pool.bytes(), 0);
  EXPECT_FALSE(pool.take(10 * kMega));
}

TEST(BlockPool, WastesAQuarterAtMost) {
  BlockPool pool;
  pool.give(std::make_unique<DeviceBlock>(100 * kMega));
  EXPECT_FALSE(pool.take(100 * kMega + 1));
  EXPECT_FALSE(pool.take(79 * kMega));
  EXPECT_TRUE(pool.take(81 * kMega));
  // Small ones may waste 64 KiB.
  pool.give(std::make_unique<DeviceBlock>(65536));
  EXPECT_TRUE(pool.take(256));
}

} // namespace
