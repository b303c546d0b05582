//===- PhiloxTest.cpp - Counter-based random numbers ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Known-answer vectors of Philox4x32-10 from the authors' Random123 library
// (its kat_vectors file), and the conversions to uniforms at their ends.
//
//===----------------------------------------------------------------------===//

#include "runtime/Philox.h"

#include <gtest/gtest.h>

using namespace modc;

namespace {

TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, 0),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, ~uint64_t(0)),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  // Digits of pi: counter, then key.
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                   uint64_t(0x299f31d0) << 32 | 0xa4093822),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, PurposeStandsInTheTopByte) {
  EXPECT_EQ(philox(RandomPurpose::FirstChoices, 7, 1, 2, 3),
            philox({1, 2, 3, 4u << 24}, 7));
  EXPECT_EQ(philox(RandomPurpose::Candidates, 7, 1, 2, 3, 9),
            philox({1, 2, 3, (1u << 24) + 9}, 7));
}

TEST(Philox, UniformsStayBelowOne) {
  EXPECT_EQ(uniform24(0), 0.0f);
  EXPECT_EQ(uniform24(0xff), 0.0f);
  EXPECT_EQ(uniform24(0x80000000), 0.5f);
  EXPECT_EQ(uniform24(0xffffffff), 1.0f - 0x1p-24f);
  EXPECT_EQ(uniform53(0xffffffff, 0xffffffff), 1.0 - 0x1p-53);
  EXPECT_EQ(uniform53(0x80000000, 0), 0.5);
  EXPECT_EQ(uniformBelow(0xffffffff, 0xffffffff, 10), 9u);
  EXPECT_EQ(uniformBelow(0, 0x80000000, 10), 5u);
  EXPECT_EQ(uniformBelow(0xffffffff, 0xffffffff, 1), 0u);
}

} // namespace
