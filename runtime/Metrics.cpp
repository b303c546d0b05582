//===- Metrics.cpp - What modules have specialised in ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas are those of the literature that docs name: Kirsch et al. 2018
// for H_a and H_b, Mittal et al. 2022 for collapse, alignment and inverse
// mutual information.
//
//===----------------------------------------------------------------------===//

#include "runtime/Metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace modc {

double entropy(const double *p, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i)
    if (p[i] > 0)
      sum -= p[i] * std::log(p[i]);
  return sum;
}

double collapseAverage(const std::vector<double> &p) {
  double members = double(p.size()), sum = 0;
  if (p.size() < 2)
    return 0;
  for (double share : p)
    sum += std::max(0.0, 1 / members - share);
  return members / (members - 1) * sum;
}

double collapseWorst(const std::vector<double> &p) {
  if (p.empty())
    return 0;
  return 1 - double(p.size()) * *std::min_element(p.begin(), p.end());
}

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

SelectionAccumulator::SelectionAccumulator(const Signature &signature,
                                           int64_t classes)
    : signature(signature), layers(signature.layers.size()) {
  for (size_t l = 0; l < layers.size(); ++l) {
    const LayerSpec &spec = signature.layers[l];
    size_t members = spec.members.size();
    layers[l].rowCounts.resize(members);
    layers[l].pickCounts.resize(members);
    if (!spec.fixed)
      layers[l].probabilitySums.resize(size_t(spec.choose) * members);
    layers[l].byClass.assign(size_t(classes), std::vector<int64_t>(members));
  }
}

template <typename T>
void SelectionAccumulator::addProbabilities(int64_t points,
                                            const T *probabilities) {
  for (size_t l = 0; l < layers.size(); ++l) {
    const LayerSpec &spec = signature.layers[l];
    if (spec.fixed)
      continue;
    size_t members = spec.members.size();
    for (int64_t n = 0; n < points; ++n) {
      const T *p =
          probabilities + n * signature.probabilities + spec.probability;
      for (int64_t pick = 0; pick < spec.slotCount(); ++pick) {
        double *sums = layers[l].probabilitySums.data() +
                       size_t(pick % spec.choose) * members;
        for (size_t m = 0; m < members; ++m, ++p) {
          sums[m] += double(*p);
          if (*p > 0)
            layers[l].entropySum -= double(*p) * std::log(double(*p));
        }
      }
    }
  }
}

void SelectionAccumulator::add(int64_t points, const int32_t *selection,
                               const void *probabilities, DType type,
                               const int32_t *labels) {
  for (size_t l = 0; l < layers.size(); ++l) {
    const LayerSpec &spec = signature.layers[l];
    Layer &layer = layers[l];
    layer.rows += points * spec.rows;
    for (int64_t n = 0; n < points; ++n) {
      const int32_t *a = selection + n * signature.slots + spec.slot;
      for (int64_t row = 0; row < spec.rows; ++row, a += spec.choose)
        for (int64_t k = 0; k < spec.choose; ++k) {
          size_t member = size_t(a[k]);
          ++layer.pickCounts[member];
          // A row that picks a member twice counts once as a user of it.
          if (std::find(a, a + k, a[k]) != a + k)
            continue;
          ++layer.rowCounts[member];
          if (labels && !layer.byClass.empty())
            ++layer.byClass[size_t(labels[n])][member];
        }
    }
  }
  if (!probabilities)
    return;
  if (type == DType::F64)
    addProbabilities(points, static_cast<const double *>(probabilities));
  else
    addProbabilities(points, static_cast<const float *>(probabilities));
}

SelectionMetrics SelectionAccumulator::metrics() const {
  SelectionMetrics result;
  double moduleSum = 0, batchSum = 0, entropies = 0, picks = 0;
  for (size_t l = 0; l < layers.size(); ++l) {
    const LayerSpec &spec = signature.layers[l];
    const Layer &layer = layers[l];
    double rows = double(layer.rows);
    size_t members = spec.members.size();
    LayerMetrics metrics;
    metrics.name = spec.name;
    metrics.members = spec.members;
    metrics.counts = layer.rowCounts;
    metrics.countsByClass = layer.byClass;
    std::vector<double> shares;
    for (size_t m = 0; m < members; ++m) {
      metrics.usage.push_back(rows > 0 ? double(layer.rowCounts[m]) / rows : 0);
      shares.push_back(rows > 0 ? double(layer.pickCounts[m]) /
                                      (rows * double(spec.choose))
                                : 0);
      metrics.dead += metrics.usage[m] < 1 / (10 * double(members));
    }
    metrics.collapseAverage = collapseAverage(shares);
    metrics.collapseWorst = collapseWorst(shares);
    if (!spec.fixed && rows > 0) {
      double batch = 0;
      for (int64_t k = 0; k < spec.choose; ++k) {
        std::vector<double> mean(
            layer.probabilitySums.begin() + k * int64_t(members),
            layer.probabilitySums.begin() + (k + 1) * int64_t(members));
        for (double &p : mean)
          p /= rows;
        batch += entropy(mean.data(), int64_t(members));
      }
      metrics.batchEntropy = batch / double(spec.choose);
      metrics.moduleEntropy = layer.entropySum / (rows * double(spec.choose));
      batchSum += batch;
      picks += double(spec.choose);
      moduleSum += layer.entropySum;
      entropies += rows * double(spec.choose);
    }
    result.dead += metrics.dead;
    result.layers.push_back(std::move(metrics));
  }
  result.moduleEntropy = entropies > 0 ? moduleSum / entropies : 0;
  result.batchEntropy = picks > 0 ? batchSum / picks : 0;
  return result;
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
