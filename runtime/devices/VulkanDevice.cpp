//===- VulkanDevice.cpp - A device through Vulkan -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opening and closing, memory, uploads and downloads. Kernels and recordings
// are in VulkanKernel.cpp and VulkanRecording.cpp.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/VulkanDevice.h"

#include <algorithm>
#include <cstring>

namespace modc {
namespace {

/// What a device that hangs may still use is kept for good: destroying it is
/// undefined, and waiting for it would hang us too.
void keepForGood(std::shared_ptr<VulkanInstance> instance) {
  static auto *kept = new std::vector<std::shared_ptr<VulkanInstance>>();
  kept->push_back(std::move(instance));
}

} // namespace

VulkanDevice::VulkanDevice(std::shared_ptr<VulkanInstance> owner,
                           VulkanPhysicalDevice device,
                           const DeviceOptions &options)
    : Device(device.info), instance(std::move(owner)),
      physical(std::move(device)), options(options),
      queue(vk, options.timeoutSeconds) {
  instance->functions().vkGetPhysicalDeviceMemoryProperties(physical.handle,
                                                            &memory);
}

Result<std::shared_ptr<Device>>
VulkanDevice::create(std::shared_ptr<VulkanInstance> instance,
                     const VulkanPhysicalDevice &physical,
                     const DeviceOptions &options) {
  if (!physical.unusable.empty())
    return makeError(physical.info.label(), " ", physical.unusable);
  if (options.stagingBytes < 1)
    return makeError("pieces of ", options.stagingBytes,
                     " bytes to stage transfers, at least 1 is needed");
  std::shared_ptr<VulkanDevice> device(
      new VulkanDevice(std::move(instance), physical, options));
  if (Status status = device->open(); !status)
    return status.error();
  return std::shared_ptr<Device>(std::move(device));
}

Status VulkanDevice::open() {
  float priority = 1;
  VkDeviceQueueCreateInfo queueInfo = {};
  queueInfo.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
  queueInfo.queueFamilyIndex = physical.queueFamily;
  queueInfo.queueCount = 1;
  queueInfo.pQueuePriorities = &priority;
  VkDeviceCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queueInfo;
  info.pEnabledFeatures = &physical.features;
  const VulkanInstanceFunctions &f = instance->functions();
  VkDevice created = VK_NULL_HANDLE;
  if (Status status =
          check(f.vkCreateDevice(physical.handle, &info, nullptr, &created),
                "vkCreateDevice");
      !status)
    return status;
  device = created;
#define MODC_LOAD(name)                                                        \
  vk.name =                                                                    \
      reinterpret_cast<PFN_##name>(f.vkGetDeviceProcAddr(device, #name));      \
  if (!vk.name)                                                                \
    return error("its driver has no " #name);
  MODC_VULKAN_DEVICE_FUNCTIONS(MODC_LOAD)
#undef MODC_LOAD
  return check(queue.create(device, physical.queueFamily),
               "creating fences and command buffers");
}

VulkanDevice::~VulkanDevice() {
  if (!device)
    return;
  // Only a device that hangs makes this fail in a way that matters.
  (void)queue.finish(0);
  // Blocks of a device that hangs leave their memory to it.
  dropIdleBlocks();
  staging.reset();
  if (queue.isHung()) {
    keepForGood(std::move(instance));
    return;
  }
  queue.destroy();
  if (vk.vkDestroyDevice)
    vk.vkDestroyDevice(device, nullptr);
}

Status VulkanDevice::check(VkResult result, std::string_view what) {
  if (result == VK_SUCCESS)
    return {};
  if (result == VK_TIMEOUT)
    return lose(makeError("did not end a submission within ",
                          int64_t(options.timeoutSeconds * 1000), " ms")
                    .message());
  std::string reason = std::string(what) + ": " + vulkanResultName(result);
  if (result == VK_ERROR_DEVICE_LOST)
    return lose(reason);
  return error(reason);
}

VulkanBlock::~VulkanBlock() {
  if (device.queue.isHung())
    return;
  if (buffer)
    device.vk.vkDestroyBuffer(device.device, buffer, nullptr);
  if (memory)
    device.vk.vkFreeMemory(device.device, memory, nullptr);
}

Result<std::unique_ptr<DeviceBlock>>
VulkanDevice::createBuffer(int64_t bytes, VkMemoryPropertyFlags needed,
                           VkMemoryPropertyFlags wanted) {
  auto block = std::make_unique<VulkanBlock>(*this, bytes);
  VkBufferCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
  info.size = VkDeviceSize(bytes);
  info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
               VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
               VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  info.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
  if (Status s =
          check(vk.vkCreateBuffer(device, &info, nullptr, &block->buffer),
                "vkCreateBuffer");
      !s)
    return s.error();
  VkMemoryRequirements need = {};
  vk.vkGetBufferMemoryRequirements(device, block->buffer, &need);
  auto find = [&](VkMemoryPropertyFlags flags) {
    uint32_t type = 0;
    while (type < memory.memoryTypeCount &&
           (!(need.memoryTypeBits >> type & 1) ||
            (memory.memoryTypes[type].propertyFlags & flags) != flags))
      ++type;
    return type;
  };
  uint32_t type = find(wanted);
  if (type == memory.memoryTypeCount)
    type = find(needed);
  if (type == memory.memoryTypeCount)
    return error("has no memory for buffers");
  VkMemoryAllocateInfo allocation = {};
  allocation.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
  allocation.allocationSize = need.size;
  allocation.memoryTypeIndex = type;
  if (Status s = check(
          vk.vkAllocateMemory(device, &allocation, nullptr, &block->memory),
          "vkAllocateMemory");
      !s)
    return s.error();
  if (Status s =
          check(vk.vkBindBufferMemory(device, block->buffer, block->memory, 0),
                "vkBindBufferMemory");
      !s)
    return s.error();
  return std::unique_ptr<DeviceBlock>(std::move(block));
}

Result<std::unique_ptr<DeviceBlock>> VulkanDevice::createBlock(int64_t bytes) {
  return createBuffer(bytes, 0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
}

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

Status VulkanDevice::clearBlock(DeviceBlock &block) {
  VulkanQueue::Slot *slot = nullptr;
  if (Status s = check(queue.acquire(slot), "clearing memory"); !s)
    return s;
  vk.vkCmdFillBuffer(slot->commands, static_cast<VulkanBlock &>(block).buffer,
                     0, VK_WHOLE_SIZE, 0);
  return check(queue.submit(*slot, VK_NULL_HANDLE), "vkQueueSubmit");
}

Status VulkanDevice::writeRange(const DeviceRange &to, const void *from) {
  if (Status s = openStaging(); !s)
    return s;
  VkBuffer source = static_cast<VulkanBlock &>(*staging).buffer;
  VkBuffer target = static_cast<VulkanBlock &>(blockOf(to)).buffer;
  for (int64_t done = 0; done < to.bytes;) {
    int64_t bytes = std::min(to.bytes - done, options.stagingBytes);
    VulkanQueue::Slot *slot = nullptr;
    if (Status s = check(queue.acquire(slot), "an upload"); !s)
      return s;
    int64_t place = int64_t(slot->index) * options.stagingBytes;
    std::memcpy(stagingData + place, static_cast<const char *>(from) + done,
                size_t(bytes));
    VkBufferCopy copy = {VkDeviceSize(place), VkDeviceSize(to.offset + done),
                         VkDeviceSize(bytes)};
    vk.vkCmdCopyBuffer(slot->commands, source, target, 1, &copy);
    if (Status s = check(queue.submit(*slot, VK_NULL_HANDLE), "vkQueueSubmit");
        !s)
      return s;
    done += bytes;
  }
  return {};
}

Status VulkanDevice::readRange(const DeviceRange &from, void *to) {
  if (Status s = openStaging(); !s)
    return s;
  VkBuffer source = static_cast<VulkanBlock &>(blockOf(from)).buffer;
  VkBuffer target = static_cast<VulkanBlock &>(*staging).buffer;
  for (int64_t done = 0; done < from.bytes;) {
    int64_t bytes = std::min(from.bytes - done, options.stagingBytes);
    VulkanQueue::Slot *slot = nullptr;
    if (Status s = check(queue.acquire(slot), "a download"); !s)
      return s;
    int64_t place = int64_t(slot->index) * options.stagingBytes;
    VkBufferCopy copy = {VkDeviceSize(from.offset + done), VkDeviceSize(place),
                         VkDeviceSize(bytes)};
    vk.vkCmdCopyBuffer(slot->commands, source, target, 1, &copy);
    VkMemoryBarrier barrier = {};
    barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    barrier.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
    barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
    vk.vkCmdPipelineBarrier(slot->commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                            VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0,
                            nullptr, 0, nullptr);
    if (Status s = check(queue.submit(*slot, VK_NULL_HANDLE), "vkQueueSubmit");
        !s)
      return s;
    if (Status s = finish(slot->ticket); !s)
      return s;
    std::memcpy(static_cast<char *>(to) + done, stagingData + place,
                size_t(bytes));
    done += bytes;
  }
  return {};
}

Result<uint64_t> VulkanDevice::start(Recording &recording,
                                     const std::vector<HostWrite> &writes) {
  VulkanQueue::Slot *slot = nullptr;
  if (Status s = check(queue.acquire(slot), "a submission"); !s)
    return s.error();
  for (const HostWrite &write : writes)
    if (write.to.bytes)
      vk.vkCmdUpdateBuffer(slot->commands,
                           static_cast<VulkanBlock &>(blockOf(write.to)).buffer,
                           VkDeviceSize(write.to.offset),
                           VkDeviceSize(write.to.bytes), write.from);
  VkCommandBuffer commands = static_cast<VulkanRecording &>(recording).buffer;
  if (Status s = check(queue.submit(*slot, commands), "vkQueueSubmit"); !s)
    return s.error();
  return slot->ticket;
}

Status VulkanDevice::finish(uint64_t ticket) {
  return check(queue.finish(ticket), "vkWaitForFences");
}

} // namespace modc
