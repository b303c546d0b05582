// RUN: modc-opt %s --pass-pipeline='builtin.module(func.func(modular-parallelize-rows))' | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// Blocks of 16 rows are work enough.
// CHECK-LABEL: func.func @wide
// CHECK: scf.parallel (%[[I:.*]]) = (%{{.*}}) to (%{{.*}}) step (%c16{{[_0-9]*}})
// CHECK: memref.subview %{{.*}}[%[[I]], 0]
// CHECK: linalg.generic
func.func @wide(%x: memref<?x1024xf32>, %y: memref<?x1024xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x1024xf32>) outs(%y : memref<?x1024xf32>) {
  ^bb0(%a: f32, %out: f32):
    %v = arith.mulf %a, %a : f32
    linalg.yield %v : f32
  }
  return
}

// A math function counts as more.
// CHECK-LABEL: func.func @math
// CHECK: scf.parallel {{.*}} step (%c61{{[_0-9]*}})
func.func @math(%x: memref<?x16xf32>, %y: memref<?x16xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x16xf32>) outs(%y : memref<?x16xf32>) {
  ^bb0(%a: f32, %out: f32):
    %v = math.exp %a : f32
    linalg.yield %v : f32
  }
  return
}

// Not where a batch would be one task, nor in a task, nor where all rows write
// one value.
// CHECK-LABEL: func.func @stays
// CHECK-COUNT-1: scf.parallel
// CHECK-NOT: scf.parallel
func.func @stays(%x: memref<?x16xf32>, %y: memref<?x16xf32>, %z: memref<1024xf32>, %w: memref<?x1024xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x16xf32>) outs(%y : memref<?x16xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  }
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%w : memref<?x1024xf32>) outs(%w : memref<?x1024xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = arith.mulf %a, %a : f32
      linalg.yield %v : f32
    }
    scf.reduce
  }
  linalg.generic {indexing_maps = [#id, #column], iterator_types = ["reduction", "parallel"]}
      ins(%w : memref<?x1024xf32>) outs(%z : memref<1024xf32>) {
  ^bb0(%a: f32, %s: f32):
    %v = arith.addf %a, %s : f32
    linalg.yield %v : f32
  }
  return
}
