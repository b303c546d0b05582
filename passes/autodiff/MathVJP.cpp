//===- MathVJP.cpp - Derivatives of the math dialect ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// External models from the table of scalar derivatives.
//
//===----------------------------------------------------------------------===//

#include "passes/autodiff/ElementwiseVJP.h"
#include "passes/autodiff/RegisterVJP.h"

using namespace mlir;
using namespace modc;

namespace {
template <typename OpTy>
struct Derivative;

#define MATH_1(OP, X)                                                          \
  template <>                                                                  \
  struct Derivative<math::OP> {                                                \
    static Scalar get(unsigned, ArrayRef<Scalar> operands, Scalar y,           \
                      Scalar g) {                                              \
      [[maybe_unused]] Scalar x = operands[0];                                 \
      return X;                                                                \
    }                                                                          \
  };
#define MATH_2(OP, A, B)                                                       \
  template <>                                                                  \
  struct Derivative<math::OP> {                                                \
    static Scalar get(unsigned index, ArrayRef<Scalar> operands, Scalar y,     \
                      Scalar g) {                                              \
      [[maybe_unused]] Scalar a = operands[0], b = operands[1];                \
      return index == 0 ? A : B;                                               \
    }                                                                          \
  };
#define MATH_3(OP, A, B, C)                                                    \
  template <>                                                                  \
  struct Derivative<math::OP> {                                                \
    static Scalar get(unsigned index, ArrayRef<Scalar> operands, Scalar y,     \
                      Scalar g) {                                              \
      [[maybe_unused]] Scalar a = operands[0], b = operands[1];                \
      return index == 0 ? A : index == 1 ? B : C;                              \
    }                                                                          \
  };
#include "passes/autodiff/ScalarDerivatives.def"
} // namespace

void modc::registerMathVJPModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
#define MATH_1(OP, X)                                                          \
  math::OP::attachInterface<ElementwiseVJP<math::OP, Derivative<math::OP>>>(   \
      *context);
#define MATH_2(OP, A, B) MATH_1(OP, A)
#define MATH_3(OP, A, B, C) MATH_1(OP, A)
#include "passes/autodiff/ScalarDerivatives.def"
    math::CeilOp::attachInterface<ConstantVJP<math::CeilOp>>(*context);
    math::FloorOp::attachInterface<ConstantVJP<math::FloorOp>>(*context);
    math::RoundOp::attachInterface<ConstantVJP<math::RoundOp>>(*context);
    math::RoundEvenOp::attachInterface<ConstantVJP<math::RoundEvenOp>>(
        *context);
    math::TruncOp::attachInterface<ConstantVJP<math::TruncOp>>(*context);
  });
}
