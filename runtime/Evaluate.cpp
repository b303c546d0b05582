//===- Evaluate.cpp - How good a trained network is -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One pass over the data, a batch at a time. Every sum is taken in f64 in the
// order of the points.
//
//===----------------------------------------------------------------------===//

#include "runtime/Evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace modc {
namespace {

constexpr int64_t kMostAssignments = 64;

class Evaluator {
public:
  Evaluator(Session &session, const Dataset &data,
            const EvaluateOptions &options, BatchBuffers buffers,
            bool hasSamples)
      : session(session), signature(session.signature()), data(data),
        options(options), buffers(std::move(buffers)), hasSamples(hasSamples),
        accumulator(signature, signature.classes) {}

  Result<Evaluation> run();

private:
  Status addMode(int64_t count);
  Status addSamples(int64_t count);
  Status addAssignments(int64_t count);
  void addRules(int64_t first, int64_t count);
  double squaredError(int64_t point) const;
  void readRules();
  int64_t assignments() const;

  const Session &session;
  const Signature &signature;
  const Dataset &data;
  const EvaluateOptions &options;
  BatchBuffers buffers;
  bool hasSamples;
  SelectionAccumulator accumulator;
  Evaluation result;

  std::vector<int64_t> indices;
  std::vector<int32_t> labels, batchLabels;
  std::vector<double> bestJ;
  bool hasSquares = false;
  double modeSum = 0, bestSum = 0, meanSum = 0, boundSum = 0, marginalSum = 0;
  double modeSquares = 0, bestSquares = 0;
  int64_t modeCorrect = 0, bestCorrect = 0, meanCorrect = 0;

  // Rules against modules of the first layer that draws.
  int layer = -1;
  std::vector<std::vector<double>> ruleModes;
  std::optional<RuleAccumulator> rules;
};

int64_t Evaluator::assignments() const {
  int64_t product = 1;
  for (int32_t members : signature.slotMembers) {
    product *= members;
    if (product > kMostAssignments)
      return 0;
  }
  return product;
}

/// Sum of squared differences between outputs and targets of a point.
double Evaluator::squaredError(int64_t point) const {
  double sum = 0;
  for (size_t i = 0; i < signature.outputs.size(); ++i) {
    int64_t width = signature.outputs[i].width();
    const void *output = buffers.outputData(signature.outputs[i].name);
    const void *target = buffers.data(signature.wanted[i].name);
    for (int64_t j = point * width; j < (point + 1) * width; ++j) {
      double difference =
          signature.outputs[i].type == DType::F64
              ? static_cast<const double *>(output)[j] -
                    static_cast<const double *>(target)[j]
              : double(static_cast<const float *>(output)[j]) -
                    double(static_cast<const float *>(target)[j]);
      sum += difference * difference;
    }
  }
  return sum;
}

Status Evaluator::addMode(int64_t count) {
  if (Status s = buffers.program("evaluate").run(count); !s)
    return s;
  const auto *selection = buffers.as<int32_t>("selection");
  batchLabels.clear();
  if (!labels.empty())
    batchLabels.assign(labels.begin() + indices[0],
                       labels.begin() + indices[0] + count);
  accumulator.add(count, selection, buffers.data("probabilities"),
                  signature.element,
                  labels.empty() ? nullptr : batchLabels.data());
  const auto *correct = buffers.as<int32_t>("correct");
  for (int64_t n = 0; n < count; ++n) {
    double likelihood = buffers.real("log_likelihood", n);
    modeSum += likelihood;
    bestJ[size_t(n)] = likelihood + buffers.real("log_prior", n);
    if (hasSquares)
      modeSquares += squaredError(n);
    if (correct)
      modeCorrect += correct[n];
  }
  return {};
}

void Evaluator::addRules(int64_t first, int64_t count) {
  if (!rules)
    return;
  const LayerSpec &spec = signature.layers[size_t(layer)];
  std::vector<double> p(spec.members.size());
  for (int64_t n = 0; n < count; ++n) {
    int64_t rule = data.components()[size_t(first + n)];
    for (size_t m = 0; m < p.size(); ++m)
      p[m] = buffers.real("probabilities", n * signature.probabilities +
                                               spec.probability + int64_t(m));
    rules->add(rule, p.data());
    int32_t mode =
        buffers.as<int32_t>("selection")[n * signature.slots + spec.slot];
    ruleModes[size_t(rule)][size_t(mode)] += 1;
  }
}

Status Evaluator::addSamples(int64_t count) {
  ProgramCall &sample = buffers.program("sample");
  std::memcpy(buffers.data("points"), indices.data(), size_t(count) * 8);
  if (Status s = sample.run(count, options.samples); !s)
    return s;
  const auto *correct = buffers.as<int32_t>("correct");
  for (int64_t n = 0; n < count; ++n) {
    double best = -std::numeric_limits<double>::infinity();
    int64_t bestRow = n;
    double bound = bestJ[size_t(n)];
    for (int64_t s = 0; s < options.samples; ++s) {
      int64_t row = s * count + n;
      double likelihood = buffers.real("log_likelihood", row);
      meanSum += likelihood;
      if (correct)
        meanCorrect += correct[row];
      if (likelihood > best) {
        best = likelihood;
        bestRow = row;
      }
      bound = std::max(bound, likelihood + buffers.real("log_prior", row));
    }
    double sum = 0;
    for (int64_t s = 0; s < options.samples; ++s)
      sum += std::exp(buffers.real("log_likelihood", s * count + n) - best);
    marginalSum += best + std::log(sum / double(options.samples));
    bestSum += best;
    boundSum += bound;
    if (correct)
      bestCorrect += correct[bestRow];
  }
  return {};
}

Status Evaluator::addAssignments(int64_t count) {
  std::vector<double> least(size_t(count),
                            std::numeric_limits<double>::infinity());
  auto *selection = buffers.as<int32_t>("selection");
  for (int64_t number = 0; number < assignments(); ++number) {
    // The digits of `number`, the first slot slowest, for every point.
    int64_t rest = number;
    for (int64_t slot = signature.slots; slot-- > 0;) {
      int32_t members = signature.slotMembers[size_t(slot)];
      for (int64_t n = 0; n < count; ++n)
        selection[n * signature.slots + slot] = int32_t(rest % members);
      rest /= members;
    }
    if (Status s = buffers.program("forward").run(count); !s)
      return s;
    for (int64_t n = 0; n < count; ++n)
      least[size_t(n)] = std::min(least[size_t(n)], squaredError(n));
  }
  // One by one: a sum per batch would make the result depend on the batches.
  for (double square : least)
    bestSquares += square;
  return {};
}

void Evaluator::readRules() {
  RuleTable table = rules->table();
  result.alignment = alignment(table);
  result.inverseMutualInformation = inverseMutualInformation(table);
  result.adaptation = adaptation(table);
  // alignment() takes means; scaled so that the best matching's sum is a share.
  RuleTable modes{ruleModes, table.rows};
  for (auto &row : modes.mean)
    for (double &count : row)
      count *= double(ruleModes.size()) / double(data.points());
  result.ruleAccuracy = 1 - alignment(modes);
}

Result<Evaluation> Evaluator::run() {
  labels = data.labels();
  hasSquares = signature.outputs.size() == signature.wanted.size();
  int64_t width = 0;
  for (size_t i = 0; hasSquares && i < signature.outputs.size(); ++i) {
    const TensorSpec &output = signature.outputs[i];
    hasSquares = output.type == signature.wanted[i].type &&
                 (output.type == DType::F32 || output.type == DType::F64) &&
                 output.isPerPoint() &&
                 output.width() == signature.wanted[i].width();
    width += output.width();
  }
  bool hasAssignments =
      hasSquares && assignments() > 0 && signature.findProgram("forward") >= 0;
  for (size_t l = 0; l < signature.layers.size() && layer < 0; ++l)
    if (!signature.layers[l].fixed)
      layer = int(l);
  if (!data.components().empty() && layer >= 0) {
    int32_t most =
        *std::max_element(data.components().begin(), data.components().end());
    int64_t members = signature.layers[size_t(layer)].memberCount();
    rules.emplace(most + 1, members);
    ruleModes.assign(size_t(most) + 1, std::vector<double>(size_t(members)));
  }
  if (hasSamples) {
    ProgramCall &sample = buffers.program("sample");
    if (Status s = sample.integer("seed", int64_t(options.seed)); !s)
      return s.error();
    if (Status s = sample.integer("step", 0); !s)
      return s.error();
  }

  for (int64_t first = 0; first < data.points(); first += options.batch) {
    int64_t count = std::min(options.batch, data.points() - first);
    indices.resize(size_t(count));
    std::iota(indices.begin(), indices.end(), first);
    bestJ.resize(size_t(count));
    data.gather(session, indices.data(), count, buffers);
    if (Status s = addMode(count); !s)
      return s.error();
    addRules(first, count);
    if (hasSamples)
      if (Status s = addSamples(count); !s)
        return s.error();
    if (hasAssignments)
      if (Status s = addAssignments(count); !s)
        return s.error();
  }

  double points = double(data.points());
  auto reading = [&](double sum, int64_t correct, double rows) {
    Reading made{-sum / rows, std::nullopt};
    if (signature.classes > 0)
      made.accuracy = double(correct) / rows;
    return made;
  };
  result.points = data.points();
  result.mode = reading(modeSum, modeCorrect, points);
  result.logLikelihoodMode = modeSum / points;
  if (hasSamples) {
    result.best = reading(bestSum, bestCorrect, points);
    result.mean =
        reading(meanSum, meanCorrect, points * double(options.samples));
    result.logLikelihoodBound = boundSum / points;
    result.logLikelihoodMarginal = marginalSum / points;
  }
  if (hasSquares)
    result.squaredError = modeSquares / (points * double(width));
  if (hasAssignments)
    result.bestSquaredError = bestSquares / (points * double(width));
  result.selection = accumulator.metrics();
  if (rules)
    readRules();
  return result;
}

} // namespace

Result<Evaluation> evaluate(Session &session, const Dataset &data,
                            const EvaluateOptions &options) {
  if (options.batch < 1 || options.samples < 0)
    return makeError("cannot evaluate with batches of ", options.batch,
                     " points and ", options.samples, " samples");
  if (data.points() == 0)
    return makeError(inQuotes(data.name()), " has no points to evaluate");
  const Signature &signature = session.signature();
  std::vector<std::string> programs = {"evaluate"};
  bool hasSamples = options.samples > 0 && signature.findProgram("sample") >= 0;
  if (hasSamples)
    programs.push_back("sample");
  if (signature.findProgram("forward") >= 0)
    programs.push_back("forward");
  Result<BatchBuffers> buffers = BatchBuffers::create(
      session, programs, std::min(options.batch, data.points()),
      std::max<int64_t>(options.samples, 1));
  if (!buffers)
    return buffers.error();
  for (const char *needed :
       {"selection", "log_likelihood", "log_prior", "probabilities"})
    if (!buffers->has(needed))
      return makeError("program 'evaluate' lacks buffer ", inQuotes(needed));
  return Evaluator(session, data, options, std::move(*buffers), hasSamples)
      .run();
}

} // namespace modc
