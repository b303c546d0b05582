//===- CpuDevice.h - The processor as a device ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lets code that is written for any device hold its data on the processor too:
// memory, uploads, downloads, copies and fills are real. It launches no
// kernels: what runs on the processor is compiled as ordinary functions, which
// a Session calls and an Executor spreads over threads.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_CPUDEVICE_H
#define MODC_RUNTIME_DEVICES_CPUDEVICE_H

#include "runtime/devices/Device.h"

namespace modc {

/// Name, memory and number of processors; limits of kernels are 0.
DeviceInfo describeCpu();

std::shared_ptr<Device> makeCpuDevice();

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_CPUDEVICE_H
