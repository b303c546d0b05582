//===- VulkanQueue.h - Submissions under way on a Vulkan queue --*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A few slots, each with a command buffer and a fence, used in turn. Work is
// submitted without waiting; whoever wants the oldest slot again waits for it,
// always for a limited time. Speaks Vulkan: results are VkResult.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_VULKANQUEUE_H
#define MODC_RUNTIME_DEVICES_VULKANQUEUE_H

#include "runtime/devices/VulkanFunctions.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace modc {

class VulkanQueue {
public:
  struct Slot {
    /// Before a recording, and after it.
    VkCommandBuffer commands = VK_NULL_HANDLE, after = VK_NULL_HANDLE;
    VkFence fence = VK_NULL_HANDLE;
    /// Of the submission that used it last.
    uint64_t ticket = 0;
    size_t index = 0;
  };
  static constexpr size_t kSlots = 8;

  VulkanQueue(const VulkanDeviceFunctions &functions, double timeoutSeconds)
      : vk(functions), timeoutSeconds(timeoutSeconds) {}
  VulkanQueue(const VulkanQueue &) = delete;
  VulkanQueue &operator=(const VulkanQueue &) = delete;

  VkResult create(VkDevice device, uint32_t family);
  /// To be called before the device is destroyed, unless the queue is hung.
  void destroy();

  /// The next slot, whose last submission has ended, and its command buffer
  /// begun. It must be submitted or acquired again.
  VkResult acquire(Slot *&slot);
  /// Begins what comes after a recording.
  VkResult beginAfter(Slot &slot);
  /// Ends the slot's commands and submits them, followed by a recording if that
  /// is not null, and by what comes after it if that was begun. Everything that
  /// was submitted before is visible to them.
  VkResult submit(Slot &slot, VkCommandBuffer recording, bool hasAfter);

  /// Waits until the submission of that ticket has ended; 0 is the last one.
  /// VK_TIMEOUT after the limit: the queue is hung then.
  VkResult finish(uint64_t ticket);

  uint64_t lastTicket() const { return last; }

  /// True if the device stopped answering: what it may still use cannot be
  /// destroyed, by this class or by others.
  bool isHung() const { return hung; }

private:
  VkResult begin(VkCommandBuffer commands);

  const VulkanDeviceFunctions &vk;
  const double timeoutSeconds;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  VkCommandPool pool = VK_NULL_HANDLE;
  std::array<Slot, kSlots> slots;
  size_t next = 0;
  uint64_t last = 0, completed = 0;
  bool hung = false;
};

/// Makes what earlier commands have written visible to later ones, and lets
/// those that read it come before those that write: the one barrier we use.
void recordVulkanBarrier(const VulkanDeviceFunctions &vk,
                         VkCommandBuffer commands);

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_VULKANQUEUE_H
