//===- TrainFlags.h - Command line of modc train -------------- -*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `modc train` was asked for, and the trainer's options that follow from
// it. What can be refused without model and data is refused here.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_TRAINFLAGS_H
#define MODC_TOOLS_MODC_TRAINFLAGS_H

#include "runtime/Trainer.h"
#include "tools/modc/DeviceFlag.h"
#include "tools/modc/Network.h"
#include "tools/modc/Selections.h"
#include "tools/modc/TraceOutput.h"

#include <optional>
#include <string>

namespace modc::driver {

/// The command line, read.
struct TrainFlags {
  std::string model, data = "toy", testData, eStep = "partial", initFrom, log,
                     saveSelections, checkpoint, save, schedule = "constant";
  std::optional<int64_t> steps, epochs, batch;
  std::optional<double> learningRate;
  int64_t threads = 0, evalEvery = 0, checkpointEvery = 1000, seed = 0;
  bool resume = false, json = false;
  /// Nobody has named the data: neither a flag nor a checkpoint.
  bool isDataDefault = false;
  BuildOptions build;
  TraceOutput trace;
  DeviceFlag device;
  /// Complete when check() has passed.
  TrainOptions train;
  SelectionSaver selections;
  /// What the checkpoint was made with, after adoptOrigin() of a resumed run.
  std::optional<CheckpointOrigin> origin;

  void declare(Flags &parser);
  /// Refuses what can be refused without files, and turns flags into options;
  /// the exit code of a usage error.
  std::optional<int> check();
  /// Creates nothing: what is wrong with the model or the data must not leave
  /// directories behind.
  Status checkFiles() const;
  /// Where a run is resumed, takes from its checkpoint what no flag says; tells
  /// whether data is the default.
  Status adoptOrigin(const Flags &given);
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_TRAINFLAGS_H
