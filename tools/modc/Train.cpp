//===- Train.cpp - modc train ---------------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Trains a network by generalized Viterbi EM (Kirsch, Kunze, Barber 2018).
// Everything that can be refused is refused before the first step: data, files
// to write, flags that contradict each other.
//
//===----------------------------------------------------------------------===//

#include "runtime/Evaluate.h"
#include "runtime/Log.h"
#include "runtime/Trainer.h"
#include "runtime/Weights.h"
#include "runtime/formats/File.h"
#include "tools/modc/Commands.h"
#include "tools/modc/EvalReport.h"
#include "tools/modc/Network.h"
#include "tools/modc/Output.h"
#include "tools/modc/Progress.h"
#include "tools/modc/Selections.h"
#include "tools/modc/Signals.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <unistd.h>

namespace modc::driver {
namespace {

using Json = nlohmann::ordered_json;

/// The command line, read.
struct TrainFlags {
  std::string model, data = "toy", testData, eStep = "partial", initFrom, log,
                     saveSelections, checkpoint, save, schedule = "constant";
  std::optional<int64_t> steps, epochs, batch;
  std::optional<double> learningRate;
  int64_t threads = 0, evalEvery = 0, checkpointEvery = 1000, seed = 0;
  bool resume = false, json = false;
  BuildOptions build;
  TrainOptions train;
};

/// One training, from flags to summary.
class Training {
public:
  explicit Training(TrainFlags &flags) : flags(flags) {}

  /// Refuses what can be refused without the model, and turns flags into
  /// options; the exit code of a usage error.
  std::optional<int> checkFlags();
  Status checkFiles();
  /// Where a run is resumed, takes from its checkpoint what no flag says.
  Status adoptOptions(const Flags &given);
  Status openData(Session &opened);
  Status start();
  /// Trains; the exit code.
  int run();

private:
  Status onReport(const TrainReport &report);
  Status afterStep(int64_t step);
  Status logTest(const Evaluation &result);
  void tellChanges() const;
  int stopped();
  int finished();
  int64_t milestoneEvery() const;

  TrainFlags &flags;
  std::optional<CheckpointOrigin> origin;
  Session *session = nullptr;
  std::optional<Dataset> data, test;
  std::unique_ptr<Trainer> trainer;
  std::optional<TrainingLog> log;
  SelectionSaver selections;
  std::unique_ptr<ProgressLine> progress;
  TrainReport last;
  Status logStatus;
};

std::string checkpointPath(const std::string &directory) {
  return directory + "/checkpoint.safetensors";
}

} // namespace

std::optional<int> Training::checkFlags() {
  auto wrong = [](std::string_view message) {
    return misuse("train", message);
  };
  if (flags.steps && flags.epochs)
    return wrong("--steps and --epochs exclude each other");
  if (flags.resume && flags.checkpoint.empty())
    return wrong("--resume wants --checkpoint DIR, where the checkpoint is");
  if (flags.resume && !flags.initFrom.empty())
    return wrong("--resume and --init-from exclude each other");

  TrainOptions &train = flags.train;
  // The built-in problem comes with the set-up that the paper solved it by.
  bool isToy = flags.data == "toy";
  bool endGiven = flags.steps || flags.epochs;
  train.steps = flags.steps.value_or(isToy && !endGiven ? 20000 : 0);
  train.epochs = flags.epochs.value_or(1);
  train.batch = flags.batch.value_or(isToy ? 100 : 128);
  train.learningRate = flags.learningRate.value_or(isToy ? 0.01 : 0.001);
  train.seed = uint64_t(flags.seed);
  train.eStep = flags.eStep == "complete"     ? EStepKind::Complete
                : flags.eStep == "enumerated" ? EStepKind::Enumerated
                                              : EStepKind::Partial;
  if (!flags.checkpoint.empty()) {
    train.checkpoint = checkpointPath(flags.checkpoint);
    train.checkpointEvery = flags.checkpointEvery;
  }
  auto schedule = Schedule::parse(flags.schedule);
  if (!schedule)
    return wrong(schedule.error().within("--schedule").message());
  train.schedule = *schedule;
  if (!flags.saveSelections.empty()) {
    auto saver = SelectionSaver::parse(flags.saveSelections);
    if (!saver)
      return wrong(saver.error().message());
    selections = *saver;
  }
  return std::nullopt;
}

/// Creates nothing: what is wrong with the model or the data must not leave
/// directories behind.
Status Training::checkFiles() {
  for (const std::string &path : {flags.save, flags.log})
    if (!path.empty())
      if (Status status = checkWritable(path); !status)
        return status;
  if (Status status =
          checkDistinct({{"--save", flags.save},
                         {"--log", flags.log},
                         {"the checkpoint", flags.train.checkpoint},
                         {"the model", flags.model}});
      !status)
    return status;
  if (!flags.checkpoint.empty()) {
    std::string path = checkpointPath(flags.checkpoint);
    if (flags.resume && fileKind(path) == FileKind::Missing)
      return makeError("there is no checkpoint to resume from: ",
                       inQuotes(path));
    if (Status status = checkDirectory(flags.checkpoint); !status)
      return status;
    if (fileKind(path) != FileKind::Missing)
      if (Status status = checkWritable(path); !status)
        return status;
  }
  return selections.check();
}

Status Training::adoptOptions(const Flags &given) {
  if (!flags.resume)
    return {};
  auto read = Trainer::readOrigin(flags.train.checkpoint);
  if (!read)
    return read.error();
  origin.emplace(std::move(*read));
  auto adopt = [&](const char *flag, auto &value, const auto &before) {
    if (!given.given(flag))
      value = before;
  };
  TrainOptions &train = flags.train;
  const TrainOptions &before = origin->options;
  if (!flags.epochs)
    adopt("--steps", train.steps, before.steps);
  adopt("--data", flags.data, origin->data);
  adopt("--batch", train.batch, before.batch);
  adopt("--samples", train.samples, before.samples);
  adopt("--e-every", train.eEvery, before.eEvery);
  adopt("--e-step", train.eStep, before.eStep);
  adopt("--e-own-batch", train.eOwnBatch, before.eOwnBatch);
  adopt("--lr", train.learningRate, before.learningRate);
  adopt("--schedule", train.schedule, before.schedule);
  adopt("--weight-decay", train.weightDecay, before.weightDecay);
  adopt("--clip-norm", train.clipNorm, before.clipNorm);
  adopt("--freeze", train.frozen, before.frozen);
  adopt("--seed", train.seed, before.seed);
  return {};
}

/// Each option that is not what it was when the checkpoint was written.
void Training::tellChanges() const {
  Json before = toJson(origin->options), now = toJson(trainer->settings());
  for (const auto &[name, value] : now.items())
    if (before[name] != value)
      say(fmt::format("note: {} is {} from here on, it was {}", name,
                      value.dump(), before[name].dump()));
}

Status Training::openData(Session &opened) {
  session = &opened;
  const Signature &signature = opened.signature();
  DataOptions options;
  options.seed = flags.train.seed;
  auto read = [&](const std::string &source, Split split,
                  std::optional<Dataset> &out) -> Status {
    Result<Dataset> opened = Dataset::open(signature, source, split, options);
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
  Status status = flags.initFrom.empty()
                      ? session->init(flags.train.seed)
                      : loadWeights(*session, flags.initFrom);
  if (!status)
    return status;
  auto created = Trainer::create(*session, *data, flags.train);
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
  if (Status made = selections.prepare(); !made)
    return made;
  if (!flags.log.empty()) {
    auto opened = TrainingLog::open(flags.log, flags.resume);
    if (!opened)
      return opened.error();
    log.emplace(std::move(*opened));
    return log->start(session->signature(), *data, trainer->settings());
  }
  return {};
}

/// Epochs, where a run has few of them, else tenths of the run.
int64_t Training::milestoneEvery() const {
  int64_t batch = std::min(flags.train.batch, data->points());
  int64_t epoch = std::max<int64_t>(data->points() / batch, 1);
  int64_t steps = trainer->stepsInAll();
  return steps / epoch <= 40 ? epoch : std::max<int64_t>((steps + 9) / 10, 1);
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
  if (Status status = selections.afterStep(step, trainer->choices()); !status)
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
  auto result = evaluate(*session, *test, {});
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

int Training::finished() {
  if (!flags.save.empty())
    if (Status status = saveWeights(*session, flags.save); !status)
      return fail(status.error());
  std::optional<Evaluation> result;
  if (test) {
    auto evaluated = evaluate(*session, *test, {});
    if (!evaluated)
      return fail(evaluated.error());
    result.emplace(std::move(*evaluated));
    if (Status status = logTest(*result); !status)
      return fail(status.error());
  }
  if (flags.json) {
    Json summary = {{"network", session->signature().network},
                    {"data", data->name()},
                    {"points", data->points()},
                    {"steps", trainer->stepsDone()},
                    {"train", toJson(last)}};
    if (result)
      summary["test"] = toJson(*result);
    if (!flags.save.empty())
      summary["weights"] = flags.save;
    printJson(summary);
    return Done;
  }
  print(fmt::format("trained {} for {} steps ({:.1f} epochs) on {} points of "
                    "{} in {}\n",
                    session->signature().network, trainer->stepsDone(),
                    last.epoch, data->points(), data->name(),
                    durationText(last.seconds)));
  print(fmt::format("E-updates per point: {:.1f}\n",
                    trainer->eUpdatesPerPoint()));
  if (result)
    print(fmt::format("test ({} points): {}\n", test->points(),
                      headline(*result)));
  if (!flags.save.empty())
    print(fmt::format("weights: {}\n", flags.save));
  return Done;
}

static void declare(Flags &parser, TrainFlags &flags) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  TrainOptions &train = flags.train;
  parser.argument("MODEL", flags.model, "model.so or model.mlir");

  parser.section("data");
  parser.text("--data", "DATA", flags.data,
              "toy (generated), fashion-mnist, images.idx:labels.idx, "
              "x.npy:y.npy or file.csv with the targets in the last columns");
  parser.text(
      "--test-data", "DATA", flags.testData,
      "data to judge the result on; toy and fashion-mnist bring theirs");

  parser.section("how long and how fast");
  parser.integer("--epochs", "N", flags.epochs, 1, most,
                 "passes over the data, of points/batch M-steps each "
                 "(default: 1)");
  parser.integer("--steps", "N", flags.steps, 1, most,
                 "M-steps, instead of --epochs (default for toy: 20000)");
  parser.integer("--batch", "N", flags.batch, 1, int64_t(1) << 30,
                 "points per step (default: 128; for toy 100)");
  parser.real("--lr", "X", flags.learningRate, 0, infinite,
              "learning rate (default: 0.001; for toy 0.01)");
  parser.text("--schedule", "S", flags.schedule,
              "constant, cosine, linear or steps:EVERY:FACTOR, each with "
              "+warmup:STEPS where wanted");
  parser.real("--weight-decay", "X", train.weightDecay, 0, infinite,
              "decoupled weight decay");
  parser.real("--clip-norm", "X", train.clipNorm, 0, infinite,
              "largest norm of the gradient; 0 does not clip");
  parser.texts("--freeze", "NAME", train.frozen,
               "do not train that pool, member or controller; repeatable");
  parser.integer(
      "--threads", "N", flags.threads, 0, 4096,
      "threads; 0 takes all processors; results do not depend on it");
  parser.integer("--seed", "N", flags.seed, 0, most,
                 "seed of weights, choices, batches and the toy data");

  parser.section("EM");
  parser.integer("--samples", "S", train.samples, 1, 1 << 20,
                 "candidates per point: the stored choice and S-1 fresh ones");
  parser.integer("--e-every", "N", train.eEvery, 0, most,
                 "an E-step before every Nth M-step; 0 never");
  parser.choice("--e-step", flags.eStep, {"partial", "complete", "enumerated"},
                "the batch, all the data, or the batch with every choice");
  parser.flag("--e-own-batch", train.eOwnBatch,
              "E-steps take batches of their own from the epoch");

  parser.section("files");
  parser.text("--init-from", "WEIGHTS", flags.initFrom,
              "start from these weights");
  parser.text("--save", "WEIGHTS", flags.save,
              "write the trained weights there, as safetensors");
  parser.text("--log", "FILE", flags.log, "write a line of JSON per report");
  parser.integer("--log-every", "N", train.reportEvery, 1, most,
                 "steps between two reports");
  parser.integer("--eval-every", "N", flags.evalEvery, 0, most,
                 "judge on the test data every N steps; 0 only at the end");
  parser.text("--save-selections", "every:N[:DIR]", flags.saveSelections,
              "write a* every N steps as .npy (default DIR: selections)");
  parser.text("--checkpoint", "DIR", flags.checkpoint,
              "keep a checkpoint there, also when interrupted");
  parser.integer("--checkpoint-every", "N", flags.checkpointEvery, 0, most,
                 "steps between checkpoints; 0 only at the end");
  parser.flag("--resume", flags.resume,
              "go on from the checkpoint, with its data and options where no "
              "flag says otherwise");
  parser.flag("--json", flags.json, "print the summary as JSON");
  addBuildFlags(parser, flags.build);
  parser.choice("--optimizer", flags.build.optimizer,
                {"sgd", "momentum", "rmsprop", "adam"},
                "update rule, instead of the network's");
  parser.examples(
      "  modc train examples/toy.mlir --save toy.safetensors\n"
      "  modc train examples/fashion-mnist.mlir --data fashion-mnist \\\n"
      "    --epochs 6 --log run.jsonl --save weights.safetensors\n"
      "  modc train model.so --data x.npy:y.npy --steps 5000 --checkpoint "
      "ck\n");
}

int trainMain(int argc, char **argv) {
  TrainFlags flags;
  Flags parser(
      "train", "MODEL [--data DATA] [FLAG...]",
      "Trains MODEL (model.mlir or model.so) by generalized Viterbi EM and\n"
      "prints a summary. The same seed gives the same weights, whatever the\n"
      "number of threads and however often a run was stopped and resumed.");
  declare(parser, flags);
  if (std::optional<int> code = parser.parse(argc, argv))
    return *code;
  Training training(flags);
  if (std::optional<int> code = training.checkFlags())
    return *code;
  if (Status status = training.checkFiles(); !status)
    return fail(status.error());
  if (Status status = training.adoptOptions(parser); !status)
    return fail(status.error());
  auto session = openSession(flags.model, flags.build, parser, flags.threads);
  if (!session)
    return fail(session.error());
  if (Status status = training.openData(**session); !status)
    return fail(status.error());
  if (Status status = training.start(); !status)
    return fail(status.error());
  return training.run();
}

} // namespace modc::driver
