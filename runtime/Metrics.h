//===- Metrics.h - What modules have specialised in -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Measures of how a controller uses its modules: entropies, usage, collapse.
// Logarithms are natural; p_nlk is the controller's output for row n, layer l
// and pick k, a distribution over the layer's M members.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_METRICS_H
#define MODC_RUNTIME_METRICS_H

#include "runtime/Signature.h"

#include <cstdint>
#include <string>
#include <vector>

namespace modc {

/// H[p] = −Σ p ln p, with 0 ln 0 = 0; in [0, ln count].
double entropy(const double *p, int64_t count);

/// Collapse-Avg: M/(M−1) · Σ_m max(0, 1/M − p(m)). In [0, 1]: 0 for even usage,
/// 1 where one module does all; 0 if M = 1.
double collapseAverage(const std::vector<double> &p);
/// Collapse-Worst: 1 − M · min_m p(m). In [0, 1]: 0 for even usage, 1 if any
/// module is unused.
double collapseWorst(const std::vector<double> &p);

/// Of one layer.
struct LayerMetrics {
  std::string name;
  std::vector<std::string> members;
  /// Rows whose mode picks each member, and that as a share of all rows: in
  /// [0, 1], with sum 1 where K = 1 and at most K.
  std::vector<int64_t> counts;
  std::vector<double> usage;
  /// Members with usage below 1/(10·M).
  int64_t dead = 0;
  /// With p(m) the share of the modes' picks that are m.
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
  /// H_a, module selection entropy: mean over n, l, k of H[p_nlk]. In [0, ln
  /// M]; falls to 0 as choices become certain.
  double moduleEntropy = 0;
  /// H_b, batch selection entropy: mean over l, k of H[mean_n p_nlk]. In
  /// [H_a, ln M]; low means collapse. Two rules and five modules: about ln 2.
  double batchEntropy = 0;
  /// H_b − H_a: what a row says about its module. In [0, ln M].
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

} // namespace modc

#endif // MODC_RUNTIME_METRICS_H
