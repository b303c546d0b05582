//===- Passes.td - Deriving programs -----------------------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

include "mlir/Pass/PassBase.td"

def DeriveProgramsPass : Pass<"modular-derive-programs", "::mlir::ModuleOp"> {
  let summary = "derive the programs of a network";
  let description = [{
    Replaces the module's one `modular.network` by a function for each program
    (docs/artefact.md): `init`, `infer`, `forward`, and with an objective
    `score`, `e_step`, `e_step_enumerated` (where assignments are few),
    `evaluate`, `sample`, `m_step`, `update`, `train_step`; with `only`, of these
    the ones it names. Layers become scores, a
    selection, `modular.plan`, `modular.grouped` and `modular.combine`; gradients
    one `modular.pullback`. The module gets the artefact's signature.

    Before:
    ```mlir
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    ```
    After, in `infer`:
    ```mlir
    %s = modular.linear %x, %router_weight, %router_bias : ...
    %scores = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    %a = modular.mode %scores : tensor<?x1x2xf32> -> !modular.selection<1 of 2>
    %p = modular.plan %a : !modular.selection<1 of 2> -> !modular.plan<1 of 2>
    %v = modular.grouped %p gather(%x : tensor<?x2xf32>)
      class [0, 1] parameters(%w : tensor<2x2x2xf32>, %b : tensor<2x2xf32>) { ... }
    %y = modular.combine sum %p, %v : ...
    ```
  }];
  let options = [ListOption<"only", "only", "std::string",
                            "The programs to derive (default: all)">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numPrograms", "programs", "Programs derived">,
    Statistic<"numLayers", "layers", "Layers routed">
  ];
}
