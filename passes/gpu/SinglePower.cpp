//===- SinglePower.cpp - Powers from sums of two f32 ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of SingleMath where an f32 is too short: an error of y·log x is one
// of the power itself, up to 88 times as large. Sums and products of two parts
// are Dekker's ("A floating-point technique for extending the available
// precision", 1971).
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/SingleMath.h"

#include <limits>

using namespace mlir;
using namespace modc;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// ln 2 in three parts, of which the first has 15 bits and the second 12.
static constexpr double kLn2 = 0x1.62e4p-1, kLn2Middle = 0x1.7f6p-20,
                        kLn2Rest = 0x1.d1cf7ap-32;

SingleMath::Pair SingleMath::sum(Value a, Value b) {
  Value s = add(a, b), t = sub(s, a);
  return {s, add(sub(a, sub(s, t)), sub(b, t))};
}
SingleMath::Pair SingleMath::sumOrdered(Value a, Value b) {
  Value s = add(a, b);
  return {s, sub(b, sub(s, a))};
}
SingleMath::Pair SingleMath::halves(Value a) {
  Value mask = integer(-4096);
  Value high = fromBits(arith::AndIOp::create(*this, bits(a), mask));
  return {high, sub(a, high)};
}
SingleMath::Pair SingleMath::product(Value a, Value b) {
  Value p = mul(a, b);
  Pair x = halves(a), y = halves(b);
  Value rest = sub(mul(x.high, y.high), p);
  rest = add(add(rest, mul(x.high, y.low)), mul(x.low, y.high));
  return {p, add(rest, mul(x.low, y.low))};
}
SingleMath::Pair SingleMath::product(Pair a, Pair b) {
  Pair p = product(a.high, b.high);
  Value cross = add(mul(a.high, b.low), mul(a.low, b.high));
  return sumOrdered(p.high, add(p.low, cross));
}

SingleMath::Pair SingleMath::longLog(Value x) {
  // 2·atanh s with s = f/(2 + f): s·(2 + z·(2/3 + z·(2/5 + ...))), z = s², of
  // which all but what stands in the inner brackets are sums.
  auto [exponent, f] = split(x);
  Pair below = sum(real(2), f);
  Value high = div(f, below.high);
  Pair back = product(high, below.high);
  Value left = sub(sub(f, back.high), back.low);
  Pair s = {high, div(sub(left, mul(high, below.low)), below.high)};
  Pair z = product(s, s);
  SmallVector<double> series;
  for (int k = 2; k <= 6; ++k)
    series.push_back(2.0 / (2 * k + 1));
  // 2/3 and what f32 loses of it.
  Pair t = sum(real(0x1.555556p-1), mul(z.high, polynomial(z.high, series)));
  t = product({t.high, sub(t.low, real(0x1.555556p-26))}, z);
  Pair whole = sum(real(2), t.high);
  t = product(s, {whole.high, add(whole.low, t.low)});

  Pair first = sum(mul(exponent, real(kLn2)), t.high);
  Pair second = sum(first.high, mul(exponent, real(kLn2Middle)));
  Value low = add(add(first.low, second.low), t.low);
  return sumOrdered(second.high, add(low, mul(exponent, real(kLn2Rest))));
}

Value SingleMath::longExp(Pair x) {
  Value in = clamp(x.high, -110, 100);
  // Beyond the limits the rest means nothing, and may be NaN.
  Value low = select(equal(in, x.high), x.low, real(0));
  auto [n, whole] = nearest(mul(in, real(0x1.715476p+0)));
  Pair r = sum(sub(in, mul(n, real(kLn2))), neg(mul(n, real(kLn2Middle))));
  r = sumOrdered(r.high, sub(add(r.low, low), mul(n, real(kLn2Rest))));
  SmallVector<double> series = {0.5};
  for (int k = 3; k <= 7; ++k)
    series.push_back(series.back() / k);
  Value square = mul(mul(r.high, r.high), polynomial(r.high, series));
  Pair p = sum(r.high, square);
  Pair one = sum(real(1), p.high);
  Value rounded = add(one.high, add(one.low, add(p.low, r.low)));
  return scale(rounded, whole);
}

Value SingleMath::power(Value x, Value y) {
  Value a = abs(x);
  Pair l = longLog(a);
  // Larger exponents change nothing: |log a| is 0 or at least 2^-24. What an
  // infinite one multiplies stays finite.
  Value exponent = clamp(y, 0x1p40);
  Pair p = product(exponent, l.high);
  Value magnitude =
      longExp(sumOrdered(p.high, add(p.low, mul(exponent, l.low))));
  Value zero = real(0), infinity = real(kInfinity);
  Value up = greater(y, zero), nan = add(x, y);
  Value unordered = compare(arith::CmpFPredicate::UNO, x, y);
  magnitude = select(equal(a, zero), select(up, zero, infinity), magnitude);
  magnitude = select(equal(a, infinity), select(up, infinity, zero), magnitude);

  Value isWhole = equal(floor(y), y);
  Value half = mul(y, real(0.5));
  Value odd = arith::AndIOp::create(
      *this, isWhole, compare(arith::CmpFPredicate::ONE, floor(half), half));
  Value root = arith::AndIOp::create(
      *this, compare(arith::CmpFPredicate::ONE, floor(y), y),
      arith::AndIOp::create(*this, less(x, zero), less(a, infinity)));
  Value result = select(odd, copySign(magnitude, x), magnitude);
  result = select(root, real(std::numeric_limits<double>::quiet_NaN()), result);
  result = select(unordered, nan, result);
  Value one = arith::OrIOp::create(*this, equal(y, zero), equal(x, real(1)));
  return select(one, real(1), result);
}
