// RUN: modc-opt %s --modular-outline-parallel --canonicalize --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @loop
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?xf32>, %[[N:[a-z0-9]+]]: index, %[[CALL:[a-z0-9]+]]: !llvm.ptr {modular.role = "call"}
// CHECK-DAG: %[[TASK:.*]] = llvm.mlir.addressof @loop.loop.task
// CHECK-DAG: %[[REGION:.*]] = llvm.mlir.addressof @modc_region0
// CHECK: %[[CONTEXT:.*]] = llvm.alloca
// CHECK: %[[TASKS:.*]] = arith.index_cast
// CHECK: %[[ONE:.*]] = arith.cmpi eq, %[[TASKS]]
// CHECK: %[[HOST:.*]] = llvm.load %[[CALL]]
// CHECK: llvm.getelementptr %[[HOST]][3]
// CHECK: %[[UNSEEN:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : i64
// CHECK: %[[DIRECT:.*]] = arith.andi %[[ONE]], %[[UNSEEN]]
// CHECK: scf.if %[[DIRECT]]
// CHECK-NEXT: llvm.call @loop.loop.task(%[[CONTEXT]],
// CHECK: else
// CHECK: %[[USER:.*]] = llvm.load %[[HOST]]
// CHECK: llvm.getelementptr %[[HOST]][2]
// CHECK: llvm.call %{{.*}}(%[[USER]], %[[TASKS]], %[[TASK]], %[[CONTEXT]], %[[REGION]])
// CHECK-NOT: scf.parallel

// CHECK: llvm.func internal @loop.loop.task(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// CHECK: call @loop.loop(
// CHECK: func.func private @loop.loop({{.*}}!llvm.ptr {llvm.noalias}
// A loop inside of a task is serial.
// CHECK: scf.for
// CHECK-NOT: scf.parallel
func.func @loop(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c4) {
    scf.parallel (%j) = (%c0) to (%c4) step (%c1) {
      %k = arith.addi %i, %j : index
      %v = memref.load %x[%k] : memref<?xf32>
      %s = arith.addf %v, %v : f32
      memref.store %s, %x[%k] : memref<?xf32>
      scf.reduce
    }
    scf.reduce
  }
  return
}

// -----

// Two views of one buffer may overlap, so that neither is noalias.
// CHECK-LABEL: func.func private @overlap.loop(
// CHECK-NOT: llvm.noalias
// CHECK: return
func.func @overlap(%x: memref<8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.subview %x[0] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1]>>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %v = memref.load %a[%i] : memref<4xf32, strided<[1]>>
    memref.store %v, %x[%i] : memref<8xf32>
    scf.reduce
  }
  return
}

// -----

// Names come from locations; one text serves all regions of a name.
// CHECK-LABEL: func.func @named
// CHECK-DAG: llvm.mlir.addressof @named.layer0.grouped.task
// CHECK-DAG: llvm.mlir.addressof @named.layer0.grouped.1.task
// CHECK-DAG: llvm.mlir.addressof @modc_region0
// CHECK-NOT: @modc_region1
// CHECK: llvm.mlir.global private constant @modc_region0("layer0.grouped\00")
func.func @named(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f = arith.constant 0.0 : f32
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %f, %x[%i] : memref<?xf32>
    scf.reduce
  } loc("layer0.grouped"("net.mlir":7:3))
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %f, %x[%c0] : memref<?xf32>
    scf.reduce
  } loc("layer0.grouped"("net.mlir":8:3))
  return
}

// -----

func.func @reduction(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{has 1 reductions, but the order of tasks is not fixed: expected none}}
  %sum = scf.parallel (%i) = (%c0) to (%n) step (%c1) init (%zero) -> f32 {
    %v = memref.load %x[%i] : memref<?xf32>
    scf.reduce(%v : f32) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      scf.reduce.return %s : f32
    }
  }
  return
}

// -----

func.func @two_dimensions(%x: memref<?x?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{has 2 dimensions, expected 1}}
  scf.parallel (%i, %j) = (%c0, %c0) to (%n, %n) step (%c1, %c1) {
    memref.store %zero, %x[%i, %j] : memref<?x?xf32>
    scf.reduce
  }
  return
}

// -----

func.func @unranked(%x: memref<*xf32>, %y: memref<?xindex>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{uses a value of type 'memref<*xf32>', which cannot be handed to a function}}
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %rank = memref.rank %x : memref<*xf32>
    memref.store %rank, %y[%i] : memref<?xindex>
    scf.reduce
  }
  return
}
