//===- BenchLaunches.cpp - What launches of a device take -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Launches are told apart by their position in a call, as labels need not
// differ.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/BenchLaunches.h"

#include <utility>

namespace modc::driver {

TraceSink LaunchCollector::sink() {
  return {this, [](void *user, const TraceEvent &event) {
            static_cast<LaunchCollector *>(user)->add(event);
          }};
}

void LaunchCollector::add(const TraceEvent &event) {
  // The processor's loops have rows of their own, and may report from them all
  // at once.
  if (event.kind != TraceEvent::Kind::Region || event.worker != row)
    return;
  if (position == launches.size())
    launches.push_back({event.name, event.number, {}});
  launches[position++].seconds.push_back(double(event.end - event.begin) *
                                         1e-9);
}

std::vector<LaunchTimes> LaunchCollector::take() {
  position = 0;
  return std::exchange(launches, {});
}

} // namespace modc::driver
