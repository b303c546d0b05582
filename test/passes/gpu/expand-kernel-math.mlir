// RUN: modc-opt %s --pass-pipeline='builtin.module(gpu.module(modular-expand-kernel-math))' | FileCheck %s
// RUN: modc-opt %s --pass-pipeline='builtin.module(gpu.module(modular-expand-kernel-math))' | FileCheck %s --check-prefix=NONE
// What comes out is run by modc-device-code-tests.

// No f64, no i64 and no other function is left.
// NONE-NOT: f64
// NONE-NOT: i64
// NONE-NOT: math.{{exp|tanh|powf|sin|ceil}}

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @exp(
  // CHECK: %[[X:.*]] = memref.load
  // CHECK: %[[LOW:.*]] = arith.cmpf olt, %[[X]],
  // CHECK: %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
  // CHECK: arith.mulf %{{.*}}, %[[LOG2E]] : f32
  // CHECK: arith.shrsi
  // CHECK-COUNT-2: arith.mulf %{{.*}}, %{{.*}} : f32
  // CHECK-NEXT: memref.store
  gpu.func @exp(%x: memref<1xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %x[%c0] : memref<1xf32>
    %e = math.exp %a : f32
    memref.store %e, %x[%c0] : memref<1xf32>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @vectors(
  // CHECK: arith.constant dense<{{.*}}> : vector<4xf32>
  // CHECK: arith.bitcast %{{.*}} : vector<4xf32> to vector<4xi32>
  gpu.func @vectors(%x: memref<1xvector<4xf32>>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %x[%c0] : memref<1xvector<4xf32>>
    %t = math.tanh %a : vector<4xf32>
    %p = math.powf %t, %a : vector<4xf32>
    %s = math.sin %p : vector<4xf32>
    %c = math.ceil %s : vector<4xf32>
    memref.store %c, %x[%c0] : memref<1xvector<4xf32>>
    gpu.return
  }

  // What devices have stays.
  // CHECK-LABEL: gpu.func @exact(
  // CHECK: math.sqrt
  // CHECK: math.floor
  // CHECK: math.absf
  // CHECK: math.fma
  gpu.func @exact(%x: memref<1xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %x[%c0] : memref<1xf32>
    %b = math.sqrt %a : f32
    %c = math.floor %b : f32
    %d = math.absf %c : f32
    %e = math.fma %a, %b, %d : f32
    memref.store %e, %x[%c0] : memref<1xf32>
    gpu.return
  }
}
