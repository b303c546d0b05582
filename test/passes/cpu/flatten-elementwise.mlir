// RUN: modc-opt %s --pass-pipeline='builtin.module(func.func(modular-flatten-elementwise))' | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#none = affine_map<(i, j) -> ()>

// CHECK-LABEL: func.func @flat
// CHECK: %[[X:.*]] = memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [%{{.*}}], strides: [1] : memref<?x2xf32> to memref<?xf32>
// CHECK: %[[Y:.*]] = memref.reinterpret_cast
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel"]
// CHECK-SAME: ins(%[[X]], %{{.*}} : memref<?xf32>, f32) outs(%[[Y]]
func.func @flat(%x: memref<?x2xf32>, %s: f32, %y: memref<?x2xf32>) {
  linalg.generic {indexing_maps = [#id, #none, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : memref<?x2xf32>, f32) outs(%y : memref<?x2xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %v = arith.mulf %a, %b : f32
    linalg.yield %v : f32
  }
  return
}

// Whole rows from some row on have no gaps either.
// CHECK-LABEL: func.func @rows
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x2xf32, strided<[2, 1], offset: ?>>
// CHECK: %[[BASE:.*]], %[[OFFSET:.*]], %{{.*}}:2, %{{.*}}:2 = memref.extract_strided_metadata %[[X]]
// CHECK: memref.reinterpret_cast %[[BASE]] to offset: [%[[OFFSET]]], sizes: [%{{.*}}], strides: [1]
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel"]
func.func @rows(%x: memref<?x2xf32, strided<[2, 1], offset: ?>>, %y: memref<?x2xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x2xf32, strided<[2, 1], offset: ?>>) outs(%y : memref<?x2xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  }
  return
}

// A broadcast, a view with gaps and an op that reads its place stay.
// CHECK-LABEL: func.func @stay
// CHECK-NOT: reinterpret_cast
func.func @stay(%x: memref<?x2xf32>, %m: memref<?xf32>, %g: memref<?x2xf32, strided<[4, 1]>>, %n: memref<?x2xindex>) {
  linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m : memref<?xf32>) outs(%x : memref<?x2xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x2xf32>) outs(%g : memref<?x2xf32, strided<[4, 1]>>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]}
      outs(%n : memref<?x2xindex>) {
  ^bb0(%out: index):
    %i = linalg.index 1 : index
    linalg.yield %i : index
  }
  return
}
