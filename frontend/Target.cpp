//===- Target.cpp - Processors that models are compiled for ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The levels of the x86-64 psABI, and NVIDIA's chips. Code for the host uses
// its level and nothing beyond: the mask in the signature could not name what
// else it might need.
//
//===----------------------------------------------------------------------===//

#include "frontend/Target.h"

#include "runtime/CpuFeatures.h"
#include "runtime/ModelAbi.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <iterator>

namespace modc {
namespace {

struct Level {
  const char *name;
  uint64_t features;
};

constexpr uint64_t kV2 = MODC_CPU_SSE4_2 | MODC_CPU_POPCNT;
constexpr uint64_t kV3 = kV2 | MODC_CPU_AVX | MODC_CPU_AVX2 | MODC_CPU_FMA |
                         MODC_CPU_BMI2 | MODC_CPU_F16C | MODC_CPU_LZCNT;
constexpr uint64_t kV4 = kV3 | MODC_CPU_AVX512F | MODC_CPU_AVX512DQ |
                         MODC_CPU_AVX512BW | MODC_CPU_AVX512VL |
                         MODC_CPU_AVX512CD;

/// The most demanding first.
constexpr Level kLevels[] = {
    {"x86-64-v4", kV4}, {"x86-64-v3", kV3}, {"x86-64-v2", kV2}};

/// Those of PTX ISA 8.0 (frontend/DeviceCode.cpp) from sm_80 on, ascending.
/// Drivers compile PTX of the last for all that are newer.
constexpr int kCudaChips[] = {80, 86, 87, 89, 90};
constexpr std::string_view kCudaPrefix = "cuda:sm_";

std::string cudaTarget(int chip) {
  return std::string(kCudaPrefix) + std::to_string(chip);
}

Error unknownTarget(std::string_view text) {
  std::string known;
  for (const std::string &target : knownTargets())
    known += (known.empty() ? "" : ", ") + target;
  return makeError("unknown target ", inQuotes(text), ", expected one of ",
                   known);
}

} // namespace

std::vector<std::string> knownTargets() {
  std::vector<std::string> names = {"cpu:host"};
  for (size_t i = std::size(kLevels); i-- > 0;)
    names.push_back(std::string("cpu:") + kLevels[i].name);
  names.emplace_back("vulkan");
  for (int chip : kCudaChips)
    names.push_back(cudaTarget(chip));
  return names;
}

std::string cudaTargetFor(std::string_view architecture) {
  llvm::StringRef number(architecture);
  int have = 0, best = 0;
  if (number.consume_front("sm_") && !number.getAsInteger(10, have))
    for (int chip : kCudaChips)
      if (chip <= have)
        best = chip;
  return best ? cudaTarget(best) : "cuda:" + std::string(architecture);
}

Result<CpuTarget> CpuTarget::parse(std::string_view text) {
  std::string_view name = text;
  if (name.substr(0, 4) == "cpu:")
    name.remove_prefix(4);
  if (name == "host") {
    uint64_t have = cpuFeatures();
    for (const Level &level : kLevels)
      if ((level.features & ~have) == 0)
        return CpuTarget{level.name, llvm::sys::getHostCPUName().str(),
                         level.features};
    return makeError("this processor has ", describeFeatures(have),
                     ", but code for the lowest target, x86-64-v2, needs ",
                     describeFeatures(kV2));
  }
  for (const Level &level : kLevels)
    if (name == level.name)
      return CpuTarget{level.name, level.name, level.features};
  return unknownTarget(text);
}

int64_t CpuTarget::vectorBits() const {
  if (features & MODC_CPU_AVX512F)
    return 512;
  return features & MODC_CPU_AVX ? 256 : 128;
}

static bool isDevice(std::string_view text) {
  return text == "vulkan" || text.substr(0, 5) == "cuda:";
}

Result<std::vector<std::string>>
parseDeviceTargets(const std::vector<std::string> &texts) {
  const std::vector<std::string> known = knownTargets();
  std::vector<std::string> targets;
  for (const std::string &text : texts) {
    if (!isDevice(text))
      continue;
    // One spelling each: the name is what sessions look for.
    if (std::find(known.begin(), known.end(), text) == known.end())
      return unknownTarget(text);
    if (std::find(targets.begin(), targets.end(), text) != targets.end())
      return makeError("target ", inQuotes(text), " is given twice");
    targets.push_back(text);
  }
  return targets;
}

Result<std::vector<CpuTarget>>
parseTargets(const std::vector<std::string> &texts) {
  std::vector<CpuTarget> targets;
  bool devices = false;
  for (const std::string &text : texts) {
    if (isDevice(text)) {
      devices = true;
      continue;
    }
    Result<CpuTarget> target = CpuTarget::parse(text);
    if (!target)
      return target.error();
    bool known = std::any_of(targets.begin(), targets.end(), [&](auto &other) {
      return other.name == target->name;
    });
    if (!known)
      targets.push_back(std::move(*target));
  }
  // What draws parameters, and what a device lacks, runs on the processor.
  if (targets.empty() && devices)
    return parseTargets({"cpu:host"});
  if (targets.empty())
    return Error("no target to compile for");
  std::sort(targets.begin(), targets.end(), [](auto &a, auto &b) {
    return a.name > b.name; // "x86-64-v4" first
  });
  return targets;
}

} // namespace modc
