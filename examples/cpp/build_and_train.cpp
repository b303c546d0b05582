//===- build_and_train.cpp - A network built and compiled in C++ ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds the toy network (toy_network.h), compiles it into this process, trains
// it by EM and predicts: no file, no MLIR header. Optionally reads the network
// from a file instead.
//
//===----------------------------------------------------------------------===//

#include "toy_network.h"

#include "frontend/Jit.h"

#include <cstdio>

using namespace modc::api;

static int run(const Network &network) {
  modc::Result<Jit> jit = Jit::compile(network);
  if (!jit) {
    std::fprintf(stderr, "build_and_train: %s\n",
                 jit.error().message().c_str());
    return 1;
  }
  Session session(jit->model());
  session.init(/*seed=*/1);

  constexpr int64_t points = 1000;
  std::vector<float> x(points * 2), target(points * 2), y(points * 2);
  modc_toy_data(1, points, 0, x.data(), target.data(), nullptr);
  auto loss = [&] {
    session.infer(points, {x.data()}, {y.data()});
    double sum = 0;
    for (size_t i = 0; i < y.size(); ++i)
      sum += (y[i] - target[i]) * (y[i] - target[i]);
    return sum / points;
  };
  double before = loss();
  modc_train_options options = trainOptions();
  options.steps = 500;
  options.batch = 100;
  options.samples = 10;
  options.learning_rate = 0.05;
  options.seed = 1;
  modc_train_result result =
      session.train(options, points, {x.data()}, {target.data()});
  double after = loss();
  std::printf("squared error %.4f, after %lld steps %.4f\n", before,
              (long long)result.steps, after);
  return after < before ? 0 : 1;
}

int main(int argc, char **argv) {
  try {
    if (argc == 1)
      return run(toyNetwork());
    modc::Result<Network> network = Network::load(argv[1]);
    if (network)
      return run(*network);
    std::fprintf(stderr, "%s\n", network.error().message().c_str());
  } catch (const Failure &failure) {
    std::fprintf(stderr, "build_and_train: %s\n", failure.what());
  }
  return 1;
}
