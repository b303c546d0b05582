//===- SingleMath.cpp - Exponentials and logarithms in f32 ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of SingleMath that come from exp and log. Constants with zeros
// at their end are parts of a number: products with small integers are exact.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/SingleMath.h"

#include <limits>

using namespace mlir;
using namespace modc;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
/// ln 2 in two parts, of which the first has 15 bits.
static constexpr double kLn2 = 0x1.62e4p-1, kLn2Rest = 0x1.7f7d1cp-20;
/// log10 2 in two parts, of which the first has 13 bits.
static constexpr double kLog2 = 0x1.344p-2, kLog2Rest = 0x1.3509f8p-18;
/// 1 / ln 2 and 1 / ln 10.
static constexpr double kLog2E = 0x1.715476p+0, kLog10E = 0x1.bcb7b1526e50ep-2;

std::pair<Value, Value> SingleMath::nearest(Value x) {
  // Adding it leaves the nearest integer, in the low bits.
  Value magic = real(0x1.8p23);
  Value shifted = add(x, magic);
  Value whole = arith::SubIOp::create(*this, bits(shifted), bits(magic));
  return {sub(shifted, magic), whole};
}

Value SingleMath::scale(Value x, Value n) {
  Value half = arith::ShRSIOp::create(*this, n, integer(1));
  Value rest = arith::SubIOp::create(*this, n, half);
  for (Value e : {half, rest}) {
    Value biased = arith::AddIOp::create(*this, e, integer(127));
    x = mul(x, fromBits(arith::ShLIOp::create(*this, biased, integer(23))));
  }
  return x;
}

Value SingleMath::reduceExponent(Value x, Value n) {
  return sub(sub(x, mul(n, real(kLn2))), mul(n, real(kLn2Rest)));
}

Value SingleMath::shortExpm1(Value r) {
  // The series to r^7; what r² multiplies comes last.
  SmallVector<double> series = {0.5};
  for (int k = 3; k <= 7; ++k)
    series.push_back(series.back() / k);
  return add(r, mul(mul(r, r), polynomial(r, series)));
}

Value SingleMath::exp(Value x) {
  // x = n·ln 2 + r. Beyond these limits all is 0 or infinite.
  Value in = clamp(x, -110, 100);
  auto [n, whole] = nearest(mul(in, real(kLog2E)));
  Value p = add(real(1), shortExpm1(reduceExponent(in, n)));
  return scale(p, whole);
}

Value SingleMath::exp2(Value x) {
  Value in = clamp(x, -160, 140);
  auto [n, whole] = nearest(in);
  Value r = mul(sub(in, n), real(0x1.62e43p-1));
  return scale(add(real(1), shortExpm1(r)), whole);
}

Value SingleMath::expm1(Value x) {
  // 2^n·(exp r − 1) + (2^n − 1), with 2^(n − 1) so that n may be 128; of small
  // x exp r − 1 alone, which keeps subnormal numbers.
  Value in = clamp(x, -20, 89);
  auto [n, whole] = nearest(mul(in, real(kLog2E)));
  Value small = shortExpm1(reduceExponent(in, n));
  Value biased = arith::AddIOp::create(*this, whole, integer(126));
  Value power = fromBits(arith::ShLIOp::create(*this, biased, integer(23)));
  Value large = add(mul(power, small), sub(power, real(0.5)));
  large = add(large, large);
  return copySign(select(less(abs(x), real(0.25)), small, large), x);
}

std::pair<Value, Value> SingleMath::split(Value x) {
  Value tiny = less(x, real(0x1p-126));
  Value word = bits(select(tiny, mul(x, real(0x1p24)), x));
  Value root = integer(0x3f3504f3);
  Value e = arith::ShRSIOp::create(
      *this, arith::SubIOp::create(*this, word, root), integer(23));
  Value m = fromBits(arith::SubIOp::create(
      *this, word, arith::ShLIOp::create(*this, e, integer(23))));
  Value exponent = arith::SIToFPOp::create(*this, type, e);
  exponent = select(tiny, sub(exponent, real(24)), exponent);
  return {exponent, sub(m, real(1))};
}

SingleMath::Logarithm SingleMath::shortLog(Value x) {
  // With s = f/(2 + f): f − (f²/2 − s·(f²/2 + R)), R = 2·Σ s^2k/(2k + 1).
  auto [exponent, f] = split(x);
  Value s = div(f, add(real(2), f));
  Value z = mul(s, s);
  SmallVector<double> series;
  for (int k = 1; k <= 4; ++k)
    series.push_back(2.0 / (2 * k + 1));
  Value r = mul(z, polynomial(z, series));
  Value half = mul(mul(real(0.5), f), f);
  return {exponent, f, half, mul(s, add(half, r))};
}

Value SingleMath::selectLog(Value x, Value result) {
  result = select(equal(x, real(kInfinity)), x, result);
  result = select(equal(x, real(0)), real(-kInfinity), result);
  Value valid = compare(arith::CmpFPredicate::OGE, x, real(0));
  return select(valid, result, real(kNaN));
}

Value SingleMath::log(Value x) {
  Logarithm l = shortLog(x);
  Value low = add(l.correction, mul(l.exponent, real(kLn2Rest)));
  return selectLog(
      x, sub(mul(l.exponent, real(kLn2)), sub(sub(l.half, low), l.fraction)));
}

Value SingleMath::log2(Value x) {
  Logarithm l = shortLog(x);
  Value m = sub(l.fraction, sub(l.half, l.correction));
  return selectLog(x, add(l.exponent, mul(m, real(kLog2E))));
}

Value SingleMath::log10(Value x) {
  Logarithm l = shortLog(x);
  Value m = sub(l.fraction, sub(l.half, l.correction));
  Value low = add(mul(m, real(kLog10E)), mul(l.exponent, real(kLog2Rest)));
  return selectLog(x, add(mul(l.exponent, real(kLog2)), low));
}

Value SingleMath::log1p(Value x) {
  // log u + (x − (u − 1))/u with u = 1 + x rounded.
  Value u = add(real(1), x);
  Value logarithm = log(u);
  Value lost = div(sub(x, sub(u, real(1))), u);
  Value exact = select(equal(u, real(1)), x, add(logarithm, lost));
  Value edge =
      arith::OrIOp::create(*this, equal(u, real(0)), equal(u, real(kInfinity)));
  return select(edge, logarithm, exact);
}

Value SingleMath::cubeRoot(Value x) {
  // A factor of 2^±90 keeps what is below from being subnormal or infinite.
  Value a = abs(x);
  Value small = less(a, real(0x1p-60)), large = greater(a, real(0x1p60));
  Value in = mul(
      a, select(small, real(0x1p90), select(large, real(0x1p-90), real(1))));
  Value r = exp(mul(log(in), real(1.0 / 3)));
  // One step of Newton's method takes the error of the exponent away.
  Value square = mul(r, r);
  Value better = sub(r, div(sub(mul(square, r), in), mul(real(3), square)));
  better = mul(better, select(small, real(0x1p-30),
                              select(large, real(0x1p30), real(1))));
  Value plain =
      arith::OrIOp::create(*this, equal(a, real(0)), equal(a, real(kInfinity)));
  return copySign(select(plain, a, better), x);
}

Value SingleMath::root(Value x) {
  return select(less(x, real(0)), real(kNaN), sqrt(x));
}

Value SingleMath::sinh(Value x) {
  Value a = abs(x);
  Value t = expm1(a);
  Value small = mul(real(0.5), add(t, div(t, add(t, real(1)))));
  // exp a may overflow where sinh does not.
  Value w = exp(mul(real(0.5), a));
  Value large = mul(mul(real(0.5), w), w);
  return copySign(select(greater(a, real(88)), large, small), x);
}
Value SingleMath::cosh(Value x) {
  Value a = abs(x);
  Value e = exp(a);
  Value small = add(mul(real(0.5), e), div(real(0.5), e));
  Value w = exp(mul(real(0.5), a));
  Value large = mul(mul(real(0.5), w), w);
  return select(greater(a, real(88)), large, small);
}
Value SingleMath::tanh(Value x) {
  Value a = abs(x);
  Value t = expm1(add(a, a));
  Value result = div(t, add(t, real(2)));
  return copySign(select(greater(a, real(10)), real(1), result), x);
}
Value SingleMath::asinh(Value x) {
  Value a = abs(x);
  Value square = mul(a, a);
  Value rest = add(sqrt(add(square, real(1))), real(1));
  Value small = log1p(add(a, div(square, rest)));
  Value large = add(log(a), real(0x1.62e43p-1));
  return copySign(select(greater(a, real(1e9)), large, small), x);
}
Value SingleMath::acosh(Value x) {
  Value t = sub(x, real(1));
  Value small = log1p(add(t, root(mul(t, add(t, real(2))))));
  Value large = add(log(x), real(0x1.62e43p-1));
  return select(greater(x, real(1e9)), large,
                select(less(x, real(1)), real(kNaN), small));
}
Value SingleMath::atanh(Value x) {
  Value a = abs(x);
  Value t = div(add(a, a), sub(real(1), a));
  return copySign(mul(real(0.5), log1p(t)), x);
}
