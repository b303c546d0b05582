//===- Choices.h - The stored choices a* of all points ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The choices that generalized Viterbi EM keeps for every point of a data set
// (Kirsch et al. 2018, section 3.1), as compact as the largest pool allows.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_CHOICES_H
#define MODC_RUNTIME_CHOICES_H

#include "runtime/Signature.h"
#include "runtime/formats/Tensor.h"

#include <cstdint>
#include <vector>

namespace modc {

/// Integers [points, slots]; those of slot s are below its pool's size.
class Choices {
public:
  Choices() = default;
  /// All choices are 0.
  Choices(const Signature &signature, int64_t points);

  int64_t points() const { return pointCount; }
  int64_t slots() const { return int64_t(members.size()); }

  /// Draws every choice uniformly (purpose 4 of docs/artefact.md).
  void drawUniform(uint64_t seed);

  /// Copies the choices of `count` points to `out` [count, slots].
  void gather(const int64_t *indices, int64_t count, int32_t *out) const;
  /// Stores them back; returns the number of points whose choice changed.
  int64_t scatter(const int64_t *indices, int64_t count, const int32_t *values);

  /// [points, slots] of u8, u16 or i32, in place.
  Tensor tensor() const;
  /// Takes over a tensor of that shape, of any integer type; refuses choices
  /// that no pool has, naming point and slot.
  Status assign(const Tensor &tensor);

private:
  template <typename Body>
  auto withValues(Body body);

  std::vector<int32_t> members;
  int64_t pointCount = 0;
  DType type = DType::U8;
  std::vector<uint8_t> bytes;
};

} // namespace modc

#endif // MODC_RUNTIME_CHOICES_H
