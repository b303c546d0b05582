//===- Devices.h - Finding and opening devices ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lists what this machine has, and says of each kind that it has none of, why.
// Drivers' libraries are opened here for the first time: programs that never
// ask for a device do not touch them.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_DEVICES_H
#define MODC_RUNTIME_DEVICES_DEVICES_H

#include "runtime/devices/Device.h"
#include "runtime/devices/DeviceOptions.h"

namespace modc {

/// A device, or a whole kind of them, that cannot be used.
struct MissingDevice {
  DeviceKind kind = DeviceKind::Cpu;
  std::string reason;
};

struct DeviceListing {
  /// cpu, then vulkan, then cuda.
  std::vector<DeviceInfo> devices;
  std::vector<MissingDevice> missing;
};

/// Never fails: there always is a processor.
DeviceListing listDevices(const DeviceOptions &options);

/// Opens "cpu", "vulkan", "vulkan:1", "cuda:0" (DeviceName).
Result<std::shared_ptr<Device>> openDevice(std::string_view name,
                                           const DeviceOptions &options);

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_DEVICES_H
