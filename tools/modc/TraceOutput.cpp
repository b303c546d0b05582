//===- TraceOutput.cpp - The flag --trace ---------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A trace that became too long is written as far as it goes, with a warning
// that says how much is missing.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/TraceOutput.h"

namespace modc::driver {

void TraceOutput::addFlags(Flags &flags) {
  flags.section("tracing");
  flags.text("--trace", "FILE", path,
             "write what ran on which thread and for how long, as JSON for "
             "ui.perfetto.dev or chrome://tracing");
  flags.integer("--trace-events", "N", limit, 1, int64_t(1) << 28,
                "keep the first N calls, regions and tasks");
}

Status TraceOutput::check() const {
  return path.empty() ? Status() : checkWritable(path);
}

TraceSink TraceOutput::sink(int64_t workers, const Device *device) {
  if (path.empty())
    return {};
  trace.emplace(device ? workers + 1 : workers, limit);
  if (device) {
    trace->nameRow(workers, device->info().label());
    if (!device->info().timestamps)
      warn(device->info().label() +
           " does not time launches: the trace has calls only");
  }
  return trace->sink();
}

int TraceOutput::finish(int code, const std::string &title) {
  if (!trace)
    return code;
  if (trace->dropped() > 0)
    warn(fmt::format("the trace is full: it has the first {} events, {} later "
                     "ones are left out (--trace-events)",
                     trace->kept(), trace->dropped()));
  if (Status status = trace->write(path, title); !status)
    return fail(status.error());
  return code;
}

} // namespace modc::driver
