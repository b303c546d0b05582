//===- FloatMode.cpp - How a thread computes with real numbers ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Wraps the tasks of a parallel loop, whichever thread runs them.
//
//===----------------------------------------------------------------------===//

#include "runtime/FloatMode.h"

namespace modc {

void FloatModeHost::parallelFor(int64_t tasks, modc_task body, void *context,
                                const char *name) const {
  struct Loop {
    modc_task body;
    void *context;
  } loop{body, context};
  inner.parallel_for(
      inner.user, tasks,
      [](void *user, int64_t task, int64_t worker) {
        auto &loop = *static_cast<Loop *>(user);
        // The calling thread is, and takes most tasks of short loops.
        if (FloatMode::isSet())
          return loop.body(loop.context, task, worker);
        FloatMode mode;
        loop.body(loop.context, task, worker);
      },
      &loop, name);
}

modc_host FloatModeHost::host() {
  return {this, inner.workers,
          [](void *user, int64_t tasks, modc_task body, void *context,
             const char *name) {
            static_cast<FloatModeHost *>(user)->parallelFor(tasks, body,
                                                            context, name);
          },
          inner.every_region};
}

} // namespace modc
