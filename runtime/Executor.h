//===- Executor.h - Threads that run a model's tasks ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The thread pool behind `modc_host.parallel_for`. Parallel loops of a model
// are short and frequent, so that workers spin for a moment before they sleep,
// a loop never waits for a worker that has not woken up yet, and one that would
// end before another thread has begun stays on the caller's.
//
// A worker that finds itself on the caller's processor moves to another of
// those that it may use, and sets its own affinity to do so; whatever the
// program sets is kept. A program that wants other threads brings a host of its
// own.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_EXECUTOR_H
#define MODC_RUNTIME_EXECUTOR_H

#include "runtime/ModelAbi.h"

#include <cstdint>
#include <memory>

namespace modc {

/// Runs parallel loops on the calling thread and `workers − 1` threads of its
/// own. Loops from two threads at once are allowed: the second runs serially.
class Executor {
public:
  /// `workers` = 0 takes as many as the process may use processors. Where a
  /// thread cannot be created, fewer are used; results never depend on it.
  explicit Executor(int64_t workers);
  ~Executor();
  Executor(const Executor &) = delete;
  Executor &operator=(const Executor &) = delete;

  int64_t workers() const;
  /// Runs body(context, t, w) once for each t in [0, tasks).
  void parallelFor(int64_t tasks, modc_task body, void *context);
  /// A table that calls this executor, valid as long as it is.
  modc_host host();

private:
  struct Pool;
  std::unique_ptr<Pool> pool;
};

/// Processors that this process may use, at least 1.
int64_t availableProcessors();

} // namespace modc

#endif // MODC_RUNTIME_EXECUTOR_H
