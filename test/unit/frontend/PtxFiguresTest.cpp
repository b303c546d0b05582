//===- PtxFiguresTest.cpp - What ptxas says of kernels --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Texts of ptxas 13.0, whole and damaged.
//
//===----------------------------------------------------------------------===//

#include "frontend/PtxFigures.h"

#include <gtest/gtest.h>

using namespace modc;

namespace {

const char *const kTwo = R"(ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'two' for 'sm_80'
ptxas info    : Function properties for two
    256 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
ptxas info    : Used 10 registers, used 0 barriers, 256 bytes cumulative stack size, 360 bytes cmem[0]
ptxas info    : Compile time = 57.431 ms
ptxas info    : Compiling entry function 'one' for 'sm_90'
ptxas info    : Function properties for one
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 128 registers, used 1 barriers, 4096 bytes smem, 360 bytes cmem[0]
ptxas info    : Compile time = 1.541 ms
)";

TEST(PtxFigures, ReadsKernels) {
  auto kernels = parsePtxasLog(kTwo);
  ASSERT_TRUE(kernels) << kernels.error().message();
  ASSERT_EQ(kernels->size(), 2u);
  const PtxFigures &two = (*kernels)[0], &one = (*kernels)[1];
  EXPECT_EQ(two.kernel, "two");
  EXPECT_EQ(two.chip, "sm_80");
  EXPECT_EQ(two.registers, 10);
  EXPECT_EQ(two.barriers, 0);
  EXPECT_EQ(two.stackBytes, 256);
  EXPECT_EQ(two.spillStoreBytes, 12);
  EXPECT_EQ(two.spillLoadBytes, 16);
  EXPECT_EQ(two.sharedBytes, 0);
  EXPECT_EQ(one.kernel, "one");
  EXPECT_EQ(one.chip, "sm_90");
  EXPECT_EQ(one.registers, 128);
  EXPECT_EQ(one.barriers, 1);
  EXPECT_EQ(one.stackBytes, 0);
  EXPECT_EQ(one.sharedBytes, 4096);
}

TEST(PtxFigures, LeavesOtherFunctionsOut) {
  auto kernels = parsePtxasLog(R"(
ptxas info    : Compiling entry function 'k' for 'sm_80'
ptxas info    : Function properties for helper
    64 bytes stack frame, 8 bytes spill stores, 8 bytes spill loads
ptxas info    : Function properties for k
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 40 registers, 352 bytes cmem[0]
)");
  ASSERT_TRUE(kernels) << kernels.error().message();
  ASSERT_EQ(kernels->size(), 1u);
  EXPECT_EQ((*kernels)[0].stackBytes, 0);
  EXPECT_EQ((*kernels)[0].spillStoreBytes, 0);
  EXPECT_EQ((*kernels)[0].registers, 40);
}

TEST(PtxFigures, FindsNothingInNothing) {
  auto kernels = parsePtxasLog("ptxas info    : 0 bytes gmem\n");
  ASSERT_TRUE(kernels);
  EXPECT_TRUE(kernels->empty());
}

std::string messageOf(std::string_view log) {
  auto kernels = parsePtxasLog(log);
  EXPECT_FALSE(kernels);
  return kernels ? "" : kernels.error().message();
}

TEST(PtxFigures, NamesWhatIsMissing) {
  std::string_view text(kTwo);
  EXPECT_EQ(messageOf(text.substr(0, text.find("    256 bytes"))),
            "ptxas gives no stack of kernel 'two'");
  EXPECT_EQ(messageOf(text.substr(0, text.find("ptxas info    : Used 10"))),
            "ptxas gives no registers of kernel 'two'");
  EXPECT_EQ(messageOf("ptxas info : Compiling entry function 'k' for 'sm_80'\n"
                      "ptxas info : Used many registers\n"),
            "ptxas says of kernel 'k' what has no numbers: "
            "'Used many registers'");
}

// Whatever is cut off, there is an error or whole kernels.
TEST(PtxFigures, SurvivesCuts) {
  std::string_view text(kTwo);
  for (size_t length = 0; length < text.size(); ++length)
    if (auto kernels = parsePtxasLog(text.substr(0, length)))
      EXPECT_LE(kernels->size(), 2u);
}

} // namespace
