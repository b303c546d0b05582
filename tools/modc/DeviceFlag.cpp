//===- DeviceFlag.cpp - Which device runs a command's programs ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/DeviceFlag.h"

#include "frontend/Target.h"
#include "runtime/devices/DevicePrograms.h"
#include "tools/modc/Output.h"

namespace modc::driver {

void DeviceFlag::addFlag(Flags &flags) {
  flags.text("--device", "DEVICE", name,
             "where programs run: cpu, vulkan[:N] or cuda[:N] ('modc devices' "
             "lists them), or auto, a GPU if there is one");
}

Status DeviceFlag::choose() {
  if (name == "cpu")
    return {};
  auto read = DeviceOptions::fromEnvironment();
  if (!read)
    return read.error();
  options = std::move(*read);
  if (name != "auto") {
    auto opened = openDevice(name, options);
    if (!opened)
      return opened.error().within("--device");
    device = std::move(*opened);
    return {};
  }
  DeviceListing listing = listDevices(options);
  for (const MissingDevice &missing : listing.missing)
    reasons.push_back(
        fmt::format("no {}: {}", nameOf(missing.kind), missing.reason));
  // Of one chip, its vendor's own interface first.
  for (DeviceKind kind : {DeviceKind::Cuda, DeviceKind::Vulkan})
    for (const DeviceInfo &info : listing.devices)
      // The processor is faster than what it plays.
      if (info.kind == kind && info.isSoftware)
        reasons.push_back(info.id() + " plays a GPU on the processor");
      else if (info.kind == kind)
        candidates.push_back(info);
  return {};
}

std::vector<std::string> DeviceFlag::targets() const {
  const DeviceInfo *info = device               ? &device->info()
                           : candidates.empty() ? nullptr
                                                : &candidates.front();
  if (!info || info->kind == DeviceKind::Cpu)
    return {};
  return {info->kind == DeviceKind::Vulkan ? "vulkan"
                                           : cudaTargetFor(info->architecture)};
}

Result<std::shared_ptr<Device>> DeviceFlag::open(const Signature &signature) {
  if (name != "auto")
    return device;
  for (const DeviceInfo &info : candidates) {
    Result<int> target = findDeviceTarget(signature, info);
    if (!target) {
      reasons.push_back(target.error().message());
      continue;
    }
    auto opened = openDevice(info.id(), options);
    if (opened) {
      say("running on " + info.label());
      return device = std::move(*opened);
    }
    reasons.push_back(opened.error().message());
  }
  say(fmt::format("running on the processor: {}", fmt::join(reasons, "; ")));
  return std::shared_ptr<Device>();
}

int DeviceFlag::finish(int code) {
  if (!device)
    return code;
  std::vector<std::string> messages = device->takeMessages();
  for (const std::string &message : messages)
    fail("validation: " + message);
  return code == Done && !messages.empty() ? WorkFailed : code;
}

} // namespace modc::driver
