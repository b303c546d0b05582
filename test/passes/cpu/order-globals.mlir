// RUN: modc-opt %s --modular-order-globals | FileCheck %s

// CHECK: memref.global "private" constant @constant0 : memref<1xi32> = dense<7>
// CHECK-NEXT: memref.global "private" constant @constant1 : memref<2xi32> = dense<[1, 2]>
// CHECK-NEXT: memref.global "private" constant @constant2 : memref<1xi32> = dense<5>
memref.global "private" constant @__constant_1xi32_0 : memref<1xi32> = dense<5>
memref.global "private" constant @__constant_2xi32 : memref<2xi32> = dense<[1, 2]>
memref.global "private" constant @constant0 : memref<1xi32> = dense<7>

// CHECK-LABEL: func.func @f
// CHECK-NEXT: memref.get_global @constant0
// CHECK-NEXT: memref.get_global @constant1
// CHECK-NEXT: memref.get_global @constant0
func.func @f() {
  %0 = memref.get_global @constant0 : memref<1xi32>
  %1 = memref.get_global @__constant_2xi32 : memref<2xi32>
  %2 = memref.get_global @constant0 : memref<1xi32>
  return
}

// CHECK-LABEL: func.func @g
// CHECK-NEXT: memref.get_global @constant2
func.func @g() {
  %0 = memref.get_global @__constant_1xi32_0 : memref<1xi32>
  return
}
