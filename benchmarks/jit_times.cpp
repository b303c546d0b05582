//===- jit_times.cpp - How long the JIT takes -----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles models into the process and prints the seconds of each. The first
// model of a process also pays for what is set up once.
//
//===----------------------------------------------------------------------===//

#include "frontend/Jit.h"
#include "frontend/Network.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace modc::api;

static double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

int main(int argc, char **argv) {
  bool isHelp = argc > 1 && !std::strcmp(argv[1], "--help");
  if (isHelp || argc < 4) {
    std::puts("usage: jit_times RUNS PROGRAM MODEL.mlir...\n\n"
              "Compiles PROGRAM of each MODEL into the process RUNS times, and "
              "prints the\nseconds of the fastest run, a line a model.");
    return isHelp ? 0 : 2;
  }
  int runs = std::max(1, std::atoi(argv[1]));
  JitOptions options;
  options.programs = {argv[2]};
  for (int i = 3; i < argc; ++i) {
    modc::Result<Network> network = Network::load(argv[i]);
    if (!network) {
      std::fprintf(stderr, "%s\n", network.error().message().c_str());
      return 1;
    }
    double best = 0;
    for (int run = 0; run < runs; ++run) {
      auto start = std::chrono::steady_clock::now();
      modc::Result<Jit> jit = Jit::compile(*network, options);
      if (!jit) {
        std::fprintf(stderr, "%s\n", jit.error().message().c_str());
        return 1;
      }
      double seconds = secondsSince(start);
      best = run ? std::min(best, seconds) : seconds;
    }
    std::printf("%.4f\n", best);
  }
}
