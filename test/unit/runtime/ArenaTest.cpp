//===- ArenaTest.cpp - Blocks of memory -----------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What arenas promise: zeros, alignment, large pages for large blocks.
//
//===----------------------------------------------------------------------===//

#include "runtime/Arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

using namespace modc;

namespace {

/// The flags of the mapping that an address lies in, as the kernel lists them.
std::string flagsOf(const void *memory) {
  std::ifstream file("/proc/self/smaps");
  std::string line;
  auto at = reinterpret_cast<uintptr_t>(memory);
  bool inside = false;
  while (std::getline(file, line)) {
    uintptr_t first, last;
    char dash;
    std::istringstream text(line);
    if (text >> std::hex >> first >> dash >> last && dash == '-')
      inside = first <= at && at < last;
    if (inside && line.rfind("VmFlags:", 0) == 0)
      return line;
  }
  return {};
}

TEST(Arena, IsZeroAndAligned) {
  for (int64_t bytes : {0, 1, 64, 1000, 1 << 20, (2 << 20) + 100, 5 << 20}) {
    Arena arena;
    ASSERT_TRUE(bool(arena.reserve(bytes, "a test")));
    EXPECT_GE(arena.size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.data()) % kArenaAlignment, 0u);
    EXPECT_TRUE(std::all_of(arena.as<char>(), arena.as<char>() + arena.size(),
                            [](char c) { return c == 0; }));
  }
}

TEST(Arena, LiesInLargePages) {
  if (!std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"))
    GTEST_SKIP() << "a kernel without transparent large pages";
  // The last page is taken whole where a good part of it is wanted.
  for (int64_t bytes : {int64_t(1200) << 10, int64_t(7) << 19}) {
    Arena arena;
    ASSERT_TRUE(bool(arena.reserve(bytes, "a test")));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.data()) % (2 << 20), 0u);
    for (int64_t at : {int64_t(0), bytes - 1})
      EXPECT_NE(flagsOf(arena.as<char>() + at).find(" hg"), std::string::npos)
          << "byte " << at << " of " << bytes;
  }
}

} // namespace
