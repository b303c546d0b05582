//===- DeviceOptions.cpp - How devices are found and used -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the environment.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/DeviceOptions.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace modc {

Result<DeviceOptions> DeviceOptions::fromEnvironment() {
  DeviceOptions options;
  if (const char *name = std::getenv("MODC_VULKAN_LIBRARY"))
    options.vulkanLibrary = name;
  if (const char *name = std::getenv("MODC_CUDA_LIBRARY"))
    options.cudaLibrary = name;
  if (const char *value = std::getenv("MODC_VULKAN_VALIDATION")) {
    std::string_view text = value;
    if (text != "0" && text != "1")
      return makeError("MODC_VULKAN_VALIDATION is ", inQuotes(text),
                       ", not 0 or 1");
    options.validate = text == "1";
  }
  if (const char *value = std::getenv("MODC_DEVICE_TIMEOUT")) {
    std::string_view text = value;
    const char *end = text.data() + text.size();
    double seconds = 0;
    auto [stop, code] = std::from_chars(text.data(), end, seconds);
    // A year: what is longer would overflow nanoseconds.
    if (code != std::errc() || stop != end || !(seconds > 0 && seconds < 3.2e7))
      return makeError("MODC_DEVICE_TIMEOUT is ", inQuotes(text),
                       ", not a number of seconds above 0");
    options.timeoutSeconds = seconds;
  }
  return options;
}

} // namespace modc
