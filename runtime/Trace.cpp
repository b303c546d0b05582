//===- Trace.cpp - What ran, where and for how long -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Puts a task of its own around each task of the model.
//
//===----------------------------------------------------------------------===//

#include "runtime/Trace.h"

#include <chrono>

namespace modc {

int64_t TracedHost::now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void TracedHost::report(TraceEvent::Kind kind, const char *name, int64_t worker,
                        int64_t number, int64_t begin) const {
  sink.event(sink.user, {kind, program, name, worker, number, begin, now()});
}

void TracedHost::parallelFor(int64_t tasks, modc_task body, void *context,
                             const char *name) const {
  struct Region {
    const TracedHost &self;
    modc_task body;
    void *context;
    const char *name;
  } region{*this, body, context, name};
  int64_t begin = now();
  inner.parallel_for(
      inner.user, tasks,
      [](void *user, int64_t task, int64_t worker) {
        auto &region = *static_cast<Region *>(user);
        int64_t begin = now();
        region.body(region.context, task, worker);
        region.self.report(TraceEvent::Kind::Task, region.name, worker, task,
                           begin);
      },
      &region, name);
  report(TraceEvent::Kind::Region, name, 0, tasks, begin);
}

modc_host TracedHost::host() {
  return {this, inner.workers,
          [](void *user, int64_t tasks, modc_task body, void *context,
             const char *name) {
            static_cast<TracedHost *>(user)->parallelFor(tasks, body, context,
                                                         name);
          },
          /*every_region=*/1};
}

} // namespace modc
