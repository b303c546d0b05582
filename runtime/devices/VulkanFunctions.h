//===- VulkanFunctions.h - The functions of Vulkan that we call -*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vulkan is asked for its functions by name, level by level; nothing links
// against its loader. A function that is missing here is missing at compile
// time.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_VULKANFUNCTIONS_H
#define MODC_RUNTIME_DEVICES_VULKANFUNCTIONS_H

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

namespace modc {

#define MODC_VULKAN_GLOBAL_FUNCTIONS(X)                                        \
  X(vkCreateInstance)                                                          \
  X(vkEnumerateInstanceVersion)

#define MODC_VULKAN_INSTANCE_FUNCTIONS(X)                                      \
  X(vkCreateDevice)                                                            \
  X(vkDestroyInstance)                                                         \
  X(vkEnumerateDeviceExtensionProperties)                                      \
  X(vkEnumeratePhysicalDevices)                                                \
  X(vkGetDeviceProcAddr)                                                       \
  X(vkGetPhysicalDeviceFeatures)                                               \
  X(vkGetPhysicalDeviceMemoryProperties)                                       \
  X(vkGetPhysicalDeviceProperties2)                                            \
  X(vkGetPhysicalDeviceQueueFamilyProperties)

#define MODC_VULKAN_DEVICE_FUNCTIONS(X)                                        \
  X(vkAllocateCommandBuffers)                                                  \
  X(vkAllocateDescriptorSets)                                                  \
  X(vkAllocateMemory)                                                          \
  X(vkBeginCommandBuffer)                                                      \
  X(vkBindBufferMemory)                                                        \
  X(vkCmdBindDescriptorSets)                                                   \
  X(vkCmdBindPipeline)                                                         \
  X(vkCmdCopyBuffer)                                                           \
  X(vkCmdDispatch)                                                             \
  X(vkCmdFillBuffer)                                                           \
  X(vkCmdPipelineBarrier)                                                      \
  X(vkCmdPushConstants)                                                        \
  X(vkCmdResetQueryPool)                                                       \
  X(vkCmdUpdateBuffer)                                                         \
  X(vkCmdWriteTimestamp)                                                       \
  X(vkCreateBuffer)                                                            \
  X(vkCreateCommandPool)                                                       \
  X(vkCreateComputePipelines)                                                  \
  X(vkCreateDescriptorPool)                                                    \
  X(vkCreateDescriptorSetLayout)                                               \
  X(vkCreateFence)                                                             \
  X(vkCreatePipelineLayout)                                                    \
  X(vkCreateQueryPool)                                                         \
  X(vkCreateShaderModule)                                                      \
  X(vkDestroyBuffer)                                                           \
  X(vkDestroyCommandPool)                                                      \
  X(vkDestroyDescriptorPool)                                                   \
  X(vkDestroyDescriptorSetLayout)                                              \
  X(vkDestroyDevice)                                                           \
  X(vkDestroyFence)                                                            \
  X(vkDestroyPipeline)                                                         \
  X(vkDestroyPipelineLayout)                                                   \
  X(vkDestroyQueryPool)                                                        \
  X(vkDestroyShaderModule)                                                     \
  X(vkEndCommandBuffer)                                                        \
  X(vkFreeMemory)                                                              \
  X(vkGetBufferMemoryRequirements)                                             \
  X(vkGetDeviceQueue)                                                          \
  X(vkGetQueryPoolResults)                                                     \
  X(vkMapMemory)                                                               \
  X(vkQueueSubmit)                                                             \
  X(vkResetFences)                                                             \
  X(vkUpdateDescriptorSets)                                                    \
  X(vkWaitForFences)

#define MODC_DECLARE(name) PFN_##name name = nullptr;

struct VulkanInstanceFunctions {
  PFN_vkGetInstanceProcAddr vkGetInstanceProcAddr = nullptr;
  MODC_VULKAN_GLOBAL_FUNCTIONS(MODC_DECLARE)
  MODC_VULKAN_INSTANCE_FUNCTIONS(MODC_DECLARE)
};

struct VulkanDeviceFunctions {
  MODC_VULKAN_DEVICE_FUNCTIONS(MODC_DECLARE)
};

#undef MODC_DECLARE

/// "VK_ERROR_DEVICE_LOST".
const char *vulkanResultName(VkResult result);

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_VULKANFUNCTIONS_H
