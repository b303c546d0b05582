//===- ArithmeticBuilder.h - Scalar code in short forms ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arithmetic on one type of floats, for the expansion of math functions: in f64
// for processors (passes/cpu/ExpandMath.h), in f32 for kernels
// (passes/gpu/SingleMath.h). Nothing here branches, so that loops vectorize.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_ARITHMETICBUILDER_H
#define MODC_PASSES_ARITHMETICBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace modc {

struct ArithmeticBuilder : mlir::ImplicitLocOpBuilder {
  using Value = mlir::Value;
  /// f32, f64, or a vector of them: what each function takes and gives.
  mlir::Type type;

  ArithmeticBuilder(mlir::Location loc, mlir::Operation *before,
                    mlir::Type type)
      : ImplicitLocOpBuilder(loc, before), type(type) {}

  /// Integers as wide as the floats.
  mlir::Type integerType();
  Value real(double value);
  Value integer(int64_t value);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value div(Value a, Value b);
  Value neg(Value a);
  Value abs(Value a);
  Value sqrt(Value a);
  Value floor(Value a);
  Value bits(Value a);
  Value fromBits(Value a);
  Value compare(mlir::arith::CmpFPredicate predicate, Value a, Value b);
  Value less(Value a, Value b);
  Value greater(Value a, Value b);
  Value equal(Value a, Value b);
  Value select(Value condition, Value a, Value b);
  /// |a| with the sign bit of b.
  Value copySign(Value a, Value b);
  /// x within ±limit, or between two limits. NaN stays NaN.
  Value clamp(Value x, double limit) { return clamp(x, -limit, limit); }
  Value clamp(Value x, double least, double most);
  /// c0 + x·(c1 + x·(...)).
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients);

  Value ceil(Value x);
  Value truncate(Value x);
  Value round(Value x);
  Value roundEven(Value x);
};

} // namespace modc

#endif // MODC_PASSES_ARITHMETICBUILDER_H
