//===- TrainOptionsTest.cpp - What a training is asked to do --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Options come back from their text as they were; text of others is refused.
//
//===----------------------------------------------------------------------===//

#include "runtime/TrainOptions.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace modc;

namespace {

TrainOptions unusual() {
  TrainOptions options;
  options.steps = 1234;
  options.batch = 7;
  options.samples = 3;
  options.eEvery = 0;
  options.eStep = EStepKind::Enumerated;
  options.eOwnBatch = true;
  options.learningRate = 0.1 + 0.2;
  options.schedule = *Schedule::parse("steps:5:0.1+warmup:2");
  options.weightDecay = 1e-300;
  options.clipNorm = 5;
  options.frozen = {"experts", "router"};
  options.seed = ~uint64_t(0);
  return options;
}

TEST(TrainOptions, TextReadsBack) {
  std::string text = toJson(unusual()).dump();
  TrainOptions read;
  ASSERT_TRUE(readOptions(text, read));
  EXPECT_EQ(toJson(read).dump(), text);
  EXPECT_EQ(read.learningRate, 0.1 + 0.2);
  EXPECT_EQ(read.seed, ~uint64_t(0));
  EXPECT_EQ(read.eStep, EStepKind::Enumerated);
  EXPECT_EQ(read.frozen, (std::vector<std::string>{"experts", "router"}));
}

TEST(TrainOptions, MissingMembersStay) {
  TrainOptions read = unusual();
  ASSERT_TRUE(readOptions(R"({"lr": 1, "unknown": 2})", read));
  EXPECT_EQ(read.learningRate, 1);
  EXPECT_EQ(read.steps, 1234);
  EXPECT_EQ(read.schedule.text(), "steps:5:0.1+warmup:2");
}

TEST(TrainOptions, RefusesOtherTexts) {
  const char *cases[][2] = {
      {"[]", "the options are not a JSON object"},
      {"{", "the options are not a JSON object"},
      {R"({"lr": "fast"})", "option 'lr' is \"fast\""},
      {R"({"seed": -1})", "option 'seed' is -1"},
      {R"({"steps": 1.5})", "option 'steps' is 1.5"},
      {R"({"frozen": ["a", 1]})", "option 'frozen' is [\"a\",1]"},
      {R"({"e_step": "whole"})", "option 'e_step' is 'whole'"},
      {R"({"batch": 0})", "batch is 0, it must be at least 1"},
      {R"({"lr": -1})", "learning rate must be a number that is not negative"},
  };
  for (auto &[text, message] : cases) {
    TrainOptions read = unusual();
    Status status = readOptions(text, read);
    ASSERT_FALSE(status) << text;
    EXPECT_EQ(status.error().message(), message);
    EXPECT_EQ(toJson(read), toJson(unusual())) << text;
  }
}

} // namespace
