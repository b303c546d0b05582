//===- MathBuilder.cpp - Exponentials and powers in f64 -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first half of MathBuilder: the functions that come from exp and log.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/ExpandMath.h"
#include <limits>

using namespace mlir;
using namespace modc;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Adding it to a number below 2^51 leaves the nearest integer, in the low
/// bits.
static constexpr double kMagic = 0x1.8p52;

Value MathBuilder::exp(Value x) {
  // x = n·ln 2 + r, |r| ≤ ln 2 / 2. Beyond ±1000 nothing changes, of f32 beyond
  // ±200, where n·ln 2 need not be exact either.
  Value in = clamp(x, single ? 200 : 1000);
  Value shifted = add(mul(in, real(0x1.71547652b82fep+0)), real(kMagic));
  Value n = sub(shifted, real(kMagic));
  if (single)
    return scaledExp(sub(in, mul(n, real(0x1.62e42fefa39efp-1))), shifted);
  Value r = sub(sub(in, mul(n, real(0x1.62e42feep-1))),
                mul(n, real(0x1.a39ef35793c76p-33)));
  return scaledExp(r, shifted);
}

Value MathBuilder::exp2(Value x) {
  Value in = clamp(x, single ? 300 : 1400);
  Value shifted = add(in, real(kMagic));
  Value rest = sub(in, sub(shifted, real(kMagic)));
  return scaledExp(mul(rest, real(0x1.62e42fefa39efp-1)), shifted);
}

Value MathBuilder::scaledExp(Value r, Value shifted) {
  // exp r by its series to r^13 (r^9), then 2^n in two factors, so that results
  // may be subnormal or infinite. Those of f32 are neither in f64.
  Value magic = real(kMagic);
  SmallVector<double> series = {1};
  for (int k = 1; k <= (single ? 9 : 13); ++k)
    series.push_back(series.back() / k);
  Value p = polynomial(r, series);
  Value whole = arith::SubIOp::create(*this, bits(shifted), bits(magic));
  auto powerOfTwo = [&](Value e) {
    return fromBits(arith::ShLIOp::create(
        *this, arith::AddIOp::create(*this, e, integer(1023)), integer(52)));
  };
  if (single)
    return mul(p, powerOfTwo(whole));
  Value half = arith::ShRSIOp::create(*this, whole, integer(1));
  Value rest = arith::SubIOp::create(*this, whole, half);
  return mul(mul(p, powerOfTwo(half)), powerOfTwo(rest));
}

Value MathBuilder::expm1(Value x) {
  // The series to x^17 (x^12) below 1/2, where exp(x) − 1 would cancel.
  SmallVector<double> series = {1};
  for (int k = 2; k <= (single ? 12 : 17); ++k)
    series.push_back(series.back() / k);
  Value small = mul(x, polynomial(x, series));
  Value large = sub(exp(x), real(1));
  return select(less(abs(x), real(0.5)), small, large);
}

Value MathBuilder::log(Value x) {
  // x = 2^e·m with m in [√½, √2); log m by s = f/(2 + f), f = m − 1:
  // f − (f²/2 − s·(f²/2 + R)), R = 2·Σ s^2k/(2k + 1).
  Value tiny = less(x, real(0x1p-1022));
  Value in = select(tiny, mul(x, real(0x1p54)), x);
  Value word = bits(in);
  Value root = integer(0x3fe6a09e667f3bcd);
  Value e = arith::ShRSIOp::create(
      *this, arith::SubIOp::create(*this, word, root), integer(52));
  Value m = fromBits(arith::SubIOp::create(
      *this, word, arith::ShLIOp::create(*this, e, integer(52))));
  Value exponent = arith::SIToFPOp::create(*this, getF64Type(), e);
  exponent = select(tiny, sub(exponent, real(54)), exponent);
  Value f = sub(m, real(1));
  Value s = div(f, add(real(2), f));
  Value z = mul(s, s);
  SmallVector<double> series;
  for (int k = 1; k <= (single ? 6 : 11); ++k)
    series.push_back(2.0 / (2 * k + 1));
  Value r = mul(z, polynomial(z, series));
  Value half = mul(mul(real(0.5), f), f);
  Value low =
      add(mul(s, add(half, r)), mul(exponent, real(0x1.a39ef35793c76p-33)));
  Value result =
      sub(mul(exponent, real(0x1.62e42feep-1)), sub(sub(half, low), f));
  result = select(equal(x, real(kInfinity)), x, result);
  result = select(equal(x, real(0)), real(-kInfinity), result);
  Value valid = compare(arith::CmpFPredicate::OGE, x, real(0));
  return select(valid, result, real(kNaN));
}

Value MathBuilder::log2(Value x) {
  return mul(log(x), real(0x1.71547652b82fep+0));
}
Value MathBuilder::log10(Value x) {
  return mul(log(x), real(0x1.bcb7b1526e50ep-2));
}

Value MathBuilder::log1p(Value x) {
  // log u + (x − (u − 1))/u with u = 1 + x rounded.
  Value u = add(real(1), x);
  Value logarithm = log(u);
  Value lost = div(sub(x, sub(u, real(1))), u);
  Value exact = select(equal(u, real(1)), x, add(logarithm, lost));
  Value edge =
      arith::OrIOp::create(*this, equal(u, real(0)), equal(u, real(kInfinity)));
  return select(edge, logarithm, exact);
}

Value MathBuilder::power(Value x, Value y) {
  Value magnitude = exp(mul(y, log(abs(x))));
  Value whole = equal(floor(y), y);
  Value half = mul(y, real(0.5));
  Value odd = arith::AndIOp::create(
      *this, whole, compare(arith::CmpFPredicate::ONE, floor(half), half));
  Value negative = select(odd, neg(magnitude), magnitude);
  Value result =
      select(less(x, real(0)), select(whole, negative, real(kNaN)), magnitude);
  Value one = arith::OrIOp::create(*this, equal(y, real(0)), equal(x, real(1)));
  return select(one, real(1), result);
}

Value MathBuilder::cubeRoot(Value x) {
  Value a = abs(x);
  Value r = exp(mul(log(a), real(1.0 / 3)));
  // One step of Newton's method takes the error of the exponent away.
  Value square = mul(r, r);
  Value better = sub(r, div(sub(mul(square, r), a), mul(real(3), square)));
  Value plain =
      arith::OrIOp::create(*this, equal(a, real(0)), equal(a, real(kInfinity)));
  return copySign(select(plain, a, better), x);
}
