//===- ArenaLayout.cpp - An arena in the memory of a device ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What lies between two ranges goes with the first. Ranges that are not within
// the arena are left out: launches of them are refused.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/ArenaLayout.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace modc {
namespace {

/// The value of a formula without N and S.
std::optional<int64_t> constantOf(const SizeExpression &formula) {
  std::optional<int64_t> value = formula.evaluate(1, 1);
  for (auto [points, candidates] : {std::pair(2, 1), std::pair(1, 2)})
    if (formula.evaluate(points, candidates) != value)
      return std::nullopt;
  return value;
}

} // namespace

int64_t ArenaLayout::wordsOf(const Piece &piece) {
  return std::max<int64_t>((piece.bytes + 3) / 4 * 4, 4);
}

ArenaLayout ArenaLayout::create(const DeviceTarget &target,
                                DeviceBinding::Space arena, int64_t bytes,
                                int64_t alignment) {
  // Begin and end.
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const std::optional<DeviceProgram> &program : target.programs)
    for (size_t i = 0; program && i < program->launches.size(); ++i)
      for (const DeviceBinding &binding : program->launches[i].bindings) {
        if (binding.space != arena)
          continue;
        std::optional<int64_t> offset = constantOf(binding.offset),
                               length = constantOf(binding.bytes);
        if (!offset || !length)
          return ArenaLayout(bytes);
        if (*offset >= 0 && *length >= 0 && *offset < bytes &&
            *length <= bytes - *offset)
          ranges.emplace_back(*offset, *offset + std::max<int64_t>(*length, 1));
      }
  std::sort(ranges.begin(), ranges.end());
  ArenaLayout layout(bytes);
  int64_t end = 0;
  for (auto [begin, last] : ranges) {
    if (begin >= end && begin > 0) {
      Piece &before = layout.all.back();
      before.bytes = begin - before.here;
      int64_t there = before.there + wordsOf(before);
      layout.all.push_back({begin,
                            (there + alignment - 1) / alignment * alignment,
                            bytes - begin});
    }
    end = std::max(end, last);
  }
  return layout;
}

const ArenaLayout::Piece &ArenaLayout::find(int64_t offset) const {
  auto after = std::upper_bound(
      all.begin(), all.end(), offset,
      [](int64_t at, const Piece &piece) { return at < piece.here; });
  return *std::prev(after);
}

} // namespace modc
