//===- SessionTest.cpp - A model with its weights, ready to run -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls of programs: what is checked before compiled code sees it, buffers of
// any alignment, sessions side by side and the host's own functions.
//
//===----------------------------------------------------------------------===//

#include "runtime/Session.h"

#include "ToyModel.h"
#include "runtime/ProgramCall.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

using namespace modc;

namespace {

int program(const Session &session, const char *name) {
  return session.signature().findProgram(name);
}

std::string message(const Status &status) {
  return status ? "" : status.error().message();
}

/// Three points through `infer`, in memory of the caller.
struct Infer {
  std::vector<float> x{1, 2, -3, 4, 5, -6}, y = std::vector<float>(6);
  std::vector<int32_t> selection = std::vector<int32_t>(3, -1);

  std::vector<Buffer> buffers() {
    return {{x.data(), 24}, {y.data(), 24}, {selection.data(), 12}};
  }
  Status run(Session &session, std::vector<Buffer> given, int64_t points = 3) {
    return session.call(program(session, "infer"), given.data(), given.size(),
                        points, 1, nullptr, 0, nullptr, 0);
  }
};

TEST(Session, RefusesToRunWithoutParameters) {
  auto session = toySession();
  Infer infer;
  EXPECT_EQ(message(infer.run(*session, infer.buffers())),
            "program 'infer': the session has no parameters: draw or load "
            "them");
}

TEST(Session, InfersByTheMode) {
  auto session = toySession();
  auto *p = static_cast<float *>(session->parameters());
  // Member 0 is the identity, member 1 adds 10; the sign of x[0] decides.
  p[toy::kWeight] = p[toy::kWeight + 3] = 1;
  p[toy::kWeight + 4] = p[toy::kWeight + 7] = 1;
  p[toy::kBias + 2] = p[toy::kBias + 3] = 10;
  p[toy::kRouterWeight] = 1;
  Infer infer;
  ASSERT_TRUE(infer.run(*session, infer.buffers()));
  EXPECT_EQ(infer.selection, (std::vector<int32_t>{0, 1, 0}));
  EXPECT_EQ(infer.y, (std::vector<float>{1, 2, 7, 14, 5, -6}));
}

TEST(Session, SameSeedSameParameters) {
  auto a = toySession(), b = toySession();
  ASSERT_TRUE(a->init(5));
  ASSERT_TRUE(b->init(5));
  EXPECT_EQ(std::memcmp(a->parameters(), b->parameters(), 256), 0);
  ASSERT_TRUE(b->init(6));
  EXPECT_NE(std::memcmp(a->parameters(), b->parameters(), 256), 0);
}

TEST(Session, ChecksBuffers) {
  auto session = toySession();
  ASSERT_TRUE(session->init(0));
  Infer infer;
  auto buffers = infer.buffers();
  buffers.pop_back();
  EXPECT_EQ(message(infer.run(*session, buffers)),
            "program 'infer' takes 3 buffers, got 2");
  buffers = infer.buffers();
  buffers[1].bytes = 20;
  EXPECT_EQ(message(infer.run(*session, buffers)),
            "program 'infer': buffer 'y' has 20 bytes, [N, 2] f32 needs 24");
  buffers = infer.buffers();
  buffers[0].data = nullptr;
  EXPECT_EQ(message(infer.run(*session, buffers)),
            "program 'infer': buffer 'x' is null");
  buffers = infer.buffers();
  buffers[1].data = infer.x.data() + 2;
  EXPECT_EQ(message(infer.run(*session, buffers)),
            "program 'infer': buffer 'y' overlaps buffer 'x'");
  buffers = infer.buffers();
  buffers[1].data = static_cast<float *>(session->parameters()) + 2;
  EXPECT_EQ(message(infer.run(*session, buffers)),
            "program 'infer': buffer 'y' overlaps an arena of the session");
  EXPECT_EQ(message(infer.run(*session, infer.buffers(), -1)),
            "program 'infer': -1 points and 1 candidates are outside [0, "
            "2147483647] and [1, 2147483647]");
}

// Plans number the choices of a layer by i32, over points and candidates.
TEST(Session, ChecksChoicesInAll) {
  auto session = toySession();
  ASSERT_TRUE(session->init(0));
  Buffer none[7] = {};
  int64_t integers[] = {0, 0};
  auto call = [&](const char *name, size_t buffers, int64_t points,
                  int64_t candidates, size_t count) {
    return message(session->call(program(*session, name), none, buffers, points,
                                 candidates, integers, count, nullptr, 0));
  };
  EXPECT_EQ(call("e_step", 7, 1 << 20, 1 << 11, 2),
            "program 'e_step': 1048576 points with 2048 candidates of 1 "
            "choices in layer 'layer0' are more than 2147483647 choices");
  // The largest that is let through meets the next check.
  EXPECT_EQ(call("e_step", 7, 1 << 20, (1 << 11) - 1, 2),
            "program 'e_step': buffer 'x' is null");
  // The stored choice and two assignments.
  EXPECT_EQ(call("e_step_enumerated", 6, 715827883, 1, 0),
            "program 'e_step_enumerated': 715827883 points with 3 candidates "
            "of 1 choices in layer 'layer0' are more than 2147483647 choices");
}

TEST(Session, EmptyBatchNeedsNoMemory) {
  auto session = toySession();
  ASSERT_TRUE(session->init(0));
  Infer infer;
  EXPECT_TRUE(infer.run(*session, {{}, {}, {}}, 0));
}

TEST(Session, ChecksChoices) {
  auto session = toySession();
  ASSERT_TRUE(session->init(0));
  std::vector<float> x(4), y(4);
  std::vector<int32_t> selection{0, 2};
  Buffer buffers[] = {{x.data(), 16}, {selection.data(), 8}, {y.data(), 16}};
  EXPECT_EQ(message(session->call(program(*session, "forward"), buffers, 3, 2,
                                  1, nullptr, 0, nullptr, 0)),
            "program 'forward': 'selection' of row 1, slot 0 is 2, but its "
            "pool has 2 members");
}

TEST(Session, TakesBuffersOfAnyAlignment) {
  auto session = toySession();
  ASSERT_TRUE(session->init(3));
  Infer straight;
  ASSERT_TRUE(straight.run(*session, straight.buffers()));
  std::vector<char> x(32), y(32), selection(32);
  std::memcpy(x.data() + 1, straight.x.data(), 24);
  ASSERT_TRUE(straight.run(
      *session,
      {{x.data() + 1, 24}, {y.data() + 3, 24}, {selection.data() + 5, 12}}));
  EXPECT_EQ(std::memcmp(y.data() + 3, straight.y.data(), 24), 0);
  EXPECT_EQ(y[2], 0);
  EXPECT_EQ(y[27], 0);
}

TEST(Session, ChecksChoicesOfAnyAlignment) {
  auto session = toySession();
  ASSERT_TRUE(session->init(0));
  std::vector<float> x(4), y(4);
  std::vector<char> memory(16);
  int32_t selection[] = {1, 7};
  std::memcpy(memory.data() + 3, selection, 8);
  Buffer buffers[] = {{x.data(), 16}, {memory.data() + 3, 8}, {y.data(), 16}};
  EXPECT_EQ(message(session->call(program(*session, "forward"), buffers, 3, 2,
                                  1, nullptr, 0, nullptr, 0)),
            "program 'forward': 'selection' of row 1, slot 0 is 7, but its "
            "pool has 2 members");
}

// No size is computed that does not fit, and a buffer is not read before its
// size is known to.
TEST(Session, ChecksSizesOfManyPoints) {
  auto session = toySession();
  ASSERT_TRUE(session->init(0));
  Infer infer;
  EXPECT_EQ(message(infer.run(*session, infer.buffers(), 2147483647)),
            "program 'infer': buffer 'x' has 24 bytes, [N, 2] f32 needs "
            "17179869176");
  EXPECT_EQ(message(infer.run(*session, infer.buffers(), INT64_MAX)),
            "program 'infer': 9223372036854775807 points and 1 candidates are "
            "outside [0, 2147483647] and [1, 2147483647]");
}

TEST(Session, UsesTheHostsFunctions) {
  struct Counts {
    int loops = 0;
    int64_t bytes = 0;
  } counts;
  SessionOptions options;
  options.host = modc_host{&counts, 1,
                           [](void *user, int64_t tasks, modc_task body,
                              void *context, const char *) {
                             ++static_cast<Counts *>(user)->loops;
                             for (int64_t task = tasks; task-- > 0;)
                               body(context, task, 0);
                           },
                           0};
  options.allocator = {&counts,
                       [](void *user, size_t bytes, size_t alignment) {
                         static_cast<Counts *>(user)->bytes += int64_t(bytes);
                         return std::aligned_alloc(alignment, bytes);
                       },
                       [](void *user, void *memory, size_t bytes) {
                         static_cast<Counts *>(user)->bytes -= int64_t(bytes);
                         std::free(memory);
                       }};
  {
    auto session = Session::create(toyModel(), options);
    ASSERT_TRUE(session);
    ASSERT_TRUE((*session)->init(0));
    Infer infer;
    ASSERT_TRUE(infer.run(**session, infer.buffers()));
    EXPECT_EQ(counts.loops, 1);
    EXPECT_GT(counts.bytes, 0);
  }
  EXPECT_EQ(counts.bytes, 0);
}

TEST(Session, ReportsAnAllocatorWithoutMemory) {
  SessionOptions options;
  options.allocator = {nullptr,
                       [](void *, size_t, size_t) -> void * { return nullptr; },
                       [](void *, void *, size_t) {}};
  auto session = Session::create(toyModel(), options);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().message(),
            "cannot allocate 256 bytes for parameters");
}

TEST(Session, TwoAtOnce) {
  auto work = [](uint64_t seed, std::vector<float> *y) {
    auto session = toySession(2);
    ASSERT_TRUE(session->init(seed));
    Infer infer;
    for (int round = 0; round < 100; ++round)
      ASSERT_TRUE(infer.run(*session, infer.buffers()));
    *y = infer.y;
  };
  std::vector<float> first, second, alone;
  std::thread other(work, 1, &first);
  work(2, &second);
  other.join();
  work(1, &alone);
  EXPECT_EQ(first, alone);
  EXPECT_NE(first, second);
}

TEST(ProgramCall, BindsByName) {
  auto session = toySession();
  ASSERT_TRUE(session->init(3));
  Infer infer;
  ASSERT_TRUE(infer.run(*session, infer.buffers()));
  std::vector<float> y(6);
  auto call = ProgramCall::prepare(*session, "forward");
  ASSERT_TRUE(call);
  EXPECT_EQ(message(call->run(3)),
            "program 'forward': buffer 'x' is not given");
  EXPECT_EQ(message(call->input("z", DType::F32, y.data(), 24)),
            "program 'forward' has no input 'z'");
  EXPECT_EQ(message(call->input("x", DType::F64, y.data(), 24)),
            "buffer 'x' of program 'forward' is [N, 2] f32, not f64");
  EXPECT_EQ(message(call->integer("seed", 1)),
            "program 'forward' has no integer 'seed'");
  ASSERT_TRUE(call->input("x", DType::F32, infer.x.data(), 24));
  ASSERT_TRUE(call->input("selection", DType::I32, infer.selection.data(), 12));
  ASSERT_TRUE(call->output("y", DType::F32, y.data(), 24));
  ASSERT_TRUE(call->run(3));
  EXPECT_EQ(y, infer.y);
}

} // namespace
