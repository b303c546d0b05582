//===- RuleMetrics.h - Do modules follow known rules? -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Measures of how the modules of a layer go with the R rules that made the
// data, where those are known (Mittal, Bengio, Lajoie, "Is a Modular
// Architecture Enough?", NeurIPS 2022). All are 0 where each rule has a module
// of its own.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_RULEMETRICS_H
#define MODC_RUNTIME_RULEMETRICS_H

#include <cstdint>
#include <vector>

namespace modc {

/// A[r][m]: for each rule r the mean, over its rows, of the probability of each
/// module m; and its number of rows.
struct RuleTable {
  std::vector<std::vector<double>> mean; // [R][M]
  std::vector<int64_t> rows;             // [R]
};

/// Alignment: 1 − (1/R) · max over one-to-one π of Σ_r A[r][π(r)]; rules beyond
/// the number of modules go without one. In [0, 1): 0 where each rule has a
/// module of its own, 1 − 1/M (for R ≤ M) where all modules are alike.
double alignment(const RuleTable &table);

/// 1 − I(module; rule)/ln R with natural logarithms, rules weighted by their
/// rows. In [0, 1]: 0 where modules tell R equally frequent rules apart, 1
/// where they say nothing of the rule; 0 if R < 2.
double inverseMutualInformation(const RuleTable &table);

/// Adaptation: the mean over rule priors p ~ Dirichlet(1) of
/// ½ Σ_i |p_(i) − q_(i)|, where q[m] = Σ_r p[r] A[r][m] is the usage of modules
/// under that prior, and both are sorted and filled up with zeros to one
/// length. In [0, 1): 0 where usage follows the rules' frequencies. 1 −
/// (Σ_{i≤R} 1/i)/R where one module does all, (1 − 1/R)^R where M = R modules
/// share all alike. The mean is taken over 16,384 priors that are the same on
/// each call; its standard error is below 0.004. 0 if R < 2.
double adaptation(const RuleTable &table);

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

#endif // MODC_RUNTIME_RULEMETRICS_H
