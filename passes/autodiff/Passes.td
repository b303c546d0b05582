//===- Passes.td - Differentiation -------------------------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

include "mlir/Pass/PassBase.td"

def DifferentiatePass : Pass<"modular-differentiate"> {
  let summary = "replace modular.pullback by ops that compute the cotangents";
  let description = [{
    Walks the ops before each `modular.pullback` of its block backwards and
    builds the cotangents by `VJPOpInterface`. An op on a path from an input to
    an output that lacks the interface is an error at that op. Forward
    `modular.grouped` and `modular.scan` ops get what their adjoints read as
    additional results.

    ```mlir
    %y = math.exp %x : tensor<4xf32>
    %dx = modular.pullback (%y : tensor<4xf32>) along (%dy : tensor<4xf32>) to (%x : tensor<4xf32>)
    ```
    becomes `dx = dy * exp(x)`, which reads the result of the forward op:
    ```mlir
    %y = math.exp %x : tensor<4xf32>
    %empty = tensor.empty() : tensor<4xf32>
    %dx = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
        ins(%dy, %y : tensor<4xf32>, tensor<4xf32>) outs(%empty : tensor<4xf32>) {
    ^bb0(%g: f32, %v: f32, %out: f32):
      %p = arith.mulf %g, %v : f32
      linalg.yield %p : f32
    } -> tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numPullbacks", "pullbacks", "Number of pullbacks replaced">
  ];
}
