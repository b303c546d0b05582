//===- VulkanTransfers.cpp - Submissions of a Vulkan device ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Uploads wait for the submission that they are for, and what the host wants of
// it comes with it: a call of a program is one submission where its data fits a
// piece of the staging buffer.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/VulkanDevice.h"

#include <algorithm>
#include <cstring>

namespace modc {

Status VulkanDevice::openStaging() {
  if (staging)
    return {};
  // Coherent memory for the host is there on every device.
  constexpr VkMemoryPropertyFlags needed = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                           VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  int64_t bytes = options.stagingBytes * int64_t(VulkanQueue::kSlots);
  auto block =
      createBuffer(bytes, needed, needed | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
  if (!block)
    return block.error();
  void *data = nullptr;
  if (Status s = check(
          vk.vkMapMemory(device, static_cast<VulkanBlock &>(**block).memory, 0,
                         VK_WHOLE_SIZE, 0, &data),
          "vkMapMemory");
      !s)
    return s;
  staging = std::move(*block);
  stagingData = static_cast<char *>(data);
  return {};
}

Status VulkanDevice::reserve(int64_t bytes, std::string_view what) {
  if (batch && bytes <= options.stagingBytes - staged) {
    recordVulkanBarrier(vk, batch->commands);
    return {};
  }
  if (Status s = flush(); !s)
    return s;
  VulkanQueue::Slot *slot = nullptr;
  if (Status s = check(queue.acquire(slot), what); !s)
    return s;
  batch = slot;
  staged = 0;
  return {};
}

Status VulkanDevice::flush(VkCommandBuffer recording, bool hasAfter) {
  if (!batch)
    return {};
  VkResult result = queue.submit(*batch, recording, hasAfter);
  batch = nullptr;
  // Callers were told that their uploads are done: there is no way back.
  if (result != VK_SUCCESS)
    return lose(std::string("vkQueueSubmit: ") + vulkanResultName(result));
  return {};
}

Status VulkanDevice::clearBlock(DeviceBlock &block) {
  if (Status s = reserve(0, "clearing memory"); !s)
    return s;
  vk.vkCmdFillBuffer(batch->commands, static_cast<VulkanBlock &>(block).buffer,
                     0, VK_WHOLE_SIZE, 0);
  return {};
}

Status VulkanDevice::writeRange(const DeviceRange &to, const void *from) {
  if (Status s = openStaging(); !s)
    return s;
  VkBuffer source = static_cast<VulkanBlock &>(*staging).buffer;
  VkBuffer target = static_cast<VulkanBlock &>(blockOf(to)).buffer;
  for (int64_t done = 0; done < to.bytes;) {
    int64_t bytes = std::min(to.bytes - done, options.stagingBytes);
    if (Status s = reserve(bytes, "an upload"); !s)
      return s;
    int64_t place = int64_t(batch->index) * options.stagingBytes + staged;
    std::memcpy(stagingData + place, static_cast<const char *>(from) + done,
                size_t(bytes));
    VkBufferCopy copy = {VkDeviceSize(place), VkDeviceSize(to.offset + done),
                         VkDeviceSize(bytes)};
    vk.vkCmdCopyBuffer(batch->commands, source, target, 1, &copy);
    staged += bytes;
    done += bytes;
  }
  return {};
}

void VulkanDevice::recordFetch(VkCommandBuffer commands,
                               const DeviceRange &from) {
  int64_t place = int64_t(batch->index) * options.stagingBytes + staged;
  VkBufferCopy copy = {VkDeviceSize(from.offset), VkDeviceSize(place),
                       VkDeviceSize(from.bytes)};
  vk.vkCmdCopyBuffer(commands, static_cast<VulkanBlock &>(blockOf(from)).buffer,
                     static_cast<VulkanBlock &>(*staging).buffer, 1, &copy);
  VkMemoryBarrier barrier = {};
  barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
  barrier.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
  vk.vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                          VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0,
                          nullptr, 0, nullptr);
  staged += from.bytes;
  // The ticket that the next submission gets.
  fetched = {from.buffer.get(), from.offset, from.bytes, place,
             queue.lastTicket() + 1};
}

bool VulkanDevice::isFetched(const DeviceRange &range) const {
  return !batch && fetched.ticket != 0 &&
         fetched.ticket == queue.lastTicket() &&
         fetched.buffer == range.buffer.get() &&
         fetched.offset == range.offset && fetched.bytes == range.bytes;
}

Status VulkanDevice::readRange(const DeviceRange &from, void *to) {
  if (isFetched(from)) {
    if (Status s = finish(fetched.ticket); !s)
      return s;
    std::memcpy(to, stagingData + fetched.place, size_t(from.bytes));
    return {};
  }
  if (Status s = openStaging(); !s)
    return s;
  for (int64_t done = 0; done < from.bytes;) {
    int64_t bytes = std::min(from.bytes - done, options.stagingBytes);
    if (Status s = reserve(bytes, "a download"); !s)
      return s;
    recordFetch(batch->commands, {from.buffer, from.offset + done, bytes});
    if (Status s = flush(); !s)
      return s;
    if (Status s = finish(fetched.ticket); !s)
      return s;
    std::memcpy(static_cast<char *>(to) + done, stagingData + fetched.place,
                size_t(bytes));
    done += bytes;
  }
  return {};
}

Result<uint64_t> VulkanDevice::start(Recording &recording,
                                     const std::vector<HostWrite> &writes,
                                     const DeviceRange &wanted) {
  bool comesWith = wanted.bytes > 0 && wanted.bytes <= options.stagingBytes;
  if (comesWith)
    if (Status s = openStaging(); !s)
      return s.error();
  if (Status s = reserve(comesWith ? wanted.bytes : 0, "a submission"); !s)
    return s.error();
  for (const HostWrite &write : writes)
    if (write.to.bytes)
      vk.vkCmdUpdateBuffer(batch->commands,
                           static_cast<VulkanBlock &>(blockOf(write.to)).buffer,
                           VkDeviceSize(write.to.offset),
                           VkDeviceSize(write.to.bytes), write.from);
  if (comesWith) {
    if (Status s = check(queue.beginAfter(*batch), "vkBeginCommandBuffer"); !s)
      return s.error();
    recordFetch(batch->after, wanted);
  }
  if (Status s =
          flush(static_cast<VulkanRecording &>(recording).buffer, comesWith);
      !s)
    return s.error();
  return queue.lastTicket();
}

Status VulkanDevice::finish(uint64_t ticket) {
  if (ticket == 0)
    if (Status s = flush(); !s)
      return s;
  return check(queue.finish(ticket), "vkWaitForFences");
}

} // namespace modc
