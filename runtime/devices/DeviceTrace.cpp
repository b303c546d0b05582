//===- DeviceTrace.cpp - Launches of a device as events of a trace --------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shifts the times of a recording to the clock of the host's events.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/DeviceTrace.h"

#include <algorithm>
#include <chrono>

namespace modc {

Status DeviceTrace::report(Device &device, Recording &recording,
                           const char *program) {
  Result<std::vector<LaunchTime>> times = device.times(recording);
  if (!times)
    return times.error();
  int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                    std::chrono::steady_clock::now().time_since_epoch())
                    .count();
  int64_t last = 0;
  for (const LaunchTime &time : *times)
    last = std::max(last, time.end);
  for (const LaunchTime &time : *times)
    sink.event(sink.user,
               {TraceEvent::Kind::Region, program,
                names.insert(time.label).first->c_str(), row, time.groups,
                now - last + time.begin, now - last + time.end});
  return {};
}

} // namespace modc
