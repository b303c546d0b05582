//===- KernelBuffersTest.cpp - Tables, copies and bytes in kernels --------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What modular-lower-kernel-buffers leaves, divisions that round up or down,
// and bytes that neighbours write, run on lavapipe.
//
//===----------------------------------------------------------------------===//

#include "KernelRuns.h"

#include <cmath>
#include <random>

using namespace modc;

namespace {

using KernelBuffers = KernelRuns;

TEST_F(KernelBuffers, HoldTablesFlagsAndBytes) {
  constexpr Access kRead = Access::Read, kWrite = Access::Write;
  auto kernel = this->kernel(
      "buffers",
      {"buffers", {kRead, kRead, kWrite, Access::ReadWrite}, 0, {64, 1, 1}, 0});
  ASSERT_TRUE(kernel);
  constexpr int32_t table[] = {5, 7, 11, 13, 17, 19};
  std::mt19937 random(23);
  std::vector<int8_t> bytes(64);
  std::vector<int32_t> words(64);
  for (int i = 0; i < 64; ++i) {
    bytes[size_t(i)] = int8_t(random());
    words[size_t(i)] = int32_t(random()) >> (random() % 30);
  }
  DeviceRange y = put(std::vector<int32_t>(10 * 64, -1)),
              out = put(std::vector<int8_t>(64, -1));
  run({LaunchCommand{
      kernel, {1, 1, 1}, {put(bytes), put(words), y, out}, {}, ""}});
  auto got = get<int32_t>(y, 10 * 64);
  auto gotBytes = get<int8_t>(out, 64);
  for (int i = 0; i < 64; ++i) {
    int32_t element = table[i / 3 % 2 * 3 + i % 3], word = words[size_t(i)],
            byte = bytes[size_t(i)];
    const int32_t wanted[] = {element,
                              element,
                              1 < i % 3,
                              (i + 4) / 5,
                              std::min(i, 9),
                              std::max(i, 9),
                              int32_t(std::floor(word / 5.0)),
                              int32_t(std::ceil(word / 5.0)),
                              std::max(word, 5),
                              byte};
    for (size_t k = 0; k < std::size(wanted); ++k)
      EXPECT_EQ(got[k * 64 + size_t(i)], wanted[k])
          << "result " << k << " of " << i << " with " << word;
    EXPECT_EQ(gotBytes[size_t(i)], int8_t(byte + element)) << i;
  }
}

} // namespace
