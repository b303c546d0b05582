// RUN: modc-opt %s --pass-pipeline="builtin.module(func.func(modular-drop-results))" | FileCheck %s

// A result that is an argument goes, also behind a cast.
// CHECK-LABEL: func.func @argument(%{{.*}}: memref<4xf32>, %{{.*}}: memref<?xf32>) {
// CHECK: return{{$}}
func.func @argument(%a: memref<4xf32>, %b: memref<?xf32>) -> (memref<4xf32>, memref<4xf32>) {
  %c = memref.cast %b : memref<?xf32> to memref<4xf32>
  return %a, %c : memref<4xf32>, memref<4xf32>
}

// What the function makes stays, in its order.
// CHECK-LABEL: func.func @made(%{{.*}}: memref<4xf32>) -> (f32, memref<4xf32>) {
// CHECK: %[[V:.*]] = memref.load
// CHECK: %[[M:.*]] = memref.alloc()
// CHECK: return %[[V]], %[[M]] : f32, memref<4xf32>
func.func @made(%a: memref<4xf32>) -> (f32, memref<4xf32>, memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %a[%c0] : memref<4xf32>
  %m = memref.alloc() : memref<4xf32>
  return %v, %a, %m : f32, memref<4xf32>, memref<4xf32>
}
