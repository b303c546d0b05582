// RUN: modc-opt %s --modular-decompose --canonicalize --split-input-file | FileCheck %s

// The sum starts at the bias.
// CHECK-LABEL: func @linear
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>, %[[W:.*]]: tensor<4x3xf32>, %[[B:.*]]: tensor<3xf32>
// CHECK: %[[INIT:.*]] = linalg.generic {{.*}} ins(%[[B]]
// CHECK: linalg.generic {{.*}}"reduction"]} ins(%[[X]], %[[W]] : {{.*}}) outs(%[[INIT]]
// CHECK: %[[P:.*]] = arith.mulf
// CHECK: arith.addf %{{.*}}, %[[P]]
func.func @linear(%x: tensor<?x4xf32>, %w: tensor<4x3xf32>, %b: tensor<3xf32>) -> tensor<?x3xf32> {
  %y = modular.linear %x, %w, %b : tensor<?x4xf32>, tensor<4x3xf32>, tensor<3xf32> -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// -----

// CHECK-LABEL: func @relu
// CHECK: %[[P:.*]] = arith.cmpf ogt
// CHECK: arith.select %[[P]]
// CHECK-NOT: maximumf
func.func @relu(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = modular.relu %x : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// CHECK-LABEL: func @scan
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> (tensor<?x4xf32>, tensor<?x8x4xf32>)
// CHECK: tensor.extract_slice {{.*}} tensor<?x8x4xf32> to tensor<?x4xf32>
// CHECK: tensor.insert_slice {{.*}} tensor<?x4xf32> into tensor<?x8x4xf32>
func.func @scan(%h: tensor<?x4xf32>, %xs: tensor<?x8x4xf32>) -> (tensor<?x4xf32>, tensor<?x8x4xf32>) {
  %last, %all = modular.scan step(%t) carry(%hp = %h : tensor<?x4xf32>)
      over(%xt = %xs : tensor<?x8x4xf32>) -> tensor<?x4xf32>, tensor<?x8x4xf32> {
    %s = linalg.add ins(%hp, %xt : tensor<?x4xf32>, tensor<?x4xf32>) outs(%hp : tensor<?x4xf32>) -> tensor<?x4xf32>
    modular.yield %s, %s : tensor<?x4xf32>, tensor<?x4xf32>
  }
  return %last, %all : tensor<?x4xf32>, tensor<?x8x4xf32>
}

// -----

// Philox in words: the products of its rounds are not computed in i64.
// CHECK-LABEL: func @uniform
// CHECK: linalg.generic
// CHECK: arith.trunci %{{.*}} : i64 to i32
// CHECK-NOT: arith.muli %{{.*}} : i64
// CHECK-COUNT-18: arith.mului_extended %{{.*}}, %{{.*}} : i32
// CHECK: arith.uitofp %{{.*}} : i32 to f32
func.func @uniform(%points: tensor<?xi64>, %seed: i64, %step: i64, %s: index, %slot: index) -> tensor<?x2xf32> {
  %u = modular.uniform seed %seed step %step points %points candidates %s slot %slot purpose 1 : tensor<?xi64> -> tensor<?x2xf32>
  return %u : tensor<?x2xf32>
}
