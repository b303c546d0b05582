// RUN: modc-opt %s --modular-vectorize-reductions --modular-lower-contractions --remark-format=emitRemark --remarks-filter=.* -o /dev/null 2>&1 | FileCheck %s
// RUN: modc-opt %s --modular-vectorize-reductions --modular-lower-contractions -o /dev/null 2>&1 | count 0

// The reason why a product has no kernel, and what would help.
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// CHECK-DAG: [[#@LINE+3]]:3: remark: [Passed] Kernel | Category:modular-lower-contractions | Function=product | Gathers=false, Kernel=matmul_5x4x3, Packed=false, Remark="a product 5x4x3 of f32 runs in tiles of 12x3, b in place", TileColumns=3, TileRows=12
// CHECK-DAG: [[#@LINE+2]]:3: remark: [Missed] Tasks {{.*}}Reason="a task's part of 5x4x3 is too little work", Remark="one task computes all of it"
func.func @product(%x: memref<5x4xf32>, %w: memref<4x3xf32>, %y: memref<5x3xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<5x4xf32>, memref<4x3xf32>) outs(%y : memref<5x3xf32>) {
  ^bb0(%u: f32, %v: f32, %s: f32):
    %m = arith.mulf %u, %v : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  }
  return
}

// CHECK-DAG: [[#@LINE+2]]:3: remark: [Missed] Kernel {{.*}} Function=dynamic {{.*}}Reason="its number of columns is dynamic"{{.*}}Suggestion="give the result a static width"
func.func @dynamic(%x: memref<5x4xf32>, %w: memref<4x?xf32>, %y: memref<5x?xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<5x4xf32>, memref<4x?xf32>) outs(%y : memref<5x?xf32>) {
  ^bb0(%u: f32, %v: f32, %s: f32):
    %m = arith.mulf %u, %v : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  }
  return
}

// CHECK-DAG: [[#@LINE+2]]:3: remark: [Missed] Kernel {{.*}} Function=half {{.*}}Reason="its elements are neither f32 nor f64"{{.*}}Suggestion="use one of these types"
func.func @half(%x: memref<5x4xf16>, %w: memref<4x3xf16>, %y: memref<5x3xf16>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<5x4xf16>, memref<4x3xf16>) outs(%y : memref<5x3xf16>) {
  ^bb0(%u: f16, %v: f16, %s: f16):
    %m = arith.mulf %u, %v : f16
    %t = arith.addf %s, %m : f16
    linalg.yield %t : f16
  }
  return
}

// CHECK-DAG: [[#@LINE+2]]:3: remark: [Missed] Kernel {{.*}} Function=sums {{.*}}Reason="it has 2 loops, 2 of them sums, and kernels have 3 and 1"{{.*}}Suggestion="write it as a product of matrices, with dimensions collapsed"
func.func @sums(%x: memref<5x4xf32>, %w: memref<5x4xf32>, %y: memref<f32>) {
  linalg.generic {indexing_maps = [#id, #id, affine_map<(i, j) -> ()>], iterator_types = ["reduction", "reduction"]}
      ins(%x, %w : memref<5x4xf32>, memref<5x4xf32>) outs(%y : memref<f32>) {
  ^bb0(%u: f32, %v: f32, %s: f32):
    %m = arith.mulf %u, %v : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  }
  return
}

// CHECK-DAG: [[#@LINE+2]]:3: remark: [Missed] Vectorized {{.*}} Function=short {{.*}}Reason="rows of 3 are shorter than 4"
func.func @short(%x: memref<5x3xf32>, %y: memref<5xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<5x3xf32>) outs(%y : memref<5xf32>) {
  ^bb0(%u: f32, %s: f32):
    %t = arith.addf %s, %u : f32
    linalg.yield %t : f32
  }
  return
}

// CHECK-DAG: [[#@LINE+2]]:3: remark: [Passed] Vectorized {{.*}} Function=long {{.*}}"a reduction along rows of 32 runs in vectors"
func.func @long(%x: memref<5x32xf32>, %y: memref<5xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<5x32xf32>) outs(%y : memref<5xf32>) {
  ^bb0(%u: f32, %s: f32):
    %t = arith.addf %s, %u : f32
    linalg.yield %t : f32
  }
  return
}
