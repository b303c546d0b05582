//===- TrainFlags.cpp - Command line of modc train ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Flags that contradict each other are usage errors; files that cannot be
// written, or that are one file, are errors of the work. A resumed run takes
// its options from the checkpoint.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/TrainFlags.h"

#include "runtime/formats/File.h"
#include "tools/modc/Flags.h"
#include "tools/modc/Output.h"

#include <limits>

namespace modc::driver {

void TrainFlags::declare(Flags &parser) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  parser.argument("MODEL", model, "model.so or model.mlir");

  parser.section("data");
  parser.text("--data", "DATA", data,
              "toy (generated), fashion-mnist, images.idx:labels.idx, "
              "x.npy:y.npy or file.csv with the targets in the last columns");
  parser.text(
      "--test-data", "DATA", testData,
      "data to judge the result on; toy and fashion-mnist bring theirs");

  parser.section("how long and how fast");
  parser.integer("--epochs", "N", epochs, 1, most,
                 "passes over the data, of points/batch M-steps each "
                 "(default: 1)");
  parser.integer("--steps", "N", steps, 1, most,
                 "M-steps, instead of --epochs (default for toy: 20000)");
  parser.integer("--batch", "N", batch, 1, int64_t(1) << 30,
                 "points per step (default: 128; for toy 100)");
  parser.real("--lr", "X", learningRate, 0, infinite,
              "learning rate (default: 0.001; for toy 0.01)");
  parser.text("--schedule", "S", schedule,
              "constant, cosine, linear or steps:EVERY:FACTOR, each with "
              "+warmup:STEPS where wanted");
  parser.real("--weight-decay", "X", train.weightDecay, 0, infinite,
              "decoupled weight decay");
  parser.real("--clip-norm", "X", train.clipNorm, 0, infinite,
              "largest norm of the gradient; 0 does not clip");
  parser.texts("--freeze", "NAME", train.frozen,
               "do not train that pool, member or controller; repeatable");
  parser.integer(
      "--threads", "N", threads, 0, 4096,
      "threads; 0 takes all processors; results do not depend on it");
  device.addFlag(parser);
  parser.integer("--seed", "N", seed, 0, most,
                 "seed of weights, choices, batches and the toy data");

  parser.section("EM");
  parser.integer("--samples", "S", train.samples, 1, 1 << 20,
                 "candidates per point: the stored choice and S-1 fresh ones");
  parser.integer("--e-every", "N", train.eEvery, 0, most,
                 "an E-step before every Nth M-step; 0 never");
  parser.choice("--e-step", eStep, {"partial", "complete", "enumerated"},
                "the batch, all the data, or the batch with every choice");
  parser.flag("--e-own-batch", train.eOwnBatch,
              "E-steps take batches of their own from the epoch");

  parser.section("files");
  parser.text("--init-from", "WEIGHTS", initFrom, "start from these weights");
  parser.text("--save", "WEIGHTS", save,
              "write the trained weights there, as safetensors");
  parser.text("--log", "FILE", log, "write a line of JSON per report");
  parser.integer("--log-every", "N", train.reportEvery, 1, most,
                 "steps between two reports");
  parser.integer("--eval-every", "N", evalEvery, 0, most,
                 "judge on the test data every N steps; 0 only at the end");
  parser.text("--save-selections", "every:N[:DIR]", saveSelections,
              "write a* every N steps as .npy (default DIR: selections)");
  parser.text("--checkpoint", "DIR", checkpoint,
              "keep a checkpoint there, also when interrupted");
  parser.integer("--checkpoint-every", "N", checkpointEvery, 0, most,
                 "steps between checkpoints; 0 only at the end");
  parser.flag("--resume", resume,
              "go on from the checkpoint, with its data and options where no "
              "flag says otherwise");
  parser.flag("--json", json, "print the summary as JSON");
  trace.addFlags(parser);
  addBuildFlags(parser, build);
  parser.choice("--optimizer", build.optimizer,
                {"sgd", "momentum", "rmsprop", "adam"},
                "update rule, instead of the network's");
  parser.examples(
      "  modc train examples/toy.mlir --save toy.safetensors\n"
      "  modc train examples/fashion-mnist.mlir --data fashion-mnist \\\n"
      "    --epochs 6 --log run.jsonl --save weights.safetensors\n"
      "  modc train model.so --data x.npy:y.npy --steps 5000 --checkpoint "
      "ck\n");
}

static std::string checkpointPath(const std::string &directory) {
  return directory + "/checkpoint.safetensors";
}

std::optional<int> TrainFlags::check() {
  auto wrong = [](std::string_view message) {
    return misuse("train", message);
  };
  if (steps && epochs)
    return wrong("--steps and --epochs exclude each other");
  if (resume && checkpoint.empty())
    return wrong("--resume wants --checkpoint DIR, where the checkpoint is");
  if (resume && !initFrom.empty())
    return wrong("--resume and --init-from exclude each other");

  // The built-in problem comes with the set-up that the paper solved it by.
  bool isToy = data == "toy";
  bool endGiven = steps || epochs;
  train.steps = steps.value_or(isToy && !endGiven ? 20000 : 0);
  train.epochs = epochs.value_or(1);
  train.batch = batch.value_or(isToy ? 100 : 128);
  train.learningRate = learningRate.value_or(isToy ? 0.01 : 0.001);
  train.seed = uint64_t(seed);
  train.eStep = eStep == "complete"     ? EStepKind::Complete
                : eStep == "enumerated" ? EStepKind::Enumerated
                                        : EStepKind::Partial;
  if (!checkpoint.empty()) {
    train.checkpoint = checkpointPath(checkpoint);
    train.checkpointEvery = checkpointEvery;
  }
  auto rate = Schedule::parse(schedule);
  if (!rate)
    return wrong(rate.error().within("--schedule").message());
  train.schedule = *rate;
  if (!saveSelections.empty()) {
    auto saver = SelectionSaver::parse(saveSelections);
    if (!saver)
      return wrong(saver.error().message());
    selections = *saver;
  }
  return std::nullopt;
}

Status TrainFlags::checkFiles() const {
  for (const std::string &path : {save, log})
    if (!path.empty())
      if (Status status = checkWritable(path); !status)
        return status;
  if (Status status = trace.check(); !status)
    return status;
  if (Status status = checkDistinct({trace.file(),
                                     {"--save", save},
                                     {"--log", log},
                                     {"the checkpoint", train.checkpoint},
                                     {"the model", model}});
      !status)
    return status;
  if (!checkpoint.empty()) {
    std::string path = checkpointPath(checkpoint);
    if (resume && fileKind(path) == FileKind::Missing)
      return makeError("there is no checkpoint to resume from: ",
                       inQuotes(path));
    if (Status status = checkDirectory(checkpoint); !status)
      return status;
    if (fileKind(path) != FileKind::Missing)
      if (Status status = checkWritable(path); !status)
        return status;
  }
  return selections.check();
}

Status TrainFlags::adoptOrigin(const Flags &given) {
  isDataDefault = !resume && !given.given("--data");
  if (!resume)
    return {};
  auto read = Trainer::readOrigin(train.checkpoint);
  if (!read)
    return read.error();
  origin.emplace(std::move(*read));
  auto adopt = [&](const char *flag, auto &value, const auto &before) {
    if (!given.given(flag))
      value = before;
  };
  const TrainOptions &before = origin->options;
  if (!epochs)
    adopt("--steps", train.steps, before.steps);
  adopt("--data", data, origin->data);
  adopt("--batch", train.batch, before.batch);
  adopt("--samples", train.samples, before.samples);
  adopt("--e-every", train.eEvery, before.eEvery);
  adopt("--e-step", train.eStep, before.eStep);
  adopt("--e-own-batch", train.eOwnBatch, before.eOwnBatch);
  adopt("--lr", train.learningRate, before.learningRate);
  adopt("--schedule", train.schedule, before.schedule);
  adopt("--weight-decay", train.weightDecay, before.weightDecay);
  adopt("--clip-norm", train.clipNorm, before.clipNorm);
  adopt("--freeze", train.frozen, before.frozen);
  adopt("--seed", train.seed, before.seed);
  return {};
}

} // namespace modc::driver
