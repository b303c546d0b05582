//===- ChromeTrace.cpp - Events as a file for trace viewers ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// "Trace Event Format": an array of complete events ("ph": "X") with times in
// microseconds, and metadata that names the rows.
//
//===----------------------------------------------------------------------===//

#include "runtime/ChromeTrace.h"

#include "runtime/formats/File.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace modc {
namespace {

std::string quoted(const std::string &text) {
  return nlohmann::json(text).dump(-1, ' ', false,
                                   nlohmann::json::error_handler_t::replace);
}

/// Nanoseconds as microseconds, exactly.
std::string microseconds(int64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%03lld",
                (long long)(nanoseconds / 1000),
                (long long)(nanoseconds % 1000));
  return text;
}

std::string rowName(size_t worker, const std::string &name) {
  return R"({"ph": "M", "pid": 1, "tid": )" + std::to_string(worker) +
         R"(, "name": "thread_name", "args": {"name": )" + quoted(name) + "}}";
}

void append(std::string &text, const TraceEvent &event, int64_t start) {
  const char *number = event.kind == TraceEvent::Kind::Call     ? "points"
                       : event.kind == TraceEvent::Kind::Region ? "tasks"
                                                                : "task";
  text += R"({"ph": "X", "pid": 1, "tid": )" + std::to_string(event.worker) +
          R"(, "name": )" + quoted(event.name) + R"(, "cat": )" +
          quoted(event.program) + R"(, "ts": )" +
          microseconds(event.begin - start) + R"(, "dur": )" +
          microseconds(std::max<int64_t>(event.end - event.begin, 0)) +
          R"(, "args": {")" + number + R"(": )" + std::to_string(event.number) +
          "}}";
}

} // namespace

ChromeTrace::ChromeTrace(int64_t workers, int64_t limit)
    : events(size_t(std::max<int64_t>(workers, 1))), limit(limit) {}

TraceSink ChromeTrace::sink() {
  return {this, [](void *user, const TraceEvent &event) {
            static_cast<ChromeTrace *>(user)->add(event);
          }};
}

void ChromeTrace::add(const TraceEvent &event) {
  if (size_t(event.worker) >= events.size() ||
      count.fetch_add(1, std::memory_order_relaxed) >= limit)
    return;
  events[size_t(event.worker)].push_back(event);
}

Status ChromeTrace::write(const std::string &path,
                          const std::string &title) const {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return file.error();
  int64_t start = INT64_MAX;
  for (const std::vector<TraceEvent> &row : events)
    for (const TraceEvent &event : row)
      start = std::min(start, event.begin);
  std::string text =
      "{\"displayTimeUnit\": \"ns\", \"otherData\": {\"model\": " +
      quoted(title) + ", \"dropped\": " + std::to_string(dropped()) +
      "},\n\"traceEvents\": [\n" +
      R"({"ph": "M", "pid": 1, "name": "process_name", "args": {"name": )" +
      quoted("modc " + title) + "}}";
  for (size_t worker = 0; worker < events.size(); ++worker) {
    auto named = names.find(worker);
    text += ",\n" + rowName(worker, named != names.end() ? named->second
                                    : worker == 0
                                        ? "worker 0 (caller)"
                                        : "worker " + std::to_string(worker));
  }
  // In pieces: the text is several times as large as the events.
  constexpr size_t piece = 1 << 20;
  for (const std::vector<TraceEvent> &row : events)
    for (const TraceEvent &event : row) {
      text += ",\n";
      append(text, event, start);
      if (text.size() < piece)
        continue;
      if (Status status = file->write(text.data(), text.size()); !status)
        return status;
      text.clear();
    }
  text += "\n]}\n";
  if (Status status = file->write(text.data(), text.size()); !status)
    return status;
  return file->commit();
}

} // namespace modc
