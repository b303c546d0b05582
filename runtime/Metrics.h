//===- Metrics.h - What modules have specialised in -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Measures of how a controller uses its modules: entropies, usage, collapse,
// and agreement with rules that are known. Logarithms are natural.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_METRICS_H
#define MODC_RUNTIME_METRICS_H

#include "runtime/Signature.h"

#include <cstdint>
#include <string>
#include <vector>

namespace modc {

/// −Σ p ln p, with 0 ln 0 = 0.
double entropy(const double *p, int64_t count);

/// M/(M−1) · Σ_m max(0, 1/M − p(m)): 0 for even usage, 1 for one module. 0 if
/// M = 1.
double collapseAverage(const std::vector<double> &p);
/// 1 − M · min_m p(m): 0 for even usage, 1 if any module is unused.
double collapseWorst(const std::vector<double> &p);

/// How a layer's module probabilities go with known rules: for each rule r, the
/// mean over its rows of the probability of each module, and its rows.
struct RuleTable {
  std::vector<std::vector<double>> mean; // [R][M]
  std::vector<int64_t> rows;             // [R]
};
/// 1 − (1/R) · max over one-to-one π of Σ_r mean[r][π(r)]; rules beyond the
/// number of modules go without one.
double alignment(const RuleTable &table);
/// 1 − I(module; rule)/ln R, rules weighted by their rows; 0 if R < 2.
double inverseMutualInformation(const RuleTable &table);

/// Of one layer.
struct LayerMetrics {
  std::string name;
  std::vector<std::string> members;
  /// Rows whose mode picks each member, and that as a share of all rows.
  std::vector<int64_t> counts;
  std::vector<double> usage;
  /// Members with usage below 1/(10·M).
  int64_t dead = 0;
  /// Of the picks as a distribution over members.
  double collapseAverage = 0;
  double collapseWorst = 0;
  /// H_a and H_b of this layer alone; 0 where it is fixed.
  double moduleEntropy = 0;
  double batchEntropy = 0;
  /// By class: rows of the class whose mode picks each member; empty without
  /// labels.
  std::vector<std::vector<int64_t>> countsByClass;
};

/// Of all layers. Fixed layers have no entropies and are left out of the means.
struct SelectionMetrics {
  /// H_a: mean over rows, layers and picks of the entropy of the controller's
  /// output; falls to 0 as choices become certain.
  double moduleEntropy = 0;
  /// H_b: mean over layers and picks of the entropy of the mean output; low
  /// means collapse, at most ln M.
  double batchEntropy = 0;
  /// H_b − H_a.
  double mutualInformation() const { return batchEntropy - moduleEntropy; }
  /// Dead members of all layers.
  int64_t dead = 0;
  std::vector<LayerMetrics> layers;
};

/// Adds up rows of any number of batches, in f64 and in their order.
class SelectionAccumulator {
public:
  /// `classes` > 0 also counts by class.
  SelectionAccumulator(const Signature &signature, int64_t classes = 0);

  /// `points` points: selection [points, slots]; probabilities [points,
  /// probabilities] of f32 or f64; labels [points] or null.
  void add(int64_t points, const int32_t *selection, const void *probabilities,
           DType type, const int32_t *labels = nullptr);

  SelectionMetrics metrics() const;

private:
  struct Layer {
    std::vector<int64_t> rowCounts, pickCounts;
    std::vector<double> probabilitySums; // [choose, M]
    double entropySum = 0;
    int64_t rows = 0;
    std::vector<std::vector<int64_t>> byClass;
  };
  template <typename T>
  void addProbabilities(int64_t points, const T *probabilities);

  const Signature &signature;
  std::vector<Layer> layers;
};

/// Adds up a layer's probabilities by rule; for layers with K = 1, or the first
/// pick of others.
class RuleAccumulator {
public:
  RuleAccumulator(int64_t rules, int64_t members);
  void add(int64_t rule, const double *probabilities);
  RuleTable table() const;

private:
  std::vector<std::vector<double>> sums;
  std::vector<int64_t> rows;
};

} // namespace modc

#endif // MODC_RUNTIME_METRICS_H
