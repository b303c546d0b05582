//===- ToyData.h - The built-in toy regression ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first experiment of Kirsch et al. 2018: two clouds of points in the
// plane, one rotated and one scaled, to be told apart by the controller. The
// same seed gives the same bits on every machine.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_TOYDATA_H
#define MODC_RUNTIME_TOYDATA_H

#include <cstdint>
#include <vector>

namespace modc {

/// x [points, 2], y [points, 2] and which rule made each point (0 rotates, 1
/// scales).
struct ToyData {
  std::vector<float> x, y;
  std::vector<int32_t> component;
};

/// x from two Gaussians of equal weight with unit covariance and means from
/// N(0, 6² I); y = R x with a random rotation or S x with S diagonal from
/// N(0, 2²). Means and rules depend on the seed alone, points on the seed and
/// the split: a test split has the same rules.
ToyData makeToyData(uint64_t seed, int64_t points, bool test);

} // namespace modc

#endif // MODC_RUNTIME_TOYDATA_H
