//===- Trace.h - What ran, where and for how long ---------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A session that traces tells a sink of each call of a program, of each
// parallel loop in it and of each task. It does so around the host's executor,
// so that it sees the same with any; a session that does not trace has none of
// this.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_TRACE_H
#define MODC_RUNTIME_TRACE_H

#include "runtime/ModelAbi.h"

#include <cstdint>

namespace modc {

struct TraceEvent {
  enum class Kind { Call, Region, Task };
  Kind kind = Kind::Call;
  /// Both live as long as the model. The name of a call is its program's.
  const char *program = nullptr;
  const char *name = nullptr;
  /// Who ran it; 0 is the thread that calls the session.
  int64_t worker = 0;
  /// Points of a call, tasks of a region, the number of a task.
  int64_t number = 0;
  /// Nanoseconds of the system's steady clock.
  int64_t begin = 0, end = 0;
};

/// Where events go. Tasks are reported on the threads that ran them, several at
/// once but never two of one worker; the rest on the caller's thread.
struct TraceSink {
  void *user = nullptr;
  void (*event)(void *user, const TraceEvent &event) = nullptr;

  explicit operator bool() const { return event; }
};

/// A host that reports the parallel loops and tasks that another one runs.
class TracedHost {
public:
  TracedHost(modc_host inner, TraceSink sink) : inner(inner), sink(sink) {}
  TracedHost(const TracedHost &) = delete;
  TracedHost &operator=(const TracedHost &) = delete;

  /// A table that calls this object, valid as long as it is.
  modc_host host();
  /// Calls `run` and reports it, with what it does, as a call of `program`.
  template <typename Run>
  void call(const char *program, int64_t points, Run run) {
    this->program = program;
    int64_t begin = now();
    run();
    report(TraceEvent::Kind::Call, program, 0, points, begin);
  }

private:
  static int64_t now();
  void report(TraceEvent::Kind kind, const char *name, int64_t worker,
              int64_t number, int64_t begin) const;
  void parallelFor(int64_t tasks, modc_task body, void *context,
                   const char *name) const;

  modc_host inner;
  TraceSink sink;
  const char *program = "";
};

} // namespace modc

#endif // MODC_RUNTIME_TRACE_H
