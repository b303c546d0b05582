//===- CudaChips.cpp - What NVIDIA's chips have ---------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Limits are from the table of compute capabilities in the CUDA C++ Programming
// Guide (12.x), rates from NVIDIA's white papers: "A100 Tensor Core GPU
// Architecture" (SXM4, 40 GB) and "H100 Tensor Core GPU Architecture" (SXM5,
// 80 GB). How registers and shared memory are handed out is from
// cuda_occupancy.h of the CUDA Toolkit.
//
//===----------------------------------------------------------------------===//

#include "frontend/CudaChips.h"

#include <algorithm>

namespace modc {
namespace {

constexpr CudaChip kChips[] = {
    {"sm_80", "A100", 108, 65536, 164 << 10, 2048, 32, 19.5e12, 1555e9},
    {"sm_90", "H100 SXM", 132, 65536, 228 << 10, 2048, 32, 66.9e12, 3350e9},
};

/// Of both generations: a warp's registers come in units, from one of four
/// parts; shared memory comes in units, and the system has some of each group.
constexpr int64_t kWarp = 32, kParts = 4, kRegisterUnit = 256,
                  kSharedUnit = 128, kSystemShared = 1024;

int64_t roundUp(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

} // namespace

const CudaChip *findCudaChip(std::string_view name) {
  for (const CudaChip &chip : kChips)
    if (chip.name == name)
      return &chip;
  return nullptr;
}

Occupancy computeOccupancy(const CudaChip &chip, int64_t registers,
                           int64_t sharedBytes, int64_t invocations) {
  int64_t warps = roundUp(std::max<int64_t>(1, invocations), kWarp) / kWarp;
  int64_t ofWarp =
      roundUp(std::max<int64_t>(1, registers) * kWarp, kRegisterUnit);
  int64_t ofGroup = roundUp(sharedBytes + kSystemShared, kSharedUnit);
  // The first of equals is named.
  Occupancy result = {chip.groups, 0, "groups"};
  auto limit = [&](int64_t groups, std::string_view by) {
    if (groups < result.groups)
      result = {groups, 0, by};
  };
  limit(chip.invocations / kWarp / warps, "warps");
  limit(chip.registers / kParts / ofWarp * kParts / warps, "registers");
  limit(chip.sharedBytes / ofGroup, "shared memory");
  result.warps = result.groups * warps;
  return result;
}

} // namespace modc
