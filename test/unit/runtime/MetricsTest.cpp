//===- MetricsTest.cpp - What modules have specialised in -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each formula against values worked out by hand.
//
//===----------------------------------------------------------------------===//

#include "runtime/Metrics.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace modc;

namespace {

const double kLn2 = std::log(2.0);

/// Two layers: K = 1 of 2 members at slot 0; K = 2 of 4 members with 1 row at
/// slots 1 and 2, whose probabilities come first.
Signature twoLayers() {
  Signature signature;
  LayerSpec a, b;
  a.name = "a";
  a.members = {"a.0", "a.1"};
  a.slot = 0;
  a.probability = 8;
  b.name = "b";
  b.members = {"b.0", "b.1", "b.2", "b.3"};
  b.choose = 2;
  b.slot = 1;
  b.probability = 0;
  signature.layers = {a, b};
  signature.slots = 3;
  signature.probabilities = 10;
  signature.slotMembers = {2, 4, 4};
  return signature;
}

TEST(Metrics, Entropy) {
  const double half[] = {0.5, 0.5}, sure[] = {0, 1};
  EXPECT_DOUBLE_EQ(entropy(half, 2), kLn2);
  EXPECT_EQ(entropy(sure, 2), 0);
}

TEST(Metrics, Collapse) {
  EXPECT_DOUBLE_EQ(collapseAverage({0.25, 0.25, 0.25, 0.25}), 0);
  EXPECT_DOUBLE_EQ(collapseAverage({1, 0, 0, 0}), 1);
  // 4/3 · (1/4 + 1/4 + 0 + 0).
  EXPECT_DOUBLE_EQ(collapseAverage({0, 0, 0.5, 0.5}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(collapseWorst({0.25, 0.25, 0.25, 0.25}), 0);
  EXPECT_DOUBLE_EQ(collapseWorst({0.1, 0.2, 0.3, 0.4}), 0.6);
  EXPECT_DOUBLE_EQ(collapseWorst({0, 1}), 1);
  EXPECT_EQ(collapseAverage({1}), 0);
}

TEST(Metrics, EntropiesOfSelections) {
  Signature signature = twoLayers();
  SelectionAccumulator accumulator(signature);
  // Layer b: both picks certain of b.0 in point 0; in point 1 the first pick is
  // certain of b.1 and the second even over all. Layer a: even, then certain.
  const float probabilities[] = {
      1, 0, 0, 0, 1,    0,    0,    0,    0.5, 0.5, // point 0
      0, 1, 0, 0, 0.25, 0.25, 0.25, 0.25, 1,   0};  // point 1
  const int32_t selection[] = {0, 0, 0, 0, 1, 3};
  accumulator.add(2, selection, probabilities, DType::F32);
  SelectionMetrics metrics = accumulator.metrics();
  // H_a: (ln 2 + 0) of layer a and (0 + 0 + 0 + ln 4) of layer b, 6 in all.
  EXPECT_NEAR(metrics.moduleEntropy, (kLn2 + 2 * kLn2) / 6, 1e-12);
  // H_b of layer a: the mean is (3/4, 1/4); of layer b: (1/2, 1/2, 0, 0) and
  // (5/8, 1/8, 1/8, 1/8).
  double a = -(0.75 * std::log(0.75) + 0.25 * std::log(0.25));
  double b1 = -(0.625 * std::log(0.625) + 0.375 * std::log(0.125));
  EXPECT_NEAR(metrics.batchEntropy, (a + kLn2 + b1) / 3, 1e-12);
  EXPECT_NEAR(metrics.mutualInformation(),
              metrics.batchEntropy - metrics.moduleEntropy, 1e-15);
  EXPECT_NEAR(metrics.layers[0].moduleEntropy, kLn2 / 2, 1e-12);
  EXPECT_NEAR(metrics.layers[1].batchEntropy, (kLn2 + b1) / 2, 1e-12);
}

TEST(Metrics, LayersWithManyRowsWeighLikeOthers) {
  // Layer a is certain in its one row; b, in a scan of 3 rows, is even in each,
  // always with itself: nothing is known of a row's module but by layer a.
  Signature signature = twoLayers();
  signature.layers[1].choose = 1;
  signature.layers[1].rows = 3;
  signature.layers[0].probability = 12;
  signature.probabilities = 14;
  signature.slots = 4;
  SelectionAccumulator accumulator(signature);
  std::vector<double> probabilities(2 * 14, 0.25);
  probabilities[12] = probabilities[27] = 1;
  probabilities[13] = probabilities[26] = 0;
  const int32_t selection[2 * 4] = {};
  accumulator.add(2, selection, probabilities.data(), DType::F64);
  SelectionMetrics metrics = accumulator.metrics();
  EXPECT_NEAR(metrics.moduleEntropy, (0 + 2 * kLn2) / 2, 1e-12);
  EXPECT_NEAR(metrics.batchEntropy, (kLn2 + 2 * kLn2) / 2, 1e-12);
  EXPECT_NEAR(metrics.mutualInformation(), kLn2 / 2, 1e-12);
}

TEST(Metrics, UsageCountsRows) {
  Signature signature = twoLayers();
  SelectionAccumulator accumulator(signature, 2);
  const int32_t selection[] = {0, 0, 0, 0, 1, 3};
  const int32_t labels[] = {1, 0};
  accumulator.add(2, selection, nullptr, DType::F32, labels);
  SelectionMetrics metrics = accumulator.metrics();
  const LayerMetrics &b = metrics.layers[1];
  // Point 0 picks b.0 twice and counts once.
  EXPECT_EQ(b.counts, (std::vector<int64_t>{1, 1, 0, 1}));
  EXPECT_EQ(b.usage, (std::vector<double>{0.5, 0.5, 0, 0.5}));
  EXPECT_EQ(b.dead, 1);
  EXPECT_EQ(b.countsByClass[0], (std::vector<int64_t>{0, 1, 0, 1}));
  EXPECT_EQ(b.countsByClass[1], (std::vector<int64_t>{1, 0, 0, 0}));
  // Picks: 2, 1, 0, 1 of 4.
  EXPECT_DOUBLE_EQ(b.collapseWorst, 1);
  EXPECT_DOUBLE_EQ(b.collapseAverage, 4.0 / 3 * 0.25);
  EXPECT_EQ(metrics.dead, 2); // a.1 too
}

TEST(Metrics, DeadIsBelowATenthOfEvenUsage) {
  Signature signature = twoLayers();
  signature.layers.pop_back();
  signature.slots = 1;
  // M = 2: dead below 1/20.
  for (int used : {4, 5}) {
    SelectionAccumulator accumulator(signature);
    std::vector<int32_t> selection(100, 0);
    for (int i = 0; i < used; ++i)
      selection[size_t(i)] = 1;
    accumulator.add(100, selection.data(), nullptr, DType::F32);
    EXPECT_EQ(accumulator.metrics().dead, used < 5 ? 1 : 0);
  }
}

TEST(Metrics, FixedLayersHaveNoEntropy) {
  Signature signature = twoLayers();
  signature.layers[0].fixed = true;
  SelectionAccumulator accumulator(signature);
  const double probabilities[] = {1, 0, 0, 0, 0.25, 0.25, 0.25, 0.25, 9, 9};
  const int32_t selection[] = {0, 0, 0};
  accumulator.add(1, selection, probabilities, DType::F64);
  SelectionMetrics metrics = accumulator.metrics();
  EXPECT_NEAR(metrics.moduleEntropy, kLn2, 1e-12);
  EXPECT_NEAR(metrics.batchEntropy, kLn2, 1e-12);
}

TEST(Metrics, BatchesAddUp) {
  Signature signature = twoLayers();
  SelectionAccumulator whole(signature), parts(signature);
  std::vector<float> probabilities(10 * 8, 0.25f);
  std::vector<int32_t> selection(3 * 8);
  for (size_t i = 0; i < selection.size(); ++i)
    selection[i] = int32_t(i % 2);
  whole.add(8, selection.data(), probabilities.data(), DType::F32);
  parts.add(3, selection.data(), probabilities.data(), DType::F32);
  parts.add(5, selection.data() + 9, probabilities.data() + 30, DType::F32);
  EXPECT_EQ(whole.metrics().moduleEntropy, parts.metrics().moduleEntropy);
  EXPECT_EQ(whole.metrics().layers[1].counts, parts.metrics().layers[1].counts);
}

TEST(Metrics, NoRows) {
  Signature signature = twoLayers();
  SelectionMetrics metrics = SelectionAccumulator(signature).metrics();
  EXPECT_EQ(metrics.moduleEntropy, 0);
  EXPECT_EQ(metrics.layers[0].usage, (std::vector<double>{0, 0}));
}

} // namespace
