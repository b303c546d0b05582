// RUN: modc-opt %s --modular-outline-loops | FileCheck %s

// The pointers of x and y, which are different buffers, cannot overlap.
// CHECK-LABEL: func.func @scale
// CHECK: call @scale.loop
// CHECK-NOT: scf.for
// CHECK: func.func private @scale.loop(%{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: i64, %{{.*}}: f32, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: i64, %{{.*}}: i64)
// CHECK-SAME: passthrough = ["noinline"]
// CHECK: scf.for
// CHECK: memref.store
func.func @scale(%x: memref<?xf32>, %y: memref<?xf32>, %s: f32, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %x[%i] : memref<?xf32>
    %w = arith.mulf %v, %s : f32
    memref.store %w, %y[%i] : memref<?xf32>
  }
  return
}

// A loop with a result stays, the one inside of it does not.
// CHECK-LABEL: func.func @nested
// CHECK: scf.for
// CHECK: call @nested.loop
// CHECK-NOT: scf.for
// CHECK: return
func.func @nested(%x: memref<4x4xf32>) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %c0) -> index {
    scf.for %j = %c0 to %c4 step %c1 {
      memref.store %zero, %x[%i, %j] : memref<4x4xf32>
    }
    %b = arith.addi %a, %i : index
    scf.yield %b : index
  }
  return %r : index
}

// What starts tasks needs the call, and stays.
// CHECK-LABEL: func.func @tasks
// CHECK: scf.for
// CHECK: llvm.call
llvm.func @task(!llvm.ptr)
func.func @tasks(%context: !llvm.ptr, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    llvm.call @task(%context) : (!llvm.ptr) -> ()
  }
  return
}

// The name of a location, for profilers.
// CHECK-LABEL: func.func @named
// CHECK: call @named.head.relu(
// CHECK: call @named.head.relu.1(
func.func @named(%x: memref<?xf32>, %n: index, %f: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    memref.store %f, %x[%i] : memref<?xf32>
  } loc("head.relu"("net.mlir":7:3))
  scf.for %i = %c0 to %n step %c1 {
    memref.store %f, %x[%c0] : memref<?xf32>
  } loc("head.relu"("net.mlir":7:3))
  return
}
