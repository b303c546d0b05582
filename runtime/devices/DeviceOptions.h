//===- DeviceOptions.h - How devices are found and used ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of the drivers' libraries and what tests and users may want otherwise.
// The environment can set each of them, so that no program needs a flag.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_DEVICEOPTIONS_H
#define MODC_RUNTIME_DEVICES_DEVICEOPTIONS_H

#include "runtime/formats/Result.h"

#include <cstdint>
#include <string>

namespace modc {

struct DeviceOptions {
  /// Opened when devices are first asked for, by the system's loader.
  std::string vulkanLibrary = "libvulkan.so.1";
  std::string cudaLibrary = "libcuda.so.1";
  /// Puts Vulkan's validation layer between us and the driver; what it says is
  /// collected by Device::takeMessages. An error where it is not installed.
  bool validate = false;
  /// A device that does not end a submission in this time is lost.
  double timeoutSeconds = 300;
  /// Uploads and downloads go through pieces of host memory of this size.
  int64_t stagingBytes = 1 << 20;

  /// The defaults, or what MODC_VULKAN_LIBRARY, MODC_CUDA_LIBRARY,
  /// MODC_VULKAN_VALIDATION (0 or 1) and MODC_DEVICE_TIMEOUT (seconds) say.
  static Result<DeviceOptions> fromEnvironment();
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_DEVICEOPTIONS_H
