//===- Devices.cpp - Finding and opening devices --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each kind of device is asked by itself, so that a broken driver of one hides
// no other.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/Devices.h"

#include "runtime/devices/CpuDevice.h"
#include "runtime/devices/CudaDevice.h"
#include "runtime/devices/VulkanDevice.h"

namespace modc {
namespace {

void listVulkan(const DeviceOptions &options, DeviceListing &listing) {
  auto instance = VulkanInstance::create(options);
  if (!instance) {
    listing.missing.push_back({DeviceKind::Vulkan, instance.error().message()});
    return;
  }
  for (const VulkanPhysicalDevice &device : (*instance)->devices()) {
    if (device.unusable.empty())
      listing.devices.push_back(device.info);
    else
      listing.missing.push_back(
          {DeviceKind::Vulkan, device.info.label() + " " + device.unusable});
  }
  if ((*instance)->devices().empty())
    listing.missing.push_back(
        {DeviceKind::Vulkan, "Vulkan's drivers found no device"});
}

void listCuda(const DeviceOptions &options, DeviceListing &listing) {
  auto driver = CudaDriver::create(options);
  if (driver)
    listing.devices.insert(listing.devices.end(), (*driver)->devices().begin(),
                           (*driver)->devices().end());
  else
    listing.missing.push_back({DeviceKind::Cuda, driver.error().message()});
}

Error noSuchDevice(const DeviceName &name, size_t count) {
  return makeError("there is no ", nameOf(name.kind), " device ", name.index,
                   ": this machine has ", count);
}

Result<std::shared_ptr<Device>> openVulkan(const DeviceName &name,
                                           const DeviceOptions &options) {
  auto instance = VulkanInstance::create(options);
  if (!instance)
    return instance.error().within("no vulkan device");
  const auto &devices = (*instance)->devices();
  if (name.index >= int64_t(devices.size()))
    return noSuchDevice(name, devices.size());
  return VulkanDevice::create(*instance, devices[size_t(name.index)], options);
}

Result<std::shared_ptr<Device>> openCuda(const DeviceName &name,
                                         const DeviceOptions &options) {
  auto driver = CudaDriver::create(options);
  if (!driver)
    return driver.error().within("no cuda device");
  const auto &devices = (*driver)->devices();
  if (name.index >= int64_t(devices.size()))
    return noSuchDevice(name, devices.size());
  return CudaDevice::create(*driver, devices[size_t(name.index)], options);
}

} // namespace

DeviceListing listDevices(const DeviceOptions &options) {
  DeviceListing listing;
  listing.devices.push_back(describeCpu());
  listVulkan(options, listing);
  listCuda(options, listing);
  return listing;
}

Result<std::shared_ptr<Device>> openDevice(std::string_view name,
                                           const DeviceOptions &options) {
  Result<DeviceName> parsed = DeviceName::parse(name);
  if (!parsed)
    return parsed.error();
  switch (parsed->kind) {
  case DeviceKind::Cpu:
    return makeCpuDevice();
  case DeviceKind::Vulkan:
    return openVulkan(*parsed, options);
  case DeviceKind::Cuda:
    return openCuda(*parsed, options);
  }
  return makeError("no device of kind ", nameOf(parsed->kind));
}

} // namespace modc
