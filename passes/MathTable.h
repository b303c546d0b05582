//===- MathTable.h - Which function a math op is ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One table from math ops to functions of a builder. Processors and kernels
// have builders of their own and so expand the same ops.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_MATHTABLE_H
#define MODC_PASSES_MATHTABLE_H

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ValueRange.h"

namespace modc {

/// Builds what a math op gives from its operands.
template <typename Builder>
using BuildMath = mlir::Value (*)(Builder &, mlir::ValueRange);

/// How `op` is built, or null if it is not one of the table.
template <typename Builder>
BuildMath<Builder> findMath(mlir::Operation *op) {
  using mlir::ValueRange;
  static constexpr std::pair<llvm::StringLiteral, BuildMath<Builder>> table[] =
      {
#define UNARY(NAME, FUNCTION)                                                  \
  {                                                                            \
    NAME, [](Builder &b, ValueRange v) { return b.FUNCTION(v[0]); }            \
  }
#define BINARY(NAME, FUNCTION)                                                 \
  {                                                                            \
    NAME, [](Builder &b, ValueRange v) { return b.FUNCTION(v[0], v[1]); }      \
  }
          UNARY("math.exp", exp),
          UNARY("math.exp2", exp2),
          UNARY("math.expm1", expm1),
          UNARY("math.log", log),
          UNARY("math.log2", log2),
          UNARY("math.log10", log10),
          UNARY("math.log1p", log1p),
          BINARY("math.powf", power),
          UNARY("math.cbrt", cubeRoot),
          {"math.rsqrt",
           [](Builder &b, ValueRange v) {
             return b.div(b.real(1), b.sqrt(v[0]));
           }},
          {"math.sin",
           [](Builder &b, ValueRange v) { return b.sineCosine(v[0]).first; }},
          {"math.cos",
           [](Builder &b, ValueRange v) { return b.sineCosine(v[0]).second; }},
          {"math.tan",
           [](Builder &b, ValueRange v) {
             auto [sine, cosine] = b.sineCosine(v[0]);
             return b.div(sine, cosine);
           }},
          UNARY("math.atan", atan),
          UNARY("math.asin", asin),
          UNARY("math.acos", acos),
          BINARY("math.atan2", atan2),
          UNARY("math.sinh", sinh),
          UNARY("math.cosh", cosh),
          UNARY("math.tanh", tanh),
          UNARY("math.asinh", asinh),
          UNARY("math.acosh", acosh),
          UNARY("math.atanh", atanh),
          UNARY("math.erf", erf),
          UNARY("math.erfc", erfc),
          UNARY("math.ceil", ceil),
          UNARY("math.trunc", truncate),
          UNARY("math.round", round),
          UNARY("math.roundeven", roundEven),
          BINARY("math.copysign", copySign),
#undef BINARY
#undef UNARY
      };
  if (!llvm::isa_and_present<mlir::math::MathDialect>(op->getDialect()))
    return nullptr;
  for (auto [name, build] : table)
    if (op->getName().getStringRef() == name)
      return build;
  return nullptr;
}

} // namespace modc

#endif // MODC_PASSES_MATHTABLE_H
