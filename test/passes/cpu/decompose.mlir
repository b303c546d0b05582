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

// Only active slices are read and written, through the shared argument.
// CHECK-LABEL: func @update
// CHECK-SAME: %[[P:[a-z0-9]*]]: tensor<8x16x4xf32>
// CHECK: scf.forall {{.*}} shared_outs(%[[S:.*]] = %[[P]])
// An inactive slice has no rows.
// CHECK: %[[ROWS:.*]] = arith.select %{{.*}}, %c16, %c0 : index
// CHECK: tensor.extract_slice %[[S]][%{{.*}}, 0, 0] [1, %[[ROWS]], 4]
// CHECK-NOT: %[[P]]
// CHECK: tensor.parallel_insert_slice {{.*}} into %[[S]]
func.func @update(%p: tensor<8x16x4xf32>, %g: tensor<8x16x4xf32>, %a: tensor<8xi8>, %n: tensor<8xi64>,
                  %lr: f32, %d: f32, %c: f32) -> tensor<8x16x4xf32> {
  %r = modular.update %p, %g active %a steps %n lr %lr decay %d scale %c stacked {
  ^bb0(%v: f32, %w: f32, %l: f32, %t: f32):
    %s = arith.mulf %l, %w : f32
    %q = arith.subf %v, %s : f32
    modular.yield %q : f32
  } : tensor<8x16x4xf32>, tensor<8x16x4xf32>, tensor<8xi8>, tensor<8xi64>, f32, f32, f32 -> tensor<8x16x4xf32>
  return %r : tensor<8x16x4xf32>
}
