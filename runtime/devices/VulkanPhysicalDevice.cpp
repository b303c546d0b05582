//===- VulkanPhysicalDevice.cpp - What a Vulkan device is -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Translates properties, limits and features of a device of Vulkan into ours.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/VulkanInstance.h"

#include <algorithm>
#include <cstring>

namespace modc {
namespace {

std::string versionText(uint32_t version) {
  return std::to_string(VK_API_VERSION_MAJOR(version)) + "." +
         std::to_string(VK_API_VERSION_MINOR(version)) + "." +
         std::to_string(VK_API_VERSION_PATCH(version));
}

/// Limits of Vulkan have 32 and 64 unsigned bits; some drivers set all of them.
int64_t clamp(uint64_t value) {
  return int64_t(std::min<uint64_t>(value, INT64_MAX / 2));
}

bool hasExtension(const VulkanInstanceFunctions &f, VkPhysicalDevice handle,
                  const char *name) {
  uint32_t count = 0;
  f.vkEnumerateDeviceExtensionProperties(handle, nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> extensions(count);
  f.vkEnumerateDeviceExtensionProperties(handle, nullptr, &count,
                                         extensions.data());
  extensions.resize(count);
  return std::any_of(extensions.begin(), extensions.end(), [&](auto &found) {
    return std::strcmp(found.extensionName, name) == 0;
  });
}

int64_t localMemory(const VulkanInstanceFunctions &f, VkPhysicalDevice handle) {
  VkPhysicalDeviceMemoryProperties memory = {};
  f.vkGetPhysicalDeviceMemoryProperties(handle, &memory);
  uint64_t most = 0;
  for (uint32_t i = 0; i < memory.memoryHeapCount; ++i)
    if (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT)
      most = std::max<uint64_t>(most, memory.memoryHeaps[i].size);
  return clamp(most);
}

DeviceLimits limitsOf(const VkPhysicalDeviceLimits &limits) {
  DeviceLimits result;
  result.bindingBytes = limits.maxStorageBufferRange;
  result.bindingAlignment = clamp(limits.minStorageBufferOffsetAlignment);
  result.bindings = std::min(limits.maxPerStageDescriptorStorageBuffers,
                             limits.maxDescriptorSetStorageBuffers);
  result.constantBytes = limits.maxPushConstantsSize;
  result.sharedBytes = limits.maxComputeSharedMemorySize;
  result.invocations = limits.maxComputeWorkGroupInvocations;
  for (size_t d = 0; d < 3; ++d) {
    result.groupSize[d] = limits.maxComputeWorkGroupSize[d];
    result.groups[d] = limits.maxComputeWorkGroupCount[d];
  }
  return result;
}

/// The first family with compute, which has transfers with it.
bool findQueueFamily(const VulkanInstanceFunctions &f,
                     VulkanPhysicalDevice &device) {
  uint32_t count = 0;
  f.vkGetPhysicalDeviceQueueFamilyProperties(device.handle, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  f.vkGetPhysicalDeviceQueueFamilyProperties(device.handle, &count,
                                             families.data());
  for (uint32_t i = 0; i < count; ++i)
    if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) {
      device.queueFamily = i;
      device.timestampBits = families[i].timestampValidBits;
      return true;
    }
  return false;
}

/// The features of kernels among those that the device has.
VkPhysicalDeviceFeatures featuresOf(const VulkanInstanceFunctions &f,
                                    VkPhysicalDevice handle) {
  VkPhysicalDeviceFeatures all = {}, used = {};
  f.vkGetPhysicalDeviceFeatures(handle, &all);
  used.shaderFloat64 = all.shaderFloat64;
  used.shaderInt64 = all.shaderInt64;
  used.shaderInt16 = all.shaderInt16;
  return used;
}

} // namespace

VulkanPhysicalDevice VulkanInstance::describe(VkPhysicalDevice handle) const {
  VulkanPhysicalDevice device;
  device.handle = handle;
  VkPhysicalDeviceDriverProperties driver = {};
  driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES;
  VkPhysicalDeviceSubgroupProperties subgroup = {};
  subgroup.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES;
  VkPhysicalDeviceMaintenance3Properties maintenance = {};
  maintenance.sType =
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES;
  maintenance.pNext = &subgroup;
  VkPhysicalDeviceProperties2 all = {};
  all.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  all.pNext = &maintenance;
  if (hasExtension(table, handle, VK_KHR_DRIVER_PROPERTIES_EXTENSION_NAME))
    subgroup.pNext = &driver;
  table.vkGetPhysicalDeviceProperties2(handle, &all);

  const VkPhysicalDeviceProperties &properties = all.properties;
  DeviceInfo &info = device.info;
  info.kind = DeviceKind::Vulkan;
  info.name = properties.deviceName;
  info.driver = driver.driverName;
  if (driver.driverInfo[0])
    info.driver += std::string(", ") + driver.driverInfo;
  if (info.driver.empty())
    info.driver = "version " + std::to_string(properties.driverVersion);
  info.api = versionText(properties.apiVersion);
  info.limits = limitsOf(properties.limits);
  if (info.name.find("llvmpipe") != std::string::npos)
    info.limits.rounds = 65535; // LP_MAX_TGSI_LOOP_ITERATIONS of Mesa
  info.limits.memoryBytes = localMemory(table, handle);
  info.limits.bufferBytes = std::min(clamp(maintenance.maxMemoryAllocationSize),
                                     info.limits.memoryBytes);
  info.limits.bindingBytes =
      std::min(info.limits.bindingBytes, info.limits.bufferBytes);
  info.subgroupSize = subgroup.subgroupSize;
  if (subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT)
    device.subgroupOperations = subgroup.supportedOperations;
  info.isSoftware = properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
  if (info.isSoftware)
    info.warnings.push_back(
        "plays a GPU on the processor: good for tests, slower than 'cpu'");

  if (properties.apiVersion < VK_API_VERSION_1_1)
    device.unusable = "has Vulkan " + info.api + ", modc needs 1.1";
  else if (!findQueueFamily(table, device))
    device.unusable = "has no queue for compute";
  device.features = featuresOf(table, handle);
  device.timestampPeriod = double(properties.limits.timestampPeriod);
  info.timestamps = device.timestampBits > 0 && device.timestampPeriod > 0;
  if (!info.timestamps)
    info.warnings.push_back("has no timestamps: launches cannot be timed");
  return device;
}

} // namespace modc
