//===- PanelCopiesTest.cpp - Copies of what programs keep in panels -------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// They are made where contents are new and somebody asks, in memory that is
// there no longer than it must be; where there is none, nothing is lost.
//
//===----------------------------------------------------------------------===//

#include "PanelModel.h"
#include "ToyModel.h"
#include "runtime/Weights.h"

#include <cstdio>
#include <cstdlib>

using namespace modc;
using namespace modc::panels;

namespace {

/// The threads and the memory of a session, counted. Programs by hand have no
/// loops: all of them copy panels.
struct Counted {
  int copies = 0, blocks = 0, held = 0, allowed = 1000;

  SessionOptions options() {
    SessionOptions options;
    options.host = modc_host{this, 1,
                             [](void *user, int64_t tasks, modc_task body,
                                void *context, const char *) {
                               ++static_cast<Counted *>(user)->copies;
                               for (int64_t task = tasks; task-- > 0;)
                                 body(context, task, 0);
                             },
                             0};
    options.allocator = {
        this,
        [](void *user, size_t bytes, size_t alignment) -> void * {
          auto *counted = static_cast<Counted *>(user);
          if (counted->blocks >= counted->allowed)
            return nullptr;
          ++counted->blocks;
          ++counted->held;
          return std::aligned_alloc(alignment, bytes);
        },
        [](void *user, void *memory, size_t) {
          --static_cast<Counted *>(user)->held;
          std::free(memory);
        }};
    return options;
  }
};

TEST(PanelCopies, OnlyWhereContentsAreNew) {
  Counted counted;
  auto session = open(counted.options());
  ASSERT_TRUE(session->init(1));
  found(*session);
  EXPECT_EQ(counted.copies, 0);
  // Calls allocate parameters and a workspace, no second arena.
  EXPECT_EQ(counted.blocks, 2);
  const float *first = look(*session);
  EXPECT_EQ(counted.copies, 1);
  EXPECT_EQ(counted.blocks, 3);
  EXPECT_EQ(look(*session), first);
  EXPECT_EQ(counted.copies, 1);
  // Who only reads parameters leaves them as they are.
  found(*session);
  ASSERT_TRUE(call(*session, "m_step"));
  EXPECT_EQ(look(*session), first);
  EXPECT_EQ(counted.copies, 1);
  const int warm = counted.blocks;
  // Back before the next program, then here again when asked for.
  ASSERT_TRUE(session->write(Kind::Parameters));
  ASSERT_TRUE(session->write(Kind::Parameters));
  EXPECT_EQ(counted.copies, 1);
  found(*session);
  found(*session);
  EXPECT_EQ(counted.copies, 2);
  ASSERT_TRUE(call(*session, "update"));
  ASSERT_TRUE(call(*session, "update"));
  EXPECT_EQ(counted.copies, 2);
  EXPECT_EQ(look(*session), first);
  EXPECT_EQ(counted.copies, 3);
  EXPECT_EQ(counted.blocks, warm);
}

TEST(PanelCopies, NoneWithoutPanels) {
  Counted counted;
  auto session = Session::create(toyModel(), counted.options());
  ASSERT_TRUE(session);
  ASSERT_TRUE((*session)->init(1));
  const void *first = (*session)->parameters();
  ASSERT_TRUE((*session)->init(2));
  EXPECT_EQ((*session)->parameters(), first);
  EXPECT_EQ(counted.copies, 0);
  EXPECT_EQ(counted.blocks, 2);
}

TEST(PanelCopies, ReportsThatThereIsNoMemory) {
  Counted counted;
  auto session = open(counted.options());
  ASSERT_TRUE(session->init(1));
  counted.allowed = counted.blocks;
  auto refused = session->read(Kind::Parameters);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "a copy of what programs keep in panels: cannot allocate 384 bytes "
            "for parameters");
  EXPECT_EQ(session->parameters(), nullptr);
  EXPECT_FALSE(saveWeights(*session, "/dev/null"));
  // Nothing is lost: programs go on, and later there is memory.
  EXPECT_EQ(found(*session)[5], 6);
  ++counted.allowed;
  ASSERT_NE(look(*session), nullptr);
  EXPECT_EQ(look(*session)[9], 6);
  // A program that finds no memory for its own leaves what a user wrote.
  ++counted.allowed;
  auto *g = static_cast<float *>(session->gradients());
  ASSERT_NE(g, nullptr);
  g[4] = 3;
  Status failed = call(*session, "m_step");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(),
            "program 'm_step': cannot allocate 384 bytes for gradients");
  EXPECT_EQ(static_cast<float *>(session->gradients())[4], 3);
  EXPECT_EQ(look(*session)[9], 6);
}

TEST(PanelCopies, AreNoBuffers) {
  auto session = open();
  ASSERT_TRUE(session->init(1));
  void *p = session->parameters();
  Status failed = call(*session, "infer", {{p, 384}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(),
            "program 'infer': buffer 'found' overlaps an arena of the session");
}

TEST(PanelCopies, AreGivenBackByThoseWhoPass) {
  std::string path = temporary("passing.safetensors");
  Counted counted;
  auto session = open(counted.options());
  ASSERT_TRUE(session->init(1));
  // Of parameters that nobody has asked for.
  const int held = counted.held;
  ASSERT_TRUE(saveWeights(*session, path));
  EXPECT_EQ(counted.held, held);
  ASSERT_TRUE(session->init(50));
  ASSERT_TRUE(loadWeights(*session, path));
  EXPECT_EQ(counted.held, held);
  EXPECT_EQ(found(*session)[95], 96);
  // To be filed; to keep what is between tensors, and back.
  EXPECT_EQ(counted.copies, 3);
  // Somebody has a pointer: it stays, and shows what was loaded.
  const float *p = look(*session);
  EXPECT_EQ(p[8], 5);
  ASSERT_TRUE(session->init(50));
  EXPECT_EQ(look(*session)[8], 54);
  ASSERT_TRUE(loadWeights(*session, path));
  EXPECT_EQ(look(*session), p);
  EXPECT_EQ(p[8], 5);
  // Weights come before programs have any memory but for parameters.
  auto fresh = open(counted.options());
  const int before = counted.held;
  ASSERT_TRUE(loadWeights(*fresh, path));
  EXPECT_EQ(counted.held, before);
  EXPECT_EQ(look(*fresh)[8], 5);
  EXPECT_EQ(look(*fresh, Kind::State)[8], 0);
  {
    Session::CopyScope passing(*fresh);
    EXPECT_EQ(look(*fresh, Kind::Gradients)[8], 0);
  }
  EXPECT_EQ(look(*fresh, Kind::Gradients)[8], 0);
  std::remove(path.c_str());
}

} // namespace
