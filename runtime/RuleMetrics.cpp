//===- RuleMetrics.cpp - Do modules follow known rules? -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All of them work on one small table of rules by modules; only adaptation
// draws random numbers, always the same.
//
//===----------------------------------------------------------------------===//

#include "runtime/RuleMetrics.h"

#include "runtime/Metrics.h"
#include "runtime/Philox.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace modc {
namespace {

/// Largest sum of one-to-one picks from a square matrix: the Hungarian method
/// with potentials (Kuhn 1955, Munkres 1957), rows added one by one.
double bestAssignment(const std::vector<std::vector<double>> &value) {
  size_t n = value.size();
  std::vector<double> u(n + 1), v(n + 1);
  std::vector<size_t> rowOf(n + 1), way(n + 1);
  for (size_t row = 1; row <= n; ++row) {
    rowOf[0] = row;
    size_t column = 0;
    std::vector<double> least(n + 1, std::numeric_limits<double>::infinity());
    std::vector<bool> used(n + 1);
    do {
      used[column] = true;
      double delta = std::numeric_limits<double>::infinity();
      size_t next = 0;
      for (size_t j = 1; j <= n; ++j) {
        if (used[j])
          continue;
        double slack =
            -value[rowOf[column] - 1][j - 1] - u[rowOf[column]] - v[j];
        if (slack < least[j]) {
          least[j] = slack;
          way[j] = column;
        }
        if (least[j] < delta) {
          delta = least[j];
          next = j;
        }
      }
      for (size_t j = 0; j <= n; ++j) {
        if (used[j]) {
          u[rowOf[j]] += delta;
          v[j] -= delta;
        } else {
          least[j] -= delta;
        }
      }
      column = next;
    } while (rowOf[column] != 0);
    for (; column != 0; column = way[column])
      rowOf[column] = rowOf[way[column]];
  }
  double sum = 0;
  for (size_t j = 1; j <= n; ++j)
    sum += value[rowOf[j] - 1][j - 1];
  return sum;
}

} // namespace

double alignment(const RuleTable &table) {
  size_t rules = table.mean.size();
  if (rules == 0)
    return 0;
  size_t side = std::max(rules, table.mean[0].size());
  std::vector<std::vector<double>> square(side, std::vector<double>(side));
  for (size_t r = 0; r < rules; ++r)
    std::copy(table.mean[r].begin(), table.mean[r].end(), square[r].begin());
  return 1 - bestAssignment(square) / double(rules);
}

double inverseMutualInformation(const RuleTable &table) {
  size_t rules = table.mean.size();
  if (rules < 2)
    return 0;
  int64_t total = 0;
  for (int64_t rows : table.rows)
    total += rows;
  if (total == 0)
    return 0;
  size_t members = table.mean[0].size();
  std::vector<double> marginal(members);
  double conditional = 0;
  for (size_t r = 0; r < rules; ++r) {
    double weight = double(table.rows[r]) / double(total);
    conditional += weight * entropy(table.mean[r].data(), int64_t(members));
    for (size_t m = 0; m < members; ++m)
      marginal[m] += weight * table.mean[r][m];
  }
  double information = entropy(marginal.data(), int64_t(members)) - conditional;
  return 1 - information / std::log(double(rules));
}

double adaptation(const RuleTable &table) {
  size_t rules = table.mean.size();
  if (rules < 2)
    return 0;
  constexpr uint32_t draws = 1 << 14;
  size_t members = table.mean[0].size(), length = std::max(rules, members);
  std::vector<double> prior(length), usage(length);
  double sum = 0;
  for (uint32_t draw = 0; draw < draws; ++draw) {
    // Exponential numbers divided by their sum have Dirichlet(1).
    std::fill(prior.begin(), prior.end(), 0);
    std::fill(usage.begin(), usage.end(), 0);
    double total = 0;
    for (size_t r = 0; r < rules; ++r) {
      PhiloxBlock words =
          philox(RandomPurpose::RulePriors, /*seed=*/0, draw, uint32_t(r), 0);
      prior[r] = -std::log1p(-uniform53(words[0], words[1]));
      total += prior[r];
    }
    for (size_t r = 0; r < rules; ++r) {
      prior[r] /= total;
      for (size_t m = 0; m < members; ++m)
        usage[m] += prior[r] * table.mean[r][m];
    }
    std::sort(prior.begin(), prior.end());
    std::sort(usage.begin(), usage.end());
    for (size_t i = 0; i < length; ++i)
      sum += std::fabs(prior[i] - usage[i]) / 2;
  }
  return sum / draws;
}

RuleAccumulator::RuleAccumulator(int64_t rules, int64_t members)
    : sums(size_t(rules), std::vector<double>(size_t(members))),
      rows(size_t(rules)) {}

void RuleAccumulator::add(int64_t rule, const double *probabilities) {
  ++rows[size_t(rule)];
  for (double &sum : sums[size_t(rule)])
    sum += *probabilities++;
}

RuleTable RuleAccumulator::table() const {
  RuleTable table{sums, rows};
  for (size_t r = 0; r < rows.size(); ++r)
    for (double &p : table.mean[r])
      p = rows[r] > 0 ? p / double(rows[r]) : 0;
  return table;
}

} // namespace modc
