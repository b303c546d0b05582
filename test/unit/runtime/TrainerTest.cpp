//===- TrainerTest.cpp - Generalized Viterbi EM ---------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Trains the toy regression with the model written by hand: it is solved, the
// result does not depend on threads or interruptions, and each kind of E-step
// does what it says.
//
//===----------------------------------------------------------------------===//

#include "runtime/Trainer.h"

#include "ToyModel.h"
#include "runtime/Philox.h"
#include "runtime/Weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <unistd.h>

using namespace modc;

namespace {

std::string message(const Status &status) {
  return status ? "" : status.error().message();
}

struct Training {
  std::unique_ptr<Session> session;
  std::unique_ptr<Dataset> data;
  std::unique_ptr<Trainer> trainer;

  explicit Training(TrainOptions options, int64_t workers = 1,
                    int64_t points = 1000) {
    session = toySession(workers);
    EXPECT_TRUE(session->init(options.seed));
    DataOptions toy;
    toy.seed = options.seed;
    toy.toyPoints = points;
    auto opened = Dataset::open(session->signature(), "toy", Split::Train, toy);
    EXPECT_TRUE(opened);
    data = std::make_unique<Dataset>(std::move(*opened));
    auto made = Trainer::create(*session, *data, options);
    EXPECT_TRUE(made) << (made ? "" : made.error().message());
    if (made)
      trainer = std::move(*made);
  }

  std::vector<float> parameters() const {
    auto *p = static_cast<const float *>(
        static_cast<const Session &>(*session).parameters());
    return {p, p + toy::kFloats};
  }
  std::vector<uint8_t> choices() const {
    Tensor tensor = trainer->choices().tensor();
    return {tensor.data, tensor.data + tensor.byteSize()};
  }
};

TrainOptions toyOptions(uint64_t seed, int64_t steps) {
  TrainOptions options;
  options.seed = seed;
  options.steps = steps;
  options.batch = 100;
  options.samples = 10;
  options.learningRate = 1e-2;
  return options;
}

std::string temporary(const char *name) {
  return testing::TempDir() + "modc-" + std::to_string(getpid()) + "-" + name;
}

TEST(Trainer, SolvesTheToyRegression) {
  for (uint64_t seed : {3, 5, 8}) {
    Training run(toyOptions(seed, 4000));
    TrainReport last;
    Trainer::Callbacks callbacks;
    callbacks.report = [&](const TrainReport &report) { last = report; };
    auto end = run.trainer->run(callbacks);
    ASSERT_TRUE(end) << end.error().message();
    EXPECT_EQ(*end, TrainEnd::Finished);
    EXPECT_EQ(last.step, 4000);
    EXPECT_DOUBLE_EQ(last.eUpdatesPerPoint, 400);
    // Mean squared error below 0.01 in two dimensions.
    EXPECT_GT(last.logLikelihood, -0.01);
  }
}

TEST(Trainer, ThreadsDoNotChangeTheResult) {
  for (EStepKind kind :
       {EStepKind::Partial, EStepKind::Complete, EStepKind::Enumerated}) {
    TrainOptions options = toyOptions(3, 40);
    options.eStep = kind;
    options.eEvery = 4;
    Training one(options, 1), four(options, 4);
    ASSERT_TRUE(one.trainer->run());
    ASSERT_TRUE(four.trainer->run());
    EXPECT_EQ(one.parameters(), four.parameters());
    EXPECT_EQ(one.choices(), four.choices());
  }
}

TEST(Trainer, ResumesBitExactly) {
  std::string path = temporary("resume.safetensors");
  TrainOptions options = toyOptions(5, 60);
  options.eEvery = 3;
  options.eOwnBatch = true;
  options.schedule = *Schedule::parse("cosine+warmup:10");
  Training whole(options);
  ASSERT_TRUE(whole.trainer->run());

  options.checkpoint = path;
  Training first(options);
  Trainer::Callbacks callbacks;
  callbacks.interrupted = [&] { return first.trainer->stepsDone() == 23; };
  auto end = first.trainer->run(callbacks);
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, TrainEnd::Interrupted);

  // The file says what it was made with.
  auto origin = Trainer::readOrigin(path);
  ASSERT_TRUE(origin) << origin.error().message();
  EXPECT_EQ(origin->data, "toy");
  EXPECT_EQ(origin->options.learningRate, options.learningRate);
  EXPECT_EQ(origin->options.schedule.text(), "cosine+warmup:10");
  EXPECT_EQ(origin->options.steps, 60);

  // Other parameters and choices, so that all must come from the file.
  Training second(options);
  ASSERT_TRUE(second.session->init(99));
  second.trainer->choices().drawUniform(99);
  ASSERT_EQ(message(second.trainer->resume(path)), "");
  EXPECT_EQ(second.trainer->stepsDone(), 23);
  ASSERT_TRUE(second.trainer->run());
  EXPECT_EQ(whole.parameters(), second.parameters());
  EXPECT_EQ(whole.choices(), second.choices());
  EXPECT_EQ(std::memcmp(whole.session->state(), second.session->state(), 536),
            0);
  std::remove(path.c_str());
}

TEST(Trainer, RefusesForeignCheckpoints) {
  std::string path = temporary("foreign.safetensors");
  TrainOptions options = toyOptions(5, 10);
  options.checkpoint = path;
  Training run(options);
  ASSERT_TRUE(run.trainer->run());
  TrainOptions other = options;
  other.seed = 6;
  Training otherSeed(other);
  EXPECT_NE(message(otherSeed.trainer->resume(path)).find("another data set"),
            std::string::npos);
  other = options;
  other.batch = 50;
  Training otherBatch(other);
  EXPECT_EQ(message(otherBatch.trainer->resume(path)),
            "'" + path +
                "' was made with another batch size: '100' there, '50' here");
  other = options;
  other.steps = 5;
  Training shorter(other);
  EXPECT_EQ(message(shorter.trainer->resume(path)),
            "'" + path + "' stands at step 10, the training ends at step 5");
  ASSERT_TRUE(saveWeights(*run.session, path));
  EXPECT_EQ(message(run.trainer->resume(path)),
            "'" + path + "' is not a checkpoint");
  auto origin = Trainer::readOrigin(path);
  ASSERT_FALSE(origin);
  EXPECT_EQ(origin.error().message(), "'" + path + "' is not a checkpoint");
  std::remove(path.c_str());
}

TEST(Trainer, RefusesDamagedCheckpoints) {
  std::string path = temporary("damaged.safetensors");
  TrainOptions options = toyOptions(5, 10);
  options.checkpoint = path;
  Training run(options);
  ASSERT_TRUE(run.trainer->run());
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  auto before = run.parameters();
  for (uint32_t round = 0; round < 200; ++round) {
    PhiloxBlock words = philox({round, 0, 0, 0}, 11);
    std::string damaged = bytes;
    if (round % 2)
      damaged.resize(words[0] % bytes.size());
    else
      damaged[words[0] % bytes.size()] ^= char(1u << (words[1] % 8));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    Status status = run.trainer->resume(path);
    // Spaces of the header are not covered by the hash: the same file.
    if (!status)
      EXPECT_EQ(before, run.parameters());
    else
      EXPECT_EQ(round % 2, 0u);
    EXPECT_EQ(run.trainer->stepsDone(), 10);
  }
  std::remove(path.c_str());
}

TEST(Trainer, NeverLowersTheObjectiveInAnEStep) {
  Training run(toyOptions(1, 1));
  auto buffers = BatchBuffers::create(*run.session, {"e_step"}, 1000, 10);
  ASSERT_TRUE(buffers);
  std::vector<int64_t> indices(1000);
  for (int64_t i = 0; i < 1000; ++i)
    indices[size_t(i)] = i;
  run.data->gather(*run.session, indices.data(), 1000, *buffers);
  std::memcpy(buffers->data("points"), indices.data(), 8000);
  run.trainer->choices().gather(indices.data(), 1000,
                                buffers->as<int32_t>("stored"));
  ProgramCall &call = buffers->program("e_step");
  ASSERT_TRUE(call.integer("seed", 1));
  ASSERT_TRUE(call.integer("step", 0));
  ASSERT_TRUE(call.run(1000, 10));
  for (int64_t i = 0; i < 1000; ++i)
    ASSERT_GE(buffers->real("after", i), buffers->real("before", i));
}

TEST(Trainer, WithoutEStepsChoicesStay) {
  TrainOptions options = toyOptions(2, 50);
  options.eEvery = 0;
  Training run(options);
  auto before = run.choices();
  ASSERT_TRUE(run.trainer->run());
  EXPECT_EQ(before, run.choices());
  EXPECT_EQ(run.trainer->eUpdatesPerPoint(), 0);
}

TEST(Trainer, CountsEUpdates) {
  TrainOptions options = toyOptions(2, 10);
  options.eEvery = 4; // Before steps 0, 4 and 8.
  Training partial(options);
  ASSERT_TRUE(partial.trainer->run());
  EXPECT_DOUBLE_EQ(partial.trainer->eUpdatesPerPoint(), 0.3);
  options.eStep = EStepKind::Complete;
  Training complete(options);
  ASSERT_TRUE(complete.trainer->run());
  EXPECT_DOUBLE_EQ(complete.trainer->eUpdatesPerPoint(), 3);
}

TEST(Trainer, EpochsAreWholeBatches) {
  TrainOptions options = toyOptions(2, 0);
  options.epochs = 2;
  options.batch = 300;
  Training run(options);
  EXPECT_EQ(run.trainer->stepsInAll(), 6);
  options.batch = 5000;
  Training whole(options);
  EXPECT_EQ(whole.trainer->stepsInAll(), 2);
}

TEST(Trainer, FreezesGroups) {
  TrainOptions options = toyOptions(2, 20);
  options.frozen = {"experts"};
  Training run(options);
  auto before = run.parameters();
  ASSERT_TRUE(run.trainer->run());
  auto after = run.parameters();
  for (int i = 0; i < toy::kRouterWeight; ++i)
    EXPECT_EQ(before[size_t(i)], after[size_t(i)]);
  EXPECT_NE(before[toy::kRouterWeight], after[toy::kRouterWeight]);

  options.frozen = {"expert"};
  auto refused = Trainer::create(*run.session, *run.data, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "cannot freeze 'expert': network 'toy' has experts, experts.0, "
            "experts.1, router");
}

/// Whose parameters of the toy move when `frozen` is frozen and its second
/// member is called `member`.
std::vector<std::string> trained(const std::string &member,
                                 const std::string &frozen) {
  std::string signature = toySignature();
  const std::string usual = "\"experts.1\"", renamed = "\"" + member + "\"";
  for (size_t at; (at = signature.find(usual)) != signature.npos;)
    signature.replace(at, usual.size(), renamed);
  auto model = Model::fromEntry(toyEntry, signature);
  EXPECT_TRUE(model) << model.error().message();
  auto session = Session::create(*model);
  EXPECT_TRUE(session);
  EXPECT_TRUE((*session)->init(1));
  auto data = Dataset::open((*model)->signature(), "toy", Split::Train);
  EXPECT_TRUE(data);
  TrainOptions options = toyOptions(2, 20);
  options.frozen = {frozen};
  auto trainer = Trainer::create(**session, *data, options);
  EXPECT_TRUE(trainer) << trainer.error().message();
  auto *p = static_cast<float *>((*session)->parameters());
  std::vector<float> before(p, p + toy::kFloats);
  EXPECT_TRUE((*trainer)->run());
  p = static_cast<float *>((*session)->parameters());
  std::vector<std::string> names;
  const int first[] = {toy::kWeight, toy::kWeight + 4, toy::kRouterWeight};
  for (int i = 0; i < 3; ++i)
    if (before[size_t(first[i])] != p[first[i]])
      names.push_back((*model)->signature().groups[size_t(i)]);
  return names;
}

TEST(Trainer, FreezesPoolsByTheirMembers) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(trained("extra", "experts"), (Names{"router"}));
  EXPECT_EQ(trained("extra", "extra"), (Names{"experts.0", "router"}));
  EXPECT_EQ(trained("router.x", "router"), (Names{"experts.0", "router.x"}));
}

TEST(Trainer, StopsOnANonFiniteLoss) {
  std::string path = temporary("diverged.safetensors");
  TrainOptions options = toyOptions(2, 20);
  options.checkpoint = path;
  options.checkpointEvery = 4;
  Training run(options);
  Trainer::Callbacks callbacks;
  callbacks.afterStep = [&](int64_t done) -> Status {
    if (done == 6)
      for (int i = 0; i < 4; ++i)
        static_cast<float *>(run.session->parameters())[toy::kBias + i] = 1e30f;
    return {};
  };
  auto end = run.trainer->run(callbacks);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().message(),
            "the loss of step 7 is infinity: log p(y|x,a) + log p(a|x) is not "
            "finite");
  // The last good checkpoint is still there.
  Training again(options);
  ASSERT_EQ(message(again.trainer->resume(path)), "");
  EXPECT_EQ(again.trainer->stepsDone(), 4);
  std::remove(path.c_str());
}

TEST(Trainer, ChecksOptions) {
  TrainOptions options = toyOptions(2, 20);
  Training run(options);
  options.batch = 0;
  auto refused = Trainer::create(*run.session, *run.data, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "batch is 0, it must be at least 1");
  options = toyOptions(2, 20);
  options.learningRate = std::nan("");
  refused = Trainer::create(*run.session, *run.data, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "learning rate must be a number that is not negative");
}

} // namespace
