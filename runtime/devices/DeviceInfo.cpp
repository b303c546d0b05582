//===- DeviceInfo.cpp - What a device is and what it can hold -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of devices, as text and back.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/DeviceInfo.h"

#include <charconv>

namespace modc {

std::string_view nameOf(DeviceKind kind) {
  switch (kind) {
  case DeviceKind::Cpu:
    return "cpu";
  case DeviceKind::Vulkan:
    return "vulkan";
  case DeviceKind::Cuda:
    return "cuda";
  }
  return "";
}

std::string DeviceInfo::id() const {
  std::string text(nameOf(kind));
  return kind == DeviceKind::Cpu ? text : text + ":" + std::to_string(index);
}

std::string DeviceInfo::label() const { return id() + " (" + name + ")"; }

Result<DeviceName> DeviceName::parse(std::string_view text) {
  DeviceName name;
  std::string_view word = text.substr(0, text.find(':'));
  if (word == "vulkan")
    name.kind = DeviceKind::Vulkan;
  else if (word == "cuda")
    name.kind = DeviceKind::Cuda;
  else if (word != "cpu")
    return makeError(inQuotes(text),
                     " is no device: not one of cpu, vulkan, vulkan:N, cuda, "
                     "cuda:N");
  if (word.size() == text.size())
    return name;
  std::string_view digits = text.substr(word.size() + 1);
  const char *end = digits.data() + digits.size();
  auto [stop, code] = std::from_chars(digits.data(), end, name.index);
  if (code != std::errc() || stop != end || name.index < 0 ||
      name.kind == DeviceKind::Cpu)
    return makeError(inQuotes(text), " is no device: ", inQuotes(digits),
                     " is not a number of a ", word, " device");
  return name;
}

} // namespace modc
