//===- DeviceCodeRunsTest.cpp - Compiled kernels, run ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the kernels of test/passes/gpu/Inputs on lavapipe, with the validation
// layer, against loops on the processor.
//
//===----------------------------------------------------------------------===//

#include "KernelRuns.h"

#include <array>
#include <cmath>
#include <random>

using namespace modc;

namespace {

using DeviceCodeRuns = KernelRuns;

constexpr Access kRead = Access::Read, kWrite = Access::Write;

/// A stable sort of choices by member.
struct Plan {
  Plan(const std::vector<int32_t> &choice, int32_t members)
      : offsets(size_t(members) + 1), rows(choice.size()), at(choice.size()) {
    int32_t next = 0;
    for (int32_t m = 0; m < members; ++m) {
      offsets[size_t(m)] = next;
      for (size_t r = 0; r < choice.size(); ++r)
        if (choice[r] == m) {
          rows[size_t(next)] = int32_t(r);
          at[r] = next++;
        }
    }
    offsets.back() = next;
  }
  std::vector<int32_t> offsets, rows, at;
};

/// Row counts around tiles and groups, all of one member, and members without.
std::vector<std::vector<int32_t>> drawChoices(int32_t members) {
  std::mt19937 random(7);
  std::vector<std::vector<int32_t>> all = {
      {}, {members - 1}, std::vector<int32_t>(65, 1)};
  for (size_t rows : {31, 32, 33, 317}) {
    all.emplace_back(rows);
    for (int32_t &choice : all.back())
      choice = int32_t(random() % unsigned(members));
  }
  all.emplace_back(129);
  for (int32_t &choice : all.back())
    choice = random() % 2 ? 0 : members - 1;
  return all;
}

TEST_F(DeviceCodeRuns, Plans) {
  auto plan = kernel(
      "plan",
      {"plan", {kRead, kWrite, kWrite, kWrite}, 4, {128, 1, 1}, (8 + 128) * 4});
  for (const std::vector<int32_t> &choice : drawChoices(8)) {
    size_t rows = choice.size();
    Plan wanted(choice, 8);
    std::vector<int32_t> none(rows, -1);
    DeviceRange offsets = put(std::vector<int32_t>(9, -1)), order = put(none),
                at = put(none);
    run({LaunchCommand{plan,
                       {1, 1, 1},
                       {put(choice), offsets, order, at},
                       {uint32_t(rows)},
                       ""}});
    EXPECT_EQ(get<int32_t>(offsets, 9), wanted.offsets) << rows;
    EXPECT_EQ(get<int32_t>(order, rows), wanted.rows) << rows;
    EXPECT_EQ(get<int32_t>(at, rows), wanted.at) << rows;
  }
}

TEST_F(DeviceCodeRuns, MultipliesGroups) {
  constexpr int32_t members = 3, depth = 20, width = 40;
  auto grouped =
      kernel("grouped", {"grouped",
                         {kRead, kRead, kRead, kRead, kRead, kRead, kWrite},
                         0,
                         {64, 1, 1},
                         2 * 16 * 32 * 4});
  std::mt19937 random(11);
  std::uniform_real_distribution<float> value(-1, 1);
  auto draw = [&](size_t count) {
    std::vector<float> values(count);
    for (float &v : values)
      v = value(random);
    return values;
  };
  for (const std::vector<int32_t> &choice : drawChoices(members)) {
    size_t rows = choice.size();
    Plan plan(choice, members);
    std::vector<float> x = draw(rows * depth),
                       w = draw(members * depth * width),
                       b = draw(members * width);
    DeviceRange order = put(plan.rows),
                y = put(std::vector<float>(rows * width, NAN));
    run({LaunchCommand{
        grouped,
        {2, int64_t(rows) / 32 + members, 1},
        {put(x), put(w), put(b), put(plan.offsets), order, put(plan.rows), y},
        {},
        ""}});
    std::vector<float> got = get<float>(y, rows * width);
    for (size_t r = 0; r < rows; ++r)
      for (size_t h = 0; h < width; ++h) {
        size_t m = size_t(choice[r]);
        double sum = b[m * width + h], size = std::fabs(sum);
        for (size_t d = 0; d < depth; ++d) {
          double part =
              double(x[r * depth + d]) * double(w[(m * depth + d) * width + h]);
          sum += part;
          size += std::fabs(part);
        }
        // Each of the sum's products and additions rounds once.
        double bound = 2 * (depth + 1) * 0x1p-24 * size;
        ASSERT_NEAR(got[r * width + h], std::max(sum, 0.0), bound)
            << rows << " rows, row " << r << ", column " << h;
      }
  }
}

TEST_F(DeviceCodeRuns, DifferentiatesSoftmax) {
  auto softmax = kernel(
      "softmax", {"softmax", {kRead, kRead, kWrite, kWrite}, 4, {64, 1, 1}, 0});
  std::mt19937 random(13);
  std::normal_distribution<float> value(0, 8);
  for (size_t rows : {1, 63, 64, 65}) {
    std::vector<float> z(rows * 10);
    std::vector<int32_t> label(rows);
    for (float &v : z)
      v = value(random);
    for (int32_t &v : label)
      v = int32_t(random() % 10);
    DeviceRange top = put(std::vector<float>(rows)),
                gradient = put(std::vector<float>(rows * 10));
    run({LaunchCommand{softmax,
                       {int64_t(rows + 63) / 64, 1, 1},
                       {put(z), put(label), top, gradient},
                       {uint32_t(rows)},
                       ""}});
    std::vector<float> tops = get<float>(top, rows),
                       got = get<float>(gradient, rows * 10);
    for (size_t r = 0; r < rows; ++r) {
      const float *row = &z[r * 10];
      float most = *std::max_element(row, row + 10);
      EXPECT_EQ(tops[r], row[label[r]] - most);
      double sum = 0;
      for (size_t j = 0; j < 10; ++j)
        sum += std::exp(double(row[j]) - double(most));
      for (size_t j = 0; j < 10; ++j) {
        double p = std::exp(double(row[j]) - double(most)) / sum;
        double wanted = (p - (int32_t(j) == label[r])) / double(rows);
        EXPECT_NEAR(got[r * 10 + j], wanted, 1e-6 / double(rows)) << r;
      }
    }
  }
}

/// Philox4x32-10 (Salmon et al. 2011), the first word.
uint32_t philox(std::array<uint32_t, 4> c, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t(0xD2511F53) * c[0], b = uint64_t(0xCD9E8D57) * c[2];
    c = {uint32_t(b >> 32) ^ c[1] ^ key0, uint32_t(b),
         uint32_t(a >> 32) ^ c[3] ^ key1, uint32_t(a)};
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return c[0];
}

TEST_F(DeviceCodeRuns, DrawsTheSameBits) {
  auto uniform =
      kernel("uniform", {"uniform", {kRead, kRead, kWrite}, 8, {64, 1, 1}, 0});
  constexpr size_t points = 37, candidates = 5;
  std::vector<uint32_t> point(points * 2), rng = {0xDEADBEEF, 0x12345678, 9, 0};
  for (size_t n = 0; n < points; ++n)
    point[2 * n] = uint32_t(n * 0x9E3779B1u);
  DeviceRange u = put(std::vector<float>(points * candidates * 2, -1));
  run({LaunchCommand{uniform,
                     {6, 1, 1},
                     {put(point), put(rng), u},
                     {points, candidates},
                     ""}});
  std::vector<float> got = get<float>(u, points * candidates * 2);
  for (size_t s = 0; s < candidates; ++s)
    for (size_t n = 0; n < points; ++n)
      for (size_t k = 0; k < 2; ++k) {
        uint32_t word = philox(
            {point[2 * n], rng[2], uint32_t(k), uint32_t(s) + (1u << 24)},
            rng[0], rng[1]);
        EXPECT_EQ(got[(s * points + n) * 2 + k], float(word >> 8) * 0x1p-24f);
      }
}

// MLIR 22.1 gives garbage without modular-guard-empty-loops.
TEST_F(DeviceCodeRuns, KeepsInitialValuesOfEmptyLoops) {
  auto loop =
      kernel("empty-loop", {"empty_loop", {kWrite, kWrite}, 4, {64, 1, 1}, 0});
  for (uint32_t rounds : {0u, 1u, 5u}) {
    DeviceRange y = put(std::vector<float>(64, -1)),
                v = put(std::vector<float>(256, -1));
    run({LaunchCommand{loop, {1, 1, 1}, {y, v}, {rounds}, ""}});
    std::vector<float> values = get<float>(y, 64);
    for (size_t i = 0; i < 64; ++i)
      EXPECT_EQ(values[i], float(1 + i + 2 * rounds)) << rounds;
    EXPECT_EQ(get<float>(v, 256), std::vector<float>(256, float(3 + rounds)));
  }
}

// Mesa gives x without modular-forbid-contraction.
TEST_F(DeviceCodeRuns, RoundsByAdding) {
  auto round =
      kernel("contraction", {"contraction", {kRead, kWrite}, 0, {64, 1, 1}, 0});
  std::vector<float> x(64);
  for (size_t i = 0; i < 64; ++i)
    x[i] = float(i) * 0.37f - 11;
  DeviceRange y = put(std::vector<float>(64));
  run({LaunchCommand{round, {1, 1, 1}, {put(x), y}, {}, ""}});
  std::vector<float> got = get<float>(y, 64);
  for (size_t i = 0; i < 64; ++i)
    EXPECT_EQ(got[i], std::nearbyint(x[i])) << x[i];
}

} // namespace
