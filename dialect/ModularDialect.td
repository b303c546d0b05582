//===- ModularDialect.td - The modular dialect -------------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect itself and the base classes of its entities.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARDIALECT_TD
#define MODC_DIALECT_MODULARDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Modular_Dialect : Dialect {
  let name = "modular";
  let cppNamespace = "::modc";
  let summary = "Modular neural networks: pools of modules and their controllers";
  let description = [{
    A modular network has layers that hold a pool of modules and a controller
    that decides, for each row of the batch, which K of the M modules run. This
    dialect represents such networks at two levels.

    At the *network* level, `modular.network` holds module templates, pools,
    controllers, one graph, an objective and an update rule. At the *routed*
    level, the same computation is functions on tensors: a layer has become
    `modular.mode` or `modular.sample`, `modular.plan`, `modular.grouped` and
    `modular.combine`.
  }];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
    "mlir::math::MathDialect", "mlir::tensor::TensorDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerTypes();
    void registerAttributes();
  }];
}

class Modular_Op<string mnemonic, list<Trait> traits = []>
    : Op<Modular_Dialect, mnemonic, traits>;

#endif // MODC_DIALECT_MODULARDIALECT_TD
