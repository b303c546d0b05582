//===- VulkanQueue.cpp - Submissions under way on a Vulkan queue ----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One queue runs submissions in order, so that a fence that is signalled says
// the same of all earlier ones.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/VulkanQueue.h"

#include <chrono>

namespace modc {

void VulkanQueue::destroy() {
  if (!device)
    return;
  for (Slot &slot : slots)
    if (slot.fence)
      vk.vkDestroyFence(device, slot.fence, nullptr);
  if (pool)
    vk.vkDestroyCommandPool(device, pool, nullptr);
}

VkResult VulkanQueue::create(VkDevice device, uint32_t family) {
  this->device = device;
  vk.vkGetDeviceQueue(device, family, 0, &queue);
  VkCommandPoolCreateInfo poolInfo = {};
  poolInfo.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
  poolInfo.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  poolInfo.queueFamilyIndex = family;
  if (VkResult r = vk.vkCreateCommandPool(device, &poolInfo, nullptr, &pool))
    return r;
  for (size_t i = 0; i < kSlots; ++i) {
    Slot &slot = slots[i];
    slot.index = i;
    VkCommandBufferAllocateInfo info = {};
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
    info.commandPool = pool;
    info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    info.commandBufferCount = 2;
    VkCommandBuffer buffers[2] = {};
    if (VkResult r = vk.vkAllocateCommandBuffers(device, &info, buffers))
      return r;
    slot.commands = buffers[0];
    slot.after = buffers[1];
    VkFenceCreateInfo fence = {};
    fence.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
    if (VkResult r = vk.vkCreateFence(device, &fence, nullptr, &slot.fence))
      return r;
  }
  return VK_SUCCESS;
}

VkResult VulkanQueue::begin(VkCommandBuffer commands) {
  VkCommandBufferBeginInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  info.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  if (VkResult r = vk.vkBeginCommandBuffer(commands, &info))
    return r;
  // What one queue is given starts in order, but it overlaps and sees what
  // others have written only where a barrier says so.
  recordVulkanBarrier(vk, commands);
  return VK_SUCCESS;
}

VkResult VulkanQueue::acquire(Slot *&slot) {
  slot = &slots[next];
  if (slot->ticket > completed)
    if (VkResult r = finish(slot->ticket))
      return r;
  return begin(slot->commands);
}

VkResult VulkanQueue::beginAfter(Slot &slot) { return begin(slot.after); }

VkResult VulkanQueue::submit(Slot &slot, VkCommandBuffer recording,
                             bool hasAfter) {
  if (VkResult r = vk.vkEndCommandBuffer(slot.commands))
    return r;
  if (hasAfter)
    if (VkResult r = vk.vkEndCommandBuffer(slot.after))
      return r;
  if (VkResult r = vk.vkResetFences(device, 1, &slot.fence))
    return r;
  VkCommandBuffer buffers[3] = {slot.commands};
  uint32_t count = 1;
  if (recording)
    buffers[count++] = recording;
  if (hasAfter)
    buffers[count++] = slot.after;
  VkSubmitInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  info.commandBufferCount = count;
  info.pCommandBuffers = buffers;
  if (VkResult r = vk.vkQueueSubmit(queue, 1, &info, slot.fence))
    return r;
  slot.ticket = ++last;
  next = (next + 1) % kSlots;
  return VK_SUCCESS;
}

VkResult VulkanQueue::finish(uint64_t ticket) {
  using Clock = std::chrono::steady_clock;
  if (ticket == 0 || ticket > last)
    ticket = last;
  if (ticket <= completed)
    return VK_SUCCESS;
  if (hung)
    return VK_TIMEOUT;
  // Whoever took the slot again has waited for the ticket before.
  Slot &slot = slots[(ticket - 1) % kSlots];
  const auto deadline =
      Clock::now() + std::chrono::duration<double>(timeoutSeconds);
  constexpr uint64_t kPiece = 50'000'000; // nanoseconds
  VkResult result = VK_TIMEOUT;
  while (result == VK_TIMEOUT) {
    result = vk.vkWaitForFences(device, 1, &slot.fence, VK_TRUE, kPiece);
    if (result == VK_TIMEOUT && Clock::now() >= deadline) {
      hung = true;
      return VK_TIMEOUT;
    }
  }
  if (result == VK_SUCCESS)
    completed = ticket;
  return result;
}

void recordVulkanBarrier(const VulkanDeviceFunctions &vk,
                         VkCommandBuffer commands) {
  constexpr VkPipelineStageFlags stages =
      VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
  VkMemoryBarrier barrier = {};
  barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
  barrier.srcAccessMask =
      VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  barrier.dstAccessMask =
      VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
      VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  vk.vkCmdPipelineBarrier(commands, stages, stages, 0, 1, &barrier, 0, nullptr,
                          0, nullptr);
}

} // namespace modc
