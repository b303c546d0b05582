//===- ScheduleTest.cpp - The learning rate over the steps ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each schedule at its ends and in its middle, and texts that are none.
//
//===----------------------------------------------------------------------===//

#include "runtime/Schedule.h"

#include <gtest/gtest.h>

using namespace modc;

namespace {

double at(const char *text, int64_t step, int64_t total) {
  auto schedule = Schedule::parse(text);
  EXPECT_TRUE(schedule) << text;
  return schedule ? schedule->at(step, total) : -1;
}

TEST(Schedule, Values) {
  EXPECT_EQ(at("constant", 70, 100), 1);
  EXPECT_EQ(at("cosine", 0, 100), 1);
  EXPECT_NEAR(at("cosine", 50, 100), 0.5, 1e-15);
  EXPECT_NEAR(at("cosine", 100, 100), 0, 1e-15);
  EXPECT_EQ(at("linear", 25, 100), 0.75);
  EXPECT_EQ(at("linear", 200, 100), 0);
  EXPECT_EQ(at("steps:10:0.5", 9, 100), 1);
  EXPECT_EQ(at("steps:10:0.5", 10, 100), 0.5);
  EXPECT_EQ(at("steps:10:0.5", 35, 100), 0.125);
}

TEST(Schedule, WarmsUp) {
  EXPECT_EQ(at("constant+warmup:4", 0, 100), 0.25);
  EXPECT_EQ(at("constant+warmup:4", 3, 100), 1);
  EXPECT_EQ(at("linear+warmup:20", 20, 100), 1);
  EXPECT_EQ(at("linear+warmup:20", 60, 100), 0.5);
  EXPECT_EQ(at("cosine+warmup:100", 100, 100), 1);
}

TEST(Schedule, RefusesOtherTexts) {
  for (const char *text :
       {"", "cos", "steps", "steps:", "steps:5", "steps:5:", "steps:0:0.5",
        "steps:5:-1", "steps:5:nan", "steps:x:0.5", "cosine+", "cosine+5",
        "cosine+warmup:-1", "cosine+warmup:1e3"}) {
    auto schedule = Schedule::parse(text);
    EXPECT_FALSE(schedule) << text;
  }
  EXPECT_EQ(Schedule::parse("cos").error().message(),
            "unknown schedule 'cos': write constant, cosine, linear or "
            "steps:EVERY:FACTOR, and +warmup:STEPS after it");
}

TEST(Schedule, TextReadsBack) {
  for (const char *text :
       {"constant", "cosine+warmup:7", "linear", "steps:10:0.1",
        "steps:3:0.30000000000000004+warmup:2"}) {
    auto schedule = Schedule::parse(text);
    ASSERT_TRUE(schedule) << text;
    EXPECT_EQ(schedule->text(), text);
  }
}

} // namespace
