//===- FaultyVulkan.h - A Vulkan loader that fails on demand ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a test may break in the loader that FaultyVulkan.cpp builds, and what it
// may count there. All zeros is a loader that works. Programs of their own are
// told by MODC_FAULTY_VULKAN: "submits=40 limits=least bindings=32".
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_DEVICES_FAULTYVULKAN_H
#define MODC_TEST_UNIT_DEVICES_FAULTYVULKAN_H

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include <cstdint>

namespace modc {

struct FaultyVulkan {
  /// Versions of the loader and of each device instead of the real ones.
  uint32_t version = 0, deviceVersion = 0;
  bool noDevices = false;
  /// Of the first heap.
  uint64_t heapBytes = 0;
  VkResult createInstance = VK_SUCCESS;
  VkResult submit = VK_SUCCESS;
  /// Submissions that succeed before the device is lost ("submits"); -1: all.
  int64_t submitsLeft = -1;
  /// VK_TIMEOUT is a device that hangs.
  VkResult wait = VK_SUCCESS;
  /// Allocations that succeed before they fail ("allocations").
  int64_t allocationsLeft = -1;
  /// Each device reports the smallest limits that Vulkan allows
  /// ("limits=least"); of these, storage buffers and the alignment of what
  /// they show are replaced where they are not 0 ("bindings", "alignment").
  bool leastLimits = false;
  uint32_t bindings = 0, alignment = 0;
  /// What a validation layer says of the next submission ("messages"): so many
  /// messages, "message 1" and so on.
  int64_t messages = 0;

  int64_t waits = 0, allocations = 0, submits = 0;
};

} // namespace modc

#endif // MODC_TEST_UNIT_DEVICES_FAULTYVULKAN_H
