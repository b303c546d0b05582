//===- Trainer.cpp - Generalized Viterbi EM -------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loop itself; checkpoints are in Checkpoint.cpp. Sums over points are
// taken here, in f64 and in the order of the points.
//
//===----------------------------------------------------------------------===//

#include "runtime/Trainer.h"

#include "runtime/Philox.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <numeric>

namespace modc {
namespace {

std::string toText(double value) {
  return std::isnan(value) ? "NaN" : value > 0 ? "infinity" : "-infinity";
}

bool contains(const std::vector<std::string> &names, const std::string &name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Marks the groups that `name` means: one group, or the members of a pool.
/// Names of members need not begin with the pool's, and others may.
Status freeze(const Signature &signature, const std::string &name,
              int8_t *frozen) {
  std::vector<std::string> wanted = {name}, known;
  bool found = false;
  for (const LayerSpec &layer : signature.layers) {
    if (!contains(known, layer.pool))
      known.push_back(layer.pool);
    if (layer.pool != name)
      continue;
    wanted.insert(wanted.end(), layer.members.begin(), layer.members.end());
    found = true;
  }
  for (size_t g = 0; g < signature.groups.size(); ++g) {
    const std::string &group = signature.groups[g];
    known.push_back(group);
    if (contains(wanted, group)) {
      frozen[g] = 1;
      found = true;
    }
  }
  if (found)
    return {};
  std::string names;
  for (const std::string &each : known)
    names += (names.empty() ? "" : ", ") + each;
  return makeError("cannot freeze ", inQuotes(name), ": network ",
                   inQuotes(signature.network), " has ", names);
}

} // namespace

Trainer::Trainer(Session &session, const Dataset &data, TrainOptions options,
                 BatchBuffers buffers)
    : session(session), data(data), options(std::move(options)),
      buffers(std::move(buffers)), stored(session.signature(), data.points()) {}

Result<std::unique_ptr<Trainer>>
Trainer::create(Session &session, const Dataset &data, TrainOptions options) {
  if (Status status = checkOptions(options); !status)
    return status.error();
  if (!session.isInitialised())
    return Error("the session has no parameters: draw or load them");
  if (data.points() == 0)
    return makeError(inQuotes(data.name()), " has no points to train on");
  options.batch = std::min(options.batch, data.points());
  std::vector<std::string> programs = {"train_step"};
  if (session.signature().findProgram("evaluate") >= 0)
    programs.push_back("evaluate");
  // A network without layers has nothing to choose: gradients only.
  if (session.signature().slots == 0)
    options.eEvery = 0;
  if (options.eEvery > 0) {
    bool enumerated = options.eStep == EStepKind::Enumerated;
    if (enumerated && session.signature().findProgram("e_step_enumerated") < 0)
      return makeError("network ", inQuotes(session.signature().network),
                       " has too many assignments to enumerate: its model has "
                       "no program 'e_step_enumerated'");
    programs.push_back(enumerated ? "e_step_enumerated" : "e_step");
  }
  Result<BatchBuffers> buffers =
      BatchBuffers::create(session, programs, options.batch, options.samples);
  if (!buffers)
    return buffers.error();
  std::unique_ptr<Trainer> trainer(
      new Trainer(session, data, std::move(options), std::move(*buffers)));
  if (Status status = trainer->setUp(); !status)
    return status.error();
  return trainer;
}

Status Trainer::setUp() {
  for (const char *needed :
       {"selection", "frozen", "log_likelihood", "log_prior", "gradient_norm"})
    if (!buffers.has(needed))
      return makeError("program 'train_step' lacks buffer ", inQuotes(needed));
  if (options.steps == 0 &&
      __builtin_mul_overflow(options.epochs, batchesPerEpoch(), &options.steps))
    return makeError(options.epochs, " epochs of ", batchesPerEpoch(),
                     " steps are more than can be counted");
  const Signature &signature = session.signature();
  std::memset(buffers.data("frozen"), 0, signature.groups.size());
  for (const std::string &name : options.frozen)
    if (Status status = freeze(signature, name, buffers.as<int8_t>("frozen"));
        !status)
      return status;
  ProgramCall &train = buffers.program("train_step");
  if (Status s = train.real("weight_decay", options.weightDecay); !s)
    return s;
  if (Status s = train.real("clip_norm", options.clipNorm); !s)
    return s;
  if (options.eEvery > 0 && options.eStep != EStepKind::Enumerated)
    if (Status s =
            buffers.program("e_step").integer("seed", int64_t(options.seed));
        !s)
      return s;
  stored.drawUniform(options.seed);
  order.resize(size_t(data.points()));
  return {};
}

void Trainer::shuffle(int64_t epoch) {
  // Fisher and Yates, from the end; each position has bits of its own.
  std::iota(order.begin(), order.end(), 0);
  for (uint64_t position = order.size() - 1; position > 0; --position) {
    PhiloxBlock words = philox(RandomPurpose::Shuffle, options.seed,
                               uint32_t(position), uint32_t(epoch), 0);
    std::swap(order[position],
              order[uniformBelow(words[0], words[1], position + 1)]);
  }
  shuffledEpoch = epoch;
}

const int64_t *Trainer::nextBatch() {
  int64_t epoch = batchesDrawn / batchesPerEpoch();
  if (epoch != shuffledEpoch)
    shuffle(epoch);
  int64_t first = batchesDrawn % batchesPerEpoch() * options.batch;
  ++batchesDrawn;
  return order.data() + first;
}

Status Trainer::eStepOn(const int64_t *indices, int64_t count) {
  bool enumerated = options.eStep == EStepKind::Enumerated;
  ProgramCall &program =
      buffers.program(enumerated ? "e_step_enumerated" : "e_step");
  if (!enumerated) {
    if (Status status = program.integer("step", stepCount); !status)
      return status;
    std::memcpy(buffers.data("points"), indices,
                size_t(count) * sizeof(int64_t));
  }
  stored.gather(indices, count, buffers.as<int32_t>("stored"));
  if (Status status = program.run(count, options.samples); !status)
    return status;
  sums.accepted +=
      stored.scatter(indices, count, buffers.as<int32_t>("selection"));
  sums.eUpdates += count;
  eUpdates += count;
  return {};
}

Status Trainer::completeEStep() {
  std::vector<int64_t> indices;
  for (int64_t first = 0; first < data.points(); first += options.batch) {
    indices.resize(size_t(std::min(options.batch, data.points() - first)));
    std::iota(indices.begin(), indices.end(), first);
    data.gather(session, indices.data(), int64_t(indices.size()), buffers);
    if (Status s = eStepOn(indices.data(), int64_t(indices.size())); !s)
      return s;
  }
  return {};
}

Status Trainer::mStep() {
  ProgramCall &train = buffers.program("train_step");
  double rate =
      options.learningRate * options.schedule.at(stepCount, options.steps);
  if (Status status = train.real("lr", rate); !status)
    return status;
  if (Status status = train.run(options.batch); !status)
    return status;
  double likelihood = buffers.sum("log_likelihood", options.batch);
  double prior = buffers.sum("log_prior", options.batch);
  double norm = buffers.as<double>("gradient_norm")[0];
  if (!std::isfinite(likelihood + prior))
    return makeError("the loss of step ", stepCount + 1, " is ",
                     toText(-(likelihood + prior)),
                     ": log p(y|x,a) + log p(a|x) is not finite");
  if (!std::isfinite(norm))
    return makeError("the gradient of step ", stepCount + 1, " is ",
                     toText(norm));
  sums.logLikelihood += likelihood;
  sums.logPrior += prior;
  sums.gradientNorm += norm;
  sums.points += options.batch;
  ++sums.steps;
  ++stepCount;
  return {};
}

void Trainer::startAt(int64_t step) {
  int64_t eBatches = 0;
  if (options.eEvery > 0 && options.eOwnBatch &&
      options.eStep != EStepKind::Complete)
    eBatches = (step + options.eEvery - 1) / options.eEvery;
  stepCount = step;
  batchesDrawn = step + eBatches;
}

Status Trainer::step() {
  bool eDue = options.eEvery > 0 && stepCount % options.eEvery == 0;
  bool isComplete = options.eStep == EStepKind::Complete;
  if (eDue && isComplete)
    if (Status status = completeEStep(); !status)
      return status;
  if (eDue && !isComplete && options.eOwnBatch) {
    const int64_t *own = nextBatch();
    data.gather(session, own, options.batch, buffers);
    if (Status status = eStepOn(own, options.batch); !status)
      return status;
  }
  batchIndices = nextBatch();
  data.gather(session, batchIndices, options.batch, buffers);
  if (eDue && !isComplete && !options.eOwnBatch) {
    // Leaves the kept choices in `selection`, where the M-step reads them.
    if (Status status = eStepOn(batchIndices, options.batch); !status)
      return status;
  } else {
    stored.gather(batchIndices, options.batch,
                  buffers.as<int32_t>("selection"));
  }
  return mStep();
}

Result<TrainReport> Trainer::makeReport(double seconds) {
  TrainReport report;
  report.step = stepCount;
  report.steps = options.steps;
  report.epoch = double(batchesDrawn) / double(batchesPerEpoch());
  report.learningRate =
      options.learningRate *
      options.schedule.at(std::max<int64_t>(stepCount - 1, 0), options.steps);
  if (sums.points > 0) {
    report.logLikelihood = sums.logLikelihood / double(sums.points);
    report.logPrior = sums.logPrior / double(sums.points);
    report.gradientNorm = sums.gradientNorm / double(sums.steps);
  }
  if (sums.eUpdates > 0)
    report.acceptance = double(sums.accepted) / double(sums.eUpdates);
  report.eUpdatesPerPoint = eUpdatesPerPoint();
  report.seconds = seconds;
  if (session.signature().findProgram("evaluate") >= 0 && batchIndices) {
    if (Status s = buffers.program("evaluate").run(options.batch); !s)
      return s.error();
    SelectionAccumulator accumulator(session.signature());
    accumulator.add(options.batch, buffers.as<int32_t>("selection"),
                    buffers.data("probabilities"), session.signature().element);
    report.selection = accumulator.metrics();
    if (const int32_t *correct = buffers.as<int32_t>("correct")) {
      report.hasAccuracy = true;
      report.accuracy = double(std::accumulate(correct, correct + options.batch,
                                               int64_t(0))) /
                        double(options.batch);
    }
  }
  sums = {};
  return report;
}

Result<TrainEnd> Trainer::run(const Callbacks &callbacks) {
  auto start = std::chrono::steady_clock::now();
  int64_t reported = -1;
  auto report = [&]() -> Status {
    if (!callbacks.report || reported == stepCount)
      return {};
    std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    Result<TrainReport> made = makeReport(seconds.count());
    if (!made)
      return made.error();
    callbacks.report(*made);
    reported = stepCount;
    return {};
  };
  auto checkpoint = [&]() -> Status {
    if (options.checkpoint.empty())
      return {};
    return saveCheckpoint(options.checkpoint);
  };
  while (stepCount < options.steps) {
    if (callbacks.interrupted && callbacks.interrupted()) {
      if (Status s = checkpoint(); !s)
        return s.error();
      return TrainEnd::Interrupted;
    }
    if (Status s = step(); !s)
      return s.error();
    bool isLast = stepCount == options.steps;
    if (isLast ||
        (options.reportEvery > 0 && stepCount % options.reportEvery == 0))
      if (Status s = report(); !s)
        return s.error();
    if (callbacks.afterStep)
      if (Status s = callbacks.afterStep(stepCount); !s)
        return s.error();
    if (options.checkpointEvery > 0 &&
        stepCount % options.checkpointEvery == 0 && stepCount < options.steps)
      if (Status s = checkpoint(); !s)
        return s.error();
  }
  if (Status s = report(); !s)
    return s.error();
  if (Status s = checkpoint(); !s)
    return s.error();
  return TrainEnd::Finished;
}

} // namespace modc
