//===- Log.cpp - Records of trainings and evaluations ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of members here are read by scripts: docs/runtime.md lists them.
//
//===----------------------------------------------------------------------===//

#include "runtime/Log.h"

#include <nlohmann/json.hpp>

using json = nlohmann::ordered_json;

namespace modc {
namespace {

json reading(const Reading &reading) {
  json object = {{"loss", reading.loss}};
  if (reading.accuracy)
    object["accuracy"] = *reading.accuracy;
  return object;
}

template <typename T>
void addIf(json &object, const char *name, const std::optional<T> &value) {
  if (value)
    object[name] = *value;
}

} // namespace

json toJson(const SelectionMetrics &metrics) {
  json layers = json::array();
  for (const LayerMetrics &layer : metrics.layers) {
    json object = {{"name", layer.name},
                   {"members", layer.members},
                   {"usage", layer.usage},
                   {"counts", layer.counts},
                   {"dead", layer.dead},
                   {"h_a", layer.moduleEntropy},
                   {"h_b", layer.batchEntropy},
                   {"collapse_average", layer.collapseAverage},
                   {"collapse_worst", layer.collapseWorst}};
    if (!layer.countsByClass.empty())
      object["counts_by_class"] = layer.countsByClass;
    layers.push_back(std::move(object));
  }
  return {{"h_a", metrics.moduleEntropy},
          {"h_b", metrics.batchEntropy},
          {"mutual_information", metrics.mutualInformation()},
          {"dead", metrics.dead},
          {"layers", std::move(layers)}};
}

json toJson(const Evaluation &evaluation) {
  json object = {{"points", evaluation.points},
                 {"mode", reading(evaluation.mode)}};
  if (evaluation.best)
    object["best"] = reading(*evaluation.best);
  if (evaluation.mean)
    object["mean"] = reading(*evaluation.mean);
  object["log_likelihood_mode"] = evaluation.logLikelihoodMode;
  addIf(object, "log_likelihood_bound", evaluation.logLikelihoodBound);
  addIf(object, "log_likelihood_marginal", evaluation.logLikelihoodMarginal);
  addIf(object, "squared_error", evaluation.squaredError);
  addIf(object, "best_squared_error", evaluation.bestSquaredError);
  addIf(object, "alignment", evaluation.alignment);
  addIf(object, "inverse_mutual_information",
        evaluation.inverseMutualInformation);
  addIf(object, "adaptation", evaluation.adaptation);
  addIf(object, "rule_accuracy", evaluation.ruleAccuracy);
  json selection = toJson(evaluation.selection);
  for (auto &[name, value] : selection.items())
    object[name] = value;
  return object;
}

json toJson(const TrainReport &report) {
  json object = {{"step", report.step},
                 {"epoch", report.epoch},
                 {"lr", report.learningRate},
                 {"loss", -report.logLikelihood},
                 {"log_likelihood", report.logLikelihood},
                 {"log_prior", report.logPrior},
                 {"gradient_norm", report.gradientNorm},
                 {"e_acceptance", report.acceptance},
                 {"e_updates_per_point", report.eUpdatesPerPoint}};
  if (report.hasAccuracy)
    object["accuracy"] = report.accuracy;
  object["h_a"] = report.selection.moduleEntropy;
  object["h_b"] = report.selection.batchEntropy;
  json usage = json::object();
  for (const LayerMetrics &layer : report.selection.layers)
    usage[layer.name] = layer.usage;
  object["usage"] = std::move(usage);
  object["seconds"] = report.seconds;
  return object;
}

Result<TrainingLog> TrainingLog::open(const std::string &path, bool append) {
  Result<JsonLines> lines = JsonLines::open(
      path, append ? JsonLines::Mode::Append : JsonLines::Mode::Truncate);
  if (!lines)
    return lines.error();
  return TrainingLog(std::move(*lines));
}

Status TrainingLog::start(const Signature &signature, const Dataset &data,
                          const TrainOptions &options) {
  json object = {{"event", "start"},
                 {"modc", signature.compiler},
                 {"network", signature.network},
                 {"hash", signature.hash},
                 {"data", data.name()},
                 {"points", data.points()}};
  object.update(toJson(options));
  return lines.write(object);
}

Status TrainingLog::step(const TrainReport &report) {
  json object = {{"event", "step"}};
  object.update(toJson(report));
  return lines.write(object);
}

Status TrainingLog::evaluation(int64_t step, const char *split,
                               const Evaluation &evaluation) {
  json object = {{"event", "evaluation"}, {"step", step}, {"split", split}};
  object.update(toJson(evaluation));
  return lines.write(object);
}

} // namespace modc
