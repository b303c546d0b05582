//===- ArithmeticBuilder.cpp - Scalar code in short forms -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constants and ops on one type of floats, and what rounds to whole numbers.
//
//===----------------------------------------------------------------------===//

#include "passes/ArithmeticBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace modc;

/// One number, or a vector of it.
static TypedAttr getConstant(Type type, TypedAttr value) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? TypedAttr(DenseElementsAttr::get(vector, value)) : value;
}

Type ArithmeticBuilder::integerType() {
  Type integer =
      getIntegerType(getElementTypeOrSelf(type).getIntOrFloatBitWidth());
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.clone(integer) : integer;
}
Value ArithmeticBuilder::real(double value) {
  FloatAttr number = getFloatAttr(getElementTypeOrSelf(type), value);
  return arith::ConstantOp::create(*this, getConstant(type, number));
}
Value ArithmeticBuilder::integer(int64_t value) {
  Type words = integerType();
  IntegerAttr number = getIntegerAttr(getElementTypeOrSelf(words), value);
  return arith::ConstantOp::create(*this, getConstant(words, number));
}
Value ArithmeticBuilder::add(Value a, Value b) {
  return arith::AddFOp::create(*this, a, b);
}
Value ArithmeticBuilder::sub(Value a, Value b) {
  return arith::SubFOp::create(*this, a, b);
}
Value ArithmeticBuilder::mul(Value a, Value b) {
  return arith::MulFOp::create(*this, a, b);
}
Value ArithmeticBuilder::div(Value a, Value b) {
  return arith::DivFOp::create(*this, a, b);
}
Value ArithmeticBuilder::neg(Value a) {
  return arith::NegFOp::create(*this, a);
}
Value ArithmeticBuilder::abs(Value a) { return math::AbsFOp::create(*this, a); }
Value ArithmeticBuilder::sqrt(Value a) {
  return math::SqrtOp::create(*this, a);
}
Value ArithmeticBuilder::floor(Value a) {
  return math::FloorOp::create(*this, a);
}
Value ArithmeticBuilder::bits(Value a) {
  return arith::BitcastOp::create(*this, integerType(), a);
}
Value ArithmeticBuilder::fromBits(Value a) {
  return arith::BitcastOp::create(*this, type, a);
}
Value ArithmeticBuilder::compare(arith::CmpFPredicate predicate, Value a,
                                 Value b) {
  return arith::CmpFOp::create(*this, predicate, a, b);
}
Value ArithmeticBuilder::less(Value a, Value b) {
  return compare(arith::CmpFPredicate::OLT, a, b);
}
Value ArithmeticBuilder::greater(Value a, Value b) {
  return compare(arith::CmpFPredicate::OGT, a, b);
}
Value ArithmeticBuilder::equal(Value a, Value b) {
  return compare(arith::CmpFPredicate::OEQ, a, b);
}
Value ArithmeticBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(*this, condition, a, b);
}

Value ArithmeticBuilder::copySign(Value a, Value b) {
  unsigned width = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  Value mask = integer(width == 64 ? std::numeric_limits<int64_t>::min()
                                   : std::numeric_limits<int32_t>::min());
  Value sign = arith::AndIOp::create(*this, bits(b), mask);
  return fromBits(arith::OrIOp::create(*this, bits(abs(a)), sign));
}

Value ArithmeticBuilder::clamp(Value x, double least, double most) {
  Value raised = select(less(x, real(least)), real(least), x);
  return select(greater(raised, real(most)), real(most), raised);
}

Value ArithmeticBuilder::polynomial(Value x, ArrayRef<double> coefficients) {
  Value sum = real(coefficients.back());
  for (double c : llvm::reverse(coefficients.drop_back()))
    sum = add(mul(sum, x), real(c));
  return sum;
}

Value ArithmeticBuilder::ceil(Value x) { return neg(floor(neg(x))); }
Value ArithmeticBuilder::truncate(Value x) {
  return copySign(floor(abs(x)), x);
}
Value ArithmeticBuilder::round(Value x) {
  Value a = abs(x), whole = floor(a);
  Value up = compare(arith::CmpFPredicate::OGE, sub(a, whole), real(0.5));
  return copySign(select(up, add(whole, real(1)), whole), x);
}
Value ArithmeticBuilder::roundEven(Value x) {
  // Adding 2^52 (2^23) leaves no bits for a fraction; from there on there are
  // none.
  bool isDouble = getElementTypeOrSelf(type).isF64();
  Value a = abs(x), big = real(isDouble ? 0x1p52 : 0x1p23);
  Value rounded = sub(add(a, big), big);
  return copySign(select(less(a, big), rounded, a), x);
}
