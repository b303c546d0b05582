//===- DeviceChecks.h - Needs beside limits, for every device ---*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a kernel or a command asks for is compared with what a device has
// before any driver sees it: many drivers crash or compute nonsense instead.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_DEVICECHECKS_H
#define MODC_RUNTIME_DEVICES_DEVICECHECKS_H

#include "runtime/devices/Commands.h"
#include "runtime/devices/DeviceInfo.h"

namespace modc {

/// Group size, shared memory, bindings and constants against the limits.
Status checkKernel(const DeviceLimits &limits, const KernelSpec &kernel);

/// Groups, bindings (count, length, alignment, overlap) and constants against
/// the kernel and the limits; copies and fills against the rules below. That
/// ranges lie in buffers of the device is checked before.
Status checkCommand(const DeviceLimits &limits, const Command &command);

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_DEVICECHECKS_H
