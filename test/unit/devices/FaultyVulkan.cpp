//===- FaultyVulkan.cpp - A Vulkan loader that fails on demand ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stands before the real loader and hands out its functions, except for a few
// that first look whether a test wants them to fail. What it finds is reached
// through `faultyVulkan`, which tests look up in the library.
//
//===----------------------------------------------------------------------===//

#include "FaultyVulkan.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>

using modc::FaultyVulkan;

namespace {

FaultyVulkan faultsOfEnvironment() {
  FaultyVulkan read;
  const char *text = std::getenv("MODC_FAULTY_VULKAN");
  std::istringstream words(text ? text : "");
  for (std::string word; words >> word;) {
    size_t equals = std::min(word.find('='), word.size() - 1);
    std::string name = word.substr(0, equals), value = word.substr(equals + 1);
    if (name == "submits")
      read.submitsLeft = std::stoll(value);
    else if (name == "allocations")
      read.allocationsLeft = std::stoll(value);
    else if (name == "heap")
      read.heapBytes = std::stoull(value);
    else if (name == "wait")
      read.wait = VkResult(std::stoi(value));
    else if (name == "bindings")
      read.bindings = uint32_t(std::stoul(value));
    else if (name == "alignment")
      read.alignment = uint32_t(std::stoul(value));
    else if (name == "messages")
      read.messages = std::stoll(value);
    else if (name == "limits" && value == "least")
      read.leastLimits = true;
    else
      std::abort();
  }
  return read;
}

FaultyVulkan faults = faultsOfEnvironment();
/// Who listens to the validation layer.
PFN_vkDebugUtilsMessengerCallbackEXT listener = nullptr;
void *listenerData = nullptr;

PFN_vkGetInstanceProcAddr realInstanceProcAddr() {
  // Never closed: other tests use it, too.
  static void *library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
  return library ? reinterpret_cast<PFN_vkGetInstanceProcAddr>(
                       dlsym(library, "vkGetInstanceProcAddr"))
                 : nullptr;
}

template <typename Function>
Function &real() {
  static Function function = nullptr;
  return function;
}

VkResult createMessenger(VkInstance instance,
                         const VkDebugUtilsMessengerCreateInfoEXT *info,
                         const VkAllocationCallbacks *callbacks,
                         VkDebugUtilsMessengerEXT *messenger) {
  listener = info->pfnUserCallback;
  listenerData = info->pUserData;
  return real<PFN_vkCreateDebugUtilsMessengerEXT>()(instance, info, callbacks,
                                                    messenger);
}

VkResult submit(VkQueue queue, uint32_t count, const VkSubmitInfo *info,
                VkFence fence) {
  ++faults.submits;
  for (int64_t i = 1; listener && i <= faults.messages; ++i) {
    std::string text = "message " + std::to_string(i);
    VkDebugUtilsMessengerCallbackDataEXT data = {};
    data.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CALLBACK_DATA_EXT;
    data.pMessage = text.c_str();
    listener(VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
             VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT, &data,
             listenerData);
  }
  faults.messages = 0;
  if (faults.submit != VK_SUCCESS)
    return faults.submit;
  if (faults.submitsLeft == 0)
    return VK_ERROR_DEVICE_LOST;
  --faults.submitsLeft;
  return real<PFN_vkQueueSubmit>()(queue, count, info, fence);
}

VkResult waitForFences(VkDevice device, uint32_t count, const VkFence *fences,
                       VkBool32 all, uint64_t timeout) {
  ++faults.waits;
  if (faults.wait != VK_SUCCESS)
    return faults.wait;
  return real<PFN_vkWaitForFences>()(device, count, fences, all, timeout);
}

VkResult allocateMemory(VkDevice device, const VkMemoryAllocateInfo *info,
                        const VkAllocationCallbacks *callbacks,
                        VkDeviceMemory *memory) {
  ++faults.allocations;
  if (faults.allocationsLeft == 0)
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  --faults.allocationsLeft;
  return real<PFN_vkAllocateMemory>()(device, info, callbacks, memory);
}

VkResult enumerateVersion(uint32_t *version) {
  if (faults.version) {
    *version = faults.version;
    return VK_SUCCESS;
  }
  return real<PFN_vkEnumerateInstanceVersion>()(version);
}

VkResult createInstance(const VkInstanceCreateInfo *info,
                        const VkAllocationCallbacks *callbacks,
                        VkInstance *instance) {
  if (faults.createInstance != VK_SUCCESS)
    return faults.createInstance;
  return real<PFN_vkCreateInstance>()(info, callbacks, instance);
}

VkResult enumerateDevices(VkInstance instance, uint32_t *count,
                          VkPhysicalDevice *devices) {
  if (faults.noDevices) {
    *count = 0;
    return VK_SUCCESS;
  }
  return real<PFN_vkEnumeratePhysicalDevices>()(instance, count, devices);
}

/// The table of required limits of Vulkan's specification.
void setLeast(VkPhysicalDeviceLimits &limits) {
  limits.maxStorageBufferRange = 1 << 27;
  limits.maxPushConstantsSize = 128;
  limits.minStorageBufferOffsetAlignment = 256;
  limits.maxPerStageDescriptorStorageBuffers = 4;
  limits.maxDescriptorSetStorageBuffers = 24;
  limits.maxComputeSharedMemorySize = 16384;
  limits.maxComputeWorkGroupInvocations = 128;
  const uint32_t sizes[] = {128, 128, 64};
  for (size_t d = 0; d < 3; ++d) {
    limits.maxComputeWorkGroupSize[d] = sizes[d];
    limits.maxComputeWorkGroupCount[d] = 65535;
  }
}

void properties(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *info) {
  real<PFN_vkGetPhysicalDeviceProperties2>()(device, info);
  VkPhysicalDeviceLimits &limits = info->properties.limits;
  if (faults.leastLimits)
    setLeast(limits);
  if (faults.bindings)
    limits.maxPerStageDescriptorStorageBuffers =
        limits.maxDescriptorSetStorageBuffers = faults.bindings;
  if (faults.alignment)
    limits.minStorageBufferOffsetAlignment = faults.alignment;
  if (faults.deviceVersion)
    info->properties.apiVersion = faults.deviceVersion;
}

void memoryProperties(VkPhysicalDevice device,
                      VkPhysicalDeviceMemoryProperties *memory) {
  real<PFN_vkGetPhysicalDeviceMemoryProperties>()(device, memory);
  if (faults.heapBytes)
    memory->memoryHeaps[0].size = faults.heapBytes;
}

/// The function to hand out in the place of `found`.
template <typename Function>
PFN_vkVoidFunction replace(PFN_vkVoidFunction found, Function with) {
  if (!found)
    return nullptr;
  real<Function>() = reinterpret_cast<Function>(found);
  return reinterpret_cast<PFN_vkVoidFunction>(with);
}

PFN_vkVoidFunction deviceProcAddr(VkDevice device, const char *name) {
  PFN_vkVoidFunction found = real<PFN_vkGetDeviceProcAddr>()(device, name);
  auto is = [&](const char *other) { return std::strcmp(name, other) == 0; };
  if (is("vkQueueSubmit"))
    return replace<PFN_vkQueueSubmit>(found, submit);
  if (is("vkWaitForFences"))
    return replace<PFN_vkWaitForFences>(found, waitForFences);
  if (is("vkAllocateMemory"))
    return replace<PFN_vkAllocateMemory>(found, allocateMemory);
  return found;
}

} // namespace

extern "C" {

__attribute__((visibility("default"))) FaultyVulkan *faultyVulkan() {
  return &faults;
}

__attribute__((visibility("default"))) PFN_vkVoidFunction
vkGetInstanceProcAddr(VkInstance instance, const char *name) {
  PFN_vkGetInstanceProcAddr ask = realInstanceProcAddr();
  PFN_vkVoidFunction found = ask ? ask(instance, name) : nullptr;
  auto is = [&](const char *other) { return std::strcmp(name, other) == 0; };
  if (is("vkEnumerateInstanceVersion"))
    return replace<PFN_vkEnumerateInstanceVersion>(found, enumerateVersion);
  if (is("vkCreateInstance"))
    return replace<PFN_vkCreateInstance>(found, createInstance);
  if (is("vkEnumeratePhysicalDevices"))
    return replace<PFN_vkEnumeratePhysicalDevices>(found, enumerateDevices);
  if (is("vkGetPhysicalDeviceProperties2"))
    return replace<PFN_vkGetPhysicalDeviceProperties2>(found, properties);
  if (is("vkGetPhysicalDeviceMemoryProperties"))
    return replace<PFN_vkGetPhysicalDeviceMemoryProperties>(found,
                                                            memoryProperties);
  if (is("vkCreateDebugUtilsMessengerEXT"))
    return replace<PFN_vkCreateDebugUtilsMessengerEXT>(found, createMessenger);
  if (is("vkGetDeviceProcAddr"))
    return replace<PFN_vkGetDeviceProcAddr>(found, deviceProcAddr);
  return found;
}
}
