// RUN: modc-opt %s --modular-merge-launches | FileCheck %s
// Which calls become one.

// The example of the pass's description: what both take, they take once.
// CHECK-LABEL: func.func @update(
// CHECK-SAME: %[[W:[^:]*]]: memref<100xf32> {{{[^}]*}}}, %[[B:[^:]*]]: memref<10xf32> {{{[^}]*}}}, %[[R:[^:]*]]: memref<1xf32>
// CHECK-NEXT: call @update.b.merged(%[[W]], %[[R]], %[[B]])
// CHECK-NEXT: return
func.func @update(%w: memref<100xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                  %b: memref<10xf32> {modular.name = "b", modular.offset = 448 : i64, modular.role = "parameter"},
                  %lr: memref<1xf32> {modular.name = "lr", modular.role = "input"}) {
  call @update.w(%w, %lr) : (memref<100xf32>, memref<1xf32>) -> ()
  call @update.b(%b, %lr) : (memref<10xf32>, memref<1xf32>) -> ()
  return
}

// What one writes, the other reads.
// CHECK-LABEL: func.func @chain(
// CHECK-NEXT: call @chain.first(
// CHECK-NEXT: call @chain.second(
// CHECK-NEXT: return
func.func @chain(%w: memref<100xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                 %b: memref<100xf32> {modular.name = "b", modular.offset = 448 : i64, modular.role = "parameter"}) {
  call @chain.first(%w, %b) : (memref<100xf32>, memref<100xf32>) -> ()
  call @chain.second(%b, %w) : (memref<100xf32>, memref<100xf32>) -> ()
  return
}

// Whole groups take one branch: the second launch starts at a multiple of 64.
// CHECK-LABEL: func.func private @update.b.merged(
// CHECK-SAME: %[[W:[^:]*]]: memref<100xf32>, %[[R:[^:]*]]: memref<1xf32>, %[[B:[^:]*]]: memref<10xf32>) attributes {modular.invocations = array<i64: 192, -1>}
// CHECK: scf.forall (%[[ID:.*]]) in (192)
// CHECK: %[[FIRST:.*]] = arith.cmpi ult, %[[ID]], %c128
// CHECK: scf.if %[[FIRST]] {
// CHECK: arith.cmpi ult, %[[ID]], %c100
// CHECK: memref.store %{{.*}}, %[[W]][%[[ID]]]
// CHECK: } else {
// CHECK: %[[SECOND:.*]] = arith.subi %[[ID]], %c128
// CHECK: arith.cmpi ult, %[[SECOND]], %c10
// CHECK: memref.store %{{.*}}, %[[B]][%[[SECOND]]]
// CHECK: } {modular.by_groups}
func.func private @update.w(%w: memref<100xf32>, %lr: memref<1xf32>) attributes {modular.invocations = array<i64: 100, -1>} {
  %c0 = arith.constant 0 : index
  scf.forall (%i) in (100) {
    %r = memref.load %lr[%c0] : memref<1xf32>
    memref.store %r, %w[%i] : memref<100xf32>
  }
  return
}
func.func private @update.b(%w: memref<10xf32>, %lr: memref<1xf32>) attributes {modular.invocations = array<i64: 10, -1>} {
  %c0 = arith.constant 0 : index
  scf.forall (%i) in (10) {
    %r = memref.load %lr[%c0] : memref<1xf32>
    memref.store %r, %w[%i] : memref<10xf32>
  }
  return
}
func.func private @chain.first(%w: memref<100xf32>, %b: memref<100xf32>) attributes {modular.invocations = array<i64: 100, -1>} {
  scf.forall (%i) in (100) {
    %r = memref.load %b[%i] : memref<100xf32>
    memref.store %r, %w[%i] : memref<100xf32>
  }
  return
}
func.func private @chain.second(%w: memref<100xf32>, %b: memref<100xf32>) attributes {modular.invocations = array<i64: 100, -1>} {
  scf.forall (%i) in (100) {
    %r = memref.load %b[%i] : memref<100xf32>
    memref.store %r, %w[%i] : memref<100xf32>
  }
  return
}
