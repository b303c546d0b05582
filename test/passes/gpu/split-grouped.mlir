// RUN: modc-opt %s --modular-split-grouped --canonicalize --cse | FileCheck %s

#column_row = affine_map<(d0, d1) -> (d1, d0)>
#column = affine_map<(d0, d1) -> (d0)>

// The example of the pass's description: what the gradient sums is a result by
// positions, and then an operand in grouped order.
// CHECK-LABEL: func.func @both(
// CHECK-SAME: %[[P:[^:]*]]: !modular.plan<1 of 3>, %[[X:[^:]*]]: tensor<?x4xf32>, %[[DY:[^:]*]]: tensor<?x4xf32>
// CHECK: %[[ROWS:.*]]:2 = modular.grouped %[[P]] gather(%[[X]] : tensor<?x4xf32>) along(%[[DY]] : tensor<?x4xf32>)
// CHECK: %[[H:.*]] = arith.mulf
// CHECK: %[[R:.*]] = modular.relu
// CHECK-NOT: linalg.generic
// CHECK: modular.yield %[[R]], %[[H]] : tensor<?x4xf32>, tensor<?x4xf32>
// CHECK: -> rows(tensor<?x4xf32>, tensor<?x4xf32>) gradients()
// CHECK: %[[D:.*]] = modular.grouped %[[P]] {{.*}}%[[ROWS]]#1 : {{.*}})
// CHECK: ^bb0({{.*}}%[[HM:[^:]*]]: tensor<?x4xf32>):
// CHECK-NOT: arith.mulf
// CHECK-NOT: modular.relu
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[HM]] : tensor<?x4xf32>)
// CHECK: modular.yield %[[S]] : tensor<4xf32>
// CHECK: -> rows() gradients(tensor<3x4xf32>)
// CHECK: return %[[ROWS]]#0, %[[D]]
func.func @both(%plan: !modular.plan<1 of 3>, %x: tensor<?x4xf32>, %dy: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<3x4xf32>) {
  %r, %d = modular.grouped %plan gather(%x : tensor<?x4xf32>) along(%dy : tensor<?x4xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x4xf32>, %dym: tensor<?x4xf32>):
      %zero = arith.constant 0.0 : f32
      %h = arith.mulf %xm, %dym : tensor<?x4xf32>
      %relu = modular.relu %dym : tensor<?x4xf32>
      %e = tensor.empty() : tensor<4xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      %s = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%h : tensor<?x4xf32>) outs(%z : tensor<4xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<4xf32>
      modular.yield %relu, %s : tensor<?x4xf32>, tensor<4xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x4xf32>) gradients(tensor<3x4xf32>)
  return %r, %d : tensor<?x4xf32>, tensor<3x4xf32>
}

// What sums arguments only is left alone.
// CHECK-LABEL: func.func @sums_only(
// CHECK-COUNT-1: modular.grouped
// CHECK-NOT: modular.grouped
// CHECK: return
func.func @sums_only(%plan: !modular.plan<1 of 3>, %dy: tensor<?x4xf32>) -> tensor<3x4xf32> {
  %d = modular.grouped %plan gather(%dy : tensor<?x4xf32>)
    class [0, 1, 2] {
    ^bb0(%dym: tensor<?x4xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<4xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      %s = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%dym : tensor<?x4xf32>) outs(%z : tensor<4xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<4xf32>
      modular.yield %s : tensor<4xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x4xf32>)
  return %d : tensor<3x4xf32>
}

// So is an op without gradients.
// CHECK-LABEL: func.func @rows_only(
// CHECK-COUNT-1: modular.grouped
// CHECK-NOT: modular.grouped
// CHECK: return
func.func @rows_only(%plan: !modular.plan<1 of 3>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %r = modular.grouped %plan gather(%x : tensor<?x4xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x4xf32>):
      %relu = modular.relu %xm : tensor<?x4xf32>
      modular.yield %relu : tensor<?x4xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x4xf32>) gradients()
  return %r : tensor<?x4xf32>
}

// Two classes: one leaves undefined what the other one sums.
// CHECK-LABEL: func.func @two_classes(
// CHECK: %[[H:.*]] = modular.grouped
// CHECK: class [0, 2]
// CHECK: %[[RELU:.*]] = modular.relu
// CHECK: modular.yield %[[RELU]]
// CHECK: class [1]
// CHECK: %[[NONE:.*]] = tensor.empty(%{{.*}}) : tensor<?x4xf32>
// CHECK: modular.yield %[[NONE]]
// CHECK: -> rows(tensor<?x4xf32>) gradients() gradients()
// CHECK: modular.grouped {{.*}}%[[H]] :
// CHECK: -> rows() gradients(tensor<2x4xf32>) gradients(tensor<1x4xf32>)
func.func @two_classes(%plan: !modular.plan<1 of 3>, %dy: tensor<?x4xf32>) -> (tensor<2x4xf32>, tensor<1x4xf32>) {
  %d, %f = modular.grouped %plan gather(%dy : tensor<?x4xf32>)
    class [0, 2] {
    ^bb0(%dym: tensor<?x4xf32>):
      %zero = arith.constant 0.0 : f32
      %h = modular.relu %dym : tensor<?x4xf32>
      %e = tensor.empty() : tensor<4xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      %s = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%h : tensor<?x4xf32>) outs(%z : tensor<4xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<4xf32>
      modular.yield %s : tensor<4xf32>
    }
    class [1] {
    ^bb0(%dym: tensor<?x4xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<4xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      %s = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%dym : tensor<?x4xf32>) outs(%z : tensor<4xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<4xf32>
      modular.yield %s : tensor<4xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<2x4xf32>) gradients(tensor<1x4xf32>)
  return %d, %f : tensor<2x4xf32>, tensor<1x4xf32>
}
