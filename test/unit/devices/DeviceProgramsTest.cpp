//===- DeviceProgramsTest.cpp - Programs of a model on a device -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Programs of a table by hand on lavapipe: results, what is recorded when, and
// each refusal with both of its numbers.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/DevicePrograms.h"

#include "DeviceModel.h"
#include "LavapipeFixture.h"

using namespace modc;

namespace {

using Changes = std::vector<std::pair<std::string, std::string>>;

class DeviceProgramsTest : public Lavapipe {
protected:
  std::unique_ptr<DevicePrograms> open(const Changes &changes = {}) {
    auto model = deviceModel(changes);
    EXPECT_TRUE(model) << model.error().message();
    if (!model)
      return nullptr;
    auto programs = DevicePrograms::create(*model, device);
    EXPECT_TRUE(programs) << programs.error().message();
    return programs ? std::move(*programs) : nullptr;
  }
  /// One input and one output of these types, without arenas.
  template <typename From, typename To>
  Status run(DevicePrograms &programs, const char *name, std::vector<From> in,
             std::vector<To> &out, int64_t points, int64_t seed = 0,
             double a = 0) {
    DeviceCall call;
    call.program = programOf(name);
    void *buffers[] = {in.data(), out.data()};
    int64_t bytes[] = {int64_t(in.size() * sizeof(From)),
                       int64_t(out.size() * sizeof(To))};
    call.buffers = buffers;
    call.bytes = bytes;
    call.points = points;
    call.integers = &seed;
    call.reals = &a;
    return programs.run(call);
  }
  static int programOf(const char *name) {
    return Signature::parse(deviceSignature())->findProgram(name);
  }
  /// The failure of `infer` for 100 points where one thing is different.
  std::string failure(const std::string &from, const std::string &to) {
    auto programs = open({{from, to}});
    std::vector<float> y(100);
    Status status =
        run(*programs, "infer", std::vector<float>(100, 1.f), y, 100);
    return status ? "no failure" : status.error().message();
  }
};

std::vector<float> countingTo(size_t n) {
  std::vector<float> values(n);
  std::iota(values.begin(), values.end(), 1.f);
  return values;
}

TEST_F(DeviceProgramsTest, RunsLaunchesThroughATemporary) {
  auto programs = open();
  // Growing, shrinking, and none at all.
  // Inputs go with the submission, or on their own from 16,385 points.
  for (size_t n : {5, 64, 1000, 65, 0, 1, 16384, 16385, 300000}) {
    std::vector<float> x = countingTo(n), y(n, -1.f);
    Status status = run(*programs, "infer", x, y, int64_t(n));
    ASSERT_TRUE(status) << status.error().message();
    for (size_t i = 0; i < n; ++i)
      EXPECT_EQ(y[i], 3 * x[i]) << n << ", " << i;
  }
}

TEST_F(DeviceProgramsTest, FetchesSeveralOutputs) {
  auto programs = open();
  // Together, or on their own from a MiB.
  for (size_t n : {1, 100, 200000}) {
    std::vector<float> x = countingTo(n), y(n, -1.f), z(n, -1.f);
    void *buffers[] = {y.data(), x.data(), z.data()};
    int64_t bytes = int64_t(n) * 4;
    int64_t sizes[] = {bytes, bytes, bytes};
    DeviceCall call;
    call.program = programOf("pair");
    call.buffers = buffers;
    call.bytes = sizes;
    call.points = int64_t(n);
    Status status = programs->run(call);
    ASSERT_TRUE(status) << status.error().message();
    for (size_t i = 0; i < n; ++i) {
      ASSERT_EQ(y[i], 2 * x[i]) << n << ", " << i;
      ASSERT_EQ(z[i], 3 * x[i]) << n << ", " << i;
    }
  }
}

TEST_F(DeviceProgramsTest, RecordsEachSizeOnce) {
  auto programs = open();
  std::vector<float> y(100);
  auto infer = [&](size_t n) {
    y.resize(n);
    Status status = run(*programs, "infer", countingTo(n), y, int64_t(n));
    EXPECT_TRUE(status) << status.error().message();
  };
  infer(100);
  infer(100);
  EXPECT_EQ(programs->recordingsMade(), 1);
  infer(7);
  infer(100);
  infer(7);
  EXPECT_EQ(programs->recordingsMade(), 2);
  // Memory grows: the old recordings have the old ranges.
  infer(5000);
  infer(7);
  infer(100);
  infer(5000);
  EXPECT_EQ(programs->recordingsMade(), 5);
  // The least recently used is forgotten.
  for (size_t n = 200; n < 229; ++n)
    infer(n);
  EXPECT_EQ(programs->recordingsMade(), 34);
  infer(100);
  EXPECT_EQ(programs->recordingsMade(), 34);
  infer(300);
  infer(7);
  EXPECT_EQ(programs->recordingsMade(), 36);
}

TEST_F(DeviceProgramsTest, WritesScalarsWithEachSubmission) {
  auto programs = open();
  for (float value : {1.5f, -2.f}) {
    std::vector<float> y(3);
    int64_t seed = int64_t(bitsOf(value)) | int64_t(bitsOf(8.f)) << 32;
    Status status = run(*programs, "scalars", std::vector<float>(3), y, 1, seed,
                        double(value) / 4);
    ASSERT_TRUE(status) << status.error().message();
    EXPECT_EQ(y, (std::vector<float>{value, 8, value / 4}));
  }
  EXPECT_EQ(programs->recordingsMade(), 1);
}

TEST_F(DeviceProgramsTest, RefusesMoreScalarsThanGoWithASubmission) {
  std::string names = "\"seed\"";
  for (int i = 1; i < 8192; ++i)
    names += ", \"i" + std::to_string(i) + "\"";
  auto programs = open({{R"("scalars", "integers": ["seed"])",
                         R"("scalars", "integers": [)" + names + "]"}});
  ASSERT_TRUE(programs);
  std::vector<int64_t> integers(8192);
  std::vector<float> z(3), y(3);
  void *buffers[] = {z.data(), y.data()};
  int64_t bytes[] = {12, 12};
  const double real = 0;
  DeviceCall call;
  call.program = programOf("scalars");
  call.buffers = buffers;
  call.bytes = bytes;
  call.points = 1;
  call.integers = integers.data();
  call.reals = &real;
  Status status = programs->run(call);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "its scalars have 65540 bytes, at most 65536 go with a submission");
}

TEST_F(DeviceProgramsTest, RoundsBytesUpToWords) {
  auto programs = open();
  std::vector<float> y(1);
  Status status =
      run(*programs, "bytes", std::vector<uint8_t>{0, 0, 0x80}, y, 1);
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(y[0], 0x1p-126f);
}

TEST_F(DeviceProgramsTest, ReportsLaunchesToATrace) {
  auto programs = open();
  std::vector<TraceEvent> events;
  programs->setTrace({&events,
                      [](void *user, const TraceEvent &event) {
                        static_cast<std::vector<TraceEvent> *>(user)->push_back(
                            event);
                      }},
                     3);
  std::vector<float> y(100), none;
  ASSERT_TRUE(run(*programs, "infer", countingTo(100), y, 100));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_STREQ(events[0].name, "double");
  EXPECT_STREQ(events[1].name, "sum");
  for (const TraceEvent &event : events) {
    EXPECT_STREQ(event.program, "infer");
    EXPECT_EQ(event.worker, 3);
    EXPECT_EQ(event.number, 2);
    EXPECT_LE(event.begin, event.end);
  }
  ASSERT_TRUE(run(*programs, "infer", none, none, 0));
  EXPECT_EQ(events.size(), 2u);
}

TEST_F(DeviceProgramsTest, NamesWhatAModelHolds) {
  auto programs = open();
  std::vector<float> y(1);
  Status status = run(*programs, "guess", y, y, 1);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "the model has no program 'guess' for vulkan, only infer, update, "
            "scalars, bytes, large, weigh, pair");
  auto other = deviceModel({{"\"vulkan\"", "\"cuda:sm_90\""}});
  ASSERT_TRUE(other) << other.error().message();
  auto none = DevicePrograms::create(*other, device);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message(), "the model has no code for " +
                                        device->info().label() +
                                        ", only for x86-64, cuda:sm_90");
}

TEST_F(DeviceProgramsTest, ChecksRanges) {
  const std::string slot = R"(["slot", 1, "0", "N 4 *"])",
                    here = "launch 0 'double': binding 1: ";
  EXPECT_EQ(failure(slot, R"(["slot", 1, "4", "N 4 *"])"),
            here + "400 bytes at byte 4 are not within slot 1 of 400");
  EXPECT_EQ(failure(slot, R"(["slot", 1, "0 4 -", "N 4 *"])"),
            here + "400 bytes at byte -4 are not within slot 1 of 400");
  EXPECT_EQ(failure(slot, R"(["slot", 1, "0", "0 4 -"])"),
            here + "-4 bytes at byte 0 are not within slot 1 of 400");
  EXPECT_EQ(failure(slot, R"(["slot", 0, "0", "N 4 *"])"),
            here + "400 bytes at byte 0 are not within slot 0 of 16");
  EXPECT_EQ(failure(slot, R"(["buffer", 1, "0", "404"])"),
            here + "404 bytes at byte 0 are not within buffer 1 of 400");
  EXPECT_EQ(failure(slot, R"(["slot", 1, "9223372036854775807", "4"])"),
            here + "4 bytes at byte 9223372036854775807 are not within slot 1 "
                   "of 400");
  EXPECT_EQ(failure(slot, R"(["slot", 1, "0", "9223372036854775807"])"),
            here + "9223372036854775807 bytes at byte 0 are not within slot 1 "
                   "of 400");
  EXPECT_EQ(failure(slot, R"(["slot", 1, "9223372036854775807 N *", "4"])"),
            here + "offset '9223372036854775807 N' overflows or divides by "
                   "zero");
  // No arena was given.
  EXPECT_EQ(failure(slot, R"(["gradients", 0, "0", "16"])"),
            here + "16 bytes at byte 0 are not within gradients 0 of 0");
  // Begins where no device of this alignment takes it.
  const int64_t alignment = device->info().limits.bindingAlignment;
  ASSERT_GT(alignment, 4);
  EXPECT_EQ(failure(slot, R"(["slot", 1, "4", "4"])"),
            "launch 0 'double': kernel 'scale': binding 1 starts at byte 260, "
            "the device wants multiples of " +
                std::to_string(alignment));
  // Read and written by one launch.
  EXPECT_EQ(failure(slot, R"(["buffer", 0, "0", "N 4 *"])"),
            "launch 0 'double': kernel 'scale': bindings 0 and 1 "
            "overlap and are written to");
}

TEST_F(DeviceProgramsTest, ChecksSizes) {
  const std::string here = "launch 0 'double': ";
  EXPECT_EQ(failure("\"N\", \"1073741824\"", "\"N\", \"2147483648\""),
            here + "constant '2147483648' is 2147483648, outside 32 bits");
  EXPECT_EQ(failure("\"N\", \"1073741824\"", "\"N\", \"N 100 - N /\""),
            "no failure");
  EXPECT_EQ(failure("\"N\", \"1073741824\"", "\"N\", \"N N 100 - /\""),
            here + "constant 'floor(N / N - 100)' overflows or divides by "
                   "zero");
  EXPECT_EQ(failure("\"N 64 ceil\", \"1\"", "\"N 64 ceil\", \"2 N -\""),
            here + "kernel 'scale': launches -98 groups in y");
  const std::string label = "\"label\": \"double\"";
  EXPECT_EQ(failure(label, label + R"(, "rounds": "7 N -")"),
            here + "kernel 'scale': makes -93 rounds of loops");
  EXPECT_EQ(failure(label, label + R"(, "rounds": "9223372036854775807 N *")"),
            here + "rounds '9223372036854775807 N' overflows or divides by "
                   "zero");
  ASSERT_EQ(device->info().limits.rounds, 65535);
  EXPECT_EQ(failure(label, label + R"(, "rounds": "65436 N +")"),
            here + "kernel 'scale': needs 65536 rounds of loops in an "
                   "invocation, the device has at most 65535");
  EXPECT_EQ(failure(label, label + R"(, "rounds": "65435 N +")"), "no failure");
  std::string limit = std::to_string(device->info().limits.groups[0]);
  EXPECT_EQ(failure("\"N 64 ceil\"", "\"2147483648\""),
            here +
                "kernel 'scale': needs 2147483648 groups in x, the "
                "device has at most " +
                limit);
  EXPECT_EQ(failure("\"16\", \"N 4 *\"", "\"0 16 -\", \"N 4 *\""),
            "slot 0 has -16 bytes");
  EXPECT_EQ(failure("\"16\", \"N 4 *\"", "\"9223372036854775800\", \"N 4 *\""),
            "its memory for 100 points and 1 candidates overflows");
  std::string shared = std::to_string(device->info().limits.sharedBytes);
  EXPECT_EQ(failure("\"shared\": 0", "\"shared\": 1048576"),
            "kernel 'by hand.scale': " + device->info().label() +
                ": kernel 'scale': needs 1048576 bytes of shared memory, the "
                "device has at most " +
                shared);
}

TEST_F(DeviceProgramsTest, SurvivesALackOfMemory) {
  auto programs = open();
  std::vector<float> y(1);
  std::string limit = std::to_string(device->info().limits.bufferBytes);
  int64_t gib = device->info().limits.bufferBytes / (1 << 30) + 1;
  Status status = run(*programs, "infer", y, y, 1);
  ASSERT_TRUE(status) << status.error().message();
  DeviceCall call;
  void *buffers[] = {y.data()};
  int64_t bytes[] = {4};
  call.program = programOf("large");
  call.buffers = buffers;
  call.bytes = bytes;
  call.points = gib;
  status = programs->run(call);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            device->info().label() + ": cannot allocate " +
                std::to_string(gib << 30) +
                " bytes for temporaries: one buffer has at most " + limit);
  std::vector<float> x = countingTo(9);
  y.resize(9);
  status = run(*programs, "infer", x, y, 9);
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(y[8], 27);
}

TEST_F(DeviceProgramsTest, TakesTheNearestChip) {
  std::string text = deviceSignature({{"\"vulkan\"", "\"cuda:sm_80\""}});
  size_t begin = text.find("{\"target\"");
  std::string table = text.substr(begin, text.rfind(']') - begin);
  std::string newer = table, newest = table;
  newer.replace(newer.find("sm_80"), 5, "sm_90");
  newest.replace(newest.find("sm_80"), 5, "sm_120");
  text.insert(begin, newest + "," + newer + ",");
  auto signature = Signature::parse(text);
  ASSERT_TRUE(signature) << signature.error().message();
  DeviceInfo gpu;
  gpu.kind = DeviceKind::Cuda;
  gpu.name = "H100";
  auto nameFor = [&](const char *chip) {
    gpu.architecture = chip;
    auto target = findDeviceTarget(*signature, gpu);
    return target ? signature->devices[size_t(*target)].name
                  : target.error().message();
  };
  EXPECT_EQ(nameFor("sm_80"), "cuda:sm_80");
  EXPECT_EQ(nameFor("sm_89"), "cuda:sm_80");
  EXPECT_EQ(nameFor("sm_100"), "cuda:sm_90");
  EXPECT_EQ(nameFor("sm_120"), "cuda:sm_120");
  EXPECT_EQ(nameFor("sm_75"),
            "the model has no code for cuda:0 (H100) of sm_75, only for "
            "x86-64, cuda:sm_120, cuda:sm_90, cuda:sm_80");
}

} // namespace
