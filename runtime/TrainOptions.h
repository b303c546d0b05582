//===- TrainOptions.h - What a training is asked to do ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The options of a training, checked, written down in logs and checkpoints, and
// read back by a run that goes on from one.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_TRAINOPTIONS_H
#define MODC_RUNTIME_TRAINOPTIONS_H

#include "runtime/Schedule.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace modc {

/// What an E-step covers and where its candidates come from.
enum class EStepKind {
  /// The points of a batch; candidates are drawn from the controllers.
  Partial,
  /// All points; candidates are drawn from the controllers.
  Complete,
  /// The points of a batch; every assignment is a candidate.
  Enumerated
};

struct TrainOptions {
  /// M-steps in all, counted from the beginning also when resumed.
  int64_t steps = 0;
  /// Where `steps` is 0: epochs of ⌊N / batch⌋ M-steps.
  int64_t epochs = 1;
  /// Points per step; the whole data set where that is smaller. The rest of an
  /// epoch that fills no batch is left out; each epoch leaves out others.
  int64_t batch = 128;
  /// Candidates S per point: the stored choice and S − 1 fresh ones.
  int64_t samples = 10;
  /// An E-step comes before M-step t (from 0) where t mod eEvery = 0; 0 means
  /// never, and a* stays as it was drawn. Networks without layers have none.
  int64_t eEvery = 1;
  EStepKind eStep = EStepKind::Partial;
  /// The E-step draws a batch of its own from the epoch, as the released code
  /// did, rather than sharing that of the M-step after it.
  bool eOwnBatch = false;
  double learningRate = 1e-3;
  Schedule schedule;
  double weightDecay = 0;
  double clipNorm = 0;
  /// Names of groups, or of pools whose members are all meant.
  std::vector<std::string> frozen;
  uint64_t seed = 0;
  /// Steps between two reports; 0 reports at the end only.
  int64_t reportEvery = 100;
  /// Where checkpoints go; empty for none. One is written every
  /// `checkpointEvery` steps (0: no), at the end and on an interrupt.
  std::string checkpoint;
  int64_t checkpointEvery = 0;
};

/// Refuses numbers that make no sense, by the name of the option.
Status checkOptions(const TrainOptions &options);

/// The options that the weights depend on, steps to seed: members of a log's
/// line `start` and of a checkpoint's `modc.options`.
nlohmann::ordered_json toJson(const TrainOptions &options);

/// Reads text that toJson gave onto `options`; members that are missing stay.
Status readOptions(const std::string &text, TrainOptions &options);

} // namespace modc

#endif // MODC_RUNTIME_TRAINOPTIONS_H
