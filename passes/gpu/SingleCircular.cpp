//===- SingleCircular.cpp - Circular and error functions in f32 -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of SingleMath that come from series of sine, cosine and arc
// tangent, and the error functions.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/SingleMath.h"

#include <limits>

using namespace mlir;
using namespace modc;

/// π/2 in two parts; doubled and halved they are π and π/4.
static constexpr double kHalfPi = 0x1.921fb4p+0, kHalfPiRest = 0x1.4442d2p-24;

std::pair<Value, Value> SingleMath::sineCosine(Value x) {
  // x = n·π/2 + r with π/2 in parts of 11 bits, so that n·part is exact for
  // n < 2^13 but for the last one. All of x that the first two leave is exact,
  // and may be as small as what the third takes.
  auto [n, whole] = nearest(mul(x, real(0x1.45f306p-1)));
  Value left = x;
  for (double part : {0x1.92p+0, 0x1.fb4p-12})
    left = sub(left, mul(n, real(part)));
  Pair third = sum(left, neg(mul(n, real(0x1.444p-24))));
  Value low = third.low;
  for (double part : {0x1.68cp-39, 0x1.1a6264p-54})
    low = sub(low, mul(n, real(part)));
  Value r = add(third.high, low), z = mul(r, r);
  SmallVector<double> sines = {1}, cosines = {1};
  for (int k = 1; k <= 5; ++k) {
    sines.push_back(-sines.back() / (2 * k * (2 * k + 1)));
    cosines.push_back(-cosines.back() / (2 * k * (2 * k - 1)));
  }
  Value sine =
      add(r, mul(mul(r, z), polynomial(z, ArrayRef(sines).slice(1, 4))));
  Value cosine =
      add(real(1), mul(z, polynomial(z, ArrayRef(cosines).drop_front())));
  // Keeps −0 and subnormal numbers.
  sine = select(less(abs(x), real(0x1p-12)), x, sine);
  auto bitSet = [&](Value word, int64_t bit) -> Value {
    Value masked = arith::AndIOp::create(*this, word, integer(bit));
    return arith::CmpIOp::create(*this, arith::CmpIPredicate::ne, masked,
                                 integer(0));
  };
  Value swapped = bitSet(whole, 1);
  Value s = select(swapped, cosine, sine), c = select(swapped, sine, cosine);
  Value next = arith::AddIOp::create(*this, whole, integer(1));
  return {select(bitSet(whole, 2), neg(s), s),
          select(bitSet(next, 2), neg(c), c)};
}

Value SingleMath::atan(Value x) {
  // To ±tan π/8 by (a − 1)/(a + 1), and beyond tan 3π/8 by −1/a.
  Value a = abs(x), one = real(1), zero = real(0);
  Value middle = greater(a, real(0.41421356237309503));
  Value far = greater(a, real(2.4142135623730951));
  Value quotient =
      div(select(far, real(-1), sub(a, one)), select(far, a, add(a, one)));
  Value t = select(middle, quotient, a);
  auto angle = [&](double halfPi) {
    return select(far, real(halfPi), select(middle, real(halfPi / 2), zero));
  };
  Value z = mul(t, t);
  SmallVector<double> series;
  for (int k = 1; k <= 8; ++k)
    series.push_back((k % 2 ? -1.0 : 1.0) / (2 * k + 1));
  Value p =
      add(t, add(mul(mul(t, z), polynomial(z, series)), angle(kHalfPiRest)));
  return copySign(add(angle(kHalfPi), p), x);
}

Value SingleMath::atan2(Value y, Value x) {
  Value infinity = real(std::numeric_limits<double>::infinity());
  Value ax = abs(x), ay = abs(y);
  Value bothInfinite =
      arith::AndIOp::create(*this, equal(ax, infinity), equal(ay, infinity));
  Value quotient = select(bothInfinite, real(1), div(ay, ax));
  Value angle = atan(quotient);
  angle = select(equal(ay, real(0)), real(0), angle);
  // The sign bit, so that −0 counts as negative.
  Value negative = arith::CmpIOp::create(*this, arith::CmpIPredicate::slt,
                                         bits(x), integer(0));
  Value rest = sub(angle, real(2 * kHalfPiRest));
  angle = select(negative, sub(real(2 * kHalfPi), rest), angle);
  Value unordered = compare(arith::CmpFPredicate::UNO, x, y);
  return select(unordered, add(x, y), copySign(angle, y));
}

Value SingleMath::asin(Value x) {
  return atan2(x, root(mul(sub(real(1), x), add(real(1), x))));
}
Value SingleMath::acos(Value x) {
  return atan2(root(mul(sub(real(1), x), add(real(1), x))), x);
}

Value SingleMath::scaledErfc(Value x) {
  // (1 + 2x)·exp(x²)·erfc(x) in u = (x − 2)/(x + 2): a Chebyshev fit on
  // [½, 10.5] to 36-digit values, with an error of 5e-9.
  static const double coefficients[] = {
      0x1.46e80ep+0,   -0x1.7bf5dcp-4, -0x1.5407fep-3, 0x1.4ff8d2p-3,
      -0x1.bc17eep-5,  -0x1.065858p-7, 0x1.1ba8a0p-7,  0x1.2cd490p-10,
      -0x1.4ae668p-10, -0x1.dab8a6p-13};
  Value u = div(sub(x, real(2)), add(x, real(2)));
  return div(polynomial(u, coefficients), add(real(1), add(x, x)));
}

Value SingleMath::erf(Value x) {
  // The series to x^21 below 1; there is nothing to see beyond 4.
  Value a = abs(x);
  Value z = mul(x, x);
  SmallVector<double> series;
  double factorial = 1;
  for (int k = 0; k < 11; ++k) {
    series.push_back((k % 2 ? -1 : 1) / (factorial * (2 * k + 1)) *
                     0x1.20dd750429b6dp+0);
    factorial *= k + 1;
  }
  Value near = mul(x, polynomial(z, series));
  Value in = select(greater(a, real(4)), real(4), a);
  Value tail = mul(exp(neg(mul(in, in))), scaledErfc(in));
  Value far = copySign(sub(real(1), tail), x);
  return select(greater(a, real(1)), far, near);
}

Value SingleMath::erfc(Value x) {
  // exp(−a²) = exp(−h²)·exp(−(a − h)·(a + h)) with the upper half h of a, whose
  // square is exact. Beyond 11 there is nothing.
  Value a = abs(x);
  Value in = select(greater(a, real(11)), real(11), a);
  Pair h = halves(in);
  Value tail =
      mul(exp(neg(mul(h.high, h.high))), exp(neg(mul(h.low, add(in, h.high)))));
  tail = mul(tail, scaledErfc(in));
  Value far = select(less(x, real(0)), sub(real(2), tail), tail);
  return select(greater(a, real(0.5)), far, sub(real(1), erf(x)));
}
