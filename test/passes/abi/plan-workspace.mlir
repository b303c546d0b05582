// RUN: modc-opt %s --modular-plan-workspace --canonicalize --cse | FileCheck %s

// A temporary whose last use lies before another's first gives it its memory.
// CHECK-LABEL: func.func @reuse
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<?xi8> {modular.role = "workspace"}
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[B:.*]] = arith.constant 64 : index
// CHECK: %[[FIRST:.*]] = memref.view %[[W]][%[[ZERO]]][] : memref<?xi8> to memref<8xf32>
// CHECK: %[[SECOND:.*]] = memref.view %[[W]][%[[B]]][] : memref<?xi8> to memref<8xf32>
// CHECK: memref.copy %[[SECOND]], %[[FIRST]]
// CHECK-NOT: memref.dealloc
// CHECK-LABEL: func.func private @reuse_workspace
// CHECK: %[[TOTAL:.*]] = arith.constant 128 : i64
// CHECK: return %[[TOTAL]]
func.func @reuse(%x: memref<8xf32> {modular.role = "output", modular.name = "x"}) {
  %a = memref.alloc() : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  memref.copy %x, %a : memref<8xf32> to memref<8xf32>
  memref.copy %a, %b : memref<8xf32> to memref<8xf32>
  memref.dealloc %a : memref<8xf32>
  %c = memref.alloc() : memref<8xf32>
  memref.copy %b, %c : memref<8xf32> to memref<8xf32>
  memref.copy %c, %x : memref<8xf32> to memref<8xf32>
  memref.dealloc %b : memref<8xf32>
  memref.dealloc %c : memref<8xf32>
  return
}

// A use through a view keeps a temporary alive.
// CHECK-LABEL: func.func @views
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[NEXT:.*]] = arith.constant 64 : index
// CHECK: memref.view %{{.*}}[%[[ZERO]]][]
// CHECK: memref.view %{{.*}}[%[[NEXT]]][]
func.func @views(%x: memref<8xf32> {modular.role = "output", modular.name = "x"}) {
  %a = memref.alloc() : memref<8xf32>
  memref.copy %x, %a : memref<8xf32> to memref<8xf32>
  %v = memref.subview %a[0] [8] [1] : memref<8xf32> to memref<8xf32, strided<[1]>>
  %b = memref.alloc() : memref<8xf32>
  memref.copy %x, %b : memref<8xf32> to memref<8xf32>
  memref.copy %v, %x : memref<8xf32, strided<[1]>> to memref<8xf32>
  memref.copy %b, %x : memref<8xf32> to memref<8xf32>
  return
}

// Each worker has its own copy; a size from a loop is bounded by the minimum.
// CHECK-LABEL: func.func @workers
// CHECK-SAME: %[[N:[a-z0-9]+]]: index {modular.name = "N"
// CHECK: scf.parallel
// CHECK: %[[WORKER:.*]] = func.call @modc_worker() : () -> i64
// CHECK: %[[BASE:.*]] = arith.muli %[[WORKER]], %{{.*}} : i64
// CHECK: memref.view
// CHECK-LABEL: func.func private @workers_workspace
// CHECK-SAME: %[[POINTS:[a-z0-9]+]]: i64, %{{.*}}: i64, %[[WORKERS:[a-z0-9]+]]: i64
// CHECK: arith.minsi %[[POINTS]], %{{.*}} : i64
// CHECK: "llvm.intr.smul.with.overflow"(%{{.*}}, %[[WORKERS]])
// CHECK: arith.select %{{.*}}, %c-1_i64, %{{.*}} : i64
func.func @workers(%n: index {modular.role = "size", modular.name = "N"},
                   %x: memref<?xf32> {modular.role = "output", modular.name = "x", modular.rows = "N"}) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c8) {
    %left = arith.subi %n, %i : index
    %rows = arith.minsi %left, %c8 : index
    %a = memref.alloc(%rows) : memref<?xf32>
    %v = memref.load %x[%i] : memref<?xf32>
    memref.store %v, %a[%c0] : memref<?xf32>
    %u = memref.load %a[%c0] : memref<?xf32>
    memref.store %u, %x[%i] : memref<?xf32>
    scf.reduce
  }
  return
}

// Rows of candidates count S times N.
// CHECK-LABEL: func.func private @candidates_workspace
// CHECK-SAME: %[[POINTS:[a-z0-9]+]]: i64, %[[CANDIDATES:[a-z0-9]+]]: i64
// CHECK: "llvm.intr.smul.with.overflow"(%[[CANDIDATES]], %[[POINTS]])
func.func @candidates(%x: memref<?x3xf32> {modular.role = "output", modular.name = "x", modular.rows = "S*N"}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x3xf32>
  %a = memref.alloc(%rows) : memref<?x3xf32>
  memref.copy %x, %a : memref<?x3xf32> to memref<?x3xf32>
  memref.copy %a, %x : memref<?x3xf32> to memref<?x3xf32>
  return
}

// What a loop carries has a place in front of it.
// CHECK-LABEL: func.func @carried
// CHECK: %[[INIT:.*]] = memref.view
// CHECK: %[[PLACE:.*]] = memref.view
// CHECK: memref.copy %[[INIT]], %[[PLACE]]
// CHECK: scf.for
// The next value takes the memory of the first, which is of no use any more.
// CHECK-NEXT: memref.copy %[[PLACE]], %[[INIT]]
// CHECK-NEXT: memref.copy %[[INIT]], %[[PLACE]]
// CHECK-NOT: scf.yield %
// CHECK: memref.copy %[[PLACE]], %{{.*}} : memref<4xf32> to memref<4xf32>
// CHECK-NEXT: return
func.func @carried(%n: index {modular.role = "size", modular.name = "N"},
                   %y: memref<4xf32> {modular.role = "output", modular.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<4xf32>
  memref.copy %y, %a : memref<4xf32> to memref<4xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%m = %a) -> memref<4xf32> {
    %b = memref.alloc() : memref<4xf32>
    memref.copy %m, %b : memref<4xf32> to memref<4xf32>
    scf.yield %b : memref<4xf32>
  }
  memref.copy %r, %y : memref<4xf32> to memref<4xf32>
  return
}

// A buffer that a loop carries has the size of the one that it starts from, in
// the loop and behind it.
// CHECK-LABEL: func.func @carried_rows
// CHECK-NOT: memref.alloc
// CHECK-LABEL: func.func private @carried_rows_workspace
func.func @carried_rows(%x: memref<?x3xf32> {modular.role = "output", modular.name = "x", modular.rows = "N"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %n = memref.dim %x, %c0 : memref<?x3xf32>
  %first = memref.alloc(%n) : memref<?x3xf32>
  %last = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %first) -> (memref<?x3xf32>) {
    %rows = memref.dim %h, %c0 : memref<?x3xf32>
    %next = memref.alloc(%rows) : memref<?x3xf32>
    memref.copy %h, %next : memref<?x3xf32> to memref<?x3xf32>
    scf.yield %next : memref<?x3xf32>
  }
  %rows = memref.dim %last, %c0 : memref<?x3xf32>
  %copy = memref.alloc(%rows) : memref<?x3xf32>
  memref.copy %last, %copy : memref<?x3xf32> to memref<?x3xf32>
  memref.copy %copy, %x : memref<?x3xf32> to memref<?x3xf32>
  return
}

// The last part of a whole is shorter, which bounds no other part.
// CHECK-LABEL: func.func private @parts_workspace
// CHECK: %[[PART:.*]] = arith.constant 264 : i64
// CHECK: "llvm.intr.smul.with.overflow"(%{{.*}}, %[[PART]])
func.func @parts(%x: memref<784xf32> {modular.role = "output", modular.name = "x"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c-264 = arith.constant -264 : index
  %c264 = arith.constant 264 : index
  %c784 = arith.constant 784 : index
  scf.parallel (%i) = (%c0) to (%c3) step (%c1) {
    %part = arith.remui %i, %c3 : index
    %behind = arith.muli %part, %c-264 : index
    %left = arith.addi %behind, %c784 : index
    %rows = arith.minsi %left, %c264 : index
    %a = memref.alloc(%rows) : memref<?xf32>
    %v = memref.load %x[%i] : memref<784xf32>
    memref.store %v, %a[%c0] : memref<?xf32>
    %u = memref.load %a[%c0] : memref<?xf32>
    memref.store %u, %x[%i] : memref<784xf32>
    scf.reduce
  }
  return
}

// Tasks are told how many workers there are.
// CHECK-LABEL: func.func @split
// CHECK-SAME: %[[WORKERS:[a-z0-9]+]]: index {modular.role = "workers"}
// CHECK-NOT: modular.num_workers
// CHECK: memref.store %[[WORKERS]],
func.func @split(%x: memref<1xindex> {modular.role = "output", modular.name = "x"}) {
  %c0 = arith.constant 0 : index
  %workers = modular.num_workers
  memref.store %workers, %x[%c0] : memref<1xindex>
  return
}
