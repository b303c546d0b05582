//===- Eval.cpp - modc eval -----------------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Judges weights on a data set: by the controllers' mode, by the best of S
// samples and by their mean, with what the controllers have learned.
//
//===----------------------------------------------------------------------===//

#include "runtime/Evaluate.h"
#include "runtime/Log.h"
#include "runtime/Weights.h"
#include "tools/modc/Commands.h"
#include "tools/modc/DeviceFlag.h"
#include "tools/modc/EvalReport.h"
#include "tools/modc/Network.h"
#include "tools/modc/Output.h"
#include "tools/modc/TraceOutput.h"

#include <nlohmann/json.hpp>

#include <limits>

namespace modc::driver {

int evalMain(int argc, char **argv) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  std::string model, weights, data = "toy", split = "test";
  int64_t threads = 0, seed = 0;
  bool json = false;
  EvaluateOptions options;
  BuildOptions build;
  TraceOutput trace;
  DeviceFlag device;
  Flags flags(
      "eval", "MODEL --weights WEIGHTS [--data DATA] [FLAG...]",
      "Judges weights on data: accuracy or loss by the mode of the\n"
      "controllers, by the best of S samples and by the mean over them; how\n"
      "certain the controllers are (H_a), how evenly they use the members\n"
      "(H_b), usage per member and class, dead members.");
  flags.argument("MODEL", model, "model.so or model.mlir");
  flags.text("--weights", "FILE", weights, "weights, as safetensors");
  flags.text("--data", "DATA", data,
             "toy, fashion-mnist, images.idx:labels.idx, x.npy:y.npy or "
             "file.csv");
  flags.choice("--split", split, {"test", "train"},
               "the part of toy or fashion-mnist");
  flags.integer("--samples", "S", options.samples, 0, 1 << 20,
                "samples from the controllers; 0 judges by the mode only");
  flags.integer("--seed", "N", seed, 0, most,
                "seed of the samples and of the toy data");
  flags.integer(
      "--batch", "N", options.batch, 1, 1 << 24,
      "points that are computed at once; results do not depend on it");
  flags.integer("--threads", "N", threads, 0, 4096,
                "threads; 0 takes all processors");
  device.addFlag(flags);
  flags.flag("--json", json, "print JSON, for programs");
  trace.addFlags(flags);
  addBuildFlags(flags, build);
  flags.examples("  modc eval model.so --weights weights.safetensors \\\n"
                 "    --data fashion-mnist\n");
  if (std::optional<int> code = flags.parse(argc, argv))
    return *code;
  if (weights.empty()) {
    if (Status status = checkModel(model, build, flags); !status)
      return fail(status.error());
    return misuse("eval", "no weights are given: --weights FILE");
  }

  if (Status status = trace.check(); !status)
    return fail(status.error());
  auto session = openSession(model, build, flags, threads, &trace, &device);
  if (!session)
    return fail(session.error());
  if (Status status = loadWeights(**session, weights); !status)
    return fail(status.error());
  DataOptions dataOptions;
  dataOptions.seed = options.seed = uint64_t(seed);
  auto opened =
      openData((*session)->signature(), data, !flags.given("--data"),
               split == "test" ? Split::Test : Split::Train, dataOptions);
  if (!opened)
    return fail(opened.error());
  auto evaluation = evaluate(**session, *opened, options);
  if (!evaluation)
    return fail(evaluation.error());
  if (json)
    printJson(toJson(*evaluation));
  else
    print(describe(*evaluation, options.samples));
  return device.finish(trace.finish(Done, (*session)->signature().network));
}

} // namespace modc::driver
