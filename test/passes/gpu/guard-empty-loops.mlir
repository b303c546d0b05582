// RUN: modc-opt %s --pass-pipeline='builtin.module(gpu.module(modular-guard-empty-loops))' | FileCheck %s

gpu.module @kernels {
  // The example of the pass's description.
  // CHECK-LABEL: gpu.func @scalar
  // CHECK-SAME: %[[LO:.*]]: index, %[[HI:.*]]: index
  gpu.func @scalar(%lo: index, %hi: index, %y: memref<1xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    // CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32
    // CHECK: %[[LAST:.*]] = scf.for
    %sum = scf.for %i = %lo to %hi step %c1 iter_args(%s = %zero) -> (f32) {
      %t = arith.addf %s, %one : f32
      scf.yield %t : f32
    }
    // CHECK: %[[RUNS:.*]] = arith.cmpi slt, %[[LO]], %[[HI]] : index
    // CHECK-NEXT: %[[SUM:.*]] = arith.select %[[RUNS]], %[[LAST]], %[[ZERO]] : f32
    // CHECK: memref.store %[[SUM]]
    memref.store %sum, %y[%c0] : memref<1xf32>
    gpu.return
  }

  // Vectors are selected by vectors.
  // CHECK-LABEL: gpu.func @vector
  gpu.func @vector(%lo: index, %hi: index, %start: vector<4xf32>, %y: memref<1xvector<4xf32>>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    // CHECK: %[[LAST:.*]]:2 = scf.for
    %sum:2 = scf.for %i = %lo to %hi step %c1 iter_args(%s = %start, %k = %c0) -> (vector<4xf32>, index) {
      %t = arith.addf %s, %s : vector<4xf32>
      scf.yield %t, %i : vector<4xf32>, index
    }
    // CHECK: %[[RUNS:.*]] = arith.cmpi slt
    // CHECK-NEXT: %[[LANES:.*]] = vector.broadcast %[[RUNS]] : i1 to vector<4xi1>
    // CHECK-NEXT: %[[V:.*]] = arith.select %[[LANES]], %[[LAST]]#0, %{{.*}} : vector<4xi1>, vector<4xf32>
    // CHECK-NEXT: %[[K:.*]] = arith.select %[[RUNS]], %[[LAST]]#1, %{{.*}} : index
    // CHECK: memref.store %[[V]], %{{.*}}[%[[K]]]
    memref.store %sum#0, %y[%sum#1] : memref<1xvector<4xf32>>
    gpu.return
  }

  // Bounds are compared as the loop compares them.
  // CHECK-LABEL: gpu.func @unsigned
  gpu.func @unsigned(%lo: i32, %hi: i32, %y: memref<1xi32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    %last = scf.for unsigned %i = %lo to %hi step %c1 iter_args(%s = %c1) -> (i32) : i32 {
      scf.yield %i : i32
    }
    // CHECK: arith.cmpi ult
    memref.store %last, %y[%c0] : memref<1xi32>
    gpu.return
  }

  // One guard a loop, the inner one inside.
  // CHECK-LABEL: gpu.func @nested
  gpu.func @nested(%n: index, %y: memref<1xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1.0 : f32
    // CHECK: %[[OUTER:.*]] = scf.for
    %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %one) -> (f32) {
      // CHECK: %[[INNER:.*]] = scf.for
      %t = scf.for %j = %c0 to %i step %c1 iter_args(%r = %s) -> (f32) {
        %u = arith.addf %r, %one : f32
        scf.yield %u : f32
      }
      // CHECK: %[[GUARDED:.*]] = arith.select %{{.*}}, %[[INNER]]
      // CHECK: scf.yield %[[GUARDED]]
      scf.yield %t : f32
    }
    // CHECK: arith.select %{{.*}}, %[[OUTER]]
    memref.store %sum, %y[%c0] : memref<1xf32>
    gpu.return
  }

  // Nothing to guard: rounds for sure, or no result.
  // CHECK-LABEL: gpu.func @sure
  // CHECK-NOT: arith.select
  gpu.func @sure(%n: index, %y: memref<8xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %one = arith.constant 1.0 : f32
    %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%s = %one) -> (f32) {
      %t = arith.addf %s, %one : f32
      scf.yield %t : f32
    }
    scf.for %i = %c0 to %n step %c1 {
      memref.store %sum, %y[%i] : memref<8xf32>
    }
    gpu.return
  }

  // CHECK-LABEL: gpu.func @never
  gpu.func @never(%y: memref<1xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1.0 : f32
    %last = scf.for %i = %c1 to %c1 step %c1 iter_args(%s = %one) -> (f32) {
      %t = arith.addf %s, %one : f32
      scf.yield %t : f32
    }
    // CHECK: arith.select
    memref.store %last, %y[%c0] : memref<1xf32>
    gpu.return
  }
}
