//===- DeviceSessionTest.cpp - Sessions whose programs a device runs ------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parameters and state move between the processor and lavapipe when somebody
// asks for them, and are the same on both.
//
//===----------------------------------------------------------------------===//

#include "runtime/Session.h"
#include "runtime/Weights.h"
#include "runtime/devices/CpuDevice.h"
#include "runtime/devices/Devices.h"

#include "DeviceModel.h"
#include "LavapipeFixture.h"

#include <cstdlib>
#include <thread>
#include <unistd.h>

using namespace modc;

namespace {

class DeviceSession : public Lavapipe {
protected:
  std::unique_ptr<Session>
  open(std::shared_ptr<Device> on,
       const std::vector<std::pair<std::string, std::string>> &changes = {}) {
    auto model = deviceModel(changes);
    EXPECT_TRUE(model) << model.error().message();
    SessionOptions options;
    options.device = std::move(on);
    auto session = Session::create(*model, options);
    EXPECT_TRUE(session) << session.error().message();
    return session ? std::move(*session) : nullptr;
  }
  static Status update(Session &session, double lr) {
    return session.call(session.signature().findProgram("update"), nullptr, 0,
                        1, 1, nullptr, 0, &lr, 1);
  }
  static Status call(Session &session, const char *name, std::vector<float> x,
                     std::vector<float> &y) {
    y.assign(x.size(), -1.f);
    int64_t bytes = int64_t(x.size() * 4);
    Buffer buffers[] = {{x.data(), bytes}, {y.data(), bytes}};
    return session.call(session.signature().findProgram(name), buffers, 2,
                        int64_t(x.size()), 1, nullptr, 0, nullptr, 0);
  }
  static std::vector<float> parametersOf(const Session &session) {
    auto *p = static_cast<const float *>(session.parameters());
    return {p, p + 4};
  }
};

using Floats = std::vector<float>;

TEST_F(DeviceSession, RunsPrograms) {
  auto session = open(device);
  EXPECT_EQ(session->device(), device.get());
  Floats y;
  Status status = call(*session, "infer", {1, 2}, y);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "program 'infer': the session has no parameters: draw or load "
            "them");
  ASSERT_TRUE(session->init(10));
  ASSERT_TRUE(call(*session, "infer", {1, 2, 3}, y));
  EXPECT_EQ(y, (Floats{3, 6, 9}));
  ASSERT_TRUE(call(*session, "infer", {}, y));
  status = call(*session, "guess", {1}, y);
  ASSERT_FALSE(status);
}

TEST_F(DeviceSession, ParametersFollow) {
  auto session = open(device);
  ASSERT_TRUE(session->init(10));
  Floats y;
  ASSERT_TRUE(update(*session, 0.5));
  ASSERT_TRUE(update(*session, 0.25));
  EXPECT_EQ(parametersOf(*session), (Floats{10.75f, 11.75f, 12.75f, 13.75f}));
  // Once read, they are still the device's.
  ASSERT_TRUE(call(*session, "weigh", {1, 2}, y));
  EXPECT_EQ(y, (Floats{11.75f, 13.75f}));
  // What is written here is added to there.
  static_cast<float *>(session->parameters())[1] = 100;
  ASSERT_TRUE(update(*session, 1));
  ASSERT_TRUE(call(*session, "weigh", {0, 0, 0, 0}, y));
  EXPECT_EQ(y, (Floats{11.75f, 101, 13.75f, 14.75f}));
  EXPECT_EQ(parametersOf(*session), y);
  // `update` keeps a sum in the state, until it is forgotten.
  auto *state = static_cast<float *>(session->state());
  EXPECT_EQ(state[3], 1.75f);
  ASSERT_TRUE(session->resetState());
  ASSERT_TRUE(update(*session, 1));
  EXPECT_EQ(static_cast<float *>(session->state())[3], 1);
  ASSERT_TRUE(session->init(3));
  EXPECT_EQ(parametersOf(*session), (Floats{3, 4, 5, 6}));
  ASSERT_TRUE(update(*session, 2));
  EXPECT_EQ(static_cast<float *>(session->state())[0], 2);
  EXPECT_EQ(parametersOf(*session), (Floats{5, 6, 7, 8}));
}

/// The processor draws parameters in panels, here of a column, and the device
/// has them row by row; nothing else is kept in panels beside it.
TEST_F(DeviceSession, PanelsStayHere) {
  int held = 0;
  SessionOptions options;
  options.device = device;
  options.allocator = {&held,
                       [](void *user, size_t bytes, size_t alignment) {
                         ++*static_cast<int *>(user);
                         return std::aligned_alloc(alignment, bytes);
                       },
                       [](void *user, void *memory, size_t) {
                         --*static_cast<int *>(user);
                         std::free(memory);
                       }};
  const std::string w = R"("name": "w", "shape": )", m = R"("w.m", "shape": )";
  auto model = deviceModel({{w + "[4]", w + R"([2, 2], "panels": 1)"},
                            {m + "[4]", m + R"([2, 2], "panels": 1)"}});
  ASSERT_TRUE(model) << model.error().message();
  auto opened = Session::create(*model, options);
  ASSERT_TRUE(opened) << opened.error().message();
  auto session = std::move(*opened);
  ASSERT_TRUE(session->init(10));
  const int before = held;
  Floats y;
  ASSERT_TRUE(update(*session, 0.5));
  EXPECT_EQ(held, before - 1);
  ASSERT_TRUE(call(*session, "weigh", {0, 0, 0, 0}, y));
  EXPECT_EQ(y, (Floats{10.5f, 12.5f, 11.5f, 13.5f}));
  EXPECT_EQ(parametersOf(*session), y);
  static_cast<float *>(session->parameters())[1] = 100;
  auto *state = static_cast<float *>(session->state());
  EXPECT_EQ(state[1], 0.5f);
  state[1] = 7;
  ASSERT_TRUE(update(*session, 1));
  EXPECT_EQ(parametersOf(*session), (Floats{11.5f, 101, 12.5f, 14.5f}));
  EXPECT_EQ(static_cast<float *>(session->state())[1], 8);
  ASSERT_TRUE(session->init(3));
  EXPECT_EQ(parametersOf(*session), (Floats{3, 5, 4, 6}));
  ASSERT_TRUE(update(*session, 2));
  EXPECT_EQ(parametersOf(*session), (Floats{5, 7, 6, 8}));
  EXPECT_EQ(static_cast<float *>(session->state())[1], 2);
}

/// Ranges that are too close for many a device, small and above what is moved
/// at a time; what no launch is given moves along.
TEST_F(DeviceSession, ArenasAreSpreadAndGathered) {
  for (int64_t second : {20, 64, 4 << 20}) {
    const std::string at = std::to_string(second);
    const std::string range = R"(["parameters", 0, "0", "16"])";
    // The first is that of `update`, the second that of `weigh`.
    auto session =
        open(device, {{R"("parameter_bytes": 16)",
                       R"("parameter_bytes": )" + std::to_string(second + 40)},
                      {range, R"(["parameters", 0,"0", "16"])"},
                      {range, R"(["parameters", 0, ")" + at + R"(", "16"])"}});
    ASSERT_TRUE(session);
    ASSERT_TRUE(session->init(10));
    auto *p = static_cast<float *>(session->parameters());
    const int64_t count = second / 4 + 10;
    for (int64_t i = 4; i < count; ++i)
      p[i] = float(i);
    ASSERT_TRUE(update(*session, 0.5));
    Floats y;
    ASSERT_TRUE(call(*session, "weigh", {1, 2, 3, 4}, y));
    const auto from = float(second / 4);
    EXPECT_EQ(y, (Floats{1 + from, 3 + from, 5 + from, 7 + from}));
    const auto *now = static_cast<const float *>(
        static_cast<const Session &>(*session).parameters());
    for (int64_t i = 0; i < count; ++i)
      ASSERT_EQ(now[i], i < 4 ? 10.5f + float(i) : float(i)) << second;
  }
}

TEST_F(DeviceSession, SharesItsDevice) {
  auto one = open(device), two = open(device);
  ASSERT_TRUE(one->init(0));
  ASSERT_TRUE(two->init(100));
  ASSERT_TRUE(update(*one, 0.5));
  ASSERT_TRUE(update(*two, 0.25));
  ASSERT_TRUE(update(*one, 0.5));
  EXPECT_EQ(parametersOf(*one), (Floats{1, 2, 3, 4}));
  EXPECT_EQ(parametersOf(*two), (Floats{100.25f, 101.25f, 102.25f, 103.25f}));
  one.reset();
  Floats y;
  ASSERT_TRUE(call(*two, "weigh", {1}, y));
  EXPECT_EQ(y, Floats{101.25f});
}

/// One thread after the other; the device belongs to none of them.
TEST_F(DeviceSession, ThreadsTakeTurns) {
  auto one = open(device), two = open(device);
  ASSERT_TRUE(one->init(0));
  ASSERT_TRUE(two->init(100));
  for (int turn = 0; turn < 4; ++turn)
    for (Session *session : {one.get(), two.get()})
      std::thread([&] { EXPECT_TRUE(update(*session, 0.5)); }).join();
  EXPECT_EQ(parametersOf(*one), (Floats{2, 3, 4, 5}));
  std::thread([&] {
    EXPECT_EQ(parametersOf(*two), (Floats{102, 103, 104, 105}));
    two.reset();
  }).join();
  ASSERT_TRUE(update(*one, 1));
  EXPECT_EQ(parametersOf(*one), (Floats{3, 4, 5, 6}));
}

/// Each with the device opened for itself, as C programs and processes do.
TEST_F(DeviceSession, ThreadsRunAtOnce) {
  std::vector<std::thread> threads;
  std::string name = device->info().id();
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&, i] {
      auto own = openDevice(name, options);
      ASSERT_TRUE(own) << own.error().message();
      auto session = open(*own);
      ASSERT_TRUE(session->init(uint64_t(i) * 100));
      Floats y;
      for (int step = 1; step <= 40; ++step) {
        ASSERT_TRUE(update(*session, 0.5));
        ASSERT_TRUE(call(*session, "weigh", Floats(4, 1.f), y));
        ASSERT_EQ(y[3], float(i * 100) + 4 + 0.5f * float(step));
      }
      for (const std::string &message : (*own)->takeMessages())
        ADD_FAILURE() << message;
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST_F(DeviceSession, WeightsMoveBetweenDevices) {
  std::string path =
      testing::TempDir() + "modc-device-" + std::to_string(getpid());
  auto here = open(makeCpuDevice()), there = open(device);
  EXPECT_EQ(here->device(), nullptr);
  ASSERT_TRUE(there->init(1));
  ASSERT_TRUE(update(*there, 0.5));
  Status status = saveWeights(*there, path);
  ASSERT_TRUE(status) << status.error().message();
  ASSERT_TRUE(loadWeights(*here, path));
  std::remove(path.c_str());
  EXPECT_EQ(parametersOf(*here), parametersOf(*there));
  Floats y, z;
  ASSERT_TRUE(call(*here, "weigh", {1, 2, 3, 4}, y));
  ASSERT_TRUE(call(*there, "weigh", {1, 2, 3, 4}, z));
  EXPECT_EQ(y, z);
  EXPECT_EQ(y, (Floats{2.5f, 4.5f, 6.5f, 8.5f}));
}

TEST_F(DeviceSession, ChecksBuffersFirst) {
  auto session = open(device);
  ASSERT_TRUE(session->init(0));
  float x[4] = {}, y[4] = {};
  int infer = session->signature().findProgram("infer");
  Buffer buffers[] = {{x, 16}, {y, 12}};
  Status status =
      session->call(infer, buffers, 2, 4, 1, nullptr, 0, nullptr, 0);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "program 'infer': buffer 'y' has 12 bytes, [N] f32 needs 16");
  buffers[1] = {x, 16};
  status = session->call(infer, buffers, 2, 4, 1, nullptr, 0, nullptr, 0);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "program 'infer': buffer 'y' overlaps buffer 'x'");
}

} // namespace
