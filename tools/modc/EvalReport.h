//===- EvalReport.h - Results for people to read ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The texts that 'modc train' and 'modc eval' print about a training and an
// evaluation.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_EVALREPORT_H
#define MODC_TOOLS_MODC_EVALREPORT_H

#include "runtime/Evaluate.h"
#include "runtime/Trainer.h"

#include <string>

namespace modc::driver {

/// What the progress line says of a report: ASCII, one line.
std::string factsOf(const TrainReport &report);

/// The most important numbers of an evaluation, on one line.
std::string headline(const Evaluation &evaluation);

/// All of it, with a table of usage per layer (and class). `samples` is the
/// number of samples that it was made with.
std::string describe(const Evaluation &evaluation, int64_t samples);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_EVALREPORT_H
