//===- DeviceChecks.cpp - Needs beside limits, for every device -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every message gives the need and the limit.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/DeviceChecks.h"

#include <algorithm>

namespace modc {
namespace {

constexpr const char *kDimensions[] = {"x", "y", "z"};

Status checkMost(std::string_view what, int64_t need, int64_t limit) {
  if (need <= limit)
    return {};
  return makeError("needs ", need, " ", what, ", the device has at most ",
                   limit);
}

bool overlap(const DeviceRange &a, const DeviceRange &b) {
  return a.buffer == b.buffer && a.offset < b.offset + b.bytes &&
         b.offset < a.offset + a.bytes;
}

Status checkGroups(const DeviceLimits &limits, const LaunchCommand &launch) {
  for (size_t d = 0; d < 3; ++d) {
    if (launch.groups[d] < 0)
      return makeError("launches ", launch.groups[d], " groups in ",
                       kDimensions[d]);
    std::string what = std::string("groups in ") + kDimensions[d];
    if (Status s = checkMost(what, launch.groups[d], limits.groups[d]); !s)
      return s;
  }
  if (launch.rounds < 0)
    return makeError("makes ", launch.rounds, " rounds of loops");
  if (limits.rounds > 0)
    return checkMost("rounds of loops in an invocation", launch.rounds,
                     limits.rounds);
  return {};
}

Status checkBinding(const DeviceLimits &limits, const LaunchCommand &launch,
                    size_t index) {
  const DeviceRange &range = launch.bindings[index];
  if (range.bytes == 0)
    return makeError("binding ", index, " has no bytes");
  if (range.bytes > limits.bindingBytes)
    return makeError("binding ", index, " has ", range.bytes,
                     " bytes, the device binds at most ", limits.bindingBytes);
  if (range.offset % limits.bindingAlignment != 0)
    return makeError("binding ", index, " starts at byte ", range.offset,
                     ", the device wants multiples of ",
                     limits.bindingAlignment);
  // Kernels are compiled as if bindings were different memory.
  const std::vector<Access> &accesses = launch.kernel->spec().bindings;
  for (size_t other = 0; other < index; ++other)
    if ((accesses[index] != Access::Read || accesses[other] != Access::Read) &&
        overlap(range, launch.bindings[other]))
      return makeError("bindings ", other, " and ", index,
                       " overlap and are written to");
  return {};
}

Status checkLaunch(const DeviceLimits &limits, const LaunchCommand &launch) {
  const KernelSpec &kernel = launch.kernel->spec();
  if (Status s = checkGroups(limits, launch); !s)
    return s;
  if (launch.bindings.size() != kernel.bindings.size())
    return makeError("is launched with ", launch.bindings.size(),
                     " bindings, it has ", kernel.bindings.size());
  if (int64_t(launch.constants.size()) * 4 != kernel.constantBytes)
    return makeError("is launched with ", launch.constants.size() * 4,
                     " bytes of constants, it has ", kernel.constantBytes);
  if (isEmpty(launch))
    return {};
  for (size_t i = 0; i < launch.bindings.size(); ++i)
    if (Status s = checkBinding(limits, launch, i); !s)
      return s;
  return {};
}

} // namespace

Status checkKernel(const DeviceLimits &limits, const KernelSpec &kernel) {
  int64_t invocations = 1;
  for (size_t d = 0; d < 3; ++d) {
    int64_t size = kernel.groupSize[d];
    if (size < 1)
      return makeError("has groups of ", size, " invocations in ",
                       kDimensions[d]);
    std::string what =
        std::string("invocations of a group in ") + kDimensions[d];
    if (Status s = checkMost(what, size, limits.groupSize[d]); !s)
      return s;
    // Below the limit of each dimension: no overflow.
    invocations *= size;
  }
  if (Status s =
          checkMost("invocations of a group", invocations, limits.invocations);
      !s)
    return s;
  if (Status s = checkMost("bytes of shared memory", kernel.sharedBytes,
                           limits.sharedBytes);
      !s)
    return s;
  if (Status s = checkMost("bindings", int64_t(kernel.bindings.size()),
                           limits.bindings);
      !s)
    return s;
  if (kernel.constantBytes < 0 || kernel.constantBytes % 4 != 0)
    return makeError("has ", kernel.constantBytes,
                     " bytes of constants, which are words of 4");
  return checkMost("bytes of constants", kernel.constantBytes,
                   limits.constantBytes);
}

Status checkCommand(const DeviceLimits &limits, const Command &command) {
  if (const auto *launch = std::get_if<LaunchCommand>(&command)) {
    if (Status s = checkLaunch(limits, *launch); !s)
      return s.error().within("kernel " +
                              inQuotes(launch->kernel->spec().entry));
    return {};
  }
  if (const auto *copy = std::get_if<CopyCommand>(&command)) {
    if (copy->from.bytes != copy->to.bytes)
      return makeError("a copy from ", copy->from.bytes, " bytes to ",
                       copy->to.bytes);
    if (overlap(copy->from, copy->to))
      return Error("the two ranges of a copy overlap");
    return {};
  }
  const DeviceRange &to = std::get<FillCommand>(command).to;
  if (to.offset % 4 != 0 || to.bytes % 4 != 0)
    return makeError("a fill of ", to.bytes, " bytes at byte ", to.offset,
                     ": not multiples of 4");
  return {};
}

} // namespace modc
