//===- DeviceTrace.h - Launches of a device as events of a trace *- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tells a trace of each launch of a timed recording, as it is told of the
// parallel loops that run on the processor: a launch is a region whose tasks
// are its groups, on a row that is the device's.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_DEVICETRACE_H
#define MODC_RUNTIME_DEVICES_DEVICETRACE_H

#include "runtime/Trace.h"
#include "runtime/devices/Device.h"

#include <set>

namespace modc {

/// Owns the names that its events point to: it outlives whatever keeps them.
class DeviceTrace {
public:
  /// `row` stands for the worker of the events; no thread has it.
  DeviceTrace(TraceSink sink, int64_t row) : sink(sink), row(row) {}

  /// Waits for the last submission of a timed recording and reports its
  /// launches. `program` lives as long as this object. A device has a clock of
  /// its own: the last launch is put where the wait ended, so that all are too
  /// late by what waking up takes.
  Status report(Device &device, Recording &recording, const char *program);

private:
  TraceSink sink;
  int64_t row;
  // Its strings stay where they are.
  std::set<std::string> names;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_DEVICETRACE_H
