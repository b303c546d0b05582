//===- DeviceInfo.h - What a device is and what it can hold -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names, sizes and limits of one device, as its driver reports them. Every
// limit that a caller can run into is checked against these numbers, so that a
// message can give the need beside the limit.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_DEVICEINFO_H
#define MODC_RUNTIME_DEVICES_DEVICEINFO_H

#include "runtime/formats/Result.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

enum class DeviceKind { Cpu, Vulkan, Cuda };

/// "cpu", "vulkan" or "cuda".
std::string_view nameOf(DeviceKind kind);

/// Bytes and counts; a limit that a kind of device does not have is 0.
struct DeviceLimits {
  /// Of the memory that buffers are taken from, all programs' together.
  int64_t memoryBytes = 0;
  /// Of one buffer.
  int64_t bufferBytes = 0;
  /// Of the range of a buffer that one binding of a kernel shows.
  int64_t bindingBytes = 0;
  /// The offset of such a range is a multiple of this.
  int64_t bindingAlignment = 1;
  /// Bindings of a kernel.
  int64_t bindings = 0;
  /// Constants (sizes and other scalars) of a launch.
  int64_t constantBytes = 0;
  /// Memory that the invocations of a group share.
  int64_t sharedBytes = 0;
  /// Invocations of a group, in all and by dimension, and groups of a launch.
  int64_t invocations = 0;
  std::array<int64_t, 3> groupSize = {};
  std::array<int64_t, 3> groups = {};
  /// Rounds that an invocation makes in all its loops; 0 without a limit.
  /// lavapipe leaves every loop after so many, and says nothing.
  int64_t rounds = 0;
};

struct DeviceInfo {
  DeviceKind kind = DeviceKind::Cpu;
  /// Position among the devices of its kind.
  int64_t index = 0;
  std::string name;
  /// What drives it, with its version, for people: "llvmpipe, Mesa 22.3.6".
  std::string driver;
  /// Version of the interface: "1.3.230" of Vulkan, "12.4" of CUDA.
  std::string api;
  /// What kernels are compiled for where that depends on the chip: "sm_80".
  std::string architecture;
  DeviceLimits limits;
  /// Invocations that run in step; 0 where there is no such thing.
  int64_t subgroupSize = 0;
  /// The processor plays it.
  bool isSoftware = false;
  /// True where each launch of a recording can be timed.
  bool timestamps = false;
  /// What a user should know before using it.
  std::vector<std::string> warnings;

  /// "vulkan:0", as users write it.
  std::string id() const;
  /// "vulkan:0 (llvmpipe)", for messages.
  std::string label() const;
};

/// Which device a user asks for: "cpu", "vulkan" (the first one), "cuda:1".
struct DeviceName {
  DeviceKind kind = DeviceKind::Cpu;
  int64_t index = 0;

  static Result<DeviceName> parse(std::string_view text);
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_DEVICEINFO_H
