//===- CudaChipsTest.cpp - What NVIDIA's chips have -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Occupancy against numbers worked out by hand from the rules that NVIDIA
// publishes, one for each thing that can be the limit.
//
//===----------------------------------------------------------------------===//

#include "frontend/CudaChips.h"

#include <gtest/gtest.h>

using namespace modc;

namespace {

void expect(const char *chip, int64_t registers, int64_t shared,
            int64_t invocations, int64_t groups, int64_t warps,
            std::string_view limit) {
  SCOPED_TRACE(std::string(chip) + ", " + std::to_string(registers) +
               " registers, " + std::to_string(shared) + " bytes, " +
               std::to_string(invocations));
  Occupancy result =
      computeOccupancy(*findCudaChip(chip), registers, shared, invocations);
  EXPECT_EQ(result.groups, groups);
  EXPECT_EQ(result.warps, warps);
  EXPECT_EQ(result.limit, limit);
}

TEST(CudaChips, AreKnownByName) {
  ASSERT_TRUE(findCudaChip("sm_80"));
  EXPECT_EQ(findCudaChip("sm_80")->product, "A100");
  EXPECT_EQ(findCudaChip("sm_90")->multiprocessors, 132);
  EXPECT_FALSE(findCudaChip("sm_86"));
  EXPECT_FALSE(findCudaChip(""));
}

TEST(CudaChips, GroupsLimit) {
  // 32 groups of one warp, though there is room for 64 warps.
  expect("sm_80", 16, 0, 1, 32, 32, "groups");
  expect("sm_80", 32, 0, 64, 32, 64, "groups");
}

TEST(CudaChips, WarpsLimit) {
  // 64 warps: 16 groups of 4, 2 of 32, 3 of 21.
  expect("sm_80", 32, 0, 128, 16, 64, "warps");
  expect("sm_90", 32, 0, 1024, 2, 64, "warps");
  expect("sm_90", 24, 0, 672, 3, 63, "warps");
}

TEST(CudaChips, RegistersLimit) {
  // 33 registers: 1,056 a warp become 1,280; 16,384 of a part hold 12 such
  // warps, 48 of a multiprocessor, 12 groups of 4.
  expect("sm_80", 33, 0, 128, 12, 48, "registers");
  // 128: 4,096 a warp, 4 of a part.
  expect("sm_80", 128, 0, 128, 4, 16, "registers");
  // 168: 5,376 a warp, 3 of a part; 12 warps hold one group of 8.
  expect("sm_80", 168, 0, 256, 1, 8, "registers");
  expect("sm_90", 255, 0, 64, 4, 8, "registers");
}

TEST(CudaChips, SharedMemoryLimits) {
  // 16,384 bytes and the system's 1,024: 164 KiB hold 9, 228 KiB 13.
  expect("sm_80", 32, 16384, 128, 9, 36, "shared memory");
  expect("sm_90", 32, 16384, 128, 13, 52, "shared memory");
  // All that a group may have.
  expect("sm_80", 32, 163 << 10, 128, 1, 4, "shared memory");
  expect("sm_80", 32, (163 << 10) + 1, 128, 0, 0, "shared memory");
}

} // namespace
