//===- Training.h - One run of modc train --------------------- -*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A training from data to summary: opens what it needs, runs the trainer, and
// keeps log, progress line and saved selections up to date with it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_TRAINING_H
#define MODC_TOOLS_MODC_TRAINING_H

#include "runtime/Evaluate.h"
#include "runtime/Log.h"
#include "tools/modc/Progress.h"
#include "tools/modc/TrainFlags.h"

namespace modc::driver {

/// One training, from data to summary.
class Training {
public:
  Training(const TrainFlags &flags, Session &session)
      : flags(flags), session(session) {}

  Status openData();
  /// Initialises or resumes; makes the files and directories of the run.
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
  void printSummary(const std::optional<Evaluation> &result) const;
  int64_t milestoneEvery() const;

  const TrainFlags &flags;
  Session &session;
  std::optional<Dataset> data, test;
  std::unique_ptr<Trainer> trainer;
  std::optional<TrainingLog> log;
  std::unique_ptr<ProgressLine> progress;
  TrainReport last;
  Status logStatus;
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_TRAINING_H
