//===- CommandsTest.cpp - What a device is to do, as data -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which commands wait for which, on the device that every machine has: the
// processor owns the buffers, kernels are descriptions only.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/Commands.h"
#include "runtime/devices/CpuDevice.h"

#include <gtest/gtest.h>

using namespace modc;

namespace {

struct Described final : Kernel {
  explicit Described(std::vector<Access> bindings)
      : Kernel(nullptr, {"k", std::move(bindings), 0, {1, 1, 1}, 0}) {}
};

class CommandsTest : public testing::Test {
protected:
  std::shared_ptr<DeviceBuffer> buffer() {
    return *device->allocate(1024, "a test");
  }
  static LaunchCommand launch(std::vector<DeviceRange> ranges,
                              std::vector<Access> accesses) {
    return {std::make_shared<Described>(std::move(accesses)),
            {1, 1, 1},
            std::move(ranges),
            {},
            ""};
  }
  std::shared_ptr<Device> device = makeCpuDevice();
  std::shared_ptr<DeviceBuffer> x = buffer(), y = buffer();
};

constexpr Access R = Access::Read, W = Access::Write, RW = Access::ReadWrite;
using Waits = std::vector<bool>;

TEST_F(CommandsTest, ReadersDoNotWaitForReaders) {
  EXPECT_EQ(findBarriers({launch({{x, 0, 64}, {y, 0, 64}}, {R, W}),
                          launch({{x, 0, 64}, {y, 64, 64}}, {R, W}),
                          launch({{x, 0, 64}}, {R})}),
            (Waits{false, false, false}));
}

TEST_F(CommandsTest, ReadersWaitForWriters) {
  EXPECT_EQ(
      findBarriers({launch({{x, 0, 64}}, {W}), launch({{x, 64, 64}}, {R}),
                    launch({{x, 63, 1}}, {R}), launch({{x, 0, 64}}, {R})}),
      (Waits{false, false, true, false}));
}

TEST_F(CommandsTest, WritersWaitForReadersAndWriters) {
  EXPECT_EQ(
      findBarriers({launch({{x, 0, 64}}, {R}), launch({{x, 0, 64}}, {RW}),
                    launch({{x, 0, 64}}, {W}), launch({{y, 0, 64}}, {W})}),
      (Waits{false, true, true, false}));
}

TEST_F(CommandsTest, OneWaitIsForAllBefore) {
  EXPECT_EQ(
      findBarriers({launch({{x, 0, 64}}, {W}), launch({{y, 0, 64}}, {W}),
                    launch({{x, 0, 64}}, {R}), launch({{y, 0, 64}}, {R})}),
      (Waits{false, false, true, false}));
}

TEST_F(CommandsTest, CopiesAndFillsTakePart) {
  EXPECT_EQ(
      findBarriers({FillCommand{{x, 0, 64}, 0},
                    CopyCommand{{x, 0, 64}, {y, 0, 64}},
                    CopyCommand{{x, 0, 64}, {y, 64, 64}},
                    FillCommand{{x, 32, 4}, 0}, FillCommand{{y, 512, 4}, 0}}),
      (Waits{false, true, false, true, false}));
}

TEST_F(CommandsTest, NothingWaitsForEmptyCommands) {
  LaunchCommand empty = launch({{x, 0, 64}}, {W});
  empty.groups[1] = 0;
  EXPECT_TRUE(isEmpty(empty));
  EXPECT_TRUE(isEmpty(FillCommand{{x, 8, 0}, 0}));
  EXPECT_EQ(findBarriers({empty, launch({{x, 0, 64}}, {R}),
                          CopyCommand{{y, 0, 0}, {x, 0, 0}}}),
            (Waits{false, false, false}));
}

} // namespace
