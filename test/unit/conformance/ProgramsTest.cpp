//===- ProgramsTest.cpp - Every program on a device -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Examples, and what none of them has: many groups, many parameters.
//
//===----------------------------------------------------------------------===//

#include "Comparison.h"

#include <algorithm>

using namespace modc;

namespace {

class Programs : public testing::TestWithParam<const char *> {};

TEST_P(Programs, AgreeWithTheProcessor) {
  auto model = compile(std::string(MODC_EXAMPLES "/") + GetParam() + ".mlir");
  auto device = lavapipe();
  ASSERT_TRUE(model && device);
  Comparison comparison(model, device);
  for (int64_t n : {1, 37})
    ASSERT_NO_FATAL_FAILURE(comparison.runAll(n, 3));
  for (const std::string &message : device->takeMessages())
    ADD_FAILURE() << message;
}

/// 4, 6 for each modular layer, one more where it picks several members, and 3
/// for each other layer with parameters.
TEST(Launches, OfAStepAreFew) {
  struct Bar {
    const char *name;
    size_t launches;
  };
  for (Bar bar : {Bar{"toy", 10}, Bar{"fashion-mnist", 13}, Bar{"mnist", 19}}) {
    auto model = compile(std::string(MODC_EXAMPLES "/") + bar.name + ".mlir",
                         {"train_step"});
    ASSERT_TRUE(model);
    const Signature &signature = model->signature();
    int step = signature.findProgram("train_step");
    ASSERT_GE(step, 0);
    ASSERT_EQ(signature.devices.size(), 1u);
    const auto &program = signature.devices[0].programs[size_t(step)];
    ASSERT_TRUE(program.has_value());
    EXPECT_LE(program->launches.size(), bar.launches) << bar.name;
  }
}

/// lavapipe would give a wrong number.
TEST(Launches, OfTooManyRoundsAreRefused) {
  auto model =
      compile(MODC_EXAMPLES "/fashion-mnist-mixed.mlir", {"init", "infer"});
  auto device = lavapipe();
  ASSERT_TRUE(model && device);
  if (device->info().limits.rounds == 0)
    GTEST_SKIP() << device->info().label() << " has no limit of rounds";
  SessionOptions options;
  options.device = device;
  auto session = Session::create(model, options);
  ASSERT_TRUE(bool(session)) << session.error().message();
  ASSERT_TRUE(bool((*session)->init(1)));
  int number = model->signature().findProgram("infer");
  Buffers buffers(model->signature().programs[size_t(number)], 1, 1);
  Status status =
      (*session)->call(number, buffers.list.data(), buffers.list.size(), 1, 1,
                       nullptr, 0, nullptr, 0);
  ASSERT_FALSE(bool(status));
  EXPECT_NE(status.error().message().find(
                "rounds of loops in an invocation, the device has at most"),
            std::string::npos)
      << status.error().message();
}

INSTANTIATE_TEST_SUITE_P(Examples, Programs,
                         testing::Values("toy", "fashion-mnist", "mnist",
                                         "pasted-gated", "fashion-mnist-plain",
                                         "attention-heads"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace
