// RUN: modc-opt %s --canonicalize --split-input-file | FileCheck %s

// Folds and canonical forms of the dialect's own ops; each function holds what
// folds and, where it matters, what must not.

// CHECK-LABEL: func.func @to_selection
// CHECK-SAME: %[[A:.*]]: !modular.selection<2 of 3>, %[[I:.*]]: tensor<?x2xi32>
func.func @to_selection(%a: !modular.selection<2 of 3>, %i: tensor<?x2xi32>) -> (!modular.selection<2 of 3>, !modular.selection<2 of 5>, tensor<?x2xi32>) {
  %0 = modular.from_selection %a : !modular.selection<2 of 3> -> tensor<?x2xi32>
  %1 = modular.to_selection %0 : tensor<?x2xi32> -> !modular.selection<2 of 3>
  // Another number of members clamps elsewhere, and integers are clamped.
  // CHECK: %[[F:.*]] = modular.from_selection %[[A]]
  // CHECK: %[[B:.*]] = modular.to_selection %[[F]] : tensor<?x2xi32> -> !modular.selection<2 of 5>
  %2 = modular.to_selection %0 : tensor<?x2xi32> -> !modular.selection<2 of 5>
  // CHECK: %[[C:.*]] = modular.to_selection %[[I]]
  // CHECK: %[[D:.*]] = modular.from_selection %[[C]]
  %3 = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %4 = modular.from_selection %3 : !modular.selection<2 of 3> -> tensor<?x2xi32>
  // CHECK: return %[[A]], %[[B]], %[[D]]
  return %1, %2, %4 : !modular.selection<2 of 3>, !modular.selection<2 of 5>, tensor<?x2xi32>
}

// -----

// CHECK-LABEL: func.func @reshape
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>
func.func @reshape(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4x2xf32>, tensor<?x8xf32>) {
  %0 = modular.reshape %x : tensor<?x8xf32> -> tensor<?x2x4xf32>
  // CHECK: %[[Y:.*]] = modular.reshape %[[X]] : tensor<?x8xf32> -> tensor<?x4x2xf32>
  %1 = modular.reshape %0 : tensor<?x2x4xf32> -> tensor<?x4x2xf32>
  %2 = modular.reshape %1 : tensor<?x4x2xf32> -> tensor<?x8xf32>
  %3 = modular.reshape %x : tensor<?x8xf32> -> tensor<?x8xf32>
  // CHECK: return %[[X]], %[[Y]], %[[X]]
  return %2, %1, %3 : tensor<?x8xf32>, tensor<?x4x2xf32>, tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @tile_rows
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[S:.*]]: index
func.func @tile_rows(%x: tensor<?x8xf32>, %s: index) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %one = arith.constant 1 : index
  %0 = modular.tile_rows %x times %one : tensor<?x8xf32> -> tensor<?x8xf32>
  // CHECK: %[[T:.*]] = modular.tile_rows %[[X]] times %[[S]]
  %1 = modular.tile_rows %x times %s : tensor<?x8xf32> -> tensor<?x8xf32>
  // CHECK: return %[[X]], %[[T]]
  return %0, %1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @relu
func.func @relu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: %[[Y:.*]] = modular.relu
  // CHECK-NOT: modular.relu
  // CHECK: return %[[Y]]
  %0 = modular.relu %x : tensor<?x8xf32>
  %1 = modular.relu %0 : tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// -----

// With one pick, mean and concat are a sum; with two they are not.

// CHECK-LABEL: func.func @one_pick
func.func @one_pick(%p: !modular.plan<1 of 3>, %q: !modular.plan<2 of 3>, %v: tensor<?x4xf32>, %g: tensor<?x1xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  // CHECK: modular.combine sum
  %0 = modular.combine mean %p, %v : !modular.plan<1 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: modular.combine sum
  %1 = modular.combine concat %p, %v : !modular.plan<1 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: modular.combine gated
  %2 = modular.combine gated %p, %v gates(%g : tensor<?x1xf32>) : !modular.plan<1 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: modular.combine mean
  %3 = modular.combine mean %q, %v : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: modular.dispatch sum
  %4 = modular.dispatch mean %p, %v : !modular.plan<1 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %0, %1, %2, %3, %4 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// What nothing reads is not computed: a row result, a points result and one
// class's gradient; the other class has the same row results.

// CHECK-LABEL: func.func @grouped
// CHECK-SAME: %[[P:.*]]: !modular.plan<1 of 3>
func.func @grouped(%p: !modular.plan<1 of 3>, %x: tensor<?x4xf32>, %k: tensor<?x4xf32>, %w: tensor<2x4xf32>) -> (tensor<?x4xf32>, tensor<2x4xf32>) {
  // CHECK: %[[R:.*]]:2 = modular.grouped %[[P]]
  // CHECK: class [0, 2]
  // CHECK: %[[S:.*]] = math.sin
  // CHECK-NOT: math.exp
  // CHECK: modular.yield %[[S]], %{{.*}} : tensor<?x4xf32>, tensor<4xf32>
  // CHECK: class [1]
  // CHECK-NOT: math.exp
  // CHECK: modular.yield %{{.*}} : tensor<?x4xf32>
  // CHECK: rows(tensor<?x4xf32>) gradients(tensor<2x4xf32>) gradients()
  %a, %b, %dk, %dw, %dv = modular.grouped %p gather(%x : tensor<?x4xf32>) points(%k : tensor<?x4xf32> rows 1)
    class [0, 2] parameters(%w : tensor<2x4xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %km: tensor<4xf32>, %wm: tensor<4xf32>):
      %e = math.exp %xm : tensor<?x4xf32>
      %s = math.sin %xm : tensor<?x4xf32>
      modular.yield %e, %s, %km, %wm : tensor<?x4xf32>, tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>
    }
    class [1] {
    ^bb0(%xm: tensor<?x4xf32>, %km: tensor<4xf32>):
      %e = math.exp %xm : tensor<?x4xf32>
      modular.yield %e, %xm, %km, %km : tensor<?x4xf32>, tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x4xf32>, tensor<?x4xf32>) points(tensor<?x4xf32>) gradients(tensor<2x4xf32>) gradients(tensor<1x4xf32>)
  // CHECK: return %[[R]]#0, %[[R]]#1
  return %b, %dw : tensor<?x4xf32>, tensor<2x4xf32>
}

// -----

// A stacked result that nothing reads is not stacked; a carried value is read by
// the next step.

// CHECK-LABEL: func.func @scan
func.func @scan(%h: tensor<?x4xf32>, %xs: tensor<?x6x4xf32>) -> tensor<?x6x4xf32> {
  // CHECK: %[[R:.*]]:2 = modular.scan
  // CHECK-SAME: -> tensor<?x4xf32>, tensor<?x6x4xf32> {
  // CHECK-NOT: math.exp
  // CHECK: return %[[R]]#1
  %f, %a, %b = modular.scan step(%t) carry(%c = %h : tensor<?x4xf32>) over(%x = %xs : tensor<?x6x4xf32>)
      -> tensor<?x4xf32>, tensor<?x6x4xf32>, tensor<?x6x4xf32> {
    %n = arith.addf %c, %x : tensor<?x4xf32>
    %e = math.exp %n : tensor<?x4xf32>
    modular.yield %n, %e, %n : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
  }
  return %b : tensor<?x6x4xf32>
}

// -----

// Ops without uses go, a whole layer's worth of them too.

// CHECK-LABEL: func.func @dead
func.func @dead(%x: tensor<?x4xf32>, %s: tensor<?x1x2xf32>, %w: tensor<2x4x4xf32>) -> tensor<?x4xf32> {
  // CHECK-NEXT: return
  %a = modular.mode %s : tensor<?x1x2xf32> -> !modular.selection<1 of 2>
  %p = modular.plan %a : !modular.selection<1 of 2> -> !modular.plan<1 of 2>
  %v = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 1] parameters(%w : tensor<2x4x4xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x4xf32>):
      %l = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      modular.yield %l : tensor<?x4xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) gradients()
  %y = modular.combine sum %p, %v : !modular.plan<1 of 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %x : tensor<?x4xf32>
}
