//===- SideBySideTest.cpp - Sessions on several threads at once -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two sessions load, train, predict, evaluate and save at the same time, through
// libmodc.so, and each ends with the bytes that it ends with alone. The tests are
// for ThreadSanitizer (tools/test.sh --thread-sanitizer), which sees the races
// that the bytes do not show. MODC_SIDE_BY_SIDE_MODEL names a compiled toy network
// to take in place of the model written by hand.
//
//===----------------------------------------------------------------------===//

#include "runtime/Executor.h"
#include "runtime/modc.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <unistd.h>

using namespace modc;

namespace {

constexpr int64_t kPoints = 200;

std::string modelPath() {
  const char *path = std::getenv("MODC_SIDE_BY_SIDE_MODEL");
  return path ? path : MODC_TOY_LIBRARY;
}

/// What a session leaves behind: everything that may depend on another one.
struct Outcome {
  std::string weights, evaluation;
  std::vector<float> y = std::vector<float>(2 * kPoints);
  std::vector<int32_t> choices = std::vector<int32_t>(kPoints);
  int lines = 0;

  bool operator==(const Outcome &other) const {
    return weights == other.weights && evaluation == other.evaluation &&
           y == other.y && choices == other.choices && lines == other.lines;
  }
};

modc_session_options withWorkers(int64_t workers) {
  modc_session_options options = api::sessionOptions();
  options.workers = workers;
  return options;
}

/// The life of a session, from opening to closing.
Outcome live(const api::Model &model, uint64_t seed,
             modc_session_options options) {
  Outcome outcome;
  std::vector<float> x(2 * kPoints), t(2 * kPoints);
  modc_toy_data(seed, kPoints, 0, x.data(), t.data(), nullptr);
  options.log_user = &outcome.lines;
  options.log = [](void *user, modc_log_level, const char *) {
    ++*static_cast<int *>(user);
  };
  api::Session session(model, options);
  session.init(seed);
  modc_train_options train = api::trainOptions();
  train.steps = 20;
  train.batch = 64;
  train.seed = seed;
  train.report_every = 5;
  session.train(train, kPoints, {x.data()}, {t.data()}, outcome.choices.data());
  session.infer(kPoints, {x.data()}, {outcome.y.data()});
  outcome.evaluation = session.evaluate(kPoints, {x.data()}, {t.data()}, 3);
  std::string path = testing::TempDir() + "modc-side-" +
                     std::to_string(getpid()) + "-" + std::to_string(seed);
  session.saveWeights(path);
  std::ifstream file(path, std::ios::binary);
  outcome.weights.assign(std::istreambuf_iterator<char>(file), {});
  std::remove(path.c_str());
  return outcome;
}

/// Runs body(0) and body(1) on two threads that start together.
template <typename Body>
void atOnce(Body body) {
  std::atomic<int> ready{0};
  auto run = [&](int i) {
    ready.fetch_add(1);
    while (ready.load() < 2)
      std::this_thread::yield();
    body(i);
  };
  std::thread other(run, 1);
  run(0);
  other.join();
}

std::array<Outcome, 2> alone() {
  api::Model model(modelPath());
  return {live(model, 1, withWorkers(1)), live(model, 2, withWorkers(1))};
}

TEST(SideBySide, SessionsOfOneModel) {
  std::array<Outcome, 2> expected = alone(), outcomes;
  EXPECT_FALSE(expected[0] == expected[1]);
  EXPECT_FALSE(expected[0].weights.empty());
  EXPECT_EQ(expected[0].lines, 4);
  for (int64_t workers : {1, 2, 3}) {
    api::Model model(modelPath());
    atOnce([&](int i) {
      outcomes[size_t(i)] =
          live(model, uint64_t(i) + 1, withWorkers(workers));
    });
    EXPECT_TRUE(outcomes == expected) << workers << " workers";
  }
}

TEST(SideBySide, ModelsOpenedAtOnce) {
  std::array<Outcome, 2> expected = alone(), outcomes;
  atOnce([&](int i) {
    outcomes[size_t(i)] =
        live(api::Model(modelPath()), uint64_t(i) + 1, withWorkers(2));
  });
  EXPECT_TRUE(outcomes == expected);
}

TEST(SideBySide, SessionsOnOneExecutor) {
  std::array<Outcome, 2> expected = alone(), outcomes;
  api::Model model(modelPath());
  Executor executor(3);
  modc_session_options options = api::sessionOptions();
  options.executor = executor.host();
  atOnce([&](int i) {
    outcomes[size_t(i)] = live(model, uint64_t(i) + 1, options);
  });
  EXPECT_TRUE(outcomes == expected);
}

TEST(SideBySide, FailuresStayWithTheirSession) {
  api::Model model(modelPath());
  atOnce([&](int i) {
    for (int round = 0; round < 50; ++round) {
      api::Session session(model);
      std::vector<float> x(2), y(2);
      if (i == 0)
        session.init(1);
      try {
        session.infer(1, {x.data()}, {y.data()});
        EXPECT_EQ(i, 0);
      } catch (const api::Failure &failure) {
        EXPECT_EQ(i, 1);
        EXPECT_NE(std::string(failure.what()).find("no parameters"),
                  std::string::npos);
      }
    }
  });
}

} // namespace
