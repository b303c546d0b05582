//===- ElementwiseVJP.h - Derivatives of elementwise upstream ops ----*- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// External models of VJPOpInterface for ops that work on floats and on tensors
// of them alike, from a formula on scalars.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_AUTODIFF_ELEMENTWISEVJP_H
#define MODC_PASSES_AUTODIFF_ELEMENTWISEVJP_H

#include "dialect/ModularInterfaces.h"
#include "dialect/VJPBuilders.h"
#include "passes/autodiff/ScalarExpression.h"

namespace modc {

/// The cotangent of operand `index`, an empty Scalar where it is 0 everywhere,
/// given operands `x`, result `y` and its cotangent `g`.
using ScalarRule = llvm::function_ref<Scalar(
    unsigned index, llvm::ArrayRef<Scalar> x, Scalar y, Scalar g)>;

/// Applies `rule` to each active operand of `op`, on scalars or, as linalg ops,
/// on tensors.
llvm::LogicalResult buildElementwiseVJP(mlir::Operation *op,
                                        mlir::OpBuilder &builder,
                                        mlir::Value cotangent,
                                        Differentiator &differentiator,
                                        ScalarRule rule);

/// `Rule` has a static `Scalar get(index, x, y, g)`.
template <typename OpTy, typename Rule>
struct ElementwiseVJP
    : VJPOpInterface::ExternalModel<ElementwiseVJP<OpTy, Rule>, OpTy> {
  llvm::LogicalResult buildVJP(mlir::Operation *op, mlir::OpBuilder &builder,
                               llvm::ArrayRef<mlir::Value> cotangents,
                               Differentiator &differentiator) const {
    return buildElementwiseVJP(op, builder, cotangents[0], differentiator,
                               Rule::get);
  }
};

/// For ops whose results do not change where they have a derivative.
template <typename OpTy>
struct ConstantVJP : VJPOpInterface::ExternalModel<ConstantVJP<OpTy>, OpTy> {
  llvm::LogicalResult buildVJP(mlir::Operation *, mlir::OpBuilder &,
                               llvm::ArrayRef<mlir::Value>,
                               Differentiator &) const {
    return llvm::success();
  }
};

} // namespace modc

#endif // MODC_PASSES_AUTODIFF_ELEMENTWISEVJP_H
