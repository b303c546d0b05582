//===- Devices.cpp - modc devices -----------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lists what this machine can run networks on, and why it has no others.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/Devices.h"
#include "tools/modc/Commands.h"
#include "tools/modc/Flags.h"
#include "tools/modc/Output.h"

#include <nlohmann/json.hpp>

namespace modc::driver {
namespace {

using Json = nlohmann::ordered_json;

/// Of kernels there is nothing to say where a device runs none.
bool hasKernels(const DeviceInfo &info) { return info.limits.invocations > 0; }

Json toJson(const DeviceInfo &info) {
  const DeviceLimits &limits = info.limits;
  Json json = {{"device", info.id()},
               {"kind", nameOf(info.kind)},
               {"name", info.name},
               {"driver", info.driver},
               {"api", info.api},
               {"architecture", info.architecture},
               {"memory_bytes", limits.memoryBytes},
               {"buffer_bytes", limits.bufferBytes}};
  if (hasKernels(info)) {
    json["binding_bytes"] = limits.bindingBytes;
    json["binding_alignment"] = limits.bindingAlignment;
    json["bindings"] = limits.bindings;
    json["constant_bytes"] = limits.constantBytes;
    json["shared_bytes"] = limits.sharedBytes;
    json["invocations"] = limits.invocations;
    json["group_size"] = limits.groupSize;
    json["groups"] = limits.groups;
    if (limits.rounds > 0)
      json["rounds"] = limits.rounds;
    json["subgroup_size"] = info.subgroupSize;
    json["timestamps"] = info.timestamps;
    json["software"] = info.isSoftware;
  }
  json["warnings"] = info.warnings;
  return json;
}

void printListing(const DeviceListing &listing) {
  Table table;
  table.row({"device", "name", "driver", "api", "memory", "binding", "shared",
             "invocations", "subgroup"});
  for (const DeviceInfo &info : listing.devices) {
    auto orDash = [&](bool there, const std::string &text) {
      return there && !text.empty() ? text : std::string("-");
    };
    bool kernels = hasKernels(info);
    table.row(
        {info.id(), info.name, info.driver, orDash(true, info.api),
         sizeText(info.limits.memoryBytes),
         orDash(kernels, sizeText(info.limits.bindingBytes)),
         orDash(kernels, sizeText(info.limits.sharedBytes)),
         orDash(kernels, fmt::format("{}", info.limits.invocations)),
         orDash(info.subgroupSize > 0, fmt::format("{}", info.subgroupSize))});
  }
  print(table.text());
  bool first = true;
  auto note = [&](std::string_view text) {
    print(fmt::format("{}{}\n", first ? "\n" : "", text));
    first = false;
  };
  for (const DeviceInfo &info : listing.devices)
    for (const std::string &warning : info.warnings)
      note(fmt::format("{}: {}", info.id(), warning));
  for (const MissingDevice &missing : listing.missing)
    note(fmt::format("no {}: {}", nameOf(missing.kind), missing.reason));
}

} // namespace

int devicesMain(int argc, char **argv) {
  bool json = false;
  Flags flags("devices", "[--json]",
              "Lists the devices of this machine: the processor, and what\n"
              "Vulkan and CUDA find. Says of each of them why there is none.");
  flags.flag("--json", json, "print JSON, for programs, with every limit");
  flags.examples("  modc devices\n"
                 "  modc devices --json\n");
  if (std::optional<int> code = flags.parse(argc, argv))
    return *code;
  Result<DeviceOptions> options = DeviceOptions::fromEnvironment();
  if (!options)
    return fail(options.error());
  DeviceListing listing = listDevices(*options);
  if (!json) {
    printListing(listing);
    return Done;
  }
  Json result = {{"devices", Json::array()}, {"missing", Json::array()}};
  for (const DeviceInfo &info : listing.devices)
    result["devices"].push_back(toJson(info));
  for (const MissingDevice &missing : listing.missing)
    result["missing"].push_back(
        {{"kind", nameOf(missing.kind)}, {"reason", missing.reason}});
  printJson(result);
  return Done;
}

} // namespace modc::driver
