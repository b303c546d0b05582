//===- Evaluate.h - How good a trained network is ---------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluates a session on a data set: accuracy or loss by the controller's mode
// and by samples of it, log p(y|x) in three readings, and what the modules have
// specialised in.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_EVALUATE_H
#define MODC_RUNTIME_EVALUATE_H

#include "runtime/Dataset.h"
#include "runtime/Metrics.h"
#include "runtime/RuleMetrics.h"
#include "runtime/Session.h"

#include <optional>

namespace modc {

struct EvaluateOptions {
  /// Points per call; the results do not depend on it.
  int64_t batch = 500;
  /// Samples S from the controllers; 0 leaves out what needs them.
  int64_t samples = 10;
  uint64_t seed = 0;
};

/// Means per point by one way of choosing the modules.
struct Reading {
  /// −log p(y|x,a) in nats.
  double loss = 0;
  /// Share of the points whose largest output is the label's; classifiers only.
  std::optional<double> accuracy;
};

struct Evaluation {
  int64_t points = 0;
  /// By the mode of the controllers, layer by layer.
  Reading mode;
  /// By the sample with the largest log p(y|x,a), which looks at the target.
  std::optional<Reading> best;
  /// The mean over the samples: what a controller that draws would get.
  std::optional<Reading> mean;

  /// log p(y|x) in nats, the mean over points, read in three ways: log p(y|x,a)
  /// by the mode; the bound J(a*) = log p(y|x,a*) + log p(a*|x) with a* the
  /// best of mode and samples, at most log p(y|x); the marginal log (1/S) Σ_s
  /// p(y|x,a_s), which tends to log p(y|x) with many samples.
  double logLikelihoodMode = 0;
  std::optional<double> logLikelihoodBound;
  std::optional<double> logLikelihoodMarginal;

  /// Mean squared error over all outputs, where outputs and targets are floats
  /// of one shape: by the mode, and by the best assignment of each point, tried
  /// where there are at most 64.
  std::optional<double> squaredError;
  std::optional<double> bestSquaredError;

  SelectionMetrics selection;

  /// Where the data's rules are known, how the first layer that draws goes with
  /// them: three measures of RuleMetrics.h, 0 at best, and the share of points
  /// whose mode is the module that stands for their rule under the best
  /// one-to-one matching, 1 at best.
  std::optional<double> alignment;
  std::optional<double> inverseMutualInformation;
  std::optional<double> adaptation;
  std::optional<double> ruleAccuracy;
};

/// Needs program `evaluate`; `sample` and `forward` where they are used.
Result<Evaluation> evaluate(Session &session, const Dataset &data,
                            const EvaluateOptions &options = {});

} // namespace modc

#endif // MODC_RUNTIME_EVALUATE_H
