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

#all = affine_map<(d0, d1) -> (d0, d1)>
#row_major = affine_map<(d0, d1, d2) -> (d2, d0)>
#other_row = affine_map<(d0, d1, d2) -> (d2, d1)>
#pair = affine_map<(d0, d1, d2) -> (d0, d1)>

// What is made of a sum, an element of an element, is computed with it.
// CHECK-LABEL: func.func @after_sum(
// CHECK-COUNT-1: modular.grouped
// CHECK-NOT: modular.grouped
// CHECK: return
func.func @after_sum(%plan: !modular.plan<1 of 3>, %dy: tensor<?x4xf32>, %w: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %d = modular.grouped %plan gather(%dy : tensor<?x4xf32>)
    class [0, 1, 2] parameters(%w : tensor<3x4xf32>) {
    ^bb0(%dym: tensor<?x4xf32>, %wm: tensor<4xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<4xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      %s = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%dym : tensor<?x4xf32>) outs(%z : tensor<4xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<4xf32>
      %m = arith.mulf %s, %wm : tensor<4xf32>
      modular.yield %m : tensor<4xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x4xf32>)
  return %d : tensor<3x4xf32>
}

// A sum of which elements are read again and again is a parameter of the op
// behind it.
// CHECK-LABEL: func.func @stages(
// CHECK-SAME: %[[PLAN:[^:]*]]: !modular.plan<1 of 3>, %[[DY:[^:]*]]: tensor<?x4xf32>
// CHECK: %[[S:.*]] = modular.grouped %[[PLAN]] gather(%[[DY]]
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK: -> rows() gradients(tensor<3x4xf32>)
// CHECK: %[[D:.*]] = modular.grouped %[[PLAN]] {{.*}}
// CHECK: class [0, 1, 2] parameters(%[[S]] : tensor<3x4xf32>)
// CHECK-NOT: "reduction"
// CHECK: -> rows() gradients(tensor<3x5x4xf32>)
// CHECK: return %[[D]]
func.func @stages(%plan: !modular.plan<1 of 3>, %dy: tensor<?x4xf32>) -> tensor<3x5x4xf32> {
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
      %f = tensor.empty() : tensor<5x4xf32>
      %b = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j)>, #all], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<4xf32>) outs(%f : tensor<5x4xf32>) {
      ^bb1(%in: f32, %out: f32):
        linalg.yield %in : f32
      } -> tensor<5x4xf32>
      modular.yield %b : tensor<5x4xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x5x4xf32>)
  return %d : tensor<3x5x4xf32>
}

// What is larger than the rows that it is made of stays with the sum: padding,
// and products of pairs.
// CHECK-LABEL: func.func @followed(
// CHECK-COUNT-1: modular.grouped
// CHECK-NOT: modular.grouped
// CHECK: return
func.func @followed(%plan: !modular.plan<1 of 3>, %x: tensor<?x4xf32>, %dy: tensor<?x3xf32>) -> (tensor<3x6x3xf32>, tensor<3x4x4xf32>) {
  %d, %p = modular.grouped %plan gather(%x : tensor<?x4xf32>) along(%dy : tensor<?x3xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x4xf32>, %dym: tensor<?x3xf32>):
      %c0 = arith.constant 0 : index
      %zero = arith.constant 0.0 : f32
      %n = tensor.dim %xm, %c0 : tensor<?x4xf32>
      %padded = tensor.pad %xm low[0, 1] high[0, 1] {
      ^bb1(%i: index, %j: index):
        tensor.yield %zero : f32
      } : tensor<?x4xf32> to tensor<?x6xf32>
      %e = tensor.empty() : tensor<6x3xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x3xf32>) -> tensor<6x3xf32>
      %s = linalg.generic {indexing_maps = [#row_major, #other_row, #pair], iterator_types = ["parallel", "parallel", "reduction"]} ins(%padded, %dym : tensor<?x6xf32>, tensor<?x3xf32>) outs(%z : tensor<6x3xf32>) {
      ^bb1(%a: f32, %b: f32, %out: f32):
        %m = arith.mulf %a, %b : f32
        %t = arith.addf %out, %m : f32
        linalg.yield %t : f32
      } -> tensor<6x3xf32>
      %f = tensor.empty(%n) : tensor<?x4x4xf32>
      %o = linalg.generic {indexing_maps = [affine_map<(n, i, j) -> (n, i)>, affine_map<(n, i, j) -> (n, j)>, affine_map<(n, i, j) -> (n, i, j)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%xm, %xm : tensor<?x4xf32>, tensor<?x4xf32>) outs(%f : tensor<?x4x4xf32>) {
      ^bb1(%a: f32, %b: f32, %out: f32):
        %m = arith.mulf %a, %b : f32
        linalg.yield %m : f32
      } -> tensor<?x4x4xf32>
      %g = tensor.empty() : tensor<4x4xf32>
      %y = linalg.fill ins(%zero : f32) outs(%g : tensor<4x4xf32>) -> tensor<4x4xf32>
      %q = linalg.generic {indexing_maps = [affine_map<(i, j, n) -> (n, i, j)>, affine_map<(i, j, n) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%o : tensor<?x4x4xf32>) outs(%y : tensor<4x4xf32>) {
      ^bb1(%a: f32, %out: f32):
        %t = arith.addf %out, %a : f32
        linalg.yield %t : f32
      } -> tensor<4x4xf32>
      modular.yield %s, %q : tensor<6x3xf32>, tensor<4x4xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x6x3xf32>, tensor<3x4x4xf32>)
  return %d, %p : tensor<3x6x3xf32>, tensor<3x4x4xf32>
}

// Several rows of a body for each of the op's are a dimension of its result.
// CHECK-LABEL: func.func @several_rows(
// CHECK: %[[H:.*]] = modular.grouped
// CHECK: %[[R:.*]] = modular.relu
// CHECK: %[[E:.*]] = tensor.expand_shape %[[R]] {{\[\[}}0, 1], [2]] {{.*}} : tensor<?x2xf32> into tensor<?x3x2xf32>
// CHECK: modular.yield %[[E]]
// CHECK: modular.grouped {{.*}}along(%[[H]] : tensor<?x3x2xf32>)
// CHECK: ^bb0({{.*}}%[[A:[^:]*]]: tensor<?x3x2xf32>):
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[A]] {{\[\[}}0, 1], [2]]
// CHECK: linalg.generic {{.*}} ins(%[[C]] : tensor<?x2xf32>)
func.func @several_rows(%plan: !modular.plan<1 of 3>, %x: tensor<?x6xf32>) -> tensor<3x2xf32> {
  %d = modular.grouped %plan gather(%x : tensor<?x6xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x6xf32>):
      %c0 = arith.constant 0 : index
      %zero = arith.constant 0.0 : f32
      %n = tensor.dim %xm, %c0 : tensor<?x6xf32>
      %t = tensor.expand_shape %xm [[0], [1, 2]] output_shape [%n, 3, 2] : tensor<?x6xf32> into tensor<?x3x2xf32>
      %f = tensor.collapse_shape %t [[0, 1], [2]] : tensor<?x3x2xf32> into tensor<?x2xf32>
      %r = modular.relu %f : tensor<?x2xf32>
      %e = tensor.empty() : tensor<2xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %s = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%r : tensor<?x2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      modular.yield %s : tensor<2xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x2xf32>)
  return %d : tensor<3x2xf32>
}
