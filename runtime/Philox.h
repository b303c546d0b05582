//===- Philox.h - Counter-based random numbers ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011), keyed and counted as docs/artefact.md says, so that
// the host draws the same bits as compiled code on any device.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_PHILOX_H
#define MODC_RUNTIME_PHILOX_H

#include <array>
#include <cstdint>

namespace modc {

using PhiloxBlock = std::array<uint32_t, 4>;

/// What random bits are for: the top byte of the counter's last word, so that
/// no two uses share bits.
enum class RandomPurpose : uint32_t {
  Initialiser = 0,
  Candidates = 1,
  Samples = 2,
  Shuffle = 3,
  FirstChoices = 4,
  ToyData = 5,
  RulePriors = 6
};

/// The four words for a counter under a key.
inline PhiloxBlock philox(PhiloxBlock counter, uint64_t seed) {
  uint32_t key0 = uint32_t(seed), key1 = uint32_t(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = uint64_t(0xD2511F53u) * counter[0];
    uint64_t product1 = uint64_t(0xCD9E8D57u) * counter[2];
    counter = {uint32_t(product1 >> 32) ^ counter[1] ^ key0, uint32_t(product1),
               uint32_t(product0 >> 32) ^ counter[3] ^ key1,
               uint32_t(product0)};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

inline PhiloxBlock philox(RandomPurpose purpose, uint64_t seed, uint32_t c0,
                          uint32_t c1, uint32_t c2, uint32_t low = 0) {
  return philox({c0, c1, c2, (uint32_t(purpose) << 24) + low}, seed);
}

/// u in [0, 1) from the top 24 bits of a word: exact in f32.
inline float uniform24(uint32_t word) { return float(word >> 8) * 0x1p-24f; }

/// u in [0, 1) from 53 bits of two words: exact in f64.
inline double uniform53(uint32_t word0, uint32_t word1) {
  return (double(word0 >> 5) * 0x1p26 + double(word1 >> 6)) * 0x1p-53;
}

/// An integer in [0, bound) from two words, by a 64-bit multiply: the bias of
/// 2^-64·bound is below what any run can see. `bound` is at least 1.
inline uint64_t uniformBelow(uint32_t word0, uint32_t word1, uint64_t bound) {
  uint64_t word = (uint64_t(word1) << 32) | word0;
  return uint64_t((static_cast<unsigned __int128>(word) * bound) >> 64);
}

} // namespace modc

#endif // MODC_RUNTIME_PHILOX_H
