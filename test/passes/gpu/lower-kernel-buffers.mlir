// RUN: modc-opt %s --pass-pipeline='builtin.module(gpu.module(modular-lower-kernel-buffers))' | FileCheck %s
// What comes out is run by modc-device-code-tests.

// CHECK: gpu.module
// CHECK-NOT: memref.global
gpu.module @kernels {
  memref.global "private" constant @choices : memref<2xi32> = dense<[5, 7]>
  memref.global "private" constant @square : memref<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]>

  // The example of the pass's description.
  // CHECK-LABEL: gpu.func @table(
  // CHECK-NOT: memref.get_global
  // CHECK: %[[I:.*]] = gpu.thread_id
  // CHECK: %[[SECOND:.*]] = arith.constant 7 : i32
  // CHECK: %[[FIRST:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : index
  // CHECK: %[[FIVE:.*]] = arith.constant 5 : i32
  // CHECK: %[[V:.*]] = arith.select %[[FIRST]], %[[FIVE]], %[[SECOND]] : i32
  // CHECK: memref.store %[[V]]
  gpu.func @table(%y: memref<2xi32>) kernel attributes {known_block_size = array<i32: 2, 1, 1>} {
    %table = memref.get_global @choices : memref<2xi32>
    %i = gpu.thread_id x
    %v = memref.load %table[%i] : memref<2xi32>
    memref.store %v, %y[%i] : memref<2xi32>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @copy(
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %{{.*}} step
  // CHECK-COUNT-3: arith.select {{.*}} : f32
  // CHECK: memref.store %{{.*}}, %{{.*}}[%[[I]], %[[J]]] : memref<2x2xf32, #gpu.address_space<private>>
  // CHECK-NOT: memref.copy
  gpu.func @copy() kernel attributes {known_block_size = array<i32: 2, 1, 1>} {
    %table = memref.get_global @square : memref<2x2xf32>
    %own = memref.alloca() : memref<2x2xf32, #gpu.address_space<private>>
    memref.copy %table, %own : memref<2x2xf32> to memref<2x2xf32, #gpu.address_space<private>>
    memref.copy %own, %own : memref<2x2xf32, #gpu.address_space<private>> to memref<2x2xf32, #gpu.address_space<private>>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @booleans(
  // CHECK: %[[OWN:.*]] = memref.alloca() : memref<4xi32, #gpu.address_space<private>>
  // CHECK: %[[WORD:.*]] = arith.extui %{{.*}} : i1 to i32
  // CHECK: memref.store %[[WORD]], %[[OWN]]
  // CHECK: %[[LOADED:.*]] = memref.load %[[OWN]]
  // CHECK: %[[AGAIN:.*]] = arith.trunci %[[LOADED]] : i32 to i1
  // CHECK: memref.store %[[AGAIN]], %{{.*}} : memref<4xi1>
  gpu.func @booleans(%y: memref<4xi1>) kernel attributes {known_block_size = array<i32: 4, 1, 1>} {
    %own = memref.alloca() : memref<4xi1, #gpu.address_space<private>>
    %i = gpu.thread_id x
    %c2 = arith.constant 2 : index
    %low = arith.cmpi ult, %i, %c2 : index
    memref.store %low, %own[%i] : memref<4xi1, #gpu.address_space<private>>
    %v = memref.load %own[%i] : memref<4xi1, #gpu.address_space<private>>
    memref.store %v, %y[%i] : memref<4xi1>
    gpu.return
  }
}
