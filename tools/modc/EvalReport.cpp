//===- EvalReport.cpp - Results for people to read ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A classifier is judged by its accuracy, everything else by its loss in nats;
// both stand where both are known.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/EvalReport.h"

#include "tools/modc/Output.h"

#include <algorithm>
#include <numeric>

namespace modc::driver {

std::string factsOf(const TrainReport &report) {
  std::string text = fmt::format("epoch {:.1f}  loss {:.4g}", report.epoch,
                                 -report.logLikelihood);
  if (report.hasAccuracy)
    text += fmt::format("  accuracy {:.3f}", report.accuracy);
  if (!report.selection.layers.empty())
    text +=
        fmt::format("  H_a {:.3f}  H_b {:.3f}", report.selection.moduleEntropy,
                    report.selection.batchEntropy);
  return text;
}

std::string headline(const Evaluation &evaluation) {
  std::string text;
  if (evaluation.mode.accuracy)
    text += fmt::format("accuracy {:.4f}, ", *evaluation.mode.accuracy);
  text +=
      fmt::format("loss {:.4g} by the controllers' mode", evaluation.mode.loss);
  if (!evaluation.selection.layers.empty())
    text += fmt::format(
        ", H_a {:.3f}, H_b {:.3f}, {} dead", evaluation.selection.moduleEntropy,
        evaluation.selection.batchEntropy, evaluation.selection.dead);
  return text;
}

/// One row per member; a column of its rows in each class where there are any.
static std::string usageTable(const LayerMetrics &layer) {
  // Wider tables do not fit a screen; --json has them.
  bool byClass =
      !layer.countsByClass.empty() && layer.countsByClass.size() <= 16;
  size_t members = layer.members.size();
  Table table;
  std::vector<std::string> head = {"member", "usage"};
  for (size_t c = 0; byClass && c < layer.countsByClass.size(); ++c)
    head.push_back(fmt::format("class {}", c));
  table.row(head);
  for (size_t m = 0; m < members; ++m) {
    std::vector<std::string> row = {
        layer.members[m], fmt::format("{:.1f} %", 100 * layer.usage[m])};
    for (size_t c = 0; byClass && c < layer.countsByClass.size(); ++c)
      row.push_back(fmt::format("{}", layer.countsByClass[c][m]));
    if (layer.usage[m] < 1.0 / (10.0 * double(members)))
      row[0] += " (dead)";
    table.row(row);
  }
  return table.text("  ");
}

static void addReading(Table &table, std::string name, const Reading &reading) {
  std::vector<std::string> row = {std::move(name),
                                  fmt::format("{:.4g}", reading.loss)};
  if (reading.accuracy)
    row.push_back(fmt::format("{:.4f}", *reading.accuracy));
  table.row(row);
}

std::string describe(const Evaluation &evaluation, int64_t samples) {
  Table readings;
  std::vector<std::string> head = {fmt::format("{} points", evaluation.points),
                                   "loss"};
  if (evaluation.mode.accuracy)
    head.push_back("accuracy");
  readings.row(head);
  addReading(readings, "mode of the controllers", evaluation.mode);
  if (evaluation.best)
    addReading(readings, fmt::format("best of {} samples", samples),
               *evaluation.best);
  if (evaluation.mean)
    addReading(readings, fmt::format("mean of {} samples", samples),
               *evaluation.mean);
  std::string text = readings.text();

  Table facts;
  auto fact = [&](const char *name, double value) {
    facts.row({name, fmt::format("{:.4g}", value)});
  };
  fact("log p(y|x) by the mode", evaluation.logLikelihoodMode);
  if (evaluation.logLikelihoodBound)
    fact("log p(y|x), the bound", *evaluation.logLikelihoodBound);
  if (evaluation.logLikelihoodMarginal)
    fact("log p(y|x), the marginal", *evaluation.logLikelihoodMarginal);
  if (evaluation.squaredError)
    fact("squared error", *evaluation.squaredError);
  if (evaluation.bestSquaredError)
    fact("squared error, best choice", *evaluation.bestSquaredError);
  if (!evaluation.selection.layers.empty()) {
    fact("H_a", evaluation.selection.moduleEntropy);
    fact("H_b", evaluation.selection.batchEntropy);
    facts.row({"dead members", fmt::format("{}", evaluation.selection.dead)});
  }
  if (evaluation.ruleAccuracy)
    fact("rules found by the mode", *evaluation.ruleAccuracy);
  // The literature's names of what falls to 0 as each rule gets its module.
  if (evaluation.alignment)
    fact("alignment (0 is best)", *evaluation.alignment);
  if (evaluation.inverseMutualInformation)
    fact("inverse mutual information (0 is best)",
         *evaluation.inverseMutualInformation);
  if (evaluation.adaptation)
    fact("adaptation (0 is best)", *evaluation.adaptation);
  text += "\n" + facts.text();

  for (const LayerMetrics &layer : evaluation.selection.layers)
    text += fmt::format("\n{}\n", layer.name) + usageTable(layer);
  return text;
}

} // namespace modc::driver
