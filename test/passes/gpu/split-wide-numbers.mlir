// RUN: modc-opt %s --pass-pipeline='builtin.module(gpu.module(modular-split-wide-numbers,canonicalize,cse))' | FileCheck %s
// What comes out is run by modc-device-code-tests.

gpu.module @kernels {
  // The example of the pass's description.
  // CHECK-LABEL: gpu.func @count(
  // CHECK-SAME: %[[STEPS:[^:]*]]: memref<?xvector<2xi32>, #gpu.address_space<global>>
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i32
  // CHECK: %[[N:.*]] = memref.load %[[STEPS]][%{{.*}}] : memref<?xvector<2xi32>, #gpu.address_space<global>>
  // CHECK: %[[LOW:.*]] = vector.extract %[[N]][0] : i32
  // CHECK: %[[HIGH:.*]] = vector.extract %[[N]][1] : i32
  // CHECK: %[[SUM:.*]], %[[CARRY:.*]] = arith.addui_extended %[[LOW]], %[[ONE]] : i32, i1
  // CHECK: %[[C:.*]] = arith.extui %[[CARRY]] : i1 to i32
  // CHECK: %[[UP:.*]] = arith.addi %[[C]], %[[HIGH]] : i32
  // CHECK: %[[NEXT:.*]] = vector.from_elements %[[SUM]], %[[UP]] : vector<2xi32>
  // CHECK: memref.store %[[NEXT]], %[[STEPS]]
  gpu.func @count(%steps: memref<?xi64, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %i = gpu.thread_id x
    %one = arith.constant 1 : i64
    %n = memref.load %steps[%i] : memref<?xi64, #gpu.address_space<global>>
    %next = arith.addi %n, %one : i64
    memref.store %next, %steps[%i] : memref<?xi64, #gpu.address_space<global>>
    gpu.return
  }

  // Philox takes the low word of a point.
  // CHECK-LABEL: gpu.func @truncate(
  // CHECK: %[[P:.*]] = memref.load
  // CHECK: %[[W:.*]] = vector.extract %[[P]][0] : i32
  // CHECK: memref.store %[[W]]
  gpu.func @truncate(%points: memref<?xi64>, %y: memref<?xi32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %i = gpu.thread_id x
    %n = memref.load %points[%i] : memref<?xi64>
    %w = arith.trunci %n : i64 to i32
    memref.store %w, %y[%i] : memref<?xi32>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @carried(
  // CHECK: memref.alloca() : memref<4xvector<2xi32>, #gpu.address_space<private>>
  // CHECK: scf.for {{.*}} -> (vector<2xi32>)
  // CHECK-NOT: i64
  gpu.func @carried(%x: memref<?xi64>, %n: memref<1xi32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %own = memref.alloca() : memref<4xi64, #gpu.address_space<private>>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0 : i64
    %word = memref.load %n[%c0] : memref<1xi32>
    %end = arith.index_cast %word : i32 to index
    %sum = scf.for %i = %c0 to %end step %c1 iter_args(%s = %zero) -> (i64) {
      %v = memref.load %x[%i] : memref<?xi64>
      %before = memref.load %own[%i] : memref<4xi64, #gpu.address_space<private>>
      memref.store %v, %own[%i] : memref<4xi64, #gpu.address_space<private>>
      %next = arith.addi %s, %before : i64
      scf.yield %next : i64
    }
    memref.store %sum, %x[%c0] : memref<?xi64>
    gpu.return
  }

  // Shared buffers beside wide arguments.
  // CHECK-LABEL: gpu.func @shared(
  // CHECK-SAME: memref<?xvector<2xi32>>) workgroup(%{{.*}}: memref<8xvector<2xi32>, #gpu.address_space<workgroup>>)
  gpu.func @shared(%x: memref<?xi64>) workgroup(%s: memref<8xi64, #gpu.address_space<workgroup>>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %v = memref.load %x[%c0] : memref<?xi64>
    memref.store %v, %s[%c0] : memref<8xi64, #gpu.address_space<workgroup>>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @norm(
  // CHECK-SAME: memref<1xvector<2xi32>>
  // CHECK: %[[WORD:.*]] = arith.bitcast %{{.*}} : f32 to i32
  // CHECK: arith.shrui %[[WORD]],
  gpu.func @norm(%y: memref<1xf64>, %x: memref<1xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %x[%c0] : memref<1xf32>
    %d = arith.extf %a : f32 to f64
    memref.store %d, %y[%c0] : memref<1xf64>
    gpu.return
  }

  // Nothing to do.
  // CHECK-LABEL: gpu.func @words(%{{.*}}: memref<1xi32>)
  gpu.func @words(%y: memref<1xi32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    gpu.return
  }
}
