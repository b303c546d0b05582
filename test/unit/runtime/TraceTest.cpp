//===- TraceTest.cpp - What ran, where and for how long -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Events around a host's executor and around a session's calls, and the file
// that trace viewers read.
//
//===----------------------------------------------------------------------===//

#include "runtime/ChromeTrace.h"
#include "runtime/Executor.h"
#include "runtime/formats/File.h"

#include "ToyModel.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <atomic>
#include <mutex>

using namespace modc;

namespace {

using Kind = TraceEvent::Kind;

struct Collected {
  std::mutex mutex;
  std::vector<TraceEvent> events;

  TraceSink sink() {
    return {this, [](void *user, const TraceEvent &event) {
              auto *self = static_cast<Collected *>(user);
              std::lock_guard<std::mutex> lock(self->mutex);
              self->events.push_back(event);
            }};
  }
  std::vector<TraceEvent> of(Kind kind) const {
    std::vector<TraceEvent> found;
    for (const TraceEvent &event : events)
      if (event.kind == kind)
        found.push_back(event);
    return found;
  }
};

TEST(TracedHost, ReportsTasksRegionsAndCalls) {
  Executor executor(2);
  Collected seen;
  TracedHost traced(executor.host(), seen.sink());
  modc_host host = traced.host();
  EXPECT_EQ(host.workers, 2);
  EXPECT_EQ(host.every_region, 1);
  std::atomic<int> ran{0};
  traced.call("infer", 7, [&] {
    for (int64_t tasks : {1, 40})
      host.parallel_for(
          host.user, tasks,
          [](void *context, int64_t, int64_t) {
            ++*static_cast<std::atomic<int> *>(context);
          },
          &ran, "layer0.grouped");
  });
  EXPECT_EQ(ran, 41);
  std::vector<TraceEvent> tasks = seen.of(Kind::Task);
  std::vector<TraceEvent> regions = seen.of(Kind::Region);
  std::vector<TraceEvent> calls = seen.of(Kind::Call);
  ASSERT_EQ(tasks.size(), 41u);
  ASSERT_EQ(regions.size(), 2u);
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_STREQ(calls[0].name, "infer");
  EXPECT_EQ(calls[0].number, 7);
  EXPECT_EQ(regions[0].number, 1);
  EXPECT_EQ(regions[1].number, 40);
  std::vector<bool> seenTask(40);
  for (size_t i = 1; i < tasks.size(); ++i) {
    const TraceEvent &task = tasks[i];
    EXPECT_STREQ(task.name, "layer0.grouped");
    EXPECT_STREQ(task.program, "infer");
    EXPECT_TRUE(task.worker == 0 || task.worker == 1) << task.worker;
    seenTask[size_t(task.number)] = true;
    // A task lies in its region, and that in its call.
    EXPECT_LE(regions[1].begin, task.begin);
    EXPECT_LE(task.begin, task.end);
    EXPECT_LE(task.end, regions[1].end);
  }
  EXPECT_EQ(seenTask, std::vector<bool>(40, true));
  EXPECT_LE(calls[0].begin, regions[0].begin);
  EXPECT_LE(regions[1].end, calls[0].end);
}

TEST(TracedHost, ReportsASession) {
  Collected seen;
  SessionOptions options;
  options.trace = seen.sink();
  auto session = Session::create(toyModel(), options);
  ASSERT_TRUE(session);
  ASSERT_TRUE((*session)->init(0));
  std::vector<float> x(6), y(6);
  std::vector<int32_t> selection(3);
  Buffer buffers[] = {{x.data(), 24}, {y.data(), 24}, {selection.data(), 12}};
  ASSERT_TRUE((*session)->call((*session)->signature().findProgram("infer"),
                               buffers, 3, 3, 1, nullptr, 0, nullptr, 0));
  std::vector<TraceEvent> calls = seen.of(Kind::Call);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_STREQ(calls[0].name, "init");
  EXPECT_STREQ(calls[1].name, "infer");
  EXPECT_EQ(calls[1].number, 3);
  EXPECT_EQ(seen.of(Kind::Task).size(), 1u);
}

class ChromeTraceFile : public testing::Test {
protected:
  ~ChromeTraceFile() override { unlink(path.c_str()); }
  nlohmann::json written(const ChromeTrace &trace) {
    EXPECT_TRUE(trace.write(path, "a \"model\""));
    Result<File> file = File::open(path);
    EXPECT_TRUE(file);
    return nlohmann::json::parse(file->data(), file->data() + file->size());
  }
  std::string path = testing::TempDir() + "modc-trace-" +
                     std::to_string(getpid()) + ".json";
};

TEST_F(ChromeTraceFile, HoldsEventsInMicroseconds) {
  ChromeTrace trace(2, 100);
  TraceSink sink = trace.sink();
  sink.event(sink.user,
             {Kind::Task, "infer", "layer0.grouped", 1, 4, 1002005, 1003006});
  sink.event(sink.user, {Kind::Call, "infer", "infer", 0, 64, 1000000, 1004000});
  EXPECT_EQ(trace.kept(), 2);
  nlohmann::json json = written(trace);
  EXPECT_EQ(json["otherData"]["model"], "a \"model\"");
  EXPECT_EQ(json["otherData"]["dropped"], 0);
  const nlohmann::json &events = json["traceEvents"];
  // A process, two rows, two events.
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[1]["args"]["name"], "worker 0 (caller)");
  EXPECT_EQ(events[2]["args"]["name"], "worker 1");
  EXPECT_EQ(events[3], nlohmann::json::parse(
                           R"({"ph": "X", "pid": 1, "tid": 0, "name": "infer",
      "cat": "infer", "ts": 0.000, "dur": 4.000, "args": {"points": 64}})"));
  EXPECT_EQ(events[4],
            nlohmann::json::parse(
                R"({"ph": "X", "pid": 1, "tid": 1, "name": "layer0.grouped",
      "cat": "infer", "ts": 2.005, "dur": 1.001, "args": {"task": 4}})"));
}

TEST_F(ChromeTraceFile, KeepsTheFirstEventsAndCountsTheRest) {
  ChromeTrace trace(1, 3);
  TraceSink sink = trace.sink();
  for (int64_t i = 0; i < 10; ++i)
    sink.event(sink.user, {Kind::Call, "infer", "infer", 0, i, i, i + 1});
  EXPECT_EQ(trace.kept(), 3);
  EXPECT_EQ(trace.dropped(), 7);
  nlohmann::json json = written(trace);
  EXPECT_EQ(json["otherData"]["dropped"], 7);
  EXPECT_EQ(json["traceEvents"].size(), 2u + 3u);
  EXPECT_EQ(json["traceEvents"].back()["args"]["points"], 2);
}

} // namespace
