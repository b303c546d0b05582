//===- EvaluateTest.cpp - How good a trained network is -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluations of two models whose answers are known: the toy with parameters
// set by hand, and a classifier that recites what it is told.
//
//===----------------------------------------------------------------------===//

#include "runtime/Evaluate.h"

#include "ToyModel.h"
#include "runtime/Log.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

using namespace modc;

namespace {

// The classifier: the mode is member 0 where x > 0. Sample s of every point
// picks member s mod 2; log p(y|x,a) and correctness are tables below.
constexpr float kModeLikelihood[] = {-1, -2, -3, -4};
constexpr int32_t kModeCorrect[] = {1, 0, 1, 1};
constexpr float kSampleLikelihood[] = {-1, -5, -3, -9};
constexpr int32_t kSampleCorrect[] = {1, 0, 0, 0};

void reciteInit(const modc_call *) {}

void reciteEvaluate(const modc_call *call) {
  auto *x = static_cast<const float *>(call->buffers[0]);
  auto *selection = static_cast<int32_t *>(call->buffers[3]);
  auto *likelihood = static_cast<float *>(call->buffers[4]);
  auto *prior = static_cast<float *>(call->buffers[5]);
  auto *correct = static_cast<int32_t *>(call->buffers[6]);
  auto *p = static_cast<float *>(call->buffers[7]);
  for (int64_t n = 0; n < call->sizes[0]; ++n) {
    int64_t which = int64_t(std::fabs(x[n])) - 1;
    selection[n] = x[n] > 0 ? 0 : 1;
    likelihood[n] = kModeLikelihood[which];
    prior[n] = -0.5f;
    correct[n] = kModeCorrect[which];
    p[2 * n] = x[n] > 0 ? 0.75f : 0.25f;
    p[2 * n + 1] = 1 - p[2 * n];
  }
}

void reciteSample(const modc_call *call) {
  int64_t points = call->sizes[0];
  for (int64_t s = 0; s < call->sizes[1]; ++s)
    for (int64_t n = 0; n < points; ++n) {
      int64_t row = s * points + n;
      static_cast<int32_t *>(call->buffers[3])[row] = int32_t(s % 2);
      static_cast<float *>(call->buffers[4])[row] = kSampleLikelihood[s];
      static_cast<float *>(call->buffers[5])[row] = -0.25f;
      static_cast<int32_t *>(call->buffers[6])[row] = kSampleCorrect[s];
    }
}

int64_t noWorkspace(const int64_t *, int64_t) { return 0; }

const modc_program recitals[] = {{"init", reciteInit, noWorkspace},
                                 {"evaluate", reciteEvaluate, noWorkspace},
                                 {"sample", reciteSample, noWorkspace}};
const modc_model reciter = {MODC_ABI_VERSION, "by hand", 3, recitals,
                            nullptr, 0};

const char *const kReciter = R"({
  "abi": 5, "modc": "", "llvm": "", "flags": "", "network": "reciter",
  "hash": "0000000000000000", "element": "f32",
  "targets": [{"name": "x86-64", "features": 0}],
  "inputs": [{"name": "x", "shape": ["N", 1]}],
  "outputs": [{"name": "y", "shape": ["N", 2]}],
  "wanted": [{"name": "label", "type": "i32", "shape": ["N"]}],
  "objective": "categorical", "classes": 2,
  "optimizer": {"name": "sgd", "dense": false},
  "layers": [{"name": "l", "pool": "p", "members": ["p.0", "p.1"],
              "choose": 1, "rows": 1, "slot": 0, "probability": 0,
              "fixed": false}],
  "slots": 1, "probabilities": 2, "groups": [],
  "parameters": [], "parameter_bytes": 0, "state": [], "state_bytes": 0,
  "programs": [
    {"name": "init", "buffers": [], "integers": ["seed"], "reals": []},
    {"name": "evaluate", "integers": [], "reals": [], "buffers": [
      {"name": "x", "shape": ["N", 1], "output": false},
      {"name": "label", "type": "i32", "shape": ["N"], "output": false},
      {"name": "y", "shape": ["N", 2], "output": true},
      {"name": "selection", "type": "i32", "shape": ["N", 1], "output": true},
      {"name": "log_likelihood", "shape": ["N"], "output": true},
      {"name": "log_prior", "shape": ["N"], "output": true},
      {"name": "correct", "type": "i32", "shape": ["N"], "output": true},
      {"name": "probabilities", "shape": ["N", 2], "output": true}]},
    {"name": "sample", "integers": ["seed", "step"], "reals": [], "buffers": [
      {"name": "x", "shape": ["N", 1], "output": false},
      {"name": "label", "type": "i32", "shape": ["N"], "output": false},
      {"name": "points", "type": "i64", "shape": ["N"], "output": false},
      {"name": "selection", "type": "i32", "shape": ["S*N", 1], "output": true},
      {"name": "log_likelihood", "shape": ["S*N"], "output": true},
      {"name": "log_prior", "shape": ["S*N"], "output": true},
      {"name": "correct", "type": "i32", "shape": ["S*N"], "output": true}]}]
})";

const modc_model *reciterEntry(int64_t, uint64_t) { return &reciter; }

TEST(Evaluate, Classifier) {
  auto model = Model::fromEntry(reciterEntry, kReciter);
  ASSERT_TRUE(model) << model.error().message();
  auto session = Session::create(*model);
  ASSERT_TRUE(session);
  ASSERT_TRUE((*session)->init(0));
  auto data =
      Dataset::fromTensors((*model)->signature(), "test",
                           {makeTensor<float>("x", {4, 1}, {1, -2, 3, 4})},
                           {makeTensor<int32_t>("label", {4}, {0, 1, 0, 1})});
  ASSERT_TRUE(data);
  // Batches of 3 and 1 give what one of 4 gives.
  for (int64_t batch : {3, 4}) {
    EvaluateOptions options;
    options.batch = batch;
    options.samples = 4;
    auto result = evaluate(**session, *data, options);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(result->points, 4);
    EXPECT_DOUBLE_EQ(result->mode.loss, 2.5);
    EXPECT_DOUBLE_EQ(*result->mode.accuracy, 0.75);
    // The best sample is the first: log p = −1, correct.
    EXPECT_DOUBLE_EQ(result->best->loss, 1);
    EXPECT_DOUBLE_EQ(*result->best->accuracy, 1);
    EXPECT_DOUBLE_EQ(result->mean->loss, 4.5);
    EXPECT_DOUBLE_EQ(*result->mean->accuracy, 0.25);
    EXPECT_DOUBLE_EQ(result->logLikelihoodMode, -2.5);
    // max(mode − 0.5, −1 − 0.25) is −1.25 for each point.
    EXPECT_DOUBLE_EQ(*result->logLikelihoodBound, -1.25);
    EXPECT_NEAR(*result->logLikelihoodMarginal,
                std::log((std::exp(-1.) + std::exp(-5.) + std::exp(-3.) +
                          std::exp(-9.)) /
                         4),
                1e-12);
    EXPECT_FALSE(result->squaredError);
    EXPECT_FALSE(result->alignment);
    const LayerMetrics &layer = result->selection.layers[0];
    EXPECT_EQ(layer.counts, (std::vector<int64_t>{3, 1}));
    EXPECT_EQ(layer.countsByClass[0], (std::vector<int64_t>{2, 0}));
    EXPECT_EQ(layer.countsByClass[1], (std::vector<int64_t>{1, 1}));
    double quarter = -(0.75 * std::log(0.75) + 0.25 * std::log(0.25));
    EXPECT_NEAR(result->selection.moduleEntropy, quarter, 1e-12);
    double mean = -(0.625 * std::log(0.625) + 0.375 * std::log(0.375));
    EXPECT_NEAR(result->selection.batchEntropy, mean, 1e-12);

    nlohmann::ordered_json json = toJson(*result);
    EXPECT_EQ(json["mode"]["accuracy"], 0.75);
    EXPECT_EQ(json["layers"][0]["counts_by_class"][1][1], 1);
    EXPECT_FALSE(json.contains("squared_error"));
  }
}

TEST(Evaluate, RegressionWithKnownRules) {
  auto session = toySession();
  auto *p = static_cast<float *>(session->parameters());
  // Member 0 is the identity, member 1 adds 10; x[0] > 0 goes to member 0,
  // for sure.
  p[toy::kWeight] = p[toy::kWeight + 3] = 1;
  p[toy::kWeight + 4] = p[toy::kWeight + 7] = 1;
  p[toy::kBias + 2] = p[toy::kBias + 3] = 10;
  p[toy::kRouterWeight] = 100;
  // The first point is off by (1, 2); the second one should have gone to
  // member 0.
  auto data =
      Dataset::fromTensors(session->signature(), "test",
                           {makeTensor<float>("x", {2, 2}, {1, 1, -1, 1})},
                           {makeTensor<float>("y", {2, 2}, {2, 3, -1, 1})});
  ASSERT_TRUE(data);
  auto result = evaluate(*session, *data);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_DOUBLE_EQ(*result->squaredError, (1 + 4 + 100 + 100) / 4.0);
  EXPECT_DOUBLE_EQ(*result->bestSquaredError, (1 + 4) / 4.0);
  EXPECT_DOUBLE_EQ(result->mode.loss, (2.5 + 100) / 2);
  EXPECT_FALSE(result->mode.accuracy);
  EXPECT_NEAR(result->selection.moduleEntropy, 0, 1e-6);
  EXPECT_NEAR(result->selection.batchEntropy, std::log(2.0), 1e-6);
}

TEST(Evaluate, BatchesDoNotChangeTheBestSquares) {
  auto session = toySession();
  auto *p = static_cast<float *>(session->parameters());
  p[toy::kWeight] = p[toy::kWeight + 3] = 1;
  p[toy::kWeight + 4] = p[toy::kWeight + 7] = 1;
  p[toy::kBias + 2] = p[toy::kBias + 3] = 10;
  // In f64, 1e16 + 1 is 1e16, but 1e16 + (1 + 1) is not.
  auto data = Dataset::fromTensors(
      session->signature(), "test",
      {makeTensor<float>("x", {4, 2}, {0, 0, 0, 0, 0, 0, 0, 0})},
      {makeTensor<float>("y", {4, 2}, {-1e8, 0, -1, 0, -1, 0, -1, 0})});
  ASSERT_TRUE(data);
  for (int64_t batch = 1; batch <= 4; ++batch) {
    EvaluateOptions options;
    options.batch = batch;
    auto result = evaluate(*session, *data, options);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(*result->bestSquaredError, 1e16 / 8) << batch;
  }
}

TEST(Evaluate, AgreementWithTheToysRules) {
  auto session = toySession();
  auto *p = static_cast<float *>(session->parameters());
  p[toy::kRouterBias] = 50; // Always member 0.
  auto data = Dataset::open(session->signature(), "toy", Split::Test);
  ASSERT_TRUE(data);
  double first = 0;
  for (int32_t component : data->components())
    first += component == 0;
  auto result = evaluate(*session, *data);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_NEAR(*result->ruleAccuracy, std::max(first, 1000 - first) / 1000,
              1e-12);
  EXPECT_NEAR(*result->alignment, 0.5, 1e-6);
  EXPECT_NEAR(*result->inverseMutualInformation, 1, 1e-6);
  EXPECT_NEAR(*result->adaptation, 0.25, 0.008);
  EXPECT_EQ(result->selection.dead, 1);
}

TEST(Evaluate, ChecksOptions) {
  auto session = toySession();
  ASSERT_TRUE(session->init(0));
  auto data = Dataset::open(session->signature(), "toy", Split::Test);
  EvaluateOptions options;
  options.batch = 0;
  auto result = evaluate(*session, *data, options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(),
            "cannot evaluate with batches of 0 points and 10 samples");
}

} // namespace
