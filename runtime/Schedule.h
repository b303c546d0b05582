//===- Schedule.h - The learning rate over the steps ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the learning rate changes in the course of a training: a run-time value
// of the update program, computed by the host at each step.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_SCHEDULE_H
#define MODC_RUNTIME_SCHEDULE_H

#include "runtime/formats/Result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace modc {

struct Schedule {
  enum class Kind { Constant, Cosine, Linear, Steps };
  Kind kind = Kind::Constant;
  /// The first steps grow linearly from 1/warmup to 1.
  int64_t warmup = 0;
  /// Steps: multiply by `factor` every `every` steps.
  int64_t every = 0;
  double factor = 1;

  /// Multiplier of the base rate at `step` (from 0) of `total`. Cosine falls
  /// from 1 to 0 by half a cosine, linear by a line, both after the warm-up.
  double at(int64_t step, int64_t total) const;

  /// "constant", "cosine", "linear" or "steps:EVERY:FACTOR", each optionally
  /// followed by "+warmup:STEPS".
  static Result<Schedule> parse(std::string_view text);
  /// What parse reads as this schedule.
  std::string text() const;
};

} // namespace modc

#endif // MODC_RUNTIME_SCHEDULE_H
