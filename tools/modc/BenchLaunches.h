//===- BenchLaunches.h - What launches of a device take ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Collects the times of a device's launches from the events of a session.
// Timestamps cost a wait a call, so that a benchmark takes them in calls of
// their own.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_BENCHLAUNCHES_H
#define MODC_TOOLS_MODC_BENCHLAUNCHES_H

#include "runtime/Trace.h"

#include <cstdint>
#include <string>
#include <vector>

namespace modc::driver {

/// Seconds of one launch of a program, call by call.
struct LaunchTimes {
  std::string label;
  int64_t groups = 0;
  std::vector<double> seconds;
};

/// The sink must not outlive it.
class LaunchCollector {
public:
  /// `row` is the worker that a session's launches are events of.
  explicit LaunchCollector(int64_t row) : row(row) {}
  LaunchCollector(const LaunchCollector &) = delete;
  LaunchCollector &operator=(const LaunchCollector &) = delete;

  TraceSink sink();
  /// To be called after each call of one program: its launches are the same
  /// ones in the same order.
  void endCall() { position = 0; }
  /// What was collected, and begins anew.
  std::vector<LaunchTimes> take();

private:
  void add(const TraceEvent &event);

  int64_t row;
  size_t position = 0;
  std::vector<LaunchTimes> launches;
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_BENCHLAUNCHES_H
