//===- CudaDriver.cpp - The connection to CUDA's driver and its devices ---===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that needs no context.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/CudaDriver.h"

#include "runtime/devices/LibraryPin.h"

#include <algorithm>

namespace modc {

Status CudaDriver::load() {
#define MODC_LOAD(name, symbol, parameters)                                    \
  table.name = reinterpret_cast<decltype(table.name)>(library.find(symbol));   \
  if (!table.name)                                                             \
    return makeError(inQuotes(library.path(), pathLimit), " has no ", symbol,  \
                     ", modc needs a driver of CUDA 11.4 or later");
  MODC_CUDA_FUNCTIONS(MODC_LOAD)
#undef MODC_LOAD
  return {};
}

std::string CudaDriver::nameOf(cuda::Result result) const {
  const char *name = nullptr;
  if (table.errorName(result, &name) != cuda::Success || !name)
    return "error " + std::to_string(result) + " of CUDA";
  return name;
}

Result<DeviceInfo> CudaDriver::describe(int index) const {
  DeviceInfo info;
  info.kind = DeviceKind::Cuda;
  info.index = index;
  cuda::Device device = 0;
  char name[256] = {};
  size_t memory = 0;
  const char *asked = "cuDeviceGet";
  cuda::Result result = table.deviceGet(&device, index);
  if (result == cuda::Success) {
    asked = "cuDeviceGetName";
    result = table.deviceName(name, int(sizeof name - 1), device);
  }
  if (result == cuda::Success) {
    asked = "cuDeviceTotalMem";
    result = table.deviceMemory(&memory, device);
  }
  auto attribute = [&](int which) {
    int value = 0;
    if (result == cuda::Success) {
      asked = "cuDeviceGetAttribute";
      result =
          table.deviceAttribute(&value, cuda::DeviceAttribute(which), device);
    }
    return int64_t(value);
  };
  info.name = name;
  info.driver = "CUDA driver";
  info.api = version;
  info.architecture = "sm_" +
                      std::to_string(attribute(cuda::ComputeCapabilityMajor)) +
                      std::to_string(attribute(cuda::ComputeCapabilityMinor));
  info.subgroupSize = attribute(cuda::WarpSize);
  info.timestamps = true;
  DeviceLimits &limits = info.limits;
  limits.memoryBytes = limits.bufferBytes = int64_t(memory);
  // Kernels number the words of a binding by signed integers of 32 bits.
  limits.bindingBytes = std::min(limits.bufferBytes, int64_t(4) << 31);
  // What the widest loads of a kernel want.
  limits.bindingAlignment = 16;
  // 4096 bytes of parameters, 8 for each binding.
  limits.bindings = 128;
  limits.constantBytes = 4096 - 8 * limits.bindings;
  limits.sharedBytes = attribute(cuda::MaxSharedMemoryPerBlockOptin);
  limits.invocations = attribute(cuda::MaxThreadsPerBlock);
  for (int d = 0; d < 3; ++d) {
    limits.groupSize[size_t(d)] = attribute(cuda::MaxBlockDimX + d);
    limits.groups[size_t(d)] = attribute(cuda::MaxGridDimX + d);
  }
  if (result != cuda::Success)
    return makeError("asking for device ", index, ": ", asked, ": ",
                     nameOf(result));
  return info;
}

Status CudaDriver::listDevices() {
  const char *asked = "cuInit";
  cuda::Result result = table.init(0);
  int number = 0, count = 0;
  if (result == cuda::Success) {
    asked = "cuDriverGetVersion";
    result = table.driverVersion(&number);
  }
  if (result == cuda::Success) {
    asked = "cuDeviceGetCount";
    result = table.deviceCount(&count);
  }
  if (result == cuda::NoDevice || (result == cuda::Success && count == 0))
    return Error("CUDA's driver found no device");
  if (result != cuda::Success)
    return makeError("CUDA's driver does not start: ", asked, ": ",
                     nameOf(result));
  version =
      std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
  for (int index = 0; index < count; ++index) {
    Result<DeviceInfo> info = describe(index);
    if (!info)
      return info.error();
    found.push_back(std::move(*info));
  }
  return {};
}

Result<std::shared_ptr<CudaDriver>>
CudaDriver::create(const DeviceOptions &options) {
  LibraryPin pin;
  Result<SharedLibrary> library = SharedLibrary::open(options.cudaLibrary);
  if (!library)
    return library.error();
  std::shared_ptr<CudaDriver> driver(new CudaDriver(std::move(*library)));
  if (Status status = driver->load(); !status)
    return status.error();
  if (Status status = driver->listDevices(); !status)
    return status.error();
  return driver;
}

} // namespace modc
