//===- ArenaLayoutTest.cpp - An arena in the memory of a device -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ranges of tables by hand, their pieces computed by hand.
// DeviceSessionTest.cpp moves such arenas to lavapipe and back.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/ArenaLayout.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

using namespace modc;

namespace {

using Space = DeviceBinding::Space;
using Ranges = std::vector<std::pair<std::string, std::string>>;

/// A program whose launches are given one range of the parameters each, and of
/// the state what no test wants.
DeviceTarget target(const Ranges &ranges) {
  DeviceProgram program;
  for (const auto &[offset, bytes] : ranges) {
    DeviceLaunch launch;
    for (Space space : {Space::Parameters, Space::State})
      launch.bindings.push_back(
          {space, 0,
           *SizeExpression::parse(space == Space::State ? "4" : offset),
           *SizeExpression::parse(bytes)});
    program.launches.push_back(std::move(launch));
  }
  DeviceTarget made;
  made.programs = {std::nullopt, std::move(program)};
  return made;
}

/// "0>0+64 64>256+36": here, there and bytes of each piece.
std::string layout(const Ranges &ranges, int64_t bytes, int64_t alignment) {
  ArenaLayout made =
      ArenaLayout::create(target(ranges), Space::Parameters, bytes, alignment);
  EXPECT_EQ(made.bytes(), bytes);
  std::string text;
  for (const ArenaLayout::Piece &piece : made.pieces())
    text += (text.empty() ? "" : " ") + std::to_string(piece.here) + ">" +
            std::to_string(piece.there) + "+" + std::to_string(piece.bytes);
  return text;
}

TEST(ArenaLayout, MovesRangesApart) {
  EXPECT_EQ(layout({{"0", "40"}, {"64", "4"}, {"128", "300"}, {"448", "4"}},
                   512, 256),
            "0>0+64 64>256+64 128>512+320 448>1024+64");
  // Given twice, in any order; what comes before the first, too.
  EXPECT_EQ(layout({{"128", "64"}, {"64", "64"}, {"128", "4"}}, 192, 4096),
            "0>0+64 64>4096+64 128>8192+64");
  EXPECT_EQ(layout({}, 100, 256), "0>0+100");
  EXPECT_EQ(layout({{"0", "0"}}, 0, 256), "0>0+0");
}

TEST(ArenaLayout, KeepsWordsWhole) {
  EXPECT_EQ(layout({{"0", "6"}, {"6", "6"}}, 13, 8), "0>0+6 6>8+7");
  ArenaLayout made =
      ArenaLayout::create(target({{"6", "6"}}), Space::Parameters, 13, 8);
  EXPECT_EQ(made.deviceBytes(), 16);
  EXPECT_EQ(made.find(5).there, 0);
  EXPECT_EQ(made.find(6).there, 8);
  EXPECT_EQ(made.find(12).there, 8);
  EXPECT_EQ(ArenaLayout(0).deviceBytes(), 4);
}

/// From strangers: launches of them are refused, or run where they are aligned.
TEST(ArenaLayout, LeavesWhatOverlapsTogether) {
  EXPECT_EQ(layout({{"0", "100"}, {"64", "36"}, {"100", "4"}}, 128, 256),
            "0>0+100 100>256+28");
  EXPECT_EQ(layout({{"64", "65"},
                    {"128", "4"},
                    {"9223372036854775807", "4"},
                    {"0 4 -", "8"},
                    {"64", "9223372036854775807"}},
                   128, 256),
            "0>0+128");
  EXPECT_EQ(layout({{"64", "4"}, {"N 4 *", "4"}}, 128, 256), "0>0+128");
  EXPECT_EQ(layout({{"64", "S 4 *"}}, 128, 256), "0>0+128");
}

} // namespace
