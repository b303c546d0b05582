//===- ArenaLayout.h - An arena in the memory of a device -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arenas are as close together as a processor wants them, and devices want what
// they are given to start at multiples of up to 256 bytes. So each range that
// launches are given of an arena is moved apart where a device has it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_ARENALAYOUT_H
#define MODC_RUNTIME_DEVICES_ARENALAYOUT_H

#include "runtime/DeviceTable.h"

#include <cstdint>
#include <vector>

namespace modc {

class ArenaLayout {
public:
  /// So many bytes, from `here` on in the arena and from `there` on in the
  /// device's memory.
  struct Piece {
    int64_t here = 0, there = 0, bytes = 0;
  };

  /// One piece of `bytes`.
  explicit ArenaLayout(int64_t bytes = 0) : all{{0, 0, bytes}} {}
  /// Each range of the arena that a launch of the target is given starts at a
  /// multiple of `alignment` bytes there; ranges that overlap stay together. A
  /// table whose ranges hang on N or S, as none of ours do, leaves one piece.
  static ArenaLayout create(const DeviceTarget &target,
                            DeviceBinding::Space arena, int64_t bytes,
                            int64_t alignment);

  /// In their order, all of the arena.
  const std::vector<Piece> &pieces() const { return all; }
  /// Of the arena, and those of the device's memory: words, at least one.
  int64_t bytes() const { return all.back().here + all.back().bytes; }
  int64_t deviceBytes() const { return all.back().there + wordsOf(all.back()); }

  /// The piece that holds a byte of the arena.
  const Piece &find(int64_t offset) const;
  /// The bytes of a piece there.
  static int64_t wordsOf(const Piece &piece);

private:
  std::vector<Piece> all;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_ARENALAYOUT_H
