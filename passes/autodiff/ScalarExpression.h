//===- ScalarExpression.h - Arithmetic on IR values -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lets the table of scalar derivatives be written as formulas: operators and
// functions of Scalar build arith and math ops.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_AUTODIFF_SCALAREXPRESSION_H
#define MODC_PASSES_AUTODIFF_SCALAREXPRESSION_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace modc {

/// A float (or, as a condition, i1) value and where to build. Empty: no value.
struct Scalar {
  mlir::OpBuilder *builder = nullptr;
  mlir::Location loc;
  mlir::Value value;

  template <typename OpTy, typename... Args>
  Scalar make(Args... args) const {
    return {builder, loc, OpTy::create(*builder, loc, args...)};
  }
  Scalar number(double x) const {
    return make<mlir::arith::ConstantOp>(
        builder->getFloatAttr(value.getType(), x));
  }
};

inline Scalar operator+(Scalar a, Scalar b) {
  return a.make<mlir::arith::AddFOp>(a.value, b.value);
}
inline Scalar operator-(Scalar a, Scalar b) {
  return a.make<mlir::arith::SubFOp>(a.value, b.value);
}
inline Scalar operator*(Scalar a, Scalar b) {
  return a.make<mlir::arith::MulFOp>(a.value, b.value);
}
inline Scalar operator/(Scalar a, Scalar b) {
  return a.make<mlir::arith::DivFOp>(a.value, b.value);
}
inline Scalar operator-(Scalar a) {
  return a.make<mlir::arith::NegFOp>(a.value);
}
inline Scalar operator+(double a, Scalar b) { return b.number(a) + b; }
inline Scalar operator-(double a, Scalar b) { return b.number(a) - b; }
inline Scalar operator-(Scalar a, double b) { return a - a.number(b); }
inline Scalar operator*(double a, Scalar b) { return b.number(a) * b; }
inline Scalar operator/(double a, Scalar b) { return b.number(a) / b; }

inline Scalar compare(mlir::arith::CmpFPredicate predicate, Scalar a,
                      Scalar b) {
  return a.make<mlir::arith::CmpFOp>(predicate, a.value, b.value);
}
inline Scalar operator>(Scalar a, Scalar b) {
  return compare(mlir::arith::CmpFPredicate::OGT, a, b);
}
inline Scalar operator<(Scalar a, Scalar b) {
  return compare(mlir::arith::CmpFPredicate::OLT, a, b);
}
inline Scalar select(Scalar condition, Scalar a, Scalar b) {
  return a.make<mlir::arith::SelectOp>(condition.value, a.value, b.value);
}

/// Zero everywhere.
inline Scalar none(Scalar like) { return {like.builder, like.loc, {}}; }

inline Scalar exp(Scalar x) { return x.make<mlir::math::ExpOp>(x.value); }
inline Scalar log(Scalar x) { return x.make<mlir::math::LogOp>(x.value); }
inline Scalar sin(Scalar x) { return x.make<mlir::math::SinOp>(x.value); }
inline Scalar cos(Scalar x) { return x.make<mlir::math::CosOp>(x.value); }
inline Scalar sinh(Scalar x) { return x.make<mlir::math::SinhOp>(x.value); }
inline Scalar cosh(Scalar x) { return x.make<mlir::math::CoshOp>(x.value); }
inline Scalar rsqrt(Scalar x) { return x.make<mlir::math::RsqrtOp>(x.value); }
inline Scalar pow(Scalar x, Scalar y) {
  return x.make<mlir::math::PowFOp>(x.value, y.value);
}
inline Scalar copysign(Scalar x, Scalar y) {
  return x.make<mlir::math::CopySignOp>(x.value, y.value);
}

} // namespace modc

#endif // MODC_PASSES_AUTODIFF_SCALAREXPRESSION_H
