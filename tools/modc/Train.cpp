//===- Train.cpp - modc train ---------------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Trains a network by generalized Viterbi EM (Kirsch, Kunze, Barber 2018):
// flags first (TrainFlags), then the model, then the run itself (Training).
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Commands.h"
#include "tools/modc/Output.h"
#include "tools/modc/Training.h"

namespace modc::driver {

int trainMain(int argc, char **argv) {
  TrainFlags flags;
  Flags parser(
      "train", "MODEL [--data DATA] [FLAG...]",
      "Trains MODEL (model.mlir or model.so) by generalized Viterbi EM and\n"
      "prints a summary. The same seed gives the same weights, whatever the\n"
      "number of threads and however often a run was stopped and resumed.");
  flags.declare(parser);
  if (std::optional<int> code = parser.parse(argc, argv))
    return *code;
  if (std::optional<int> code = flags.check())
    return *code;
  if (Status status = flags.checkFiles(); !status)
    return fail(status.error());
  if (Status status = flags.adoptOrigin(parser); !status)
    return fail(status.error());
  auto session = openSession(flags.model, flags.build, parser, flags.threads,
                             &flags.trace, &flags.device);
  if (!session)
    return fail(session.error());
  Training training(flags, **session);
  if (Status status = training.openData(); !status)
    return fail(status.error());
  if (Status status = training.start(); !status)
    return fail(status.error());
  return flags.device.finish(
      flags.trace.finish(training.run(), (*session)->signature().network));
}

} // namespace modc::driver
