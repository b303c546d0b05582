// RUN: modc-opt %s --modular-differentiate --split-input-file | FileCheck %s

// The example of the pass: the derivative of exp reads the forward result.

// CHECK-LABEL: func @exp
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[DY:.*]]: tensor<4xf32>
func.func @exp(%x: tensor<4xf32>, %dy: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[Y:.*]] = math.exp %[[X]]
  // CHECK: %[[DX:.*]] = linalg.generic {{.*}} ins(%[[Y]], %[[DY]] : tensor<4xf32>, tensor<4xf32>)
  // CHECK: arith.mulf
  // CHECK-NOT: modular.pullback
  // CHECK: return %[[Y]], %[[DX]]
  %y = math.exp %x : tensor<4xf32>
  %dx = modular.pullback (%y : tensor<4xf32>) along (%dy : tensor<4xf32>) to (%x : tensor<4xf32>)
  return %y, %dx : tensor<4xf32>, tensor<4xf32>
}

// -----

// Two uses of a value: one sum of two cotangents.

// CHECK-LABEL: func @two_uses
// CHECK-SAME: %[[X:.*]]: f64, %[[DY:.*]]: f64
func.func @two_uses(%x: f64, %dy: f64) -> f64 {
  // CHECK: %[[A:.*]] = arith.mulf %[[DY]], %[[X]] : f64
  // CHECK: %[[B:.*]] = arith.mulf %[[DY]], %[[X]] : f64
  // CHECK: %[[DX:.*]] = arith.addf %[[A]], %[[B]] : f64
  // CHECK: return %[[DX]]
  %y = arith.mulf %x, %x : f64
  %dx = modular.pullback (%y : f64) along (%dy : f64) to (%x : f64)
  return %dx : f64
}

// -----

// A value without influence has the gradient 0, of its own size.

// CHECK-LABEL: func @unused
// CHECK-SAME: %[[X:.*]]: tensor<?xf32>, %[[Z:.*]]: tensor<?xf32>, %[[DY:.*]]: tensor<?xf32>
func.func @unused(%x: tensor<?xf32>, %z: tensor<?xf32>, %dy: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  // CHECK: %[[SIZE:.*]] = tensor.dim %[[Z]]
  // CHECK: %[[EMPTY:.*]] = tensor.empty(%[[SIZE]])
  // CHECK: %[[ZERO:.*]] = linalg.fill {{.*}} outs(%[[EMPTY]]
  // CHECK: return %{{.*}}, %[[ZERO]]
  %y = tensor.cast %x : tensor<?xf32> to tensor<?xf32>
  %dx, %dz = modular.pullback (%y : tensor<?xf32>) along (%dy : tensor<?xf32>) to (%x : tensor<?xf32>, %z : tensor<?xf32>)
  return %dx, %dz : tensor<?xf32>, tensor<?xf32>
}

// -----

// Integers carry no gradient: what follows from them is a constant.

// CHECK-LABEL: func @through_integer
func.func @through_integer(%x: f32, %dy: f32) -> f32 {
  // CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00
  // CHECK: return %[[ZERO]]
  %i = arith.fptosi %x : f32 to i32
  %y = arith.sitofp %i : i32 to f32
  %dx = modular.pullback (%y : f32) along (%dy : f32) to (%x : f32)
  return %dx : f32
}

// -----

// A product of matrices has products of matrices as its derivative: bodies of
// one multiplication and one addition. The chain of additions starts at the
// initial value, which so has the cotangent of the result.

// CHECK-DAG: #[[MK:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[KN:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[MN:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-LABEL: func @matmul
// CHECK-SAME: %[[A:.*]]: tensor<5x3xf32>, %[[B:.*]]: tensor<3x4xf32>, %[[C:.*]]: tensor<5x4xf32>, %[[DY:.*]]: tensor<5x4xf32>
func.func @matmul(%a: tensor<5x3xf32>, %b: tensor<3x4xf32>, %c: tensor<5x4xf32>, %dy: tensor<5x4xf32>) -> (tensor<5x3xf32>, tensor<3x4xf32>, tensor<5x4xf32>) {
  // CHECK: %[[DA:.*]] = linalg.generic {indexing_maps = [#[[MN]], #[[KN]], #[[MK]]], iterator_types = ["parallel", "reduction", "parallel"]} ins(%[[DY]], %[[B]] :
  // CHECK-NEXT: ^bb0(%[[L:.*]]: f32, %[[R:.*]]: f32, %[[ACC:.*]]: f32):
  // CHECK-NEXT: %[[PRODUCT:.*]] = arith.mulf %[[L]], %[[R]] : f32
  // CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[ACC]], %[[PRODUCT]] : f32
  // CHECK-NEXT: linalg.yield %[[SUM]]
  // CHECK: %[[DB:.*]] = linalg.generic {indexing_maps = [#[[MN]], #[[MK]], #[[KN]]], iterator_types = ["reduction", "parallel", "parallel"]} ins(%[[DY]], %[[A]] :
  // CHECK: return %[[DA]], %[[DB]], %[[DY]]
  %y = linalg.matmul ins(%a, %b : tensor<5x3xf32>, tensor<3x4xf32>) outs(%c : tensor<5x4xf32>) -> tensor<5x4xf32>
  %da, %db, %dc = modular.pullback (%y : tensor<5x4xf32>) along (%dy : tensor<5x4xf32>)
      to (%a : tensor<5x3xf32>, %b : tensor<3x4xf32>, %c : tensor<5x4xf32>)
  return %da, %db, %dc : tensor<5x3xf32>, tensor<3x4xf32>, tensor<5x4xf32>
}
