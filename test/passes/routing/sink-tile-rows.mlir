// RUN: modc-opt %s --modular-sink-tile-rows --cse | FileCheck %s

// What rows don't choose is computed once a point; the grouped op gathers from
// unrepeated rows and runs each (row, member) pair once.

// CHECK-LABEL: func.func @share
// CHECK-SAME: %[[X:.*]]: tensor<?x2xf32>, %[[W:.*]]: tensor<2x3xf32>, %[[P:.*]]: tensor<3x2x4xf32>, %[[U:.*]]: tensor<?x1xf32>, %[[S:.*]]: index
func.func @share(%x: tensor<?x2xf32>, %w: tensor<2x3xf32>, %p: tensor<3x2x4xf32>,
                 %u: tensor<?x1xf32>, %s: index) -> tensor<?x4xf32> {
  // CHECK: %[[LINEAR:.*]] = modular.linear %[[X]], %[[W]]
  // CHECK: %[[ONCE:.*]] = modular.reshape %[[LINEAR]]
  // CHECK: %[[SCORES:.*]] = modular.tile_rows %[[ONCE]] times %[[S]]
  // CHECK: %[[A:.*]] = modular.sample %[[SCORES]], %[[U]]
  %t = modular.tile_rows %x times %s : tensor<?x2xf32> -> tensor<?x2xf32>
  %l = modular.linear %t, %w : tensor<?x2xf32>, tensor<2x3xf32> -> tensor<?x3xf32>
  %r = modular.reshape %l : tensor<?x3xf32> -> tensor<?x1x3xf32>
  %a = modular.sample %r, %u : tensor<?x1x3xf32>, tensor<?x1xf32> -> !modular.selection<1 of 3>
  // CHECK: %[[N:.*]] = tensor.dim %[[X]]
  // CHECK: %[[PLAN:.*]] = modular.plan %[[A]] distinct(%[[N]])
  // CHECK: modular.grouped %[[PLAN]] gather(%[[X]] : tensor<?x2xf32>)
  %plan = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %v = modular.grouped %plan gather(%t : tensor<?x2xf32>)
    class [0, 1, 2] parameters(%p : tensor<3x2x4xf32>) {
    ^bb0(%xm: tensor<?x2xf32>, %wm: tensor<2x4xf32>):
      %y = modular.linear %xm, %wm : tensor<?x2xf32>, tensor<2x4xf32> -> tensor<?x4xf32>
      modular.yield %y : tensor<?x4xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x4xf32>) gradients()
  %y = modular.combine sum %plan, %v : !modular.plan<1 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// Keys of a point and rows of its tokens: both repeated as often.

// CHECK-LABEL: func.func @points
// CHECK-SAME: %[[X:.*]]: tensor<?x3x2xf32>, %[[K:.*]]: tensor<?x4x2xf32>
func.func @points(%x: tensor<?x3x2xf32>, %k: tensor<?x4x2xf32>, %a: !modular.selection<1 of 3>, %s: index) -> tensor<?x2xf32> {
  // CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[X]]
  // CHECK: %[[N:.*]] = tensor.dim %[[ROWS]]
  // CHECK: %[[PLAN:.*]] = modular.plan %{{.*}} distinct(%[[N]])
  // CHECK: modular.grouped %[[PLAN]] gather(%[[ROWS]] : tensor<?x2xf32>) points(%[[K]] : tensor<?x4x2xf32> rows 3)
  %tx = modular.tile_rows %x times %s : tensor<?x3x2xf32> -> tensor<?x3x2xf32>
  %tk = modular.tile_rows %k times %s : tensor<?x4x2xf32> -> tensor<?x4x2xf32>
  %r = tensor.collapse_shape %tx [[0, 1], [2]] : tensor<?x3x2xf32> into tensor<?x2xf32>
  %plan = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %v = modular.grouped %plan gather(%r : tensor<?x2xf32>) points(%tk : tensor<?x4x2xf32> rows 3)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x2xf32>, %km: tensor<4x2xf32>):
      %y = math.tanh %xm : tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf32>) gradients()
  %y = modular.combine sum %plan, %v : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
