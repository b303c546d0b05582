//===- VulkanInstance.cpp - The connection to Vulkan and its devices ------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything up to the list of devices; what each of them is stands in
// VulkanPhysicalDevice.cpp.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/VulkanInstance.h"

#include "runtime/devices/LibraryPin.h"

#include <algorithm>
#include <utility>

namespace modc {

const char *vulkanResultName(VkResult result) {
  switch (result) {
#define MODC_CASE(name)                                                        \
  case name:                                                                   \
    return #name;
    MODC_CASE(VK_SUCCESS)
    MODC_CASE(VK_NOT_READY)
    MODC_CASE(VK_TIMEOUT)
    MODC_CASE(VK_INCOMPLETE)
    MODC_CASE(VK_ERROR_OUT_OF_HOST_MEMORY)
    MODC_CASE(VK_ERROR_OUT_OF_DEVICE_MEMORY)
    MODC_CASE(VK_ERROR_INITIALIZATION_FAILED)
    MODC_CASE(VK_ERROR_DEVICE_LOST)
    MODC_CASE(VK_ERROR_MEMORY_MAP_FAILED)
    MODC_CASE(VK_ERROR_LAYER_NOT_PRESENT)
    MODC_CASE(VK_ERROR_EXTENSION_NOT_PRESENT)
    MODC_CASE(VK_ERROR_FEATURE_NOT_PRESENT)
    MODC_CASE(VK_ERROR_INCOMPATIBLE_DRIVER)
    MODC_CASE(VK_ERROR_TOO_MANY_OBJECTS)
    MODC_CASE(VK_ERROR_FRAGMENTED_POOL)
    MODC_CASE(VK_ERROR_OUT_OF_POOL_MEMORY)
    MODC_CASE(VK_ERROR_INVALID_SHADER_NV)
#undef MODC_CASE
  default:
    return "an error that has no name in Vulkan 1.1";
  }
}

VkBool32 collectVulkanMessage(VkDebugUtilsMessageSeverityFlagBitsEXT,
                              VkDebugUtilsMessageTypeFlagsEXT,
                              const VkDebugUtilsMessengerCallbackDataEXT *data,
                              void *user) {
  auto *self = static_cast<VulkanInstance *>(user);
  std::lock_guard<std::mutex> lock(self->mutex);
  self->messages.emplace_back(data->pMessage ? data->pMessage : "");
  return VK_FALSE;
}

namespace {

constexpr const char *kValidationLayer = "VK_LAYER_KHRONOS_validation";

VkDebugUtilsMessengerCreateInfoEXT messengerInfo(VulkanInstance *user) {
  VkDebugUtilsMessengerCreateInfoEXT info = {};
  info.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT;
  info.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                         VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
  // Not the general ones: those are about how the loader finds drivers.
  info.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                     VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT;
  info.pfnUserCallback = collectVulkanMessage;
  info.pUserData = user;
  return info;
}

/// Real GPUs first: "vulkan" means the first device.
int rankOf(const VulkanPhysicalDevice &device,
           const VulkanInstanceFunctions &f) {
  VkPhysicalDeviceProperties2 properties = {};
  properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  f.vkGetPhysicalDeviceProperties2(device.handle, &properties);
  switch (properties.properties.deviceType) {
  case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
    return 0;
  case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
    return 1;
  case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
    return 2;
  case VK_PHYSICAL_DEVICE_TYPE_CPU:
    return 4;
  default:
    return 3;
  }
}

} // namespace

Status VulkanInstance::loadGlobalFunctions() {
  table.vkGetInstanceProcAddr = reinterpret_cast<PFN_vkGetInstanceProcAddr>(
      library.find("vkGetInstanceProcAddr"));
  if (!table.vkGetInstanceProcAddr)
    return makeError(inQuotes(library.path(), pathLimit),
                     " is no Vulkan loader: it has no vkGetInstanceProcAddr");
#define MODC_LOAD(name)                                                        \
  table.name = reinterpret_cast<PFN_##name>(                                   \
      table.vkGetInstanceProcAddr(VK_NULL_HANDLE, #name));                     \
  if (!table.name)                                                             \
    return makeError(inQuotes(library.path(), pathLimit), " has no " #name,    \
                     ", modc needs a loader of Vulkan 1.1");
  MODC_VULKAN_GLOBAL_FUNCTIONS(MODC_LOAD)
#undef MODC_LOAD
  return {};
}

Status VulkanInstance::createInstance(bool validate) {
  uint32_t version = 0;
  table.vkEnumerateInstanceVersion(&version);
  if (version < VK_API_VERSION_1_1)
    return makeError(inQuotes(library.path(), pathLimit), " is of Vulkan ",
                     VK_API_VERSION_MAJOR(version), ".",
                     VK_API_VERSION_MINOR(version), ", modc needs 1.1");
  VkApplicationInfo application = {};
  application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
  application.pApplicationName = "modc";
  application.apiVersion = VK_API_VERSION_1_1;
  VkInstanceCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  info.pApplicationInfo = &application;

  // What the layer says while the instance is made and destroyed too.
  VkDebugUtilsMessengerCreateInfoEXT messenger = messengerInfo(this);
  // Races between commands, which the ordinary checks do not see.
  VkValidationFeatureEnableEXT enabled[] = {
      VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
  VkValidationFeaturesEXT features = {};
  features.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT;
  features.pNext = &messenger;
  features.enabledValidationFeatureCount = 1;
  features.pEnabledValidationFeatures = enabled;
  const char *layers[] = {kValidationLayer};
  const char *extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME,
                              VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME};
  if (validate) {
    info.pNext = &features;
    info.enabledLayerCount = 1;
    info.ppEnabledLayerNames = layers;
    info.enabledExtensionCount = 2;
    info.ppEnabledExtensionNames = extensions;
  }
  VkResult result = table.vkCreateInstance(&info, nullptr, &instance);
  if (result == VK_ERROR_LAYER_NOT_PRESENT)
    return makeError("the validation layer ", kValidationLayer,
                     " is not installed");
  if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
    return Error("Vulkan's loader found no driver");
  if (result != VK_SUCCESS)
    return makeError("vkCreateInstance: ", vulkanResultName(result));
  return {};
}

Status VulkanInstance::loadInstanceFunctions() {
#define MODC_LOAD(name)                                                        \
  table.name = reinterpret_cast<PFN_##name>(                                   \
      table.vkGetInstanceProcAddr(instance, #name));                           \
  if (!table.name)                                                             \
    return makeError(inQuotes(library.path(), pathLimit), " has no " #name);
  MODC_VULKAN_INSTANCE_FUNCTIONS(MODC_LOAD)
#undef MODC_LOAD
  return {};
}

Status VulkanInstance::createMessenger() {
  auto create = reinterpret_cast<PFN_vkCreateDebugUtilsMessengerEXT>(
      table.vkGetInstanceProcAddr(instance, "vkCreateDebugUtilsMessengerEXT"));
  VkDebugUtilsMessengerCreateInfoEXT info = messengerInfo(this);
  if (!create || create(instance, &info, nullptr, &messenger) != VK_SUCCESS)
    return Error("vkCreateDebugUtilsMessengerEXT failed");
  return {};
}

Status VulkanInstance::listDevices() {
  uint32_t count = 0;
  std::vector<VkPhysicalDevice> handles;
  VkResult result = VK_INCOMPLETE;
  // A device may come between the two calls.
  while (result == VK_INCOMPLETE) {
    result = table.vkEnumeratePhysicalDevices(instance, &count, nullptr);
    if (result != VK_SUCCESS)
      break;
    handles.resize(count);
    result = table.vkEnumeratePhysicalDevices(instance, &count, handles.data());
    handles.resize(count);
  }
  if (result == VK_ERROR_INITIALIZATION_FAILED)
    return Error("Vulkan's drivers found no device");
  if (result != VK_SUCCESS)
    return makeError("vkEnumeratePhysicalDevices: ", vulkanResultName(result));
  for (VkPhysicalDevice handle : handles) {
    found.push_back(describe(handle));
    found.back().info.index = int64_t(found.size());
  }
  std::sort(found.begin(), found.end(), [&](const auto &a, const auto &b) {
    return std::pair(rankOf(a, table), a.info.index) <
           std::pair(rankOf(b, table), b.info.index);
  });
  int64_t index = 0;
  for (VulkanPhysicalDevice &device : found)
    device.info.index = index++;
  return {};
}

Result<std::shared_ptr<VulkanInstance>>
VulkanInstance::create(const DeviceOptions &options) {
  LibraryPin pin;
  Result<SharedLibrary> library = SharedLibrary::open(options.vulkanLibrary);
  if (!library)
    return library.error();
  std::shared_ptr<VulkanInstance> self(new VulkanInstance(std::move(*library)));
  if (Status status = self->loadGlobalFunctions(); !status)
    return status.error();
  if (Status status = self->createInstance(options.validate); !status)
    return status.error();
  if (Status status = self->loadInstanceFunctions(); !status)
    return status.error();
  if (options.validate)
    if (Status status = self->createMessenger(); !status)
      return status.error();
  if (Status status = self->listDevices(); !status)
    return status.error();
  return self;
}

VulkanInstance::~VulkanInstance() {
  if (!instance)
    return;
  if (messenger) {
    auto destroy = reinterpret_cast<PFN_vkDestroyDebugUtilsMessengerEXT>(
        table.vkGetInstanceProcAddr(instance,
                                    "vkDestroyDebugUtilsMessengerEXT"));
    destroy(instance, messenger, nullptr);
  }
  if (table.vkDestroyInstance)
    table.vkDestroyInstance(instance, nullptr);
}

std::vector<std::string> VulkanInstance::takeMessages() {
  std::lock_guard<std::mutex> lock(mutex);
  return std::exchange(messages, {});
}

} // namespace modc
