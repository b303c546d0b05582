//===- InspectDevices.cpp - What a model holds for devices ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers are null where a formula has no value for the sizes.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/InspectDevices.h"

#include "tools/modc/Output.h"

#include <nlohmann/json.hpp>

#include <set>

namespace modc::driver {

using Json = nlohmann::ordered_json;

const DeviceTarget *findDevice(const Signature &signature,
                               const std::string &name) {
  for (const DeviceTarget &target : signature.devices)
    if (target.name == name)
      return &target;
  return nullptr;
}

/// Kernels may stand in one image.
static int64_t codeBytes(const DeviceTarget &target) {
  int64_t bytes = 0;
  std::set<std::pair<int64_t, int64_t>> seen;
  for (const DeviceKernel &kernel : target.kernels)
    if (seen.insert({kernel.imageOffset, kernel.imageBytes}).second)
      bytes += kernel.imageBytes;
  return bytes;
}

std::string devicesText(const Signature &signature) {
  std::string text;
  for (const DeviceTarget &target : signature.devices) {
    text += fmt::format("\n{}: {} kernels, {}\n", target.name,
                        target.kernels.size(), sizeText(codeBytes(target)));
    Table table;
    table.row({"program", "launches", "temporaries"});
    for (size_t i = 0; i < target.programs.size(); ++i)
      if (const auto &program = target.programs[i])
        table.row({signature.programs[i].name,
                   fmt::format("{}", program->launches.size()),
                   fmt::format("{}", program->slots.size())});
    text += table.text("  ");
  }
  return text;
}

Json describeLaunches(const Signature &signature, const DeviceTarget &target,
                      int64_t points, int64_t candidates) {
  auto value = [&](const SizeExpression &formula) {
    std::optional<int64_t> number = formula.evaluate(points, candidates);
    return number ? Json(*number) : Json();
  };
  Json programs = Json::array();
  for (size_t i = 0; i < target.programs.size(); ++i) {
    const auto &program = target.programs[i];
    if (!program)
      continue;
    Json launches = Json::array(), slots = Json::array();
    for (const SizeExpression &slot : program->slots)
      slots.push_back(value(slot));
    for (const DeviceLaunch &launch : program->launches) {
      const DeviceKernel &kernel = target.kernels[size_t(launch.kernel)];
      Json groups = Json::array(), formulas = Json::array(),
           bindings = Json::array(), constants = Json::array();
      for (const SizeExpression &dimension : launch.groups) {
        groups.push_back(value(dimension));
        formulas.push_back(dimension.text());
      }
      for (size_t b = 0; b < launch.bindings.size(); ++b) {
        const DeviceBinding &binding = launch.bindings[b];
        bindings.push_back({{"space", nameOf(binding.space)},
                            {"index", binding.index},
                            {"access", std::string(1, kernel.bindings[b])},
                            {"offset", value(binding.offset)},
                            {"bytes", value(binding.bytes)}});
      }
      for (const SizeExpression &constant : launch.constants)
        constants.push_back(value(constant));
      launches.push_back({{"label", launch.label},
                          {"kernel", kernel.name},
                          {"groups", groups},
                          {"group_formulas", formulas},
                          {"group", kernel.group},
                          {"shared_bytes", kernel.shared},
                          {"bindings", bindings},
                          {"constants", constants}});
    }
    programs.push_back({{"name", signature.programs[i].name},
                        {"slots", slots},
                        {"launches", launches}});
  }
  return Json{
      {"target", target.name},           {"points", points},
      {"candidates", candidates},        {"kernels", target.kernels.size()},
      {"code_bytes", codeBytes(target)}, {"programs", programs}};
}

/// "4 x 2", without trailing dimensions of 1.
static std::string dimensions(const Json &sizes) {
  std::string text;
  size_t last = 2;
  while (last > 0 && sizes[last] == 1)
    --last;
  for (size_t d = 0; d <= last; ++d)
    text += (d ? " x " : "") +
            (sizes[d].is_null() ? std::string("?") : sizes[d].dump());
  return text;
}

std::string launchesText(const Json &launches) {
  std::string text = fmt::format(
      "\nlaunches for {}, {} points, {} candidates in an E-step; {} kernels, "
      "{}\n",
      launches["target"].get<std::string>(), launches["points"].get<int64_t>(),
      launches["candidates"].get<int64_t>(), launches["kernels"].get<int64_t>(),
      sizeText(launches["code_bytes"].get<int64_t>()));
  Table table;
  table.row(
      {"program", "launch", "kernel", "groups", "group", "shared", "bindings"});
  for (const Json &program : launches["programs"]) {
    std::string name = program["name"].get<std::string>();
    for (const Json &launch : program["launches"]) {
      std::string bindings;
      for (const Json &binding : launch["bindings"])
        bindings += binding["access"].get<std::string>();
      table.row({name, launch["label"].get<std::string>(),
                 launch["kernel"].get<std::string>(),
                 dimensions(launch["groups"]), dimensions(launch["group"]),
                 sizeText(launch["shared_bytes"].get<int64_t>()), bindings});
      name.clear();
    }
  }
  return text + table.text("  ");
}

} // namespace modc::driver
