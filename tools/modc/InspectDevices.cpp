//===- InspectDevices.cpp - What a model holds for devices ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers are null where a formula has no value for the sizes. A launch takes
// at least as long as its operations at the chip's peak, and as the ranges that
// it is given take to be read and written once: nothing is said of caches, of
// latencies, and of chips with more to do.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/InspectDevices.h"

#include "frontend/CudaChips.h"
#include "tools/modc/Output.h"

#include <nlohmann/json.hpp>

#include <algorithm>

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
  auto add = [&](int64_t offset, int64_t size) {
    if (seen.insert({offset, size}).second)
      bytes += size;
  };
  for (const DeviceKernel &kernel : target.kernels) {
    add(kernel.imageOffset, kernel.imageBytes);
    if (kernel.cubin)
      add(kernel.cubin->offset, kernel.cubin->bytes);
  }
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

/// What launches run on: rates a second, 0 where they are not known.
namespace {
struct Device {
  const CudaChip *chip = nullptr;
  double flops = 0, bytes = 0;
};
} // namespace

static Device deviceOf(const DeviceTarget &target, const KernelFlags &flags) {
  Device device;
  device.chip = findCudaChip(target.name.substr(target.name.find(':') + 1));
  if (device.chip) {
    device.flops = device.chip->flops;
    device.bytes = device.chip->bytes;
  }
  if (flags.peak)
    device.flops = *flags.peak * 1e9;
  if (flags.bandwidth)
    device.bytes = *flags.bandwidth * 1e9;
  return device;
}

/// Seconds by the roofline, and what bounds them.
static void addTime(Json &entry, const Device &device) {
  if (entry["flops"].is_null() || entry["bytes"].is_null() ||
      device.flops == 0 || device.bytes == 0) {
    entry["seconds"] = entry["bound"] = nullptr;
    return;
  }
  double compute = double(entry["flops"].get<int64_t>()) / device.flops,
         memory = double(entry["bytes"].get<int64_t>()) / device.bytes;
  entry["seconds"] = std::max(compute, memory);
  entry["bound"] = compute > memory ? "compute" : "memory";
}

/// What a kernel takes of its chip; nothing for kernels without a cubin.
static void addCubin(Json &entry, const DeviceKernel &kernel,
                     const Device &device) {
  if (!kernel.cubin)
    return;
  entry["registers"] = kernel.cubin->registers;
  entry["stack_bytes"] = kernel.cubin->stackBytes;
  entry["spill_bytes"] = kernel.cubin->spillBytes;
  if (!device.chip)
    return;
  Occupancy held =
      computeOccupancy(*device.chip, kernel.cubin->registers, kernel.shared,
                       kernel.group[0] * kernel.group[1] * kernel.group[2]);
  entry["groups_held"] = held.groups;
  entry["warps_held"] = held.warps;
  entry["held_by"] = held.limit;
}

Json describeLaunches(const Signature &signature, const DeviceTarget &target,
                      const KernelFlags &flags) {
  const int64_t points = flags.points, candidates = flags.candidates;
  const Device device = deviceOf(target, flags);
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
      std::optional<int64_t> moved = 0;
      for (size_t b = 0; b < launch.bindings.size(); ++b) {
        const DeviceBinding &binding = launch.bindings[b];
        std::optional<int64_t> bytes =
            binding.bytes.evaluate(points, candidates);
        // What is read and written moves twice.
        for (int times = kernel.bindings[b] == 'm' ? 2 : 1; times > 0; --times)
          if (int64_t sum = 0;
              moved && (!bytes || __builtin_add_overflow(*moved, *bytes, &sum)))
            moved.reset();
          else if (moved)
            moved = sum;
        bindings.push_back({{"space", nameOf(binding.space)},
                            {"index", binding.index},
                            {"access", std::string(1, kernel.bindings[b])},
                            {"offset", value(binding.offset)},
                            {"bytes", value(binding.bytes)}});
      }
      for (const SizeExpression &constant : launch.constants)
        constants.push_back(value(constant));
      Json entry = {{"label", launch.label},
                    {"kernel", kernel.name},
                    {"groups", groups},
                    {"group_formulas", formulas},
                    {"group", kernel.group},
                    {"shared_bytes", kernel.shared},
                    {"bindings", bindings},
                    {"constants", constants},
                    {"flops", launch.flops ? value(*launch.flops) : Json()},
                    {"bytes", moved ? Json(*moved) : Json()}};
      addTime(entry, device);
      addCubin(entry, kernel, device);
      launches.push_back(std::move(entry));
    }
    programs.push_back({{"name", signature.programs[i].name},
                        {"slots", slots},
                        {"launches", launches}});
  }
  auto rate = [](double value) { return value > 0 ? Json(value) : Json(); };
  return Json{{"target", target.name},
              {"points", points},
              {"candidates", candidates},
              {"kernels", target.kernels.size()},
              {"code_bytes", codeBytes(target)},
              {"chip", device.chip ? Json(device.chip->product) : Json()},
              {"multiprocessors",
               device.chip ? Json(device.chip->multiprocessors) : Json()},
              {"gflops", rate(device.flops / 1e9)},
              {"gbs", rate(device.bytes / 1e9)},
              {"programs", programs}};
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

static std::string headline(const Json &launches) {
  return fmt::format(
      "\nlaunches for {}, {} points, {} candidates in an E-step; {} kernels, "
      "{}\n",
      launches["target"].get<std::string>(), launches["points"].get<int64_t>(),
      launches["candidates"].get<int64_t>(), launches["kernels"].get<int64_t>(),
      sizeText(launches["code_bytes"].get<int64_t>()));
}

/// A number of `entry`, which may be absent or null, by a factor.
static std::string cell(const Json &entry, const char *key, double by = 0) {
  auto found = entry.find(key);
  if (found == entry.end() || found->is_null())
    return "?";
  return by == 0 ? found->dump()
                 : fmt::format("{:.3f}", found->get<double>() * by);
}

/// Of CUDA: what a launch costs, and what its kernel takes of the chip.
static std::string costsText(const Json &launches) {
  std::string text = headline(launches);
  if (launches["gflops"].is_null() || launches["gbs"].is_null())
    text += "  rates of this chip are not known: --peak and --bandwidth give "
            "them\n";
  else
    text += fmt::format(
        "  predicted by {:.1f} GFLOP/s and {:.1f} GB/s{}\n",
        launches["gflops"].get<double>(), launches["gbs"].get<double>(),
        launches["chip"].is_null()
            ? std::string()
            : fmt::format(" for {} with {} multiprocessors",
                          launches["chip"].get<std::string>(),
                          launches["multiprocessors"].get<int64_t>()));
  Table table;
  table.row({"program", "launch", "groups", "group", "registers", "spills",
             "shared", "held", "by", "MFLOP", "MB", "us", "bound"});
  for (const Json &program : launches["programs"]) {
    std::string name = program["name"].get<std::string>();
    for (const Json &launch : program["launches"]) {
      bool isHeld = launch.contains("groups_held");
      table.row({name, launch["label"].get<std::string>(),
                 dimensions(launch["groups"]), dimensions(launch["group"]),
                 cell(launch, "registers"), cell(launch, "spill_bytes"),
                 cell(launch, "shared_bytes"),
                 isHeld ? cell(launch, "groups_held") + " of " +
                              cell(launch, "warps_held") + " warps"
                        : "?",
                 isHeld ? launch["held_by"].get<std::string>() : "?",
                 cell(launch, "flops", 1e-6), cell(launch, "bytes", 1e-6),
                 cell(launch, "seconds", 1e6),
                 launch["bound"].is_null()
                     ? "?"
                     : launch["bound"].get<std::string>()});
      name.clear();
    }
  }
  return text + table.text("  ");
}

std::string launchesText(const Json &launches) {
  if (launches["target"].get<std::string>() != "vulkan")
    return costsText(launches);
  std::string text = headline(launches);
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
