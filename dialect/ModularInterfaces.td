//===- ModularInterfaces.td - Interfaces -------------------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARINTERFACES_TD
#define MODC_DIALECT_MODULARINTERFACES_TD

include "mlir/IR/OpBase.td"

def Modular_RoutingDistribution : AttrInterface<"RoutingDistribution"> {
  let cppNamespace = "::modc";
  let description = [{
    A distribution p(a|x) over the picks of a row, given by scores
    `tensor<?xKxMxf>`. Each method builds the IR of one of its functions; S is
    written for `tensor<?xKxi32>`.
  }];
  let methods = [
    InterfaceMethod<"Whether choices are drawn; if not, log p(a|x) is 0.",
      "bool", "isRandom">,
    InterfaceMethod<"The most probable picks, as a selection.",
      "::mlir::Value", "buildMode",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$scores)>,
    InterfaceMethod<"Draws a selection with `uniforms`, `tensor<?xKxf>` in [0, 1).",
      "::mlir::Value", "buildSample",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$scores, "::mlir::Value":$uniforms)>,
    InterfaceMethod<"log p(a|x) of each row, `tensor<?xf>`.",
      "::mlir::Value", "buildLogProbability",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$scores, "::mlir::Value":$selection)>,
    InterfaceMethod<"Probabilities `tensor<?xKxMxf>` of each pick (marginals).",
      "::mlir::Value", "buildProbabilities",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$scores)>
  ];
}

def Modular_VJPOpInterface : OpInterface<"VJPOpInterface"> {
  let cppNamespace = "::modc";
  let description = [{
    An op whose vector-Jacobian product can be built as IR. Ops of upstream
    dialects get it by external models (passes/autodiff/*VJP.cpp).
  }];
  let methods = [
    InterfaceMethod<[{
        Builds the cotangents of the op's operands, given those of its results
        (null where there is none), and hands each to
        `differentiator.accumulate(operand, cotangent)`. Operands for which
        `differentiator.isActive(operand)` is false need none. The builder stands
        where all values of the forward computation dominate. Fails with a
        diagnostic at the op if there is no derivative.
      }],
      "::llvm::LogicalResult", "buildVJP",
      (ins "::mlir::OpBuilder &":$builder,
           "::llvm::ArrayRef<::mlir::Value>":$cotangents,
           "::modc::Differentiator &":$differentiator)>
  ];
}

def Modular_RowOpInterface : OpInterface<"RowOpInterface"> {
  let cppNamespace = "::modc";
  let description = [{
    An op that knows where the rows of its results come from
    (dialect/RowIndependence.h). Ops of upstream dialects get it by external
    models; structured ops of linalg and elementwise ops need none.
  }];
  let methods = [
    InterfaceMethod<[{
        Sets the states of the op's results from those of its operands. Fails with
        a diagnostic at the op if a row of a result would depend on other rows.
      }],
      "::llvm::LogicalResult", "propagateRows",
      (ins "::modc::RowAnalysis &":$rows)>
  ];
}

#endif // MODC_DIALECT_MODULARINTERFACES_TD
