//===- DeviceTraceTest.cpp - Launches of a device as events of a trace ----===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From a recording on lavapipe to the file that trace viewers read.
//
//===----------------------------------------------------------------------===//

#include "LavapipeFixture.h"

#include "runtime/ChromeTrace.h"
#include "runtime/devices/DeviceTrace.h"
#include "runtime/formats/File.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <chrono>

using namespace modc;

namespace {

using DeviceTraceTest = Lavapipe;

int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

TEST_F(DeviceTraceTest, ReportsLaunchesAsRegions) {
  auto kernel = load(scaleSpec());
  auto x = counting(640), y = allocate(2560), z = allocate(2560);
  DeviceRange rx{x, 0, 2560}, ry{y, 0, 2560}, rz{z, 0, 2560};
  CommandList commands{
      LaunchCommand{kernel, {5, 2, 1}, {rx, ry}, {640, bitsOf(2)}, "first"},
      LaunchCommand{kernel, {10, 1, 1}, {ry, rz}, {640, bitsOf(2)}, "second"}};
  auto recording = device->record(commands, /*timed=*/true);
  ASSERT_TRUE(recording) << recording.error().message();

  std::vector<TraceEvent> events;
  DeviceTrace trace({&events,
                     [](void *user, const TraceEvent &event) {
                       static_cast<std::vector<TraceEvent> *>(user)->push_back(
                           event);
                     }},
                    3);
  EXPECT_FALSE(trace.report(*device, **recording, "infer"));
  ASSERT_TRUE(device->submit(**recording));
  Status status = trace.report(*device, **recording, "infer");
  ASSERT_TRUE(status) << status.error().message();
  int64_t after = now();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_STREQ(events[0].name, "first");
  EXPECT_STREQ(events[1].name, "second");
  for (const TraceEvent &event : events) {
    EXPECT_EQ(event.kind, TraceEvent::Kind::Region);
    EXPECT_STREQ(event.program, "infer");
    EXPECT_EQ(event.worker, 3);
    EXPECT_EQ(event.number, 10);
    EXPECT_LT(event.begin, event.end);
    EXPECT_LE(event.end, after);
  }
  EXPECT_LT(events[0].end, events[1].end);
}

TEST_F(DeviceTraceTest, HasARowInTheFile) {
  auto kernel = load(scaleSpec());
  auto x = counting(64), y = allocate(256);
  auto recording = device->record({LaunchCommand{kernel,
                                                 {1, 1, 1},
                                                 {{x, 0, 256}, {y, 0, 256}},
                                                 {64, bitsOf(2)},
                                                 "layer0.grouped"}},
                                  /*timed=*/true);
  ASSERT_TRUE(recording);
  // One worker and the device.
  ChromeTrace chrome(2, 100);
  chrome.nameRow(1, device->info().label());
  DeviceTrace trace(chrome.sink(), 1);
  ASSERT_TRUE(device->submit(**recording));
  ASSERT_TRUE(trace.report(*device, **recording, "infer"));
  std::string path = testing::TempDir() + "modc-device-trace-" +
                     std::to_string(getpid()) + ".json";
  ASSERT_TRUE(chrome.write(path, "model"));
  Result<File> file = File::open(path);
  unlink(path.c_str());
  ASSERT_TRUE(file);
  auto json = nlohmann::json::parse(file->data(), file->data() + file->size());
  const nlohmann::json &events = json["traceEvents"];
  // A process, two rows, one event.
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[1]["args"]["name"], "worker 0 (caller)");
  EXPECT_EQ(events[2]["args"]["name"], device->info().label());
  EXPECT_EQ(events[3]["name"], "layer0.grouped");
  EXPECT_EQ(events[3]["tid"], 1);
  EXPECT_EQ(events[3]["args"]["tasks"], 1);
}

} // namespace
