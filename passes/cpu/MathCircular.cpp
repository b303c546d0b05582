//===- MathCircular.cpp - Circular, hyperbolic and error functions in f64 ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The second half of MathBuilder: what comes from series of sine, cosine and
// arc tangent, and from exp and log.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/ExpandMath.h"
#include <limits>

using namespace mlir;
using namespace modc;

static constexpr double kHalfPi = 0x1.921fb54442d18p+0;

std::pair<Value, Value> MathBuilder::sineCosine(Value x) {
  // x = n·π/2 + r with π/2 in three parts of 33 bits, so that n·part is exact
  // for |n| < 2^20; then the series on |r| ≤ π/4.
  Value magic = real(0x1.8p52);
  Value shifted = add(mul(x, real(0x1.45f306dc9c883p-1)), magic);
  Value n = sub(shifted, magic);
  Value r = x;
  for (double part : {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2e037073p-69})
    r = sub(r, mul(n, real(part)));
  Value z = mul(r, r);
  SmallVector<double> sines = {1}, cosines = {1};
  for (int k = 1; k <= 9; ++k) {
    sines.push_back(-sines.back() / (2 * k * (2 * k + 1)));
    cosines.push_back(-cosines.back() / (2 * k * (2 * k - 1)));
  }
  Value sine = add(r, mul(mul(r, z), polynomial(z, ArrayRef(sines).drop_front())));
  Value cosine = add(real(1), mul(z, polynomial(z, ArrayRef(cosines).drop_front())));
  Value quadrant = bits(shifted);
  auto bitSet = [&](Value word, int64_t bit) {
    Value masked = arith::AndIOp::create(*this, word, integer(bit));
    return arith::CmpIOp::create(*this, arith::CmpIPredicate::ne, masked,
                                 integer(0));
  };
  Value swapped = bitSet(quadrant, 1);
  Value s = select(swapped, cosine, sine), c = select(swapped, sine, cosine);
  Value next = arith::AddIOp::create(*this, quadrant, integer(1));
  return {select(bitSet(quadrant, 2), neg(s), s),
          select(bitSet(next, 2), neg(c), c)};
}

Value MathBuilder::atan(Value x) {
  // To [0, 1] by the reciprocal, to ±tan π/8 by (y − 1)/(y + 1).
  Value a = abs(x);
  Value inverted = greater(a, real(1));
  Value y = select(inverted, div(real(1), a), a);
  Value shifted = greater(y, real(0.41421356237309503));
  Value t = select(shifted, div(sub(y, real(1)), add(y, real(1))), y);
  Value z = mul(t, t);
  SmallVector<double> series;
  for (int k = 1; k <= 20; ++k)
    series.push_back((k % 2 ? -1.0 : 1.0) / (2 * k + 1));
  Value angle = add(t, mul(mul(t, z), polynomial(z, series)));
  angle = select(shifted, add(real(kHalfPi / 2), angle), angle);
  angle = select(inverted, sub(real(kHalfPi), angle), angle);
  return copySign(angle, x);
}

Value MathBuilder::atan2(Value y, Value x) {
  Value infinity = real(std::numeric_limits<double>::infinity());
  Value ax = abs(x), ay = abs(y);
  Value bothInfinite = arith::AndIOp::create(*this, equal(ax, infinity),
                                             equal(ay, infinity));
  Value quotient = select(bothInfinite, real(1), div(ay, ax));
  Value angle = atan(quotient);
  angle = select(equal(ay, real(0)), real(0), angle);
  // The sign bit, so that −0 counts as negative.
  Value negative = arith::CmpIOp::create(
      *this, arith::CmpIPredicate::slt, bits(x), integer(0));
  angle = select(negative, sub(real(2 * kHalfPi), angle), angle);
  Value unordered = compare(arith::CmpFPredicate::UNO, x, y);
  return select(unordered, add(x, y), copySign(angle, y));
}

Value MathBuilder::asin(Value x) {
  Value rest = sqrt(mul(sub(real(1), x), add(real(1), x)));
  return atan2(x, rest);
}
Value MathBuilder::acos(Value x) {
  Value rest = sqrt(mul(sub(real(1), x), add(real(1), x)));
  return atan2(rest, x);
}

Value MathBuilder::sinh(Value x) {
  Value a = abs(x);
  Value t = expm1(a);
  Value small = mul(real(0.5), add(t, div(t, add(t, real(1)))));
  // exp a may overflow where sinh does not.
  Value w = exp(mul(real(0.5), a));
  Value large = mul(mul(real(0.5), w), w);
  return copySign(select(greater(a, real(700)), large, small), x);
}
Value MathBuilder::cosh(Value x) {
  Value a = abs(x);
  Value e = exp(a);
  Value small = add(mul(real(0.5), e), div(real(0.5), e));
  Value w = exp(mul(real(0.5), a));
  Value large = mul(mul(real(0.5), w), w);
  return select(greater(a, real(700)), large, small);
}
Value MathBuilder::tanh(Value x) {
  Value a = abs(x);
  Value t = expm1(mul(real(2), a));
  Value result = div(t, add(t, real(2)));
  return copySign(select(greater(a, real(22)), real(1), result), x);
}
Value MathBuilder::asinh(Value x) {
  Value a = abs(x);
  Value square = mul(a, a);
  Value root = add(sqrt(add(square, real(1))), real(1));
  Value small = log1p(add(a, div(square, root)));
  Value large = add(log(a), real(0x1.62e42fefa39efp-1));
  return copySign(select(greater(a, real(1e150)), large, small), x);
}
Value MathBuilder::acosh(Value x) {
  Value t = sub(x, real(1));
  Value small = log1p(add(t, sqrt(mul(t, add(t, real(2))))));
  Value large = add(log(x), real(0x1.62e42fefa39efp-1));
  return select(greater(x, real(1e150)), large, small);
}
Value MathBuilder::atanh(Value x) {
  Value a = abs(x);
  Value t = div(mul(real(2), a), sub(real(1), a));
  return copySign(mul(real(0.5), log1p(t)), x);
}

/// exp(x²)·erfc(x) on [1, 6.5], in s, a linear map of (x − 2.5)/(x + 2.5) to
/// [−1, 1]: a Chebyshev fit to 70-digit values.
static Value scaledErfc(MathBuilder &b, Value x) {
  static const double coefficients[] = {
      0x1.a9b8b973ca683p-3,   -0x1.48c5245c4d4ccp-3,  0x1.84466e45d9e80p-5,
      -0x1.51509b3dc5166p-7,  0x1.7a6b146cd05fep-10,  -0x1.11be916f2b017p-14,
      -0x1.2cf8ef2403c48p-16, 0x1.68bf0bf0cc59ap-19,  0x1.360f8c38ce42dp-22,
      -0x1.44c7cde970057p-24, -0x1.191152e0f5cefp-27, 0x1.13edf07d2b979p-29,
      0x1.9006ed38c0ea1p-32,  0x1.52054222f9037p-34,  -0x1.c4a482284ce4fp-36,
      -0x1.5a0ca013f3ed8p-34, 0x1.bb67ae8584cb6p-39,  0x1.5ddfcfb55ac84p-36};
  Value u = b.div(b.sub(x, b.real(2.5)), b.add(x, b.real(2.5)));
  Value s = b.mul(b.sub(u, b.real(0x1.0410410410410p-7)),
                  b.real(0x1.253c8253c8254p+1));
  return b.polynomial(s, coefficients);
}

Value MathBuilder::erf(Value x) {
  // The series to x^39 below 1; there is nothing to see beyond 6.
  Value a = abs(x);
  Value z = mul(x, x);
  SmallVector<double> series;
  double factorial = 1;
  for (int k = 0; k < 20; ++k) {
    series.push_back((k % 2 ? -1 : 1) / (factorial * (2 * k + 1)) *
                     0x1.20dd750429b6dp+0);
    factorial *= k + 1;
  }
  Value near = mul(x, polynomial(z, series));
  Value in = select(greater(a, real(6)), real(6), a);
  Value tail = mul(exp(neg(mul(in, in))), scaledErfc(*this, in));
  Value far = copySign(sub(real(1), tail), x);
  return select(greater(a, real(1)), far, near);
}

Value MathBuilder::erfc(Value x) {
  // Absolute, not relative, accuracy beyond 6.5, where it is below 4e-20.
  Value a = abs(x);
  Value in = select(greater(a, real(6.5)), real(6.5), a);
  Value tail = mul(exp(neg(mul(a, a))), scaledErfc(*this, in));
  Value far = select(less(x, real(0)), sub(real(2), tail), tail);
  return select(greater(a, real(1)), far, sub(real(1), erf(x)));
}
