//===- LaunchLimits.h - Sizes of launches -----------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a launch has at most, and what the compiler and the launch table agree
// on.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_LAUNCHLIMITS_H
#define MODC_PASSES_GPU_LAUNCHLIMITS_H

#include <cstdint>

namespace modc {

/// Invocations of a group, where a kernel does not choose them.
constexpr int64_t kGroupSize = 64;
/// Groups of the first dimension, at most: Vulkan guarantees 65,535.
constexpr int64_t kGroups = 1 << 15;
/// Buffers of a launch: devices bind 32 at the least, but for the smallest.
constexpr unsigned kBuffers = 28;
/// Bytes that a group shares, at most: Vulkan guarantees the one, every chip
/// gives a CUDA kernel the other without being asked, and has room for two such
/// groups on a multiprocessor.
constexpr int64_t kVulkanSharedBytes = 16 << 10, kCudaSharedBytes = 48 << 10;

} // namespace modc

#endif // MODC_PASSES_GPU_LAUNCHLIMITS_H
