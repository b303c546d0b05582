//===- VulkanDevice.cpp - A device through Vulkan -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opening and closing, and memory. Transfers, kernels and recordings are in
// files of their own.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/VulkanDevice.h"

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

} // namespace modc
