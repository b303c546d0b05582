//===- Training.cpp - One run of modc train -------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that can be refused is refused before the first step, and nothing
// is made before that: no directory, no log.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Training.h"

#include "runtime/Weights.h"
#include "runtime/formats/File.h"
#include "tools/modc/Commands.h"
#include "tools/modc/EvalReport.h"
#include "tools/modc/Output.h"
#include "tools/modc/Signals.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace modc::driver {

using Json = nlohmann::ordered_json;

/// Each option that is not what it was when the checkpoint was written.
void Training::tellChanges() const {
  Json before = toJson(flags.origin->options),
       now = toJson(trainer->settings());
  for (const auto &[name, value] : now.items())
    if (before[name] != value)
      say(fmt::format("note: {} is {} from here on, it was {}", name,
                      value.dump(), before[name].dump()));
}

Status Training::openData() {
  const Signature &signature = session.signature();
  DataOptions options;
  options.seed = flags.train.seed;
  auto read = [&](const std::string &source, Split split,
                  std::optional<Dataset> &out) -> Status {
    bool isDefault = split == Split::Train && flags.isDataDefault;
    Result<Dataset> opened =
        modc::driver::openData(signature, source, isDefault, split, options);
    if (!opened)
      return opened.error();
    out.emplace(std::move(*opened));
    return {};
  };
  if (Status status = read(flags.data, Split::Train, data); !status)
    return status;
  bool builtIn = flags.data == "toy" || flags.data == "fashion-mnist";
  if (!flags.testData.empty())
    return read(flags.testData, Split::Test, test);
  return builtIn ? read(flags.data, Split::Test, test) : Status();
}

Status Training::start() {
  Status status = flags.initFrom.empty() ? session.init(flags.train.seed)
                                         : loadWeights(session, flags.initFrom);
  if (!status)
    return status;
  auto created = Trainer::create(session, *data, flags.train);
  if (!created)
    return created.error();
  trainer = std::move(*created);
  if (flags.resume) {
    if (Status resumed = trainer->resume(flags.train.checkpoint); !resumed)
      return resumed;
    tellChanges();
  }
  if (!flags.checkpoint.empty())
    if (Status made = createDirectories(flags.checkpoint); !made)
      return made;
  if (Status made = flags.selections.prepare(); !made)
    return made;
  if (!flags.log.empty()) {
    auto opened = TrainingLog::open(flags.log, flags.resume);
    if (!opened)
      return opened.error();
    log.emplace(std::move(*opened));
    return log->start(session.signature(), *data, trainer->settings());
  }
  return {};
}

/// Epochs, where a run has few of them, else tenths of the run, each with a
/// report of its own.
int64_t Training::milestoneEvery() const {
  int64_t batch = std::min(flags.train.batch, data->points());
  int64_t epoch = std::max<int64_t>(data->points() / batch, 1);
  int64_t steps = trainer->stepsInAll();
  if (steps / epoch <= 40)
    return epoch;
  int64_t every = flags.train.reportEvery;
  return std::max<int64_t>((steps / 10 + every - 1) / every, 1) * every;
}

Status Training::onReport(const TrainReport &report) {
  last = report;
  return log ? log->step(report) : Status();
}

Status Training::logTest(const Evaluation &result) {
  return log ? log->evaluation(trainer->stepsDone(), "test", result) : Status();
}

Status Training::afterStep(int64_t step) {
  if (!logStatus)
    return logStatus;
  if (Status status = flags.selections.afterStep(step, trainer->choices());
      !status)
    return status;
  int64_t steps = trainer->stepsInAll();
  bool milestone = step % milestoneEvery() == 0 || step == steps;
  // There may be milestones before the first report.
  std::string facts = last.step > 0 ? factsOf(last) : std::string();
  if (milestone)
    progress->milestone(step, facts);
  else if (progress->due())
    progress->update(step, facts);
  if (!test || flags.evalEvery == 0 || step % flags.evalEvery != 0 ||
      step == steps)
    return {};
  auto result = evaluate(session, *test, {});
  if (!result)
    return result.error();
  say(fmt::format("step {}: test {}", step, headline(*result)));
  return logTest(*result);
}

int Training::run() {
  CatchInterrupt interrupt;
  progress = std::make_unique<ProgressLine>(trainer->stepsInAll(),
                                            trainer->stepsDone(), "steps");
  Trainer::Callbacks callbacks;
  callbacks.report = [this](const TrainReport &report) {
    logStatus = onReport(report);
  };
  callbacks.afterStep = [this](int64_t step) { return afterStep(step); };
  callbacks.interrupted = [] { return CatchInterrupt::requested(); };
  Result<TrainEnd> end = trainer->run(callbacks);
  progress.reset();
  if (!end) {
    fail(end.error());
    if (!flags.checkpoint.empty())
      say(fileKind(flags.train.checkpoint) != FileKind::Missing
              ? fmt::format("the last good checkpoint is '{}'",
                            flags.train.checkpoint)
              : "no checkpoint was written before");
    return WorkFailed;
  }
  if (!logStatus)
    return fail(logStatus.error());
  return *end == TrainEnd::Interrupted ? stopped() : finished();
}

int Training::stopped() {
  std::string where =
      flags.checkpoint.empty()
          ? "nothing was saved, since no --checkpoint was given"
          : fmt::format("--resume goes on from '{}'", flags.train.checkpoint);
  say(fmt::format("interrupted after step {} of {}; {}", trainer->stepsDone(),
                  trainer->stepsInAll(), where));
  return Interrupted;
}

void Training::printSummary(const std::optional<Evaluation> &result) const {
  if (flags.json) {
    Json summary = {{"network", session.signature().network},
                    {"data", data->name()},
                    {"points", data->points()},
                    {"steps", trainer->stepsDone()},
                    {"train", toJson(last)}};
    if (result)
      summary["test"] = toJson(*result);
    if (!flags.save.empty())
      summary["weights"] = flags.save;
    return printJson(summary);
  }
  print(fmt::format("trained {} for {} steps ({:.1f} epochs) on {} points of "
                    "{} in {}\n",
                    session.signature().network, trainer->stepsDone(),
                    last.epoch, data->points(), data->name(),
                    durationText(last.seconds)));
  print(fmt::format("E-updates per point: {:.1f}\n",
                    trainer->eUpdatesPerPoint()));
  if (result)
    print(fmt::format("test ({} points): {}\n", test->points(),
                      headline(*result)));
  if (!flags.save.empty())
    print(fmt::format("weights: {}\n", flags.save));
}

int Training::finished() {
  if (!flags.save.empty())
    if (Status status = saveWeights(session, flags.save); !status)
      return fail(status.error());
  std::optional<Evaluation> result;
  if (test) {
    auto evaluated = evaluate(session, *test, {});
    if (!evaluated)
      return fail(evaluated.error());
    result.emplace(std::move(*evaluated));
    if (Status status = logTest(*result); !status)
      return fail(status.error());
  }
  printSummary(result);
  return Done;
}

} // namespace modc::driver
