//===- WideNumbersTest.cpp - Numbers of 64 bits in kernels ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What modular-split-wide-numbers makes of i64 and f64, run on lavapipe,
// against the processor's own.
//
//===----------------------------------------------------------------------===//

#include "KernelRuns.h"

#include <cmath>
#include <random>

using namespace modc;

namespace {

using WideNumbers = KernelRuns;

constexpr Access kRead = Access::Read, kWrite = Access::Write;
constexpr size_t kCount = 64;

TEST_F(WideNumbers, ComputeAsIntegers) {
  auto kernel = this->kernel(
      "wide-integers",
      {"wide", {kRead, kRead, kWrite, kWrite, kWrite}, 0, {64, 1, 1}, 0});
  ASSERT_TRUE(kernel);
  std::mt19937_64 random(17);
  for (int round = 0; round < 20; ++round) {
    std::vector<int64_t> a(kCount), b(kCount);
    const int64_t edges[] = {0,         1,          -1,          INT64_MAX,
                             INT64_MIN, 0xffffffff, 0x100000000, -0x80000000ll};
    for (size_t i = 0; i < kCount; ++i) {
      // Numbers of all sizes, of both signs.
      a[i] = int64_t(random()) >> (random() % 64);
      b[i] = int64_t(random()) >> (random() % 64);
      if (round == 0)
        a[i] = edges[i / 8], b[i] = edges[i % 8];
    }
    DeviceRange y = put(std::vector<int64_t>(14 * kCount)),
                z = put(std::vector<int32_t>(4 * kCount)),
                f = put(std::vector<float>(2 * kCount));
    run({LaunchCommand{kernel, {1, 1, 1}, {put(a), put(b), y, z, f}, {}, ""}});
    auto wide = get<int64_t>(y, 14 * kCount);
    auto words = get<int32_t>(z, 4 * kCount);
    auto reals = get<float>(f, 2 * kCount);
    for (size_t i = 0; i < kCount; ++i) {
      uint64_t x = uint64_t(a[i]), v = uint64_t(b[i]);
      unsigned by = v % 64;
      uint64_t power = x;
      for (uint64_t k = 0; k < v % 4; ++k)
        power *= x;
      const uint64_t wanted[] = {x + v,          x - v,
                                 x * v,          x << by,
                                 x >> by,        uint64_t(a[i] >> by),
                                 (x ^ v) | by,   uint64_t(std::max(a[i], b[i])),
                                 std::min(x, v), uint64_t(int32_t(x)),
                                 uint32_t(x),    i,
                                 power,          a[i] < b[i] ? v : power};
      for (size_t k = 0; k < std::size(wanted); ++k)
        ASSERT_EQ(uint64_t(wide[k * kCount + i]), wanted[k])
            << "op " << k << " of " << a[i] << " and " << b[i];
      const int32_t wantedWords[] = {int32_t(x), a[i] < b[i], x < v, x == v};
      for (size_t k = 0; k < std::size(wantedWords); ++k)
        ASSERT_EQ(words[k * kCount + i], wantedWords[k])
            << "word " << k << " of " << a[i] << " and " << b[i];
      // Both words are rounded, and their sum.
      ASSERT_NEAR(reals[i], double(x), double(x) * 0x1p-23) << x;
      ASSERT_NEAR(reals[kCount + i], double(a[i]),
                  std::fabs(double(a[i])) * 0x1p-23)
          << a[i];
      if (x < 0x100000000)
        ASSERT_EQ(reals[i], float(x));
    }
  }
}

uint64_t bitsOfDouble(double value) {
  uint64_t bits;
  static_assert(sizeof bits == sizeof value);
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

TEST_F(WideNumbers, SumPairsOfFloats) {
  auto kernel = this->kernel(
      "doubles", {"doubles", {kRead, kRead, kWrite, kWrite}, 0, {64, 1, 1}, 0});
  ASSERT_TRUE(kernel);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const float edges[] = {0.0f,
                         -0.0f,
                         1.0f,
                         -1.0f,
                         infinity,
                         -infinity,
                         std::numeric_limits<float>::quiet_NaN(),
                         0x1.fffffep127f};
  std::mt19937 random(19);
  std::uniform_real_distribution<float> unit(-1, 1);
  for (int round = 0; round < 50; ++round) {
    std::vector<float> x(kCount), e(kCount);
    for (size_t i = 0; i < kCount; ++i) {
      x[i] = std::ldexp(unit(random), int(random() % 160) - 80);
      // A part that x cannot resolve, anything, and what nearly cancels.
      int how = round % 3;
      e[i] = how == 0   ? x[i] * 0x1p-25f * unit(random)
             : how == 1 ? std::ldexp(unit(random), int(random() % 160) - 80)
                        : -x[i] * (1 + float(random() % 5) * 0x1p-23f);
      if (round == 0)
        x[i] = edges[i / 8], e[i] = edges[i % 8];
    }
    DeviceRange y = put(std::vector<double>(kCount)),
                z = put(std::vector<double>(kCount));
    run({LaunchCommand{kernel, {1, 1, 1}, {put(x), put(e), y, z}, {}, ""}});
    auto sums = get<double>(y, kCount), chosen = get<double>(z, kCount);
    for (size_t i = 0; i < kCount; ++i) {
      double wanted = double(x[i]) + double(e[i]);
      if (std::isnan(wanted))
        ASSERT_TRUE(std::isnan(sums[i])) << x[i] << " + " << e[i];
      else
        ASSERT_EQ(bitsOfDouble(sums[i]), bitsOfDouble(wanted))
            << x[i] << " + " << e[i] << " is " << wanted << ", not " << sums[i];
      double other = e[i] < 0 ? -0.1 : double(x[i]);
      if (std::isnan(other))
        ASSERT_TRUE(std::isnan(chosen[i]));
      else
        ASSERT_EQ(bitsOfDouble(chosen[i]), bitsOfDouble(other)) << x[i];
    }
  }
}

} // namespace
