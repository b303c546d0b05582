// RUN: modc-opt %s --pass-pipeline='builtin.module(func.func(modular-vectorize-reductions))' | FileCheck %s

#id = affine_map<(i, k) -> (i, k)>
#row = affine_map<(i, k) -> (i)>

// 16 lanes, halves combined, then what fills no vector.
// CHECK-LABEL: func.func @squares
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x50xf32>, %{{.*}}: memref<?xf32>, %[[E:[a-z0-9]+]]: memref<?xf32>
// CHECK: scf.for %[[I:.*]] =
// CHECK: memref.load %[[E]][%[[I]]]
// CHECK: vector.load %{{.*}}[%[[I]], %{{.*}}] : memref<?x50xf32>, vector<16xf32>
// CHECK: scf.for %[[K:.*]] = %c16{{.*}} to %c48{{.*}} step %c16
// CHECK: vector.load %{{.*}}[%[[I]], %[[K]]]
// CHECK: arith.addf {{.*}} : vector<16xf32>
// CHECK: vector.shuffle {{.*}} : vector<16xf32>, vector<16xf32>
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<1xf32>
// CHECK: memref.load %[[Y]][%[[I]], %c48
// CHECK: memref.load %[[Y]][%[[I]], %c49
// CHECK: memref.store %{{.*}}, %[[E]][%[[I]]]
func.func @squares(%y: memref<?x50xf32>, %scale: memref<?xf32>, %e: memref<?xf32>) {
  linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%y, %scale : memref<?x50xf32>, memref<?xf32>) outs(%e : memref<?xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %d = arith.subf %a, %b : f32
    %q = arith.mulf %d, %d : f32
    %v = arith.addf %s, %q : f32
    linalg.yield %v : f32
  }
  return
}

// All elements: no loops outside.
// CHECK-LABEL: func.func @all
// CHECK-NOT: scf.for
// CHECK: vector.load %{{.*}} : memref<48xf32>, vector<16xf32>
// CHECK: arith.mulf {{.*}} fastmath<contract> : vector<16xf64>
// CHECK: scf.for {{.*}} = %c16{{.*}} to %c48{{.*}} step %c16
// CHECK: arith.addf {{.*}} fastmath<contract> : vector<16xf64>
// CHECK: memref.store %{{.*}}, %{{.*}}[] : memref<f64>
func.func @all(%g: memref<48xf32>, %e: memref<f64>) {
  linalg.generic {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%g : memref<48xf32>) outs(%e : memref<f64>) {
  ^bb0(%a: f32, %s: f64):
    %x = arith.extf %a : f32 to f64
    %q = arith.mulf %x, %x fastmath<contract> : f64
    %v = arith.addf %s, %q fastmath<contract> : f64
    linalg.yield %v : f64
  }
  return
}

// The larger of two, by comparison.
// Lanes start at the initial value, so that a NaN is passed over as one by one.
// CHECK-LABEL: func.func @largest
// CHECK: %[[FIRST:.*]] = memref.load
// CHECK: vector.broadcast %[[FIRST]] : f64 to vector<8xf64>
// CHECK: arith.cmpf ogt, {{.*}} : vector<4xf64>
// CHECK: arith.select {{.*}} : vector<4xi1>, vector<4xf64>
func.func @largest(%y: memref<?x10xf64>, %e: memref<?xf64>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%y : memref<?x10xf64>) outs(%e : memref<?xf64>) {
  ^bb0(%a: f64, %s: f64):
    %c = arith.cmpf ogt, %a, %s : f64
    %v = arith.select %c, %a, %s : f64
    linalg.yield %v : f64
  }
  return
}

// The number of the round is a number of each lane.
// CHECK-LABEL: func.func @first
// CHECK: scf.for
// CHECK: arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : vector<16xindex>
// CHECK: scf.for %[[K:.*]] = %c16{{.*}} to %c48
// CHECK: arith.cmpf oeq, {{.*}} : vector<16xf32>
// CHECK: arith.minsi {{.*}} : vector<16xi32>
// CHECK: arith.minsi {{.*}} : vector<8xi32>
// CHECK: arith.minsi {{.*}} : i32
func.func @first(%y: memref<?x50xf32>, %v: memref<?xf32>, %e: memref<?xi32>) {
  %none = arith.constant 50 : i32
  linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%y, %v : memref<?x50xf32>, memref<?xf32>) outs(%e : memref<?xi32>) {
  ^bb0(%a: f32, %b: f32, %s: i32):
    %k = linalg.index 1 : index
    %n = arith.index_cast %k : index to i32
    %c = arith.cmpf oeq, %a, %b : f32
    %i = arith.select %c, %n, %none : i32
    %m = arith.minsi %i, %s : i32
    linalg.yield %m : i32
  }
  return
}

// A row that a number chooses is read in lanes; the number, once.
// CHECK-LABEL: func.func @chosen
// CHECK-SAME: %[[Y:.*]]: memref<?x48xf32>, %[[N:.*]]: memref<?xi32>, %[[T:.*]]: memref<?x48xf32>
// CHECK: scf.for %[[R:.*]] = %c0{{.*}} to
// CHECK: scf.for %[[K:.*]] = %c16{{.*}} to %c48
// CHECK: vector.load %[[Y]][%[[R]], %[[K]]] : memref<?x48xf32>, vector<16xf32>
// CHECK: %[[AT:.*]] = memref.load %[[N]][%[[R]]]
// CHECK: %[[ROW:.*]] = arith.index_cast %[[AT]] : i32 to index
// CHECK: vector.load %[[T]][%[[ROW]], %[[K]]] : memref<?x48xf32>, vector<16xf32>
// CHECK: arith.addf {{.*}} : vector<16xf32>
func.func @chosen(%y: memref<?x48xf32>, %n: memref<?xi32>, %t: memref<?x48xf32>, %e: memref<?xf32>) {
  linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%y, %n : memref<?x48xf32>, memref<?xi32>) outs(%e : memref<?xf32>) {
  ^bb0(%a: f32, %i: i32, %s: f32):
    %k = linalg.index 1 : index
    %r = arith.index_cast %i : i32 to index
    %b = memref.load %t[%r, %k] : memref<?x48xf32>
    %d = arith.subf %a, %b : f32
    %q = arith.mulf %d, %d : f32
    %v = arith.addf %s, %q : f32
    linalg.yield %v : f32
  }
  return
}

// Rounds that depend on their order stay, as do short rows, numbers of columns
// that only the caller knows, bits, which are bytes in memory, and elements that
// a number of each round chooses or that stand in different rows.
// CHECK-LABEL: func.func @ordered
// CHECK-COUNT-6: linalg.generic
// CHECK-NOT: vector.
func.func @ordered(%y: memref<?x10xf32>, %short: memref<?x3xf32>, %unknown: memref<?x?xf32>, %bits: memref<?x10xi1>, %numbers: memref<?x10xi32>, %e: memref<?xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%y : memref<?x10xf32>) outs(%e : memref<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %v = arith.subf %a, %s : f32
    linalg.yield %v : f32
  }
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%short : memref<?x3xf32>) outs(%e : memref<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %v = arith.addf %a, %s : f32
    linalg.yield %v : f32
  }
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%unknown : memref<?x?xf32>) outs(%e : memref<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %v = arith.addf %a, %s : f32
    linalg.yield %v : f32
  }
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%bits : memref<?x10xi1>) outs(%e : memref<?xf32>) {
  ^bb0(%a: i1, %s: f32):
    %one = arith.uitofp %a : i1 to f32
    %v = arith.addf %s, %one : f32
    linalg.yield %v : f32
  }
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%numbers : memref<?x10xi32>) outs(%e : memref<?xf32>) {
  ^bb0(%i: i32, %s: f32):
    %r = linalg.index 0 : index
    %k = arith.index_cast %i : i32 to index
    %a = memref.load %y[%r, %k] : memref<?x10xf32>
    %v = arith.addf %s, %a : f32
    linalg.yield %v : f32
  }
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%numbers : memref<?x10xi32>) outs(%e : memref<?xf32>) {
  ^bb0(%i: i32, %s: f32):
    %r = arith.index_cast %i : i32 to index
    %k = linalg.index 1 : index
    %a = memref.load %y[%r, %k] : memref<?x10xf32>
    %v = arith.addf %s, %a : f32
    linalg.yield %v : f32
  }
  return
}
