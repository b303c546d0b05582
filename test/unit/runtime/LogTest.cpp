//===- LogTest.cpp - Records of trainings and evaluations -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Trains a few steps with a log and reads it back as another program would.
//
//===----------------------------------------------------------------------===//

#include "runtime/Log.h"

#include "ToyModel.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <unistd.h>

using namespace modc;

namespace {

TEST(Log, HasALinePerReport) {
  std::string path =
      testing::TempDir() + "modc-" + std::to_string(getpid()) + "-run.jsonl";
  auto session = toySession();
  ASSERT_TRUE(session->init(0));
  auto data = Dataset::open(session->signature(), "toy", Split::Train);
  ASSERT_TRUE(data);
  TrainOptions options;
  options.steps = 25;
  options.batch = 100;
  options.reportEvery = 10;
  auto trainer = Trainer::create(*session, *data, options);
  ASSERT_TRUE(trainer);
  {
    auto log = TrainingLog::open(path, /*append=*/false);
    ASSERT_TRUE(log);
    ASSERT_TRUE(
        log->start(session->signature(), *data, (*trainer)->settings()));
    Trainer::Callbacks callbacks;
    callbacks.report = [&](const TrainReport &report) {
      EXPECT_TRUE(log->step(report));
    };
    ASSERT_TRUE((*trainer)->run(callbacks));
  }
  {
    auto log = TrainingLog::open(path, /*append=*/true);
    ASSERT_TRUE(log);
    auto evaluation = evaluate(*session, *data);
    ASSERT_TRUE(evaluation);
    ASSERT_TRUE(log->evaluation(25, "train", *evaluation));
  }
  std::ifstream file(path);
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);)
    lines.push_back(nlohmann::json::parse(line, nullptr, false));
  ASSERT_EQ(lines.size(), 5u); // start; steps 10, 20 and 25; evaluation
  EXPECT_EQ(lines[0]["event"], "start");
  EXPECT_EQ(lines[0]["network"], "toy");
  EXPECT_EQ(lines[0]["steps"], 25);
  EXPECT_EQ(lines[1]["step"], 10);
  EXPECT_EQ(lines[2]["step"], 20);
  EXPECT_EQ(lines[3]["step"], 25);
  EXPECT_DOUBLE_EQ(lines[3]["e_updates_per_point"], 2.5);
  EXPECT_DOUBLE_EQ(lines[3]["epoch"], 2.5);
  for (const char *name : {"lr", "log_likelihood", "log_prior", "gradient_norm",
                           "e_acceptance", "h_a", "h_b", "usage", "seconds"})
    EXPECT_TRUE(lines[1].contains(name)) << name;
  EXPECT_EQ(lines[1]["usage"]["layer0"].size(), 2u);
  EXPECT_EQ(lines[4]["event"], "evaluation");
  EXPECT_EQ(lines[4]["split"], "train");
  std::remove(path.c_str());
}

} // namespace
