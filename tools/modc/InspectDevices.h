//===- InspectDevices.h - What a model holds for devices --------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Says of each device target how many kernels and launches there are, and of
// one of them what each launch of each program is for given sizes.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_INSPECTDEVICES_H
#define MODC_TOOLS_MODC_INSPECTDEVICES_H

#include "tools/modc/InspectKernels.h"

#include <string>

namespace modc::driver {

/// The target of that name, or null.
const DeviceTarget *findDevice(const Signature &signature,
                               const std::string &name);

/// Kernels, and launches by program, of all device targets; empty without any.
std::string devicesText(const Signature &signature);

/// Each launch of a target: its sizes, operations and bytes and, where the
/// chip's rates are known or given, the time that a roofline predicts; of a
/// cubin also what ptxas and the chip say of it.
nlohmann::ordered_json describeLaunches(const Signature &signature,
                                        const DeviceTarget &target,
                                        const KernelFlags &flags);
std::string launchesText(const nlohmann::ordered_json &launches);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_INSPECTDEVICES_H
