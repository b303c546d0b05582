//===- VulkanDevice.h - A device through Vulkan -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compute on any vendor's GPU, and through Mesa's lavapipe on machines without
// one. Nothing beyond Vulkan 1.1 is used, and no feature that the device does
// not report.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_VULKANDEVICE_H
#define MODC_RUNTIME_DEVICES_VULKANDEVICE_H

#include "runtime/devices/Device.h"
#include "runtime/devices/DeviceOptions.h"
#include "runtime/devices/VulkanInstance.h"
#include "runtime/devices/VulkanQueue.h"

namespace modc {

class VulkanDevice final : public Device {
public:
  static Result<std::shared_ptr<Device>>
  create(std::shared_ptr<VulkanInstance> instance,
         const VulkanPhysicalDevice &physical, const DeviceOptions &options);
  ~VulkanDevice() override;

  std::vector<std::string> takeMessages() override {
    return instance->takeMessages();
  }

private:
  friend class VulkanBlock;
  friend class VulkanKernel;
  friend class VulkanRecording;

  VulkanDevice(std::shared_ptr<VulkanInstance> instance,
               VulkanPhysicalDevice physical, const DeviceOptions &options);
  Status open();

  Result<std::unique_ptr<DeviceBlock>> createBlock(int64_t bytes) override;
  Status clearBlock(DeviceBlock &block) override;
  Status writeRange(const DeviceRange &to, const void *from) override;
  Status readRange(const DeviceRange &from, void *to) override;
  Result<std::vector<std::shared_ptr<const Kernel>>>
  loadKernels(std::string_view image,
              const std::vector<KernelSpec> &kernels) override;
  Result<std::shared_ptr<Recording>>
  makeRecording(CommandList commands, const std::vector<bool> &waits,
                bool timed) override;
  Result<uint64_t> start(Recording &recording,
                         const std::vector<HostWrite> &writes,
                         const DeviceRange &wanted) override;
  Status finish(uint64_t ticket) override;
  Result<std::vector<LaunchTime>> readTimes(Recording &recording) override;

  /// The error that a result of the function `what` stands for. A lost or
  /// silent device stays lost.
  Status check(VkResult result, std::string_view what);
  /// A buffer in memory with `wanted` properties, or with `needed` ones where
  /// there is none.
  Result<std::unique_ptr<DeviceBlock>>
  createBuffer(int64_t bytes, VkMemoryPropertyFlags needed,
               VkMemoryPropertyFlags wanted);
  /// Allocates the staging buffer at its first use.
  Status openStaging();
  /// Makes `batch` a slot that has room for so many bytes in its piece of the
  /// staging buffer, and sees what was done before.
  Status reserve(int64_t bytes, std::string_view what);
  /// Submits the batch, if there is one, and what follows it.
  Status flush(VkCommandBuffer recording = VK_NULL_HANDLE,
               bool hasAfter = false);
  /// Records a copy to the batch's piece of the staging buffer, from where the
  /// host takes it once the batch has ended.
  void recordFetch(VkCommandBuffer commands, const DeviceRange &from);
  bool isFetched(const DeviceRange &range) const;

  std::shared_ptr<VulkanInstance> instance;
  VulkanPhysicalDevice physical;
  DeviceOptions options;
  VkPhysicalDeviceMemoryProperties memory = {};
  VulkanDeviceFunctions vk;
  VkDevice device = VK_NULL_HANDLE;
  VulkanQueue queue;
  /// One piece for each slot of the queue.
  std::unique_ptr<DeviceBlock> staging;
  char *stagingData = nullptr;
  /// Uploads and other small things that go with the next submission, and the
  /// bytes of its piece that they use.
  VulkanQueue::Slot *batch = nullptr;
  int64_t staged = 0;
  /// What came with a submission, as long as that is the last.
  struct {
    const DeviceBuffer *buffer = nullptr;
    int64_t offset = 0, bytes = 0, place = 0;
    uint64_t ticket = 0;
  } fetched;
};

/// A buffer with memory of its own.
class VulkanBlock final : public DeviceBlock {
public:
  VulkanBlock(VulkanDevice &device, int64_t bytes)
      : DeviceBlock(bytes), device(device) {}
  ~VulkanBlock() override;

  VkBuffer buffer = VK_NULL_HANDLE;
  VkDeviceMemory memory = VK_NULL_HANDLE;

private:
  VulkanDevice &device;
};

/// A pipeline with its layout.
class VulkanKernel final : public Kernel {
public:
  VulkanKernel(std::shared_ptr<VulkanDevice> device, KernelSpec spec)
      : Kernel(static_cast<Device *>(device.get()), std::move(spec)),
        device(std::move(device)) {}
  ~VulkanKernel() override;
  Status create(VkShaderModule module);

  VkDescriptorSetLayout setLayout = VK_NULL_HANDLE;
  VkPipelineLayout layout = VK_NULL_HANDLE;
  VkPipeline pipeline = VK_NULL_HANDLE;

private:
  std::shared_ptr<VulkanDevice> device;
};

/// A command buffer that can be submitted while it is still running.
class VulkanRecording final : public Recording {
public:
  VulkanRecording(std::shared_ptr<VulkanDevice> device, CommandList commands,
                  const std::vector<bool> &waits, bool timed);
  ~VulkanRecording() override;
  Status create(const std::vector<bool> &waits);
  Result<std::vector<LaunchTime>> readTimes() const;

  VkCommandBuffer buffer = VK_NULL_HANDLE;

private:
  Status createPools();
  Status recordLaunch(const LaunchCommand &launch, uint32_t number);
  void recordTransfer(const Command &command);

  VulkanDevice &vulkan;
  VkCommandPool pool = VK_NULL_HANDLE;
  VkDescriptorPool descriptors = VK_NULL_HANDLE;
  VkQueryPool queries = VK_NULL_HANDLE;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_VULKANDEVICE_H
