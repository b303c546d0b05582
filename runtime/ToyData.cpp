//===- ToyData.cpp - The built-in toy regression --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Normal numbers by the polar method (Marsaglia and Bray 1964) on Philox bits.
// Its logarithm is computed here by a series with nothing but IEEE operations,
// because C libraries differ in the last bit of theirs.
//
//===----------------------------------------------------------------------===//

#include "runtime/ToyData.h"

#include "runtime/Philox.h"

#include <cmath>

namespace modc {
namespace {

/// log(x) for x in (0, 1]: x = m·2^e with m in [√½, √2), and the series of
/// 2·artanh((m − 1)/(m + 1)), whose argument is below 0.172.
double portableLog(double x) {
  int exponent;
  double m = std::frexp(x, &exponent);
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  double z = (m - 1) / (m + 1), square = z * z, sum = 0;
  for (int k = 23; k >= 1; k -= 2)
    sum = sum * square + 1.0 / k;
  return 2 * z * sum + exponent * 0.69314718055994531;
}

/// A stream of random numbers of its own for each (point, use).
class Stream {
public:
  Stream(uint64_t seed, uint32_t point, uint32_t use)
      : seed(seed), point(point), use(use) {}

  double uniform() {
    PhiloxBlock words =
        philox(RandomPurpose::ToyData, seed, point, count++, use);
    return uniform53(words[0], words[1]);
  }

  /// A point of the unit disc other than its centre; returns its squared norm.
  double disc(double *a, double *b) {
    for (;;) {
      *a = 2 * uniform() - 1;
      *b = 2 * uniform() - 1;
      double square = *a * *a + *b * *b;
      if (square < 1 && square > 0)
        return square;
    }
  }

  /// Two independent N(0, 1).
  void normals(double *a, double *b) {
    double square = disc(a, b);
    double scale = std::sqrt(-2 * portableLog(square) / square);
    *a *= scale;
    *b *= scale;
  }

private:
  uint64_t seed;
  uint32_t point, use, count = 0;
};

} // namespace

ToyData makeToyData(uint64_t seed, int64_t points, bool test) {
  Stream rules(seed, 0, 0);
  double mean[2][2];
  for (auto &m : mean) {
    rules.normals(&m[0], &m[1]);
    m[0] *= 6;
    m[1] *= 6;
  }
  // A point of the disc, normalised: a uniform angle without trigonometry.
  double c, s;
  double norm = std::sqrt(rules.disc(&c, &s));
  c /= norm;
  s /= norm;
  double d0, d1;
  rules.normals(&d0, &d1);
  const double rule[2][2][2] = {{{c, -s}, {s, c}}, {{2 * d0, 0}, {0, 2 * d1}}};

  ToyData data;
  data.x.reserve(size_t(points) * 2);
  data.y.reserve(size_t(points) * 2);
  data.component.reserve(size_t(points));
  for (int64_t n = 0; n < points; ++n) {
    Stream stream(seed, uint32_t(n), test ? 2 : 1);
    int k = stream.uniform() < 0.5 ? 0 : 1;
    double x[2];
    stream.normals(&x[0], &x[1]);
    for (int i = 0; i < 2; ++i)
      data.x.push_back(float(x[i] += mean[k][i]));
    for (int i = 0; i < 2; ++i)
      data.y.push_back(float(rule[k][i][0] * x[0] + rule[k][i][1] * x[1]));
    data.component.push_back(k);
  }
  return data;
}

} // namespace modc
