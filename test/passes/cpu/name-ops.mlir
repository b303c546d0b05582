// RUN: modc-opt %s --pass-pipeline="builtin.module(func.func(modular-name-ops))" --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// What an op does is appended to where it stands.
// CHECK-LABEL: func.func @network
// CHECK: modular.linear {{.*}} loc("head.linear"("net.mlir":7:10))
// CHECK: modular.relu {{.*}} loc("relu"("net.mlir":8:10))
func.func @network(%x: tensor<?x4xf32>, %w: tensor<4x3xf32>, %b: tensor<3xf32>) -> tensor<?x3xf32> {
  %y = modular.linear %x, %w, %b : tensor<?x4xf32>, tensor<4x3xf32>, tensor<3xf32> -> tensor<?x3xf32> loc("head"("net.mlir":7:10))
  %r = modular.relu %y : tensor<?x3xf32> loc("net.mlir":8:10)
  return %r : tensor<?x3xf32>
}

// Generic ops by their loops; what stands in them keeps its place.
// CHECK-LABEL: func.func @loops
// CHECK: linalg.generic {{.*}}ins(%{{.*}}, %{{.*}} : tensor<5x4xf32>, tensor<4x3xf32>)
// CHECK: arith.mulf {{.*}} loc("net.mlir":9:9)
// CHECK: loc("layer0.product"("net.mlir":9:9))
// CHECK: loc("layer0.elementwise"("net.mlir":10:9))
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
#id = affine_map<(i, j) -> (i, j)>
func.func @loops(%x: tensor<5x4xf32>, %w: tensor<4x3xf32>, %o: tensor<5x3xf32>) -> tensor<5x3xf32> {
  %0 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<5x4xf32>, tensor<4x3xf32>) outs(%o : tensor<5x3xf32>) {
  ^bb0(%u: f32, %v: f32, %s: f32):
    %m = arith.mulf %u, %v : f32 loc("net.mlir":9:9)
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  } -> tensor<5x3xf32> loc("layer0"("net.mlir":9:9))
  %1 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%0 : tensor<5x3xf32>) {
  ^bb0(%u: f32):
    %n = arith.negf %u : f32
    linalg.yield %n : f32
  } -> tensor<5x3xf32> loc("layer0"("net.mlir":10:9))
  return %1 : tensor<5x3xf32>
}
