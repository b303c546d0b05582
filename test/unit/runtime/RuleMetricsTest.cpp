//===- RuleMetricsTest.cpp - Do modules follow known rules? ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each formula against values worked out by hand; adaptation, a mean over
// random priors, against integrals in closed form.
//
//===----------------------------------------------------------------------===//

#include "runtime/RuleMetrics.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace modc;

namespace {

const double kLn2 = std::log(2.0);
/// Twice the standard error that adaptation() promises.
constexpr double kError = 0.008;

TEST(RuleMetrics, Alignment) {
  // The best matching is 0→1, 1→0: (0.9 + 0.8)/2.
  RuleTable table{{{0.1, 0.9}, {0.8, 0.2}}, {10, 10}};
  EXPECT_NEAR(alignment(table), 1 - 0.85, 1e-12);
  // Greedy would take 0.6 + 0.0 here; the best is 0.5 + 0.5.
  EXPECT_NEAR(alignment({{{0.6, 0.4}, {0.6, 0.4}}, {1, 1}}), 0.5, 1e-12);
  // Three rules, two modules: one rule goes without.
  EXPECT_NEAR(alignment({{{1, 0}, {0, 1}, {0, 1}}, {1, 1, 1}}), 1.0 / 3, 1e-12);
  // Two rules, three modules: 0.7 + 0.6.
  EXPECT_NEAR(alignment({{{0.7, 0.2, 0.1}, {0.4, 0, 0.6}}, {1, 1}}), 0.35,
              1e-12);
}

TEST(RuleMetrics, AlignmentIsTheBestOfAllMatchings) {
  // All six permutations of a 3 × 3 table, tried one by one.
  RuleTable table{{{0.5, 0.3, 0.2}, {0.45, 0.15, 0.4}, {0.4, 0.35, 0.25}},
                  {1, 1, 1}};
  const int permutations[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                 {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  double best = 0;
  for (auto &p : permutations) {
    double sum = 0;
    for (int r = 0; r < 3; ++r)
      sum += table.mean[size_t(r)][size_t(p[r])];
    best = std::max(best, sum);
  }
  EXPECT_NEAR(alignment(table), 1 - best / 3, 1e-12);
}

TEST(RuleMetrics, InverseMutualInformation) {
  EXPECT_NEAR(inverseMutualInformation({{{1, 0}, {0, 1}}, {5, 5}}), 0, 1e-12);
  EXPECT_NEAR(inverseMutualInformation({{{0.5, 0.5}, {0.5, 0.5}}, {5, 5}}), 1,
              1e-12);
  // Rules of weight 3/4 and 1/4, each with a module of its own: I is the
  // entropy of the weights.
  double weights = -(0.75 * std::log(0.75) + 0.25 * std::log(0.25));
  EXPECT_NEAR(inverseMutualInformation({{{1, 0}, {0, 1}}, {15, 5}}),
              1 - weights / kLn2, 1e-12);
}

TEST(RuleMetrics, AdaptationOfKnownTables) {
  // Each rule has a module: usage is the prior, in another order.
  EXPECT_NEAR(adaptation({{{0, 1}, {1, 0}}, {1, 1}}), 0, 1e-12);
  EXPECT_NEAR(adaptation({{{0, 0, 1}, {1, 0, 0}}, {1, 1}}), 0, 1e-12);
  // One module does all: the mean of 1 − max p, and E[max p] = H_R/R. Both
  // tables use one module of R; the modules left out do not matter.
  EXPECT_NEAR(adaptation({{{1, 0}, {1, 0}}, {1, 1}}), 1.0 / 4, kError);
  EXPECT_NEAR(adaptation({{{0, 1, 0}, {0, 1, 0}, {0, 1, 0}}, {1, 1, 1}}),
              1 - (1 + 1.0 / 2 + 1.0 / 3) / 3, kError);
  EXPECT_NEAR(adaptation({{{1}, {1}, {1}}, {1, 1, 1}}),
              1 - (1 + 1.0 / 2 + 1.0 / 3) / 3, kError);
  // M = R modules share all alike: R/2 · E|p − 1/R| with p ~ Beta(1, R − 1),
  // which is (1 − 1/R)^R.
  EXPECT_NEAR(adaptation({{{0.5, 0.5}, {0.5, 0.5}}, {1, 1}}), 1.0 / 4, kError);
  double third = 1.0 / 3;
  std::vector<double> even = {third, third, third};
  EXPECT_NEAR(adaptation({{even, even, even}, {1, 1, 1}}), 8.0 / 27, kError);
}

TEST(RuleMetrics, AdaptationOfLeakyModules) {
  // A = [[1 − e, e], [e, 1 − e]] maps the larger share p to p − e (2 p − 1):
  // half the distance is e (2 p − 1), with p uniform on [1/2, 1] its mean is
  // e/2.
  for (double e : {0.1, 0.3})
    EXPECT_NEAR(adaptation({{{1 - e, e}, {e, 1 - e}}, {1, 1}}), e / 2, kError);
  // Rows do not matter: priors replace the data's frequencies.
  RuleTable table{{{0.9, 0.1}, {0.2, 0.8}}, {10, 10}}, other = table;
  other.rows = {1, 99};
  EXPECT_EQ(adaptation(table), adaptation(other));
  EXPECT_EQ(adaptation({{{0.5, 0.5}}, {1}}), 0);
}

TEST(RuleMetrics, Accumulates) {
  RuleAccumulator accumulator(3, 2);
  const double a[] = {1, 0}, b[] = {0.5, 0.5};
  accumulator.add(0, a);
  accumulator.add(0, b);
  accumulator.add(2, b);
  RuleTable table = accumulator.table();
  EXPECT_EQ(table.rows, (std::vector<int64_t>{2, 0, 1}));
  EXPECT_EQ(table.mean[0], (std::vector<double>{0.75, 0.25}));
  EXPECT_EQ(table.mean[1], (std::vector<double>{0, 0}));
  EXPECT_EQ(table.mean[2], (std::vector<double>{0.5, 0.5}));
}

} // namespace
