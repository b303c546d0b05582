//===- JitTest.cpp - Tests of the JIT -------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles into this process and runs through a session of libmodc.
//
//===----------------------------------------------------------------------===//

#include "frontend/Jit.h"
#include "frontend/NetworkState.h"

#include "gtest/gtest.h"

#include <fstream>
#include <unistd.h>

using namespace modc;
using namespace modc::api;

namespace {

TEST(Jit, RunsWhatIsAtThePhaseBuffers) {
  auto network = Network::load(MODC_TEST_INPUTS "/scale.mlir");
  ASSERT_TRUE(bool(network)) << network.error().message();
  network->state().phase = Phase::Buffers;
  for (unsigned optimization : {0u, 2u}) {
    JitOptions options;
    options.optimization = optimization;
    auto jit = Jit::compile(*network, options);
    ASSERT_TRUE(bool(jit)) << jit.error().message();
    api::Session session(jit->model());
    int64_t bytes = 0;
    auto *w = static_cast<float *>(
        modc_session_arena(session.get(), MODC_ARENA_PARAMETERS, &bytes));
    ASSERT_EQ(bytes, 128);
    for (int j = 0; j < 4; ++j)
      w[16 + j] = float(j);
    std::vector<float> x(40, 2), y(40);
    void *buffers[] = {x.data(), y.data()};
    int64_t sizes[] = {160, 160}, shift = 1;
    double k = 3;
    char *error = nullptr;
    ASSERT_EQ(modc_session_call(session.get(), "scale", 10, 1, buffers, sizes,
                                2, &shift, 1, &k, 1, &error),
              0)
        << error;
    for (int i = 0; i < 40; ++i)
      EXPECT_EQ(y[i], float(6 * (i % 4) + 1));
  }
}

TEST(Jit, NamesFunctionsForPerf) {
  std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  unlink(path.c_str());
  auto network = Network::load(MODC_TEST_INPUTS "/scale.mlir");
  ASSERT_TRUE(bool(network));
  network->state().phase = Phase::Buffers;
  JitOptions options;
  options.perfMap = true;
  auto jit = Jit::compile(*network, options);
  ASSERT_TRUE(bool(jit)) << jit.error().message();
  std::ifstream file(path);
  uint64_t address = 0, size = 0, entry = 0, program = 0;
  std::string name;
  while (file >> std::hex >> address >> size >> name) {
    EXPECT_GT(size, 0u);
    if (name == "modc_model_entry")
      entry = address;
    if (name == "scale")
      program = address;
  }
  EXPECT_EQ(entry, uint64_t(jit->entry()));
  // Local functions too: they are what a profile is made of.
  EXPECT_NE(program, 0u);
  unlink(path.c_str());
}

TEST(Jit, ErrorsAreValues) {
  Network network("empty");
  auto jit = Jit::compile(network);
  EXPECT_FALSE(bool(jit));
}

} // namespace
