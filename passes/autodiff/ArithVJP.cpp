//===- ArithVJP.cpp - Derivatives of the arith dialect --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// External models from the table of scalar derivatives, and those that change
// the type or choose.
//
//===----------------------------------------------------------------------===//

#include "passes/autodiff/ElementwiseVJP.h"
#include "passes/autodiff/RegisterVJP.h"

using namespace mlir;
using namespace modc;

namespace {
template <typename OpTy>
struct Derivative;

#define ARITH_1(OP, X)                                                         \
  template <>                                                                  \
  struct Derivative<arith::OP> {                                               \
    static Scalar get(unsigned, ArrayRef<Scalar> operands, Scalar y,           \
                      Scalar g) {                                              \
      [[maybe_unused]] Scalar x = operands[0];                                 \
      return X;                                                                \
    }                                                                          \
  };
#define ARITH_2(OP, A, B)                                                      \
  template <>                                                                  \
  struct Derivative<arith::OP> {                                               \
    static Scalar get(unsigned index, ArrayRef<Scalar> operands, Scalar y,     \
                      Scalar g) {                                              \
      [[maybe_unused]] Scalar a = operands[0], b = operands[1];                \
      return index == 0 ? A : B;                                               \
    }                                                                          \
  };
#include "passes/autodiff/ScalarDerivatives.def"

/// Of operands condition, a, b; the condition carries no gradient.
template <>
struct Derivative<arith::SelectOp> {
  static Scalar get(unsigned index, ArrayRef<Scalar> x, Scalar y, Scalar g) {
    return index == 1 ? select(x[0], g, g.number(0))
                      : select(x[0], g.number(0), g);
  }
};

/// The cotangent takes the way back.
template <>
struct Derivative<arith::ExtFOp> {
  static Scalar get(unsigned, ArrayRef<Scalar> x, Scalar y, Scalar g) {
    return g.make<arith::TruncFOp>(x[0].value.getType(), g.value);
  }
};
template <>
struct Derivative<arith::TruncFOp> {
  static Scalar get(unsigned, ArrayRef<Scalar> x, Scalar y, Scalar g) {
    return g.make<arith::ExtFOp>(x[0].value.getType(), g.value);
  }
};
} // namespace

template <typename... Ops>
static void attach(MLIRContext *context) {
  (Ops::template attachInterface<ElementwiseVJP<Ops, Derivative<Ops>>>(
       *context),
   ...);
}

void modc::registerArithVJPModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
#define ARITH_1(OP, X) attach<arith::OP>(context);
#define ARITH_2(OP, A, B) attach<arith::OP>(context);
#include "passes/autodiff/ScalarDerivatives.def"
    attach<arith::SelectOp, arith::ExtFOp, arith::TruncFOp>(context);
  });
}
