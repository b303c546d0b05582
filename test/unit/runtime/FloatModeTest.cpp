//===- FloatModeTest.cpp - Subnormal numbers in models --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Subnormals are zeros in programs and in their tasks, on whichever thread
// these run, and nowhere else.
//
//===----------------------------------------------------------------------===//

#include "runtime/FloatMode.h"
#include "ToyModel.h"
#include "runtime/Executor.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cfenv>
#include <limits>
#include <thread>

using namespace modc;

namespace {

constexpr float kTiny = std::numeric_limits<float>::min();

/// The smallest normal number halved, by the processor.
float halve() {
  volatile float tiny = kTiny;
  return tiny / 2;
}

/// More than 1 only where sums are rounded up.
float addLittle() {
  volatile float one = 1, little = 0x1p-30f;
  return one + little;
}

TEST(FloatMode, LeavesTheCallersAsItWas) {
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  ASSERT_GT(halve(), 0);
  {
    FloatMode mode;
    EXPECT_EQ(halve(), 0);
    EXPECT_EQ(addLittle(), 1);
  }
  EXPECT_GT(addLittle(), 1);
  EXPECT_GT(halve(), 0);
  std::fesetround(FE_TONEAREST);
}

TEST(FloatMode, IsThatOfWorkers) {
  Executor executor(2);
  struct Seen {
    std::atomic<int> tasks{0};
    std::array<std::atomic<float>, 2> half{};
    static void body(void *raw, int64_t, int64_t worker) {
      auto *seen = static_cast<Seen *>(raw);
      seen->half[size_t(worker)] = halve();
      // Both take part: the first waits for the second.
      for (++seen->tasks; seen->tasks < 2;)
        std::this_thread::yield();
    }
  } seen;
  seen.half[1] = 1;
  executor.parallelFor(2, Seen::body, &seen);
  EXPECT_EQ(seen.half[1], 0);
  EXPECT_GT(seen.half[0], 0) << "the caller's thread has its own mode";
}

TEST(FloatMode, IsThatOfTasksOnForeignThreads) {
  modc_host plain = {
      nullptr, 1,
      [](void *, int64_t tasks, modc_task body, void *context, const char *) {
        std::thread([=] {
          for (int64_t t = 0; t < tasks; ++t)
            body(context, t, 0);
          EXPECT_GT(halve(), 0);
        }).join();
      },
      1};
  FloatModeHost wrapped(plain);
  modc_host host = wrapped.host();
  EXPECT_EQ(host.workers, 1);
  EXPECT_EQ(host.every_region, 1);
  std::array<float, 3> halves = {1, 1, 1};
  host.parallel_for(
      host.user, 3,
      [](void *raw, int64_t task, int64_t) {
        static_cast<float *>(raw)[task] = halve();
      },
      halves.data(), "test");
  EXPECT_EQ(halves, (std::array<float, 3>{0, 0, 0}));
}

TEST(FloatMode, IsKnownWhateverWasRaised) {
  EXPECT_FALSE(FloatMode::isSet());
  {
    FloatMode mode;
    EXPECT_TRUE(FloatMode::isSet());
    EXPECT_EQ(halve(), 0); // raises underflow
    EXPECT_TRUE(FloatMode::isSet());
  }
  EXPECT_FALSE(FloatMode::isSet());
}

TEST(FloatMode, IsThatOfPrograms) {
  auto session = toySession();
  auto *p = static_cast<float *>(session->parameters());
  p[toy::kWeight] = p[toy::kWeight + 3] = 0.5;
  float x[] = {kTiny, 2}, y[] = {1, 1};
  int32_t selection[] = {0};
  Buffer buffers[] = {{x, 8}, {y, 8}, {selection, 4}};
  ASSERT_TRUE(session->call(session->signature().findProgram("infer"), buffers,
                            3, 1, 1, nullptr, 0, nullptr, 0));
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 1);
  EXPECT_GT(halve(), 0);
}

} // namespace
