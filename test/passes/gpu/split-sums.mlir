// RUN: modc-opt %s --pass-pipeline='builtin.module(func.func(modular-split-sums,canonicalize,cse))' | FileCheck %s
// Sums over rows and places of rows; modc-conformance-tests runs them.

#all = affine_map<(c, n, p) -> (n, c, p)>
#channel = affine_map<(c, n, p) -> (c)>
#x = affine_map<(i, n, p) -> (n, p, i)>
#w = affine_map<(i, n, p) -> (i)>

// The example of the pass's description.
// CHECK-LABEL: func.func @split(
// CHECK-SAME: %[[DY:[^:]*]]: tensor<?x4x196xf32>, %[[Z:[^:]*]]: tensor<4xf32>
// CHECK: %[[ZERO:.*]] = linalg.fill {{.*}} -> tensor<?x4xf32>
// CHECK: %[[P:.*]] = linalg.generic {indexing_maps = [{{.*}}], iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[DY]] : {{.*}}) outs(%[[ZERO]] : tensor<?x4xf32>)
// CHECK: arith.mulf
// CHECK: %[[S:.*]] = linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]} ins(%[[P]] : tensor<?x4xf32>) outs(%[[Z]] : tensor<4xf32>)
// CHECK-NOT: arith.mulf
// CHECK: return %[[S]]
func.func @split(%dy: tensor<?x4x196xf32>, %z: tensor<4xf32>) -> tensor<4xf32> {
  %s = linalg.generic {indexing_maps = [#all, #channel], iterator_types = ["parallel", "reduction", "reduction"]} ins(%dy : tensor<?x4x196xf32>) outs(%z : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.mulf %in, %in : f32
    %a = arith.addf %out, %m : f32
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return %s : tensor<4xf32>
}

// A few places are summed with the rows.
// CHECK-LABEL: func.func @few(
// CHECK-COUNT-1: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @few(%dy: tensor<?x4x9xf32>, %z: tensor<4xf32>) -> tensor<4xf32> {
  %s = linalg.generic {indexing_maps = [#all, #channel], iterator_types = ["parallel", "reduction", "reduction"]} ins(%dy : tensor<?x4x9xf32>) outs(%z : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %out, %in : f32
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return %s : tensor<4xf32>
}

// So are those of a result that is larger than a row, or too much for one
// invocation a row.
// CHECK-LABEL: func.func @large(
// CHECK-COUNT-2: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @large(%x: tensor<?x40x8xf32>, %g: tensor<?x40x9xf32>, %v: tensor<?x64x1024xf32>, %z: tensor<8x9x10xf32>, %u: tensor<1024xf32>) -> (tensor<8x9x10xf32>, tensor<1024xf32>) {
  %s = linalg.generic {indexing_maps = [affine_map<(i, j, k, n, p) -> (n, p, i)>, affine_map<(i, j, k, n, p) -> (n, p, j)>, affine_map<(i, j, k, n, p) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %g : tensor<?x40x8xf32>, tensor<?x40x9xf32>) outs(%z : tensor<8x9x10xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %t = arith.addf %out, %m : f32
    linalg.yield %t : f32
  } -> tensor<8x9x10xf32>
  %r = linalg.generic {indexing_maps = [#x, #w], iterator_types = ["parallel", "reduction", "reduction"]} ins(%v : tensor<?x64x1024xf32>) outs(%u : tensor<1024xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %out, %in : f32
    linalg.yield %a : f32
  } -> tensor<1024xf32>
  return %s, %r : tensor<8x9x10xf32>, tensor<1024xf32>
}
