//===- ExpandMath.h - Math functions as arithmetic --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builders of each math function in f64 from additions, multiplications, bit
// operations and selects, and the pattern that uses them.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_EXPANDMATH_H
#define MODC_PASSES_CPU_EXPANDMATH_H

#include "passes/ArithmeticBuilder.h"

namespace modc {

/// Scalar f64 code. Every function here takes and gives f64 values; none calls
/// a library. Bodies are branch-free, so that loops around them vectorize.
struct MathBuilder : ArithmeticBuilder {
  /// Whether arguments and results are numbers of f32: series are then as long
  /// as leaves an error of 2^-36 (of f64 they leave 2^-53 and less), and
  /// results beyond the range of f32 may be any that are.
  bool single;

  MathBuilder(mlir::Location loc, mlir::Operation *before, bool single)
      : ArithmeticBuilder(loc, before,
                          mlir::Float64Type::get(loc.getContext())),
        single(single) {}

  Value exp(Value x);
  Value exp2(Value x);
  /// 2^n·exp(r) for |r| ≤ ln 2 / 2 and n + 1.5·2^52.
  Value scaledExp(Value r, Value shifted);
  Value expm1(Value x);
  Value log(Value x);
  Value log1p(Value x);
  Value log2(Value x);
  Value log10(Value x);
  Value power(Value x, Value y);
  Value cubeRoot(Value x);

  /// Sine and cosine; accurate for |x| < 2^20.
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
};

} // namespace modc

#endif // MODC_PASSES_CPU_EXPANDMATH_H
