//===- Commands.cpp - What a device is to do, as data ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the commands of a list that depend on earlier ones.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/Commands.h"

#include <algorithm>

namespace modc {
namespace {

struct Touched {
  const DeviceBuffer *buffer;
  int64_t begin, end;
  bool written;

  bool conflictsWith(const Touched &other) const {
    return buffer == other.buffer && begin < other.end && other.begin < end &&
           (written || other.written);
  }
};

void add(std::vector<Touched> &out, const DeviceRange &range, bool written) {
  out.push_back(
      {range.buffer.get(), range.offset, range.offset + range.bytes, written});
}

void collect(std::vector<Touched> &out, const LaunchCommand &launch) {
  const std::vector<Access> &accesses = launch.kernel->spec().bindings;
  for (size_t i = 0; i < launch.bindings.size(); ++i)
    add(out, launch.bindings[i], accesses[i] != Access::Read);
}

void collect(std::vector<Touched> &out, const CopyCommand &copy) {
  add(out, copy.from, false);
  add(out, copy.to, true);
}

void collect(std::vector<Touched> &out, const FillCommand &fill) {
  add(out, fill.to, true);
}

} // namespace

int64_t groupCount(const LaunchCommand &launch) {
  // Each is below 2^31, and the product of a real launch far below 2^63.
  return launch.groups[0] * launch.groups[1] * launch.groups[2];
}

bool isEmpty(const Command &command) {
  if (const auto *launch = std::get_if<LaunchCommand>(&command))
    return std::count(launch->groups.begin(), launch->groups.end(), 0) > 0;
  if (const auto *copy = std::get_if<CopyCommand>(&command))
    return copy->to.bytes == 0;
  return std::get<FillCommand>(command).to.bytes == 0;
}

std::vector<bool> findBarriers(const CommandList &commands) {
  std::vector<bool> barriers;
  // Since the last barrier.
  std::vector<Touched> pending;
  for (const Command &command : commands) {
    std::vector<Touched> touched;
    if (!isEmpty(command))
      std::visit([&](const auto &known) { collect(touched, known); }, command);
    bool depends =
        std::any_of(touched.begin(), touched.end(), [&](const Touched &now) {
          return std::any_of(
              pending.begin(), pending.end(),
              [&](const Touched &then) { return now.conflictsWith(then); });
        });
    if (depends)
      pending.clear();
    pending.insert(pending.end(), touched.begin(), touched.end());
    barriers.push_back(depends);
  }
  return barriers;
}

} // namespace modc
