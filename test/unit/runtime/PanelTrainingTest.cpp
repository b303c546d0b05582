//===- PanelTrainingTest.cpp - Training by programs that keep panels ------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The toy's programs, that take its matrices for their transposes, train as
// they do without panels, also when they go on from a checkpoint.
//
//===----------------------------------------------------------------------===//

#include "PanelModel.h"
#include "ToyModel.h"
#include "runtime/Trainer.h"
#include "runtime/formats/Safetensors.h"

#include <cstdio>

using namespace modc;
using namespace modc::panels;

namespace {

/// The toy with its matrices and their states in panels of a column, which for
/// 2 x 2 are the transpose; but for one of the states.
std::shared_ptr<const Model> transposedToy() {
  std::string text = toySignature();
  const std::string shape = R"("shape": [2, 2])", panels = R"("panels": 1, )";
  for (size_t at = 0; (at = text.find(shape, at)) != std::string::npos;
       at += panels.size() + 1)
    text.insert(at, panels);
  text.erase(text.find(panels, text.find("experts.1.weight.v")), panels.size());
  auto loaded = Model::fromEntry(toyEntry, text);
  EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message());
  return loaded ? *loaded : nullptr;
}

struct Training {
  std::unique_ptr<Session> session;
  std::unique_ptr<Dataset> data;
  std::unique_ptr<Trainer> trainer;

  Training(std::shared_ptr<const Model> model, const TrainOptions &options) {
    SessionOptions settings;
    settings.workers = 2;
    session = std::move(*Session::create(std::move(model), settings));
    EXPECT_TRUE(session->init(options.seed));
    data = std::make_unique<Dataset>(
        std::move(*Dataset::open(session->signature(), "toy", Split::Train)));
    trainer = std::move(*Trainer::create(*session, *data, options));
  }
};

/// Bit by bit what `plain` has, whose programs compute the same.
void expectTransposed(const Session &session, const Session &plain) {
  const Signature &signature = session.signature();
  for (Kind kind : {Kind::Parameters, Kind::State}) {
    const auto *here = look<char>(session, kind);
    const auto *there = look<char>(plain, kind);
    for (const StoredTensor &tensor :
         kind == Kind::State ? signature.state : signature.parameters)
      for (int64_t i = 0; i < tensor.bytes; ++i) {
        const int64_t element = i / 4, transposed[] = {0, 2, 1, 3};
        int64_t from = tensor.panels ? transposed[element] * 4 + i % 4 : i;
        ASSERT_EQ(here[tensor.offset + i], there[tensor.offset + from])
            << tensor.name;
      }
  }
}

TEST(PanelTraining, IsTheSame) {
  std::string path = temporary("panels-checkpoint.safetensors");
  TrainOptions options;
  options.seed = 5;
  options.steps = 60;
  options.batch = 100;
  options.learningRate = 1e-2;
  Training plain(toyModel(), options), whole(transposedToy(), options);
  expectTransposed(*whole.session, *plain.session);
  ASSERT_TRUE(plain.trainer->run());
  ASSERT_TRUE(whole.trainer->run());
  expectTransposed(*whole.session, *plain.session);

  options.checkpoint = path;
  Training first(transposedToy(), options);
  Trainer::Callbacks callbacks;
  callbacks.interrupted = [&] { return first.trainer->stepsDone() == 23; };
  ASSERT_TRUE(first.trainer->run(callbacks));
  auto file = readSafetensors(path);
  ASSERT_TRUE(file) << file.error().message();
  const Tensor &filed = file->tensors["parameters.router.weight"];
  const auto *p = look(*first.session) + toy::kRouterWeight;
  EXPECT_EQ(std::memcmp(filed.data, p, 16), 0);
  // Other parameters, so that all must come from the file.
  Training second(transposedToy(), options);
  ASSERT_TRUE(second.session->init(99));
  ASSERT_TRUE(second.trainer->resume(path));
  ASSERT_TRUE(second.trainer->run());
  expectTransposed(*second.session, *plain.session);
  std::remove(path.c_str());
}

} // namespace
