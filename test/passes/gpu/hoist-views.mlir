// RUN: modc-opt %s --pass-pipeline='builtin.module(func.func(modular-hoist-views,canonicalize))' | FileCheck %s

!view = memref<1x4xf32, strided<[4, 1], offset: ?>>

// The example of the pass's description.
// CHECK-LABEL: func.func @agree(
// CHECK-SAME: %[[C:[^:]*]]: i1, %[[Y:[^:]*]]: memref<?x4xf32>, %[[I:[^:]*]]: index
// CHECK: %[[V:.*]] = memref.subview %[[Y]][%[[I]], 0] [1, 4] [1, 1]
// CHECK-NEXT: scf.if %[[C]] {
// CHECK: }
// CHECK-NEXT: memref.store %{{.*}}, %[[V]]
func.func @agree(%c: i1, %y: memref<?x4xf32>, %i: index) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %v = scf.if %c -> (!view) {
    %a = memref.subview %y[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
    memref.store %zero, %a[%c0, %c0] : !view
    scf.yield %a : !view
  } else {
    %b = memref.subview %y[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
    scf.yield %b : !view
  }
  memref.store %one, %v[%c0, %c0] : !view
  return
}

// More than two classes: branches of branches.
// CHECK-LABEL: func.func @nested(
// CHECK: %[[V:.*]] = memref.subview %{{.*}}[%{{.*}}, 0] [1, 4] [1, 1]
// CHECK-NOT: scf.if {{.*}} -> (memref
// CHECK: memref.store %{{.*}}, %[[V]]
func.func @nested(%c: i1, %d: i1, %y: memref<?x4xf32>, %i: index) {
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %v = scf.if %c -> (!view) {
    %a = memref.subview %y[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
    scf.yield %a : !view
  } else {
    %w = scf.if %d -> (!view) {
      %a = memref.subview %y[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
      scf.yield %a : !view
    } else {
      %b = memref.subview %y[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
      scf.yield %b : !view
    }
    scf.yield %w : !view
  }
  memref.store %one, %v[%c0, %c0] : !view
  return
}

// A buffer of before the branch is what it is.
// CHECK-LABEL: func.func @buffer(
// CHECK: %[[T:.*]] = memref.alloc() : memref<4xf32>
// CHECK: scf.if %{{[^ ]*}} {
// CHECK: memref.copy %[[T]],
func.func @buffer(%c: i1, %y: memref<4xf32>) {
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %t = memref.alloc() : memref<4xf32>
  %v = scf.if %c -> (memref<4xf32>) {
    memref.store %one, %t[%c0] : memref<4xf32>
    scf.yield %t : memref<4xf32>
  } else {
    scf.yield %t : memref<4xf32>
  }
  memref.copy %v, %y : memref<4xf32> to memref<4xf32>
  return
}

// Views of other places stay, and so does a view of a place that is not known
// before the branch.
// CHECK-LABEL: func.func @other_places(
// CHECK-NOT: memref.subview
// CHECK: %[[V:.*]] = scf.if %{{.*}} -> (memref<1x4xf32
// CHECK: memref.store %{{.*}}, %[[V]]
func.func @other_places(%c: i1, %y: memref<?x4xf32>, %i: index, %j: index) {
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %v = scf.if %c -> (!view) {
    memref.store %one, %y[%i, %c0] : memref<?x4xf32>
    %a = memref.subview %y[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
    scf.yield %a : !view
  } else {
    %b = memref.subview %y[%j, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
    scf.yield %b : !view
  }
  memref.store %one, %v[%c0, %c0] : !view
  return
}

// CHECK-LABEL: func.func @unknown_place(
// CHECK-NOT: memref.subview
// CHECK: %[[V:.*]] = scf.if %{{.*}} -> (memref<1x4xf32
// CHECK: memref.store %{{.*}}, %[[V]]
func.func @unknown_place(%c: i1, %y: memref<?x4xf32>, %p: memref<1xindex>) {
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %v = scf.if %c -> (!view) {
    %i = memref.load %p[%c0] : memref<1xindex>
    %a = memref.subview %y[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
    scf.yield %a : !view
  } else {
    %j = memref.load %p[%c0] : memref<1xindex>
    %b = memref.subview %y[%j, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
    scf.yield %b : !view
  }
  memref.store %one, %v[%c0, %c0] : !view
  return
}

// Two allocations are two places, and stay apart.
// CHECK-LABEL: func.func @two_buffers(
// CHECK: %[[V:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : memref<4xf32>
// CHECK: memref.store %{{.*}}, %[[V]]
func.func @two_buffers(%c: i1) {
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %a = memref.alloc() : memref<4xf32>
  %b = memref.alloc() : memref<4xf32>
  %v = scf.if %c -> (memref<4xf32>) {
    scf.yield %a : memref<4xf32>
  } else {
    scf.yield %b : memref<4xf32>
  }
  memref.store %one, %v[%c0] : memref<4xf32>
  return
}

// A branch with a buffer of its own: both copy what they yield to one place.
// CHECK-LABEL: func.func @different(
// CHECK: %[[T:.*]] = memref.alloc() : memref<4xf32>
// CHECK: memref.store %{{.*}}, %[[T]]
// CHECK: %[[S:.*]] = memref.alloc() : memref<4xf32>
// CHECK: scf.if %{{[^ ]*}} {
// CHECK: %[[A:.*]] = memref.alloc() : memref<4xf32>
// CHECK: memref.copy %[[A]], %[[S]]
// CHECK: } else {
// CHECK: memref.copy %[[T]], %[[S]]
// CHECK: }
// CHECK: memref.copy %[[S]], %{{.*}}
func.func @different(%c: i1, %y: memref<4xf32>) {
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %t = memref.alloc() : memref<4xf32>
  memref.store %one, %t[%c0] : memref<4xf32>
  %v = scf.if %c -> (memref<4xf32>) {
    %a = memref.alloc() : memref<4xf32>
    memref.store %one, %a[%c0] : memref<4xf32>
    scf.yield %a : memref<4xf32>
  } else {
    scf.yield %t : memref<4xf32>
  }
  memref.copy %v, %y : memref<4xf32> to memref<4xf32>
  return
}

// Views of two places that are only read: a copy of the one that counts. So it is
// with undefined results of a class, which are one place to bufferization.
// CHECK-LABEL: func.func @only_read(
// CHECK: %[[S:.*]] = memref.alloc() : memref<1x4xf32>
// CHECK: scf.if %{{[^ ]*}} {
// CHECK: %[[A:.*]] = memref.subview %arg1
// CHECK: memref.copy %[[A]], %[[S]]
// CHECK: } else {
// CHECK: %[[B:.*]] = memref.subview %arg2
// CHECK: memref.copy %[[B]], %[[S]]
// CHECK: }
// CHECK: memref.copy %[[S]],
func.func @only_read(%c: i1, %y: memref<?x4xf32>, %z: memref<?x4xf32>, %i: index) {
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %v = scf.if %c -> (!view) {
    %a = memref.subview %y[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
    memref.store %one, %a[%c0, %c0] : !view
    scf.yield %a : !view
  } else {
    %b = memref.subview %z[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
    scf.yield %b : !view
  }
  %w = memref.subview %y[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to !view
  memref.copy %v, %w : !view to !view
  return
}
