//===- VulkanKernel.cpp - Kernels of a Vulkan device ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks a SPIR-V module against what the device has and against what its
// compiler has said of it, and makes a pipeline of each entry point.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/Spirv.h"
#include "runtime/devices/VulkanDevice.h"

namespace modc {
namespace {

/// What the capability needs; null where kernels may not use it at all.
const char *lackOf(uint32_t capability, const VulkanPhysicalDevice &device) {
  auto unless = [](bool there, const char *need) { return there ? "" : need; };
  auto subgroup = [&](VkSubgroupFeatureFlags operation) {
    return unless(device.subgroupOperations & operation,
                  "subgroup operations that the device does not have");
  };
  switch (capability) {
  case 0: // Matrix
  case 1: // Shader
    return "";
  case 10:
    return unless(device.features.shaderFloat64, "64-bit floats");
  case 11:
    return unless(device.features.shaderInt64, "64-bit integers");
  case 22:
    return unless(device.features.shaderInt16, "16-bit integers");
  case 61: // GroupNonUniform
    return subgroup(VK_SUBGROUP_FEATURE_BASIC_BIT);
  case 62:
    return subgroup(VK_SUBGROUP_FEATURE_VOTE_BIT);
  case 63:
    return subgroup(VK_SUBGROUP_FEATURE_ARITHMETIC_BIT);
  case 64:
    return subgroup(VK_SUBGROUP_FEATURE_BALLOT_BIT);
  case 65:
    return subgroup(VK_SUBGROUP_FEATURE_SHUFFLE_BIT);
  default:
    return nullptr;
  }
}

std::string sizeOf(const std::array<int64_t, 3> &size) {
  return std::to_string(size[0]) + "x" + std::to_string(size[1]) + "x" +
         std::to_string(size[2]);
}

Status checkModule(const SpirvModule &module,
                   const VulkanPhysicalDevice &device) {
  // The newest that Vulkan 1.1 reads.
  if (module.major != 1 || module.minor > 3)
    return makeError("SPIR-V ", module.major, ".", module.minor,
                     ", Vulkan 1.1 takes 1.0 to 1.3");
  for (uint32_t capability : module.capabilities) {
    const char *lack = lackOf(capability, device);
    if (!lack)
      return makeError("kernels want the capability ", capability,
                       " of SPIR-V, which is not supported");
    if (*lack)
      return makeError("kernels want ", lack);
  }
  for (const std::string &extension : module.extensions)
    if (extension != "SPV_KHR_storage_buffer_storage_class")
      return makeError("kernels want ", inQuotes(extension),
                       ", which is not supported");
  return {};
}

Status checkEntry(const SpirvModule &module, const KernelSpec &spec) {
  for (const SpirvEntry &entry : module.entries) {
    if (entry.name != spec.entry)
      continue;
    if (entry.groupSize != spec.groupSize)
      return makeError("kernel ", inQuotes(spec.entry), " has groups of ",
                       sizeOf(entry.groupSize), ", it is said to have ",
                       sizeOf(spec.groupSize));
    return {};
  }
  return makeError("the module has no kernel ", inQuotes(spec.entry));
}

} // namespace

VulkanKernel::~VulkanKernel() {
  if (device->queue.isHung())
    return;
  const VulkanDeviceFunctions &vk = device->vk;
  if (pipeline)
    vk.vkDestroyPipeline(device->device, pipeline, nullptr);
  if (layout)
    vk.vkDestroyPipelineLayout(device->device, layout, nullptr);
  if (setLayout)
    vk.vkDestroyDescriptorSetLayout(device->device, setLayout, nullptr);
}

Status VulkanKernel::create(VkShaderModule module) {
  const VulkanDeviceFunctions &vk = device->vk;
  std::vector<VkDescriptorSetLayoutBinding> bindings(spec().bindings.size());
  for (size_t i = 0; i < bindings.size(); ++i)
    bindings[i] = {uint32_t(i), VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1,
                   VK_SHADER_STAGE_COMPUTE_BIT, nullptr};
  VkDescriptorSetLayoutCreateInfo setInfo = {};
  setInfo.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO;
  setInfo.bindingCount = uint32_t(bindings.size());
  setInfo.pBindings = bindings.data();
  if (Status s =
          device->check(vk.vkCreateDescriptorSetLayout(device->device, &setInfo,
                                                       nullptr, &setLayout),
                        "vkCreateDescriptorSetLayout");
      !s)
    return s;
  VkPushConstantRange constants = {VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                   uint32_t(spec().constantBytes)};
  VkPipelineLayoutCreateInfo layoutInfo = {};
  layoutInfo.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
  layoutInfo.setLayoutCount = 1;
  layoutInfo.pSetLayouts = &setLayout;
  layoutInfo.pushConstantRangeCount = spec().constantBytes ? 1 : 0;
  layoutInfo.pPushConstantRanges = &constants;
  if (Status s =
          device->check(vk.vkCreatePipelineLayout(device->device, &layoutInfo,
                                                  nullptr, &layout),
                        "vkCreatePipelineLayout");
      !s)
    return s;
  VkComputePipelineCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
  info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.module = module;
  info.stage.pName = spec().entry.c_str();
  info.layout = layout;
  return device->check(vk.vkCreateComputePipelines(device->device,
                                                   VK_NULL_HANDLE, 1, &info,
                                                   nullptr, &pipeline),
                       "vkCreateComputePipelines");
}

Result<std::vector<std::shared_ptr<const Kernel>>>
VulkanDevice::loadKernels(std::string_view image,
                          const std::vector<KernelSpec> &specs) {
  Result<SpirvModule> module = readSpirv(image);
  if (!module)
    return error(module.error().message());
  if (Status s = checkModule(*module, physical); !s)
    return error(s.error().message());
  for (const KernelSpec &spec : specs)
    if (Status s = checkEntry(*module, spec); !s)
      return error(s.error().message());
  VkShaderModuleCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
  info.codeSize = module->words.size() * 4;
  info.pCode = module->words.data();
  VkShaderModule shader = VK_NULL_HANDLE;
  if (Status s = check(vk.vkCreateShaderModule(device, &info, nullptr, &shader),
                       "vkCreateShaderModule");
      !s)
    return s.error();
  std::vector<std::shared_ptr<const Kernel>> kernels;
  Status status;
  for (const KernelSpec &spec : specs) {
    auto kernel = std::make_shared<VulkanKernel>(
        std::static_pointer_cast<VulkanDevice>(shared_from_this()), spec);
    status = kernel->create(shader);
    if (!status)
      break;
    kernels.push_back(std::move(kernel));
  }
  // Pipelines do not need it any more.
  vk.vkDestroyShaderModule(device, shader, nullptr);
  if (!status)
    return status.error();
  return kernels;
}

} // namespace modc
