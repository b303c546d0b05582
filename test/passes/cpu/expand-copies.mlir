// RUN: modc-opt %s --pass-pipeline="builtin.module(func.func(modular-expand-copies))" | FileCheck %s

// CHECK-LABEL: func.func @strided
// CHECK-SAME: %[[A:.*]]: memref<4xf32, strided<[8]>>, %[[B:.*]]: memref<4xf32>
// CHECK-NEXT: linalg.copy ins(%[[A]] : memref<4xf32, strided<[8]>>) outs(%[[B]] : memref<4xf32>)
// CHECK-NEXT: return
func.func @strided(%a: memref<4xf32, strided<[8]>>, %b: memref<4xf32>) {
  memref.copy %a, %b : memref<4xf32, strided<[8]>> to memref<4xf32>
  return
}

// memcpy does it better.
// CHECK-LABEL: func.func @plain
// CHECK-NEXT: memref.copy
// CHECK-NEXT: return
func.func @plain(%a: memref<?x2xf32>, %b: memref<?x2xf32>) {
  memref.copy %a, %b : memref<?x2xf32> to memref<?x2xf32>
  return
}

// CHECK-LABEL: func.func @self
// CHECK-NEXT: return
func.func @self(%a: memref<4xf32, strided<[8]>>) {
  memref.copy %a, %a : memref<4xf32, strided<[8]>> to memref<4xf32, strided<[8]>>
  return
}
