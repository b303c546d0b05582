// RUN: modc-opt %s --modular-share-candidates --cse --split-input-file | FileCheck %s

// What rows don't choose is computed once a point; the layer runs once for each
// distinct (operand row, choices), and what comes after it works on these rows.

// CHECK-LABEL: func.func @share
// CHECK-SAME: %[[X:.*]]: tensor<?x2xf32>, %[[W:.*]]: tensor<2x3xf32>, %[[P:.*]]: tensor<3x2x4xf32>, %[[U:.*]]: tensor<?x1xf32>, %[[S:.*]]: index
func.func @share(%x: tensor<?x2xf32>, %w: tensor<2x3xf32>, %p: tensor<3x2x4xf32>,
                 %u: tensor<?x1xf32>, %s: index) -> (tensor<?x4xf32>, tensor<?xf32>) {
  // CHECK: %[[LINEAR:.*]] = modular.linear %[[X]], %[[W]]
  // CHECK: %[[SCORES:.*]] = modular.reshape %[[LINEAR]]
  // CHECK: %[[N:.*]] = tensor.dim %[[X]]
  // CHECK: %[[COUNTING:.*]] = linalg.generic
  // CHECK: %[[PARENT:.*]] = modular.tile_rows %[[COUNTING]] times %[[S]]
  // CHECK: %[[A:.*]] = modular.sample %[[SCORES]] at(%[[PARENT]] : tensor<?xi32>), %[[U]]
  %t = modular.tile_rows %x times %s : tensor<?x2xf32> -> tensor<?x2xf32>
  %l = modular.linear %t, %w : tensor<?x2xf32>, tensor<2x3xf32> -> tensor<?x3xf32>
  %r = modular.reshape %l : tensor<?x3xf32> -> tensor<?x1x3xf32>
  %a = modular.sample %r, %u : tensor<?x1x3xf32>, tensor<?x1xf32> -> !modular.selection<1 of 3>
  // CHECK: %[[PICKS:.*]] = modular.from_selection %[[A]]
  // CHECK: %[[INDEX:.*]], %[[FIRST:.*]] = modular.distinct_rows %[[PICKS]] below 3 of %[[PARENT]] in %[[N]]
  // CHECK: %[[ONCE:.*]] = modular.take_rows %[[PICKS]] at %[[FIRST]]
  // CHECK: %[[D:.*]] = modular.to_selection %[[ONCE]]
  // CHECK: %[[OPERAND:.*]] = modular.take_rows %[[PARENT]] at %[[FIRST]]
  // CHECK: %[[PLAN:.*]] = modular.plan %[[D]] distinct(%[[OPERAND]] of %[[N]] : tensor<?xi32>) unique
  // CHECK: %[[V:.*]] = modular.grouped %[[PLAN]] gather(%[[X]] : tensor<?x2xf32>)
  %plan = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %v = modular.grouped %plan gather(%t : tensor<?x2xf32>)
    class [0, 1, 2] parameters(%p : tensor<3x2x4xf32>) {
    ^bb0(%xm: tensor<?x2xf32>, %wm: tensor<2x4xf32>):
      %y = modular.linear %xm, %wm : tensor<?x2xf32>, tensor<2x4xf32> -> tensor<?x4xf32>
      modular.yield %y : tensor<?x4xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x4xf32>) gradients()
  // CHECK: %[[Y:.*]] = modular.combine sum %[[PLAN]], %[[V]]
  // CHECK: %[[R:.*]] = modular.relu %[[Y]]
  // CHECK: %[[ALL:.*]] = modular.take_rows %[[R]] at %[[INDEX]]
  %y = modular.combine sum %plan, %v : !modular.plan<1 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  %z = modular.relu %y : tensor<?x4xf32>
  // CHECK: %[[LOG:.*]] = modular.log_probability %[[SCORES]] at(%[[PARENT]] : tensor<?xi32>), %[[A]]
  %log = modular.log_probability %r, %a : tensor<?x1x3xf32>, !modular.selection<1 of 3> -> tensor<?xf32>
  // CHECK: return %[[ALL]], %[[LOG]]
  return %z, %log : tensor<?x4xf32>, tensor<?xf32>
}

// -----

// The second layer's rows are those of distinct choices in the first. What the
// points have is taken for the distinct rows of both, also through linalg ops.

// CHECK-LABEL: func.func @prefixes
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>, %[[T:.*]]: tensor<?x4xf32>, %{{.*}}: tensor<?x2xf32>, %[[A:.*]]: !modular.selection<2 of 3>, %[[B:.*]]: !modular.selection<2 of 3>, %[[G:.*]]: tensor<?x2xf32>
func.func @prefixes(%x: tensor<?x4xf32>, %target: tensor<?x4xf32>, %u: tensor<?x2xf32>, %a: !modular.selection<2 of 3>,
                    %b: !modular.selection<2 of 3>, %g: tensor<?x2xf32>, %s: index) -> tensor<?xf32> {
  // CHECK: %[[COUNTING:.*]] = linalg.generic
  // CHECK: %[[PARENT:.*]] = modular.tile_rows %[[COUNTING]]
  // CHECK: %[[I:.*]], %[[F:.*]] = modular.distinct_rows %{{.*}} below 3 of %[[PARENT]] in
  // CHECK: %[[OF:.*]] = modular.take_rows %[[PARENT]] at %[[F]]
  // CHECK: %[[P:.*]] = modular.plan %{{.*}} distinct(%[[OF]] of %{{.*}} : tensor<?xi32>) duplicates once
  // CHECK: %[[V:.*]] = modular.grouped %[[P]] gather(%[[X]] : tensor<?x4xf32>)
  // CHECK: %[[GATES:.*]] = modular.take_rows %[[G]] at %[[F]]
  // CHECK: %[[Y:.*]] = modular.combine gated %[[P]], %[[V]] gates(%[[GATES]] : tensor<?x2xf32>)
  %t = modular.tile_rows %x times %s : tensor<?x4xf32> -> tensor<?x4xf32>
  %p = modular.plan %a duplicates once : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %v = modular.grouped %p gather(%t : tensor<?x4xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x4xf32>):
      %ym = math.tanh %xm : tensor<?x4xf32>
      modular.yield %ym : tensor<?x4xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x4xf32>) gradients()
  %y = modular.combine gated %p, %v gates(%g : tensor<?x2xf32>) : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: %[[XF:.*]] = modular.take_rows %[[X]] at %[[OF]]
  // CHECK: %[[SUM:.*]] = arith.addf %[[Y]], %[[XF]]
  %sum = arith.addf %y, %t : tensor<?x4xf32>
  // CHECK: %[[N:.*]] = tensor.dim %[[SUM]]
  // CHECK: %[[J:.*]], %[[H:.*]] = modular.distinct_rows %{{.*}} below 3 of %[[I]] in %[[N]]
  // CHECK: %[[ROWS:.*]] = modular.take_rows %[[I]] at %[[H]]
  // CHECK: %[[Q:.*]] = modular.plan %{{.*}} distinct(%[[ROWS]] of %[[N]] : tensor<?xi32>)
  // CHECK: modular.grouped %[[Q]] gather(%[[SUM]] : tensor<?x4xf32>)
  %q = modular.plan %b : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %w = modular.grouped %q gather(%sum : tensor<?x4xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x4xf32>):
      %ym = math.tanh %xm : tensor<?x4xf32>
      modular.yield %ym : tensor<?x4xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x4xf32>) gradients()
  // CHECK: %[[Z:.*]] = modular.combine mean %[[Q]]
  %z = modular.combine mean %q, %w : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: %[[POINT:.*]] = modular.take_rows %[[PARENT]] at %[[H]]
  // CHECK: %[[TARGET:.*]] = modular.take_rows %[[T]] at %[[POINT]]
  // CHECK: linalg.generic {{.*}} ins(%[[Z]], %[[TARGET]] : tensor<?x4xf32>, tensor<?x4xf32>)
  // CHECK: %[[R:.*]] = modular.take_rows %{{.*}} at %[[J]] : tensor<?xf32>
  // CHECK: return %[[R]]
  %wanted = modular.tile_rows %target times %s : tensor<?x4xf32> -> tensor<?x4xf32>
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %z, %c0 : tensor<?x4xf32>
  %empty = tensor.empty(%rows) : tensor<?xf32>
  %none = linalg.fill ins(%zero : f32) outs(%empty : tensor<?xf32>) -> tensor<?xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
      iterator_types = ["parallel", "reduction"]} ins(%z, %wanted : tensor<?x4xf32>, tensor<?x4xf32>) outs(%none : tensor<?xf32>) {
    ^bb0(%o: f32, %w0: f32, %acc: f32):
      %d = arith.mulf %o, %w0 : f32
      %e = arith.addf %acc, %d : f32
      linalg.yield %e : f32
    } -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

// Two layers side by side: neither's rows refine the other's.

// CHECK-LABEL: func.func @beside
func.func @beside(%x: tensor<?x4xf32>, %a: !modular.selection<1 of 2>, %b: !modular.selection<1 of 2>, %s: index) -> tensor<?x4xf32> {
  %t = modular.tile_rows %x times %s : tensor<?x4xf32> -> tensor<?x4xf32>
  %p = modular.plan %a : !modular.selection<1 of 2> -> !modular.plan<1 of 2>
  %v = modular.grouped %p gather(%t : tensor<?x4xf32>)
    class [0, 1] {
    ^bb0(%xm: tensor<?x4xf32>):
      modular.yield %xm : tensor<?x4xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) gradients()
  // CHECK: %[[Y:.*]] = modular.combine sum
  // CHECK: %[[LEFT:.*]] = modular.take_rows %[[Y]]
  %y = modular.combine sum %p, %v : !modular.plan<1 of 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  %q = modular.plan %b : !modular.selection<1 of 2> -> !modular.plan<1 of 2>
  %w = modular.grouped %q gather(%t : tensor<?x4xf32>)
    class [0, 1] {
    ^bb0(%xm: tensor<?x4xf32>):
      modular.yield %xm : tensor<?x4xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) gradients()
  // CHECK: %[[Z:.*]] = modular.combine sum
  // CHECK: %[[RIGHT:.*]] = modular.take_rows %[[Z]]
  %z = modular.combine sum %q, %w : !modular.plan<1 of 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: arith.addf %[[LEFT]], %[[RIGHT]]
  %sum = arith.addf %y, %z : tensor<?x4xf32>
  return %sum : tensor<?x4xf32>
}

// -----

// Keys of a point and rows of its tokens: both repeated as often. The second
// layer's rows have no point by number, so that its operands stay repeated.

// CHECK-LABEL: func.func @points
// CHECK-SAME: %[[X:.*]]: tensor<?x3x2xf32>, %[[K:.*]]: tensor<?x4x2xf32>
func.func @points(%x: tensor<?x3x2xf32>, %k: tensor<?x4x2xf32>, %a: !modular.selection<1 of 3>, %b: !modular.selection<1 of 3>, %s: index) -> tensor<?x2xf32> {
  // CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[X]]
  // CHECK: %[[N:.*]] = tensor.dim %[[ROWS]]
  // CHECK: %[[PLAN:.*]] = modular.plan %{{.*}} distinct(%{{.*}} of %[[N]] : tensor<?xi32>) :
  // CHECK: modular.grouped %[[PLAN]] gather(%[[ROWS]] : tensor<?x2xf32>) points(%[[K]] : tensor<?x4x2xf32> rows 3)
  %tx = modular.tile_rows %x times %s : tensor<?x3x2xf32> -> tensor<?x3x2xf32>
  %tk = modular.tile_rows %k times %s : tensor<?x4x2xf32> -> tensor<?x4x2xf32>
  %r = tensor.collapse_shape %tx [[0, 1], [2]] : tensor<?x3x2xf32> into tensor<?x2xf32>
  %plan = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %v = modular.grouped %plan gather(%r : tensor<?x2xf32>) points(%tk : tensor<?x4x2xf32> rows 3)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x2xf32>, %km: tensor<4x2xf32>):
      %ym = math.tanh %xm : tensor<?x2xf32>
      modular.yield %ym : tensor<?x2xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf32>) gradients()
  // CHECK: %[[Y:.*]] = modular.combine sum
  // CHECK: %[[ALL:.*]] = modular.take_rows %[[Y]]
  %y = modular.combine sum %plan, %v : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: %[[SECOND:.*]] = modular.plan %{{[a-z0-9]+}} : !modular.selection<1 of 3>
  // CHECK: modular.grouped %[[SECOND]] gather(%[[ALL]] : tensor<?x2xf32>)
  %next = modular.plan %b : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %w = modular.grouped %next gather(%y : tensor<?x2xf32>) points(%tk : tensor<?x4x2xf32> rows 3)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x2xf32>, %km: tensor<4x2xf32>):
      %ym = math.tanh %xm : tensor<?x2xf32>
      modular.yield %ym : tensor<?x2xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf32>) gradients()
  %z = modular.combine sum %next, %w : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  return %z : tensor<?x2xf32>
}

// -----

// Modes are chosen once a point; a row number in a body keeps an op where it is.

// CHECK-LABEL: func.func @modes
// CHECK-SAME: %[[SCORES:.*]]: tensor<?x1x3xf32>
func.func @modes(%scores: tensor<?x1x3xf32>, %x: tensor<?xf32>, %s: index) -> (!modular.selection<1 of 3>, tensor<?xf32>) {
  // CHECK: %[[MODE:.*]] = modular.mode %[[SCORES]]
  // CHECK: %[[PICKS:.*]] = modular.from_selection %[[MODE]]
  // CHECK: %[[ALL:.*]] = modular.tile_rows %[[PICKS]]
  // CHECK: modular.to_selection %[[ALL]]
  %t = modular.tile_rows %scores times %s : tensor<?x1x3xf32> -> tensor<?x1x3xf32>
  %a = modular.mode %t : tensor<?x1x3xf32> -> !modular.selection<1 of 3>
  // CHECK: %[[T:.*]] = modular.tile_rows %{{.*}} times %{{.*}} : tensor<?xf32>
  // CHECK: linalg.generic {{.*}} ins(%[[T]]
  %tx = modular.tile_rows %x times %s : tensor<?xf32> -> tensor<?xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %tx, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%tx : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%v: f32, %o: f32):
      %i = linalg.index 0 : index
      %j = arith.index_cast %i : index to i32
      %f = arith.sitofp %j : i32 to f32
      %w = arith.addf %v, %f : f32
      linalg.yield %w : f32
    } -> tensor<?xf32>
  return %a, %y : !modular.selection<1 of 3>, tensor<?xf32>
}
