//===- DeviceFlag.h - Which device runs a command's programs ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// --device of the commands that run a model. A device that is named is taken or
// the command fails; 'auto' takes a GPU that the model has code for, else the
// processor, and says which.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_DEVICEFLAG_H
#define MODC_TOOLS_MODC_DEVICEFLAG_H

#include "runtime/Signature.h"
#include "runtime/devices/Devices.h"
#include "tools/modc/Flags.h"

#include <memory>
#include <string>
#include <vector>

namespace modc::driver {

class DeviceFlag {
public:
  void addFlag(Flags &flags);

  /// Finds what the flag names. To be called once, before the others.
  Status choose();
  /// What a network has to be compiled for besides the processor.
  std::vector<std::string> targets() const;
  /// The device for a model; null stands for the processor.
  Result<std::shared_ptr<Device>> open(const Signature &signature);
  /// Passes on what a validation layer has said (MODC_VULKAN_VALIDATION); the
  /// exit code of a command that would end with `code`.
  int finish(int code);

private:
  std::string name = "cpu";
  DeviceOptions options;
  /// The device of that name, or what 'auto' became.
  std::shared_ptr<Device> device;
  /// With 'auto', GPUs to try, and why there are no more.
  std::vector<DeviceInfo> candidates;
  std::vector<std::string> reasons;
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_DEVICEFLAG_H
