// RUN: modc-opt %s --pass-pipeline='builtin.module(func.func(modular-fold-permutations,canonicalize,cse))' | FileCheck %s
// Where a transposed tensor is read and written; modc-conformance-tests runs the
// examples that do it.

#back = affine_map<(d0, d1) -> (d1, d0)>
#same = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-DAG: #[[X:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[W:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[Y:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[DY:.*]] = affine_map<(d0, d1, d2) -> (d1, d0)>

// The example of the pass's description.
// CHECK-LABEL: func.func @read(
// CHECK-SAME: %[[X0:[^:]*]]: tensor<?x32xf32>, %[[W0:[^:]*]]: tensor<10x32xf32>
// CHECK-NOT: linalg.transpose
// CHECK: linalg.generic {indexing_maps = [#[[X]], #[[W]], #[[Y]]]{{.*}} ins(%[[X0]], %[[W0]] :
func.func @read(%x: tensor<?x32xf32>, %w: tensor<10x32xf32>, %z: tensor<?x10xf32>) -> tensor<?x10xf32> {
  %e = tensor.empty() : tensor<32x10xf32>
  %t = linalg.transpose ins(%w : tensor<10x32xf32>) outs(%e : tensor<32x10xf32>) permutation = [1, 0]
  %y = linalg.matmul ins(%x, %t : tensor<?x32xf32>, tensor<32x10xf32>) outs(%z : tensor<?x10xf32>) -> tensor<?x10xf32>
  return %y : tensor<?x10xf32>
}

// A result that is only transposed is computed so, from a start in that order.
// CHECK-LABEL: func.func @written(
// CHECK: %[[START:.*]] = linalg.fill {{.*}} -> tensor<10x32xf32>
// CHECK: %[[R:.*]] = linalg.generic {indexing_maps = [#[[X]], #{{.*}}, #[[DY]]]{{.*}} outs(%[[START]] : tensor<10x32xf32>)
// CHECK: return %[[R]]
func.func @written(%a: tensor<32x8xf32>, %b: tensor<8x10xf32>) -> tensor<10x32xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<32x10xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<32x10xf32>) -> tensor<32x10xf32>
  %y = linalg.matmul ins(%a, %b : tensor<32x8xf32>, tensor<8x10xf32>) outs(%z : tensor<32x10xf32>) -> tensor<32x10xf32>
  %f = tensor.empty() : tensor<10x32xf32>
  %t = linalg.generic {indexing_maps = [#back, #same], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<32x10xf32>) outs(%f : tensor<10x32xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<10x32xf32>
  return %t : tensor<10x32xf32>
}

// Two in a row are none.
// CHECK-LABEL: func.func @twice(
// CHECK-SAME: %[[A:[^:]*]]: tensor<4x6xf32>
// CHECK-NOT: linalg.transpose
// CHECK: linalg.generic {{.*}} ins(%[[A]] : tensor<4x6xf32>)
func.func @twice(%a: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %e = tensor.empty() : tensor<6x4xf32>
  %t = linalg.transpose ins(%a : tensor<4x6xf32>) outs(%e : tensor<6x4xf32>) permutation = [1, 0]
  %f = tensor.empty() : tensor<4x6xf32>
  %u = linalg.transpose ins(%t : tensor<6x4xf32>) outs(%f : tensor<4x6xf32>) permutation = [1, 0]
  %n = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]} ins(%u : tensor<4x6xf32>) outs(%f : tensor<4x6xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.negf %in : f32
    linalg.yield %m : f32
  } -> tensor<4x6xf32>
  return %n : tensor<4x6xf32>
}

// What others read, or what continues a value, keeps its order.
// CHECK-LABEL: func.func @kept(
// CHECK: linalg.matmul
// CHECK: linalg.generic
func.func @kept(%a: tensor<32x8xf32>, %b: tensor<8x10xf32>, %z: tensor<32x10xf32>) -> (tensor<32x10xf32>, tensor<10x32xf32>) {
  %y = linalg.matmul ins(%a, %b : tensor<32x8xf32>, tensor<8x10xf32>) outs(%z : tensor<32x10xf32>) -> tensor<32x10xf32>
  %f = tensor.empty() : tensor<10x32xf32>
  %t = linalg.generic {indexing_maps = [#back, #same], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<32x10xf32>) outs(%f : tensor<10x32xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<10x32xf32>
  return %y, %t : tensor<32x10xf32>, tensor<10x32xf32>
}

// What a window's adjoint asks of indices that it does not move always holds.
// CHECK-LABEL: func.func @checks(
// CHECK-SAME: %[[D:[^:]*]]: tensor<?x6xf32>
// CHECK: linalg.generic
// CHECK: %[[N:.*]] = linalg.index 0
// CHECK: %[[J:.*]] = linalg.index 1
// CHECK: %[[P:.*]] = arith.addi %[[J]]
// CHECK: %[[V:.*]] = arith.cmpi slt, %[[P]]
// CHECK: %[[K:.*]] = arith.select %[[V]], %[[P]]
// CHECK-NOT: arith.cmpi
// CHECK: tensor.extract %[[D]][%[[N]], %[[K]]]
func.func @checks(%d: tensor<?x6xf32>) -> tensor<?x6xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %d, %c0 : tensor<?x6xf32>
  %e = tensor.empty(%n) : tensor<?x6xf32>
  %r = linalg.generic {indexing_maps = [#same], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x6xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %k = arith.addi %j, %c1 : index
    %a = arith.cmpi sge, %i, %c0 : index
    %b = arith.cmpi slt, %i, %n : index
    %c = arith.cmpi sge, %j, %c0 : index
    %f = arith.cmpi slt, %k, %c6 : index
    %ab = arith.andi %a, %b : i1
    %abc = arith.andi %ab, %c : i1
    %valid = arith.andi %abc, %f : i1
    %row = arith.select %valid, %i, %c0 : index
    %column = arith.select %valid, %k, %c0 : index
    %x = tensor.extract %d[%row, %column] : tensor<?x6xf32>
    %y = arith.select %valid, %x, %zero : f32
    linalg.yield %y : f32
  } -> tensor<?x6xf32>
  return %r : tensor<?x6xf32>
}

// Elsewhere element 0 is read, and counts.
// CHECK-LABEL: func.func @chooses(
// CHECK: %[[K:.*]] = arith.select
// CHECK: tensor.extract %{{.*}}[%[[K]]]
func.func @chooses(%x: tensor<?x6xf32>, %table: tensor<6xf32>) -> tensor<?x6xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x6xf32>
  %e = tensor.empty(%n) : tensor<?x6xf32>
  %r = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x6xf32>) outs(%e : tensor<?x6xf32>) {
  ^bb0(%in: f32, %out: f32):
    %j = linalg.index 1 : index
    %p = arith.cmpf ogt, %in, %zero : f32
    %k = arith.select %p, %j, %c0 : index
    %v = tensor.extract %table[%k] : tensor<6xf32>
    linalg.yield %v : f32
  } -> tensor<?x6xf32>
  return %r : tensor<?x6xf32>
}
