//===- SingleMath.h - Math functions in f32 arithmetic ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builders of each math function for kernels, which have neither f64 nor
// integers of 64 bits. Where an f32 is too short, a number is a sum of two.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_SINGLEMATH_H
#define MODC_PASSES_GPU_SINGLEMATH_H

#include "passes/ArithmeticBuilder.h"

namespace modc {

/// Code on f32 or vectors of f32. All holds with arithmetic that rounds each
/// product and sum on its own, in the order in which it is written, whether or
/// not subnormal numbers are taken as zeros. docs/gpu.md states the errors.
struct SingleMath : ArithmeticBuilder {
  using ArithmeticBuilder::ArithmeticBuilder;

  Value exp(Value x);
  Value exp2(Value x);
  Value expm1(Value x);
  Value log(Value x);
  Value log2(Value x);
  Value log10(Value x);
  Value log1p(Value x);
  Value power(Value x, Value y);
  Value cubeRoot(Value x);

  /// Sine and cosine; accurate for |x| < 2^13.
  std::pair<Value, Value> sineCosine(Value x);
  Value atan(Value x);
  Value atan2(Value y, Value x);
  Value asin(Value x);
  Value acos(Value x);

  Value sinh(Value x);
  Value cosh(Value x);
  Value tanh(Value x);
  Value asinh(Value x);
  Value acosh(Value x);
  Value atanh(Value x);
  Value erf(Value x);
  Value erfc(Value x);

private:
  /// A number as a sum: `low` is at most half of what `high` can resolve.
  struct Pair {
    Value high, low;
  };
  /// x = 2^exponent·(1 + fraction), and log(1 + fraction) in parts.
  struct Logarithm {
    Value exponent, fraction;
    /// log(1 + fraction) = fraction − (half − correction).
    Value half, correction;
  };

  /// The nearest whole number, and as an integer; |x| < 2^22.
  std::pair<Value, Value> nearest(Value x);
  /// 2^n·x for whole n, in two factors, so that results may be subnormal.
  Value scale(Value x, Value n);
  /// exp r − 1 for |r| ≤ ln 2 / 2.
  Value shortExpm1(Value r);
  /// n·ln 2 + r = x.
  Value reduceExponent(Value x, Value n);
  /// x = 2^exponent·(1 + fraction), with 1 + fraction in [√½, √2).
  std::pair<Value, Value> split(Value x);
  Logarithm shortLog(Value x);
  /// What a logarithm is of 0, infinity, negative numbers and NaN.
  Value selectLog(Value x, Value result);
  /// √x, NaN below zero, of which SPIR-V says nothing.
  Value root(Value x);

  /// a + b exactly; of the second, |a| ≥ |b|.
  Pair sum(Value a, Value b);
  Pair sumOrdered(Value a, Value b);
  /// a·b exactly, without a fused multiply-add.
  Pair product(Value a, Value b);
  Pair product(Pair a, Pair b);
  /// The upper 12 bits of a and what is left of it.
  Pair halves(Value a);
  /// log x for normal x > 0, to 2^-40 of it.
  Pair longLog(Value x);
  /// exp of a sum.
  Value longExp(Pair x);

  /// exp(x²)·erfc(x) for x in [½, 11].
  Value scaledErfc(Value x);
};

} // namespace modc

#endif // MODC_PASSES_GPU_SINGLEMATH_H
