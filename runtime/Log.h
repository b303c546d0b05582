//===- Log.h - Records of trainings and evaluations -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns reports into JSON, one object per line in a training's log: what plots
// and programs read.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_LOG_H
#define MODC_RUNTIME_LOG_H

#include "runtime/Evaluate.h"
#include "runtime/Trainer.h"
#include "runtime/formats/JsonLines.h"

#include <nlohmann/json_fwd.hpp>

namespace modc {

nlohmann::ordered_json toJson(const SelectionMetrics &metrics);
nlohmann::ordered_json toJson(const Evaluation &evaluation);
nlohmann::ordered_json toJson(const TrainReport &report);

/// A training's log. Each line has a member `event`: "start", "step" or
/// "evaluation".
class TrainingLog {
public:
  /// `append` goes on with the log of the run that is resumed.
  static Result<TrainingLog> open(const std::string &path, bool append);

  Status start(const Signature &signature, const Dataset &data,
               const TrainOptions &options);
  Status step(const TrainReport &report);
  Status evaluation(int64_t step, const char *split,
                    const Evaluation &evaluation);

private:
  explicit TrainingLog(JsonLines lines) : lines(std::move(lines)) {}
  JsonLines lines;
};

} // namespace modc

#endif // MODC_RUNTIME_LOG_H
