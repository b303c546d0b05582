//===- EdgesTest.cpp - Batches and numbers at their worst -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One network whose layers pick several members, some of them twice, on batches
// on which routing goes wrong first: a device does what the processor does.
//
//===----------------------------------------------------------------------===//

#include "Comparison.h"

#include <cmath>

using namespace modc;

namespace {

/// One network, and what a batch or its numbers can be at worst.
class Edges : public testing::Test {
protected:
  static void SetUpTestSuite() {
    // Assignments are too many for many points.
    model = compile(MODC_CONFORMANCE_INPUTS "/several-picks.mlir",
                    {"init", "infer", "forward", "score", "evaluate", "sample",
                     "e_step", "m_step", "update", "train_step"});
  }
  static void TearDownTestSuite() { model.reset(); }
  void SetUp() override {
    device = lavapipe();
    ASSERT_TRUE(model && device);
    comparison = std::make_unique<Comparison>(model, device);
  }
  void TearDown() override {
    if (device)
      for (const std::string &message : device->takeMessages())
        ADD_FAILURE() << message;
  }

  static std::shared_ptr<const Model> model;
  std::shared_ptr<Device> device;
  std::unique_ptr<Comparison> comparison;
};

std::shared_ptr<const Model> Edges::model;

TEST_F(Edges, NoPointOneAndMany) {
  for (int64_t n : {0, 1, 100})
    for (int64_t s : {1, 5})
      ASSERT_NO_FATAL_FAILURE(comparison->runAll(n, s));
}

TEST_F(Edges, NoCandidateIsRefused) {
  int number = model->signature().findProgram("e_step");
  ASSERT_GE(number, 0);
  const ProgramSpec &program = model->signature().programs[size_t(number)];
  Buffers buffers(program, 1, 1);
  int64_t integers[] = {1, 1};
  std::vector<std::string> messages;
  for (Session *session : {comparison->cpu.get(), comparison->gpu.get()}) {
    Status status =
        session->call(number, buffers.list.data(), buffers.list.size(), 1, 0,
                      integers, 2, nullptr, 0);
    ASSERT_FALSE(bool(status));
    messages.push_back(status.error().message());
  }
  EXPECT_EQ(messages[0], messages[1]);
}

TEST_F(Edges, MembersWithAllRowsAndWithNone) {
  for (Batch batch : {Batch::OneMember, Batch::NoLastMember})
    for (int64_t n : {1, 70})
      ASSERT_NO_FATAL_FAILURE(comparison->runAll(n, 3, batch));
}

/// The first of the best, and what was stored: as on the processor.
TEST_F(Edges, EqualScores) {
  comparison->clearParameters();
  for (const char *name : {"infer", "evaluate", "e_step"})
    ASSERT_NO_FATAL_FAILURE(comparison->run(name, 33, 4));
}

/// Clipped, whether or not their squares are numbers of f32; an infinite
/// gradient has an infinite norm.
TEST_F(Edges, LargeGradients) {
  for (float value : {1e15f, 1e25f, 1e36f, INFINITY, NAN}) {
    SCOPED_TRACE(value);
    // Which groups are touched.
    ASSERT_NO_FATAL_FAILURE(comparison->run("m_step", 9, 3));
    ASSERT_NO_FATAL_FAILURE(comparison->fillGradients(value));
    ASSERT_NO_FATAL_FAILURE(comparison->run("update", 0, 1));
    ASSERT_NO_FATAL_FAILURE(comparison->compareArenas());
    comparison = std::make_unique<Comparison>(model, device);
  }
}

/// Nothing hangs, and what is no number on one side is none on the other. The
/// largest inputs are so small that only squares of gradients overflow, in
/// Adam's state: sums that do hang on their order.
TEST_F(Edges, NumbersThatAreNone) {
  for (Batch batch : {Batch::Large, Batch::NotANumber, Batch::Infinite}) {
    ASSERT_NO_FATAL_FAILURE(comparison->runAll(9, 3, batch));
    comparison = std::make_unique<Comparison>(model, device);
  }
  // The device is as good as before.
  ASSERT_NO_FATAL_FAILURE(comparison->runAll(9, 3));
}

} // namespace
