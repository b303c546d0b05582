//===- Metrics.cpp - What modules have specialised in ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas are those of Kirsch et al. 2018 for H_a and H_b, and of Mittal
// et al. 2022 for collapse. Sums are taken in f64 in the order of the rows.
//
//===----------------------------------------------------------------------===//

#include "runtime/Metrics.h"

#include <algorithm>
#include <cmath>

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
  double moduleSum = 0, batchSum = 0, picks = 0;
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
      // Each pick of each layer weighs alike in both, whatever its rows: their
      // difference is a mutual information, which is never negative.
      batchSum += batch;
      moduleSum += layer.entropySum / rows;
      picks += double(spec.choose);
    }
    result.dead += metrics.dead;
    result.layers.push_back(std::move(metrics));
  }
  result.moduleEntropy = picks > 0 ? moduleSum / picks : 0;
  result.batchEntropy = picks > 0 ? batchSum / picks : 0;
  return result;
}

} // namespace modc
