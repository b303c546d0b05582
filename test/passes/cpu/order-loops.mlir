// RUN: modc-opt %s --pass-pipeline='builtin.module(func.func(modular-order-loops))' | FileCheck %s

#column = affine_map<(j, i) -> (i, j)>
#sum = affine_map<(j, i) -> (j)>
#row = affine_map<(i, j) -> (i, j)>
#rowsum = affine_map<(i, j) -> (i)>

// CHECK-LABEL: func.func @columns
// CHECK: iterator_types = ["reduction", "parallel"]
func.func @columns(%x: memref<?x8xf32>, %y: memref<8xf32>) {
  linalg.generic {indexing_maps = [#column, #sum], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %v = arith.addf %s, %a : f32
    linalg.yield %v : f32
  }
  return
}

// A sum along a row already runs along it.
// CHECK-LABEL: func.func @rows
// CHECK: iterator_types = ["parallel", "reduction"]
func.func @rows(%x: memref<?x8xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [#row, #rowsum], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x8xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %v = arith.addf %s, %a : f32
    linalg.yield %v : f32
  }
  return
}
