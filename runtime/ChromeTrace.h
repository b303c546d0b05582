//===- ChromeTrace.h - Events as a file for trace viewers -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keeps the events of a session and writes them in the JSON form of Chrome's
// trace viewer, which Perfetto reads too. Memory is bounded: what comes after
// the last event that is kept is counted only.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_CHROMETRACE_H
#define MODC_RUNTIME_CHROMETRACE_H

#include "runtime/Trace.h"
#include "runtime/formats/Result.h"

#include <atomic>
#include <map>
#include <string>
#include <vector>

namespace modc {

class ChromeTrace {
public:
  /// Keeps the first `limit` events of at most `workers` workers.
  ChromeTrace(int64_t workers, int64_t limit);

  /// What a session reports to; valid as long as this object.
  TraceSink sink();

  /// Titles a row that is no worker's: a device's.
  void nameRow(int64_t worker, std::string name) {
    names[size_t(worker)] = std::move(name);
  }

  /// Events that came after the limit. Valid between calls of the session, as
  /// are the functions below.
  int64_t dropped() const { return count > limit ? count - limit : 0; }
  int64_t kept() const { return count - dropped(); }

  /// Writes a trace under a temporary name and renames it; the model must still
  /// be there. Times start at the first event, each worker has a row of its
  /// own.
  Status write(const std::string &path, const std::string &title) const;

private:
  void add(const TraceEvent &event);

  // By worker, so that no two threads write to one.
  std::vector<std::vector<TraceEvent>> events;
  std::map<size_t, std::string> names;
  std::atomic<int64_t> count{0};
  int64_t limit;
};

} // namespace modc

#endif // MODC_RUNTIME_CHROMETRACE_H
