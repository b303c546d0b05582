//===- Passes.td - Routing ---------------------------------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

include "mlir/Pass/PassBase.td"

def ShareCandidatesPass : Pass<"modular-share-candidates"> {
  let summary = "let candidates share what does not depend on their choices";
  let description = [{
    E-steps repeat the inputs for each candidate (`modular.tile_rows`). This pass
    moves the repetition down past ops that work row by row, so that they run
    once a point. Ops on scores read those of the point (`at`). A layer whose
    rows are repeated runs for each distinct (operand row, choices) once
    (`modular.distinct_rows`), and its results are repeated by the candidates'
    numbers of distinct rows; so the ops after it, and the next layer, run once
    for candidates whose choices agree so far.

    Before:
    ```mlir
    %t = modular.tile_rows %x times %s : tensor<?x2xf32> -> tensor<?x2xf32>
    %scores = modular.linear %t, %w, %b : ...
    %a = modular.sample %scores, %u : ...
    %p = modular.plan %a : ...
    %v = modular.grouped %p gather(%t : tensor<?x2xf32>) ...
    %y = modular.combine sum %p, %v : ...
    %z = modular.relu %y : ...
    ```
    After:
    ```mlir
    %scores = modular.linear %x, %w, %b : ...
    %a = modular.sample %scores at(%rows : tensor<?xi32>), %u : ...
    %index, %first = modular.distinct_rows %picks of %rows : ...
    %p = modular.plan %once distinct(%r of %n : tensor<?xi32>) : ...
    %v = modular.grouped %p gather(%x : tensor<?x2xf32>) ...
    %y = modular.combine sum %p, %v : ...
    %r = modular.relu %y : ...
    %z = modular.take_rows %r at %index : ...
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numLayers", "layers",
                              "Number of layers whose candidates share rows">];
}
