// RUN: modc-opt %s --modular-lower-copies | FileCheck %s

// CHECK-LABEL: func.func @strided
// CHECK: scf.for %[[I:.*]] =
// CHECK: scf.for %[[J:.*]] =
// CHECK: %[[V:.*]] = memref.load %{{.*}}[%[[I]], %[[J]]]
// CHECK: memref.store %[[V]], %{{.*}}[%[[I]], %[[J]]]
// CHECK-NOT: memref.copy
func.func @strided(%a: memref<4x2xf32, strided<[8, 1]>>, %b: memref<4x2xf32>) {
  memref.copy %a, %b : memref<4x2xf32, strided<[8, 1]>> to memref<4x2xf32>
  return
}

// memcpy does it better.
// CHECK-LABEL: func.func @contiguous
// CHECK: memref.copy
// CHECK-NOT: scf.for
func.func @contiguous(%a: memref<?x2xf32>, %b: memref<?x2xf32>) {
  memref.copy %a, %b : memref<?x2xf32> to memref<?x2xf32>
  return
}

// CHECK-LABEL: func.func @self
// CHECK-NEXT: return
func.func @self(%a: memref<4xf32, strided<[8]>>) {
  memref.copy %a, %a : memref<4xf32, strided<[8]>> to memref<4xf32, strided<[8]>>
  return
}

// Rows that no kernel has laid.
// CHECK-LABEL: func.func @scatter
// CHECK: scf.for %[[I:.*]] =
// CHECK: scf.for %[[J:.*]] =
// CHECK: %[[V:.*]] = memref.load %{{.*}}[%[[I]], %[[J]]]
// CHECK: %[[ROW:.*]] = memref.load %{{.*}}[%[[I]]] : memref<?xi32>
// CHECK: %[[R:.*]] = arith.index_cast %[[ROW]]
// CHECK: memref.store %[[V]], %{{.*}}[%[[R]], %[[J]]]
// CHECK-NOT: modular.scatter_rows
func.func @scatter(%a: memref<?x2xf32>, %b: memref<?x2xf32>, %rows: memref<?xi32>) {
  modular.scatter_rows %a into %b at %rows : memref<?x2xf32> into memref<?x2xf32>, memref<?xi32>
  return
}
