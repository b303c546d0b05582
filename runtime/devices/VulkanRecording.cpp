//===- VulkanRecording.cpp - Recorded commands of a Vulkan device ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A command buffer with descriptor sets of its own, and with a pair of
// timestamps around each launch where it is timed.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/VulkanDevice.h"

#include <algorithm>
#include <cmath>

namespace modc {

VulkanRecording::VulkanRecording(std::shared_ptr<VulkanDevice> owner,
                                 CommandList commands,
                                 const std::vector<bool> &waits, bool timed)
    : Recording(owner, std::move(commands), waits, timed), vulkan(*owner) {}

VulkanRecording::~VulkanRecording() {
  if (uint64_t ticket = vulkan.lastTicketOf(*this))
    (void)vulkan.queue.finish(ticket);
  if (vulkan.queue.isHung())
    return;
  const VulkanDeviceFunctions &vk = vulkan.vk;
  if (queries)
    vk.vkDestroyQueryPool(vulkan.device, queries, nullptr);
  if (descriptors)
    vk.vkDestroyDescriptorPool(vulkan.device, descriptors, nullptr);
  // With its command buffer.
  if (pool)
    vk.vkDestroyCommandPool(vulkan.device, pool, nullptr);
}

Status VulkanRecording::createPools() {
  const VulkanDeviceFunctions &vk = vulkan.vk;
  VkCommandPoolCreateInfo poolInfo = {};
  poolInfo.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
  poolInfo.queueFamilyIndex = vulkan.physical.queueFamily;
  if (Status s = vulkan.check(
          vk.vkCreateCommandPool(vulkan.device, &poolInfo, nullptr, &pool),
          "vkCreateCommandPool");
      !s)
    return s;
  VkCommandBufferAllocateInfo bufferInfo = {};
  bufferInfo.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
  bufferInfo.commandPool = pool;
  bufferInfo.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  bufferInfo.commandBufferCount = 1;
  if (Status s = vulkan.check(
          vk.vkAllocateCommandBuffers(vulkan.device, &bufferInfo, &buffer),
          "vkAllocateCommandBuffers");
      !s)
    return s;
  uint32_t sets = 0, bindings = 0;
  for (const Command &command : commands)
    if (const auto *launch = std::get_if<LaunchCommand>(&command)) {
      ++sets;
      bindings += uint32_t(launch->bindings.size());
    }
  if (bindings) {
    VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, bindings};
    VkDescriptorPoolCreateInfo info = {};
    info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
    info.maxSets = sets;
    info.poolSizeCount = 1;
    info.pPoolSizes = &size;
    if (Status s =
            vulkan.check(vk.vkCreateDescriptorPool(vulkan.device, &info,
                                                   nullptr, &descriptors),
                         "vkCreateDescriptorPool");
        !s)
      return s;
  }
  if (isTimed() && sets) {
    VkQueryPoolCreateInfo info = {};
    info.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
    info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    info.queryCount = 2 * sets;
    return vulkan.check(
        vk.vkCreateQueryPool(vulkan.device, &info, nullptr, &queries),
        "vkCreateQueryPool");
  }
  return {};
}

Status VulkanRecording::create(const std::vector<bool> &waits) {
  if (Status s = createPools(); !s)
    return s;
  const VulkanDeviceFunctions &vk = vulkan.vk;
  VkCommandBufferBeginInfo begin = {};
  begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  // The next step may be submitted while this one runs.
  begin.flags = VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT;
  if (Status s = vulkan.check(vk.vkBeginCommandBuffer(buffer, &begin),
                              "vkBeginCommandBuffer");
      !s)
    return s;
  if (queries)
    vk.vkCmdResetQueryPool(buffer, queries, 0, uint32_t(2 * launchCount()));
  // For what was submitted earlier, and what is written with this submission.
  recordVulkanBarrier(vk, buffer);
  uint32_t number = 0;
  for (size_t i = 0; i < commands.size(); ++i) {
    if (waits[i])
      recordVulkanBarrier(vk, buffer);
    const auto *launch = std::get_if<LaunchCommand>(&commands[i]);
    if (!launch)
      recordTransfer(commands[i]);
    else if (Status s = recordLaunch(*launch, number++); !s)
      return s;
  }
  return vulkan.check(vk.vkEndCommandBuffer(buffer), "vkEndCommandBuffer");
}

Status VulkanRecording::recordLaunch(const LaunchCommand &launch,
                                     uint32_t number) {
  const VulkanDeviceFunctions &vk = vulkan.vk;
  const auto &kernel = static_cast<const VulkanKernel &>(*launch.kernel);
  vk.vkCmdBindPipeline(buffer, VK_PIPELINE_BIND_POINT_COMPUTE, kernel.pipeline);
  if (!launch.bindings.empty()) {
    VkDescriptorSet set = VK_NULL_HANDLE;
    VkDescriptorSetAllocateInfo allocation = {};
    allocation.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO;
    allocation.descriptorPool = descriptors;
    allocation.descriptorSetCount = 1;
    allocation.pSetLayouts = &kernel.setLayout;
    if (Status s = vulkan.check(
            vk.vkAllocateDescriptorSets(vulkan.device, &allocation, &set),
            "vkAllocateDescriptorSets");
        !s)
      return s;
    std::vector<VkDescriptorBufferInfo> buffers;
    for (const DeviceRange &range : launch.bindings)
      buffers.push_back(
          {static_cast<VulkanBlock &>(VulkanDevice::blockOf(range)).buffer,
           VkDeviceSize(range.offset), VkDeviceSize(range.bytes)});
    VkWriteDescriptorSet write = {};
    write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
    write.dstSet = set;
    write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    // Goes on with the bindings that follow.
    write.descriptorCount = uint32_t(buffers.size());
    write.pBufferInfo = buffers.data();
    vk.vkUpdateDescriptorSets(vulkan.device, 1, &write, 0, nullptr);
    vk.vkCmdBindDescriptorSets(buffer, VK_PIPELINE_BIND_POINT_COMPUTE,
                               kernel.layout, 0, 1, &set, 0, nullptr);
  }
  if (!launch.constants.empty())
    vk.vkCmdPushConstants(buffer, kernel.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                          uint32_t(launch.constants.size() * 4),
                          launch.constants.data());
  if (queries)
    vk.vkCmdWriteTimestamp(buffer, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, queries,
                           2 * number);
  vk.vkCmdDispatch(buffer, uint32_t(launch.groups[0]),
                   uint32_t(launch.groups[1]), uint32_t(launch.groups[2]));
  if (queries)
    vk.vkCmdWriteTimestamp(buffer, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT,
                           queries, 2 * number + 1);
  return {};
}

void VulkanRecording::recordTransfer(const Command &command) {
  auto bufferOf = [](const DeviceRange &range) {
    return static_cast<VulkanBlock &>(VulkanDevice::blockOf(range)).buffer;
  };
  if (const auto *copy = std::get_if<CopyCommand>(&command)) {
    VkBufferCopy region = {VkDeviceSize(copy->from.offset),
                           VkDeviceSize(copy->to.offset),
                           VkDeviceSize(copy->to.bytes)};
    vulkan.vk.vkCmdCopyBuffer(buffer, bufferOf(copy->from), bufferOf(copy->to),
                              1, &region);
    return;
  }
  const auto &fill = std::get<FillCommand>(command);
  vulkan.vk.vkCmdFillBuffer(buffer, bufferOf(fill.to),
                            VkDeviceSize(fill.to.offset),
                            VkDeviceSize(fill.to.bytes), fill.value);
}

Result<std::vector<LaunchTime>> VulkanRecording::readTimes() const {
  std::vector<LaunchTime> times;
  if (!queries)
    return times;
  std::vector<uint64_t> ticks(size_t(2 * launchCount()));
  // The submission has ended: every value is there.
  if (Status s =
          vulkan.check(vulkan.vk.vkGetQueryPoolResults(
                           vulkan.device, queries, 0, uint32_t(ticks.size()),
                           ticks.size() * sizeof ticks[0], ticks.data(),
                           sizeof ticks[0], VK_QUERY_RESULT_64_BIT),
                       "vkGetQueryPoolResults");
      !s)
    return s.error();
  // Bits above the valid ones are undefined, and the counter may turn over.
  const uint32_t bits = vulkan.physical.timestampBits;
  const uint64_t mask = bits < 64 ? (uint64_t(1) << bits) - 1 : ~uint64_t(0);
  auto nanoseconds = [&](uint64_t tick) {
    return std::llround(double((tick - ticks[0]) & mask) *
                        vulkan.physical.timestampPeriod);
  };
  size_t number = 0;
  for (const Command &command : commands)
    if (const auto *launch = std::get_if<LaunchCommand>(&command)) {
      times.push_back({launch->label, groupCount(*launch),
                       nanoseconds(ticks[2 * number]),
                       nanoseconds(ticks[2 * number + 1])});
      ++number;
    }
  return times;
}

Result<std::shared_ptr<Recording>>
VulkanDevice::makeRecording(CommandList commands,
                            const std::vector<bool> &waits, bool timed) {
  auto recording = std::make_shared<VulkanRecording>(
      std::static_pointer_cast<VulkanDevice>(shared_from_this()),
      std::move(commands), waits, timed);
  if (Status s = recording->create(waits); !s)
    return s.error();
  return std::shared_ptr<Recording>(std::move(recording));
}

Result<std::vector<LaunchTime>> VulkanDevice::readTimes(Recording &recording) {
  return static_cast<VulkanRecording &>(recording).readTimes();
}

} // namespace modc
