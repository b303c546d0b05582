//===- Groups.h - Rows in groups, for tests of kernels ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plans with one pick a row as kernels get them, over row counts around tiles,
// members without rows and members with all of them.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_KERNELS_GROUPS_H
#define MODC_TEST_UNIT_KERNELS_GROUPS_H

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace modc {

/// A stable sort of rows by member.
struct Groups {
  Groups() = default;
  Groups(const std::vector<int32_t> &choice, int64_t members) {
    offsets.push_back(0);
    for (int32_t m = 0; m < members; ++m) {
      for (size_t r = 0; r < choice.size(); ++r)
        if (choice[r] == m)
          rows.push_back(int32_t(r));
      offsets.push_back(int32_t(rows.size()));
    }
  }
  size_t memberOf(size_t position) const {
    auto next =
        std::upper_bound(offsets.begin(), offsets.end(), int32_t(position));
    return size_t(next - offsets.begin()) - 1;
  }
  std::vector<int32_t> offsets, rows;
};

inline std::vector<Groups> drawGroups(int64_t members) {
  std::mt19937 random(7);
  std::vector<Groups> all;
  auto add = [&](size_t rows, auto draw) {
    std::vector<int32_t> choice(rows);
    for (int32_t &member : choice)
      member = int32_t(draw() % unsigned(members));
    all.emplace_back(choice, members);
  };
  for (size_t rows : {0, 1, 31, 33, 64, 317})
    add(rows, [&] { return random(); });
  add(65, [] { return 0u; });
  add(130, [&] { return unsigned(members - 1); });
  add(129, [&] { return random() % 2 ? 0u : unsigned(members - 1); });
  return all;
}

/// Of n roundings to f32, each relative to what it rounds (Higham 2002, lemma
/// 3.1).
inline double gamma(int64_t n) {
  double all = double(n) * 0x1p-24;
  return all / (1 - all);
}

} // namespace modc

#endif // MODC_TEST_UNIT_KERNELS_GROUPS_H
