//===- VulkanInstance.h - The connection to Vulkan and its devices *- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens the loader, makes an instance of Vulkan 1.1 and describes the devices
// that it lists, real GPUs first and those that the processor plays last. The
// devices of one instance share it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_VULKANINSTANCE_H
#define MODC_RUNTIME_DEVICES_VULKANINSTANCE_H

#include "runtime/devices/DeviceInfo.h"
#include "runtime/devices/DeviceOptions.h"
#include "runtime/devices/SharedLibrary.h"
#include "runtime/devices/VulkanFunctions.h"

#include <memory>
#include <mutex>
#include <vector>

namespace modc {

/// A device as the instance lists it, with what only Vulkan code asks.
struct VulkanPhysicalDevice {
  VkPhysicalDevice handle = VK_NULL_HANDLE;
  DeviceInfo info;
  /// Why it cannot be used; empty if it can.
  std::string unusable;
  uint32_t queueFamily = 0;
  /// Bits of a timestamp that count, and nanoseconds of a tick.
  uint32_t timestampBits = 0;
  double timestampPeriod = 0;
  /// Features that kernels may use and that are enabled where there are any.
  VkPhysicalDeviceFeatures features = {};
  /// Operations of a subgroup that compute kernels may use.
  VkSubgroupFeatureFlags subgroupOperations = 0;
};

class VulkanInstance {
public:
  static Result<std::shared_ptr<VulkanInstance>>
  create(const DeviceOptions &options);
  ~VulkanInstance();
  VulkanInstance(const VulkanInstance &) = delete;
  VulkanInstance &operator=(const VulkanInstance &) = delete;

  const VulkanInstanceFunctions &functions() const { return table; }
  const std::vector<VulkanPhysicalDevice> &devices() const { return found; }
  /// What the validation layer has said since the last call.
  std::vector<std::string> takeMessages();

private:
  explicit VulkanInstance(SharedLibrary library)
      : library(std::move(library)) {}
  Status loadGlobalFunctions();
  Status createInstance(bool validate);
  Status loadInstanceFunctions();
  Status createMessenger();
  Status listDevices();
  VulkanPhysicalDevice describe(VkPhysicalDevice handle) const;

  friend VkBool32
  collectVulkanMessage(VkDebugUtilsMessageSeverityFlagBitsEXT,
                       VkDebugUtilsMessageTypeFlagsEXT,
                       const VkDebugUtilsMessengerCallbackDataEXT *, void *);

  // Unloaded last.
  SharedLibrary library;
  VulkanInstanceFunctions table;
  VkInstance instance = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger = VK_NULL_HANDLE;
  std::vector<VulkanPhysicalDevice> found;
  // Layers may speak on any thread.
  std::mutex mutex;
  std::vector<std::string> messages;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_VULKANINSTANCE_H
