//===- Trainer.h - Generalized Viterbi EM -----------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Trains a session on a data set by generalized Viterbi EM with hard choices
// (Kirsch, Kunze, Barber, NeurIPS 2018, section 3): E-steps improve the stored
// choices a* of points, M-steps descend on the parameters with a* fixed. The
// result depends on the seed and the options alone, not on threads or on how
// often a run was stopped and resumed.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_TRAINER_H
#define MODC_RUNTIME_TRAINER_H

#include "runtime/BatchBuffers.h"
#include "runtime/Choices.h"
#include "runtime/Dataset.h"
#include "runtime/Metrics.h"
#include "runtime/Session.h"
#include "runtime/TrainOptions.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace modc {

/// Where a training stands; objective parts are means per point since the last
/// report.
struct TrainReport {
  int64_t step = 0;
  int64_t steps = 0;
  double epoch = 0;
  double learningRate = 0;
  double logLikelihood = 0;
  double logPrior = 0;
  double gradientNorm = 0;
  /// Share of the points whose a* changed in the E-steps since the last report.
  double acceptance = 0;
  /// E-updates so far, divided by the points of the data set.
  double eUpdatesPerPoint = 0;
  /// Of the batch of the step, after it, by the controller's mode.
  bool hasAccuracy = false;
  double accuracy = 0;
  SelectionMetrics selection;
  double seconds = 0;
};

/// What a checkpoint says of the training that wrote it.
struct CheckpointOrigin {
  TrainOptions options;
  /// Its data, as Dataset::name() has it.
  std::string data;
};

enum class TrainEnd { Finished, Interrupted };

class Trainer {
public:
  struct Callbacks {
    /// After each report.
    std::function<void(const TrainReport &)> report;
    /// After each step, with the number of steps done; an error ends training.
    std::function<Status(int64_t)> afterStep;
    /// Polled before each step; true stops with a checkpoint.
    std::function<bool()> interrupted;
  };

  /// Session and data must outlive the trainer. The session needs parameters.
  static Result<std::unique_ptr<Trainer>>
  create(Session &session, const Dataset &data, TrainOptions options);

  /// Continues where a checkpoint stopped: parameters, optimizer, choices and
  /// position. Refuses one of another network, data set, seed or batch. Other
  /// options may differ from those that the checkpoint was made with:
  /// readOrigin says which they were.
  Status resume(const std::string &path);
  static Result<CheckpointOrigin> readOrigin(const std::string &path);

  /// Continues a run of the same options, seed and data whose first `step`
  /// steps were made by another trainer on this session, which kept the
  /// parameters and the optimizer's state; the caller sets the choices.
  void startAt(int64_t step);

  /// Trains until `steps`. A non-finite loss is an error that names the step;
  /// the last checkpoint is then the last good state.
  Result<TrainEnd> run(const Callbacks &callbacks = {});

  /// One M-step, with the E-step that is due before it.
  Status step();

  Status saveCheckpoint(const std::string &path) const;

  int64_t stepsDone() const { return stepCount; }
  /// As given, with what depends on network and data filled in: steps, batch,
  /// and E-steps where there is nothing to choose.
  const TrainOptions &settings() const { return options; }
  int64_t stepsInAll() const { return options.steps; }
  Choices &choices() { return stored; }
  const Choices &choices() const { return stored; }
  double eUpdatesPerPoint() const {
    return double(eUpdates) / double(data.points());
  }

private:
  Trainer(Session &session, const Dataset &data, TrainOptions options,
          BatchBuffers buffers);
  Status setUp();
  const int64_t *nextBatch();
  void shuffle(int64_t epoch);
  Status eStepOn(const int64_t *indices, int64_t count);
  Status completeEStep();
  Status mStep();
  Result<TrainReport> makeReport(double seconds);
  int64_t batchesPerEpoch() const { return data.points() / options.batch; }

  Session &session;
  const Dataset &data;
  TrainOptions options;
  BatchBuffers buffers;
  Choices stored;
  /// The points of one epoch in its order, and which epoch that is.
  std::vector<int64_t> order;
  int64_t shuffledEpoch = -1;
  const int64_t *batchIndices = nullptr;

  // All that a checkpoint holds beside arenas and choices.
  int64_t stepCount = 0;
  int64_t batchesDrawn = 0;
  int64_t eUpdates = 0;

  // Since the last report.
  struct Sums {
    double logLikelihood = 0, logPrior = 0, gradientNorm = 0;
    int64_t points = 0, steps = 0, eUpdates = 0, accepted = 0;
  } sums;
};

} // namespace modc

#endif // MODC_RUNTIME_TRAINER_H
