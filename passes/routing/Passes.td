//===- Passes.td - Routing ---------------------------------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

include "mlir/Pass/PassBase.td"

def SinkTileRowsPass : Pass<"modular-sink-tile-rows"> {
  let summary = "let candidates share what does not depend on their choices";
  let description = [{
    E-steps repeat the inputs for each candidate (`modular.tile_rows`). This pass
    moves the repetition down past ops that work row by row, so that they run
    once a point. Where it reaches a `modular.grouped`, the grouped op gathers
    from the unrepeated rows and its plan becomes `distinct`: a (row, member)
    pair that several candidates chose runs once.

    Before:
    ```mlir
    %t = modular.tile_rows %x times %s : tensor<?x2xf32> -> tensor<?x2xf32>
    %scores = modular.linear %t, %w, %b : ...
    %p = modular.plan %a : ...
    %v = modular.grouped %p gather(%t : tensor<?x2xf32>) ...
    ```
    After:
    ```mlir
    %u = modular.linear %x, %w, %b : ...
    %scores = modular.tile_rows %u times %s : ...
    %p = modular.plan %a distinct(%n) : ...
    %v = modular.grouped %p gather(%x : tensor<?x2xf32>) ...
    ```
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numSunk", "ops", "Number of ops that run once a point">,
    Statistic<"numShared", "plans", "Number of plans of distinct pairs">
  ];
}
