// RUN: modc-opt %s --modular-outline-kernels --canonicalize --cse | FileCheck %s
// RUN: modc-opt %s --modular-outline-kernels | sed 's/\\22/"/g' | FileCheck %s --check-prefix=TABLE
// A program whose ops are calls, with buffers.

module {
  // Kernels, in the order of their functions: how they use their buffers, how many
  // constants they take, how many invocations a group has.
  // TABLE: modular.device_programs = "{"kernels":[
  // TABLE-SAME{LITERAL}: {"bindings":"wr","constants":1,"entry":"kernel","group":[64,1,1],"name":"run.rows","shared":0}
  // TABLE-SAME{LITERAL}: {"bindings":"mr","constants":2,"entry":"kernel","group":[64,1,1],"name":"run.elements","shared":0}
  // TABLE-SAME{LITERAL}: {"bindings":"wrr","constants":0,"entry":"kernel","group":[1,1,1],"name":"run.single","shared":0}
  // TABLE-SAME{LITERAL}: "programs":{"run":{"launches":[

  // Rows: as many groups as they need, in two dimensions if there are many.
  // Temporaries are slots, inputs and outputs buffers by their numbers.
  // TABLE-SAME{LITERAL}: {"bindings":[["slot",0,"0","16 N *"],["buffer",0,"0","4 N * 4 *"]],"constants":["N"],"groups":["N 64 ceil 32768 min","N 64 ceil 32768 ceil","1"],"kernel":0,"label":"run.rows"

  // Elements: their number is known. The size of a buffer that is asked for follows
  // the constants of the call. What is in an arena has an offset.
  // TABLE-SAME{LITERAL}: {"bindings":[["gradients",0,"64","400"],["slot",0,"0","16 N *"]],"constants":["N","N"],"groups":["100 64 ceil 32768 min","100 64 ceil 32768 ceil","1"],"kernel":1,"label":"run.elements"

  // One invocation. Outputs are counted behind inputs.
  // TABLE-SAME{LITERAL}: {"bindings":[["buffer",1,"0","4"],["parameters",0,"128","16"],["scalars",0,"0","4"]],"constants":[],"groups":["1","1","1"],"kernel":2,"label":"run.single"
  // TABLE-SAME{LITERAL}: "slots":["16 N *"]

  // Programs and functions go.
  // CHECK-NOT: func.func
  func.func @run(%x: memref<?x4xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                 %y: memref<1xf32> {modular.name = "y", modular.role = "output"},
                 %w: memref<4xf32> {modular.name = "w", modular.offset = 128 : i64, modular.role = "parameter"},
                 %g: memref<100xf32> {modular.name = "w", modular.offset = 64 : i64, modular.role = "gradient"},
                 %s: memref<1xi32> {modular.offset = 0 : i64, modular.role = "scalar"}) {
    %c0 = arith.constant 0 : index
    %n = memref.dim %x, %c0 : memref<?x4xf32>
    %t = memref.alloc(%n) : memref<?x4xf32>
    call @run.rows(%t, %n, %x) : (memref<?x4xf32>, index, memref<?x4xf32>) -> ()
    call @run.elements(%g, %n, %t) : (memref<100xf32>, index, memref<?x4xf32>) -> ()
    call @run.single(%y, %w, %s) : (memref<1xf32>, memref<4xf32>, memref<1xi32>) -> ()
    return
  }

  // The example of the pass's description: the number of the invocation is 64 times
  // that of the group, in two dimensions, and its own.
  // CHECK: gpu.module @run.rows_kernel
  // CHECK: gpu.func @kernel(%[[Y:[^:]*]]: memref<?x4xf32, #gpu.address_space<global>>, %[[X:[^:]*]]: memref<?x4xf32, #gpu.address_space<global>>) kernel
  // CHECK-SAME: known_block_size = array<i32: 64, 1, 1>
  // CHECK: %[[WORD:.*]] = modular.launch_constant 0 : i32
  // CHECK: %[[N:.*]] = arith.index_castui %[[WORD]] : i32 to index
  // CHECK: %[[GX:.*]] = gpu.block_id x
  // CHECK: %[[GY:.*]] = gpu.block_id y
  // CHECK: %[[BEFORE:.*]] = arith.muli %[[GY]], %c32768
  // CHECK: %[[G:.*]] = arith.addi %[[BEFORE]], %[[GX]]
  // CHECK: %[[T:.*]] = gpu.thread_id x
  // CHECK: %[[FIRST:.*]] = arith.muli %[[G]], %c64
  // CHECK: %[[I:.*]] = arith.addi %[[FIRST]], %[[T]]
  // CHECK: %[[RUNS:.*]] = arith.cmpi ult, %[[I]], %[[N]]
  // CHECK: scf.if %[[RUNS]]
  // A temporary is memory of the invocation.
  // CHECK: %[[OWN:.*]] = memref.alloca() : memref<1xf32, #gpu.address_space<private>>
  // CHECK: memref.load %[[X]][%[[I]], %c0]
  // CHECK: memref.store %{{.*}}, %[[OWN]]
  // CHECK: memref.store %{{.*}}, %[[Y]][%[[I]], %c0]
  func.func private @run.rows(%o: memref<?x4xf32>, %n: index, %x: memref<?x4xf32>) attributes {modular.invocations = array<i64: 1, 1>} {
    %c0 = arith.constant 0 : index
    scf.forall (%i) in (%n) {
      %own = memref.alloc() : memref<1xf32>
      %v = memref.load %x[%i, %c0] : memref<?x4xf32>
      memref.store %v, %own[%c0] : memref<1xf32>
      %u = memref.load %own[%c0] : memref<1xf32>
      memref.store %u, %o[%i, %c0] : memref<?x4xf32>
      memref.dealloc %own : memref<1xf32>
    }
    return
  }

  // CHECK: gpu.module @run.elements_kernel
  // CHECK: %[[WORD:.*]] = modular.launch_constant 0 : i32
  // CHECK: %[[N:.*]] = arith.index_castui %[[WORD]] : i32 to index
  // CHECK: arith.cmpi ult, %{{.*}}, %c100
  // CHECK: %[[SIZE:.*]] = modular.launch_constant 1 : i32
  // CHECK: %[[ROWS:.*]] = arith.index_castui %[[SIZE]] : i32 to index
  // CHECK: %[[LAST:.*]] = arith.subi %[[ROWS]], %c1
  // CHECK: arith.minui %[[LAST]], %[[N]]
  func.func private @run.elements(%o: memref<100xf32>, %n: index, %x: memref<?x4xf32>) attributes {modular.invocations = array<i64: 100, -1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.forall (%i) in (100) {
      %rows = memref.dim %x, %c0 : memref<?x4xf32>
      %last = arith.subi %rows, %c1 : index
      %k = arith.minui %last, %n : index
      %v = memref.load %x[%k, %c0] : memref<?x4xf32>
      %w = memref.load %o[%i] : memref<100xf32>
      %s = arith.addf %v, %w : f32
      memref.store %s, %o[%i] : memref<100xf32>
    }
    return
  }

  // A constant table is memory of the invocation that it fills.
  // CHECK: gpu.module @run.single_kernel
  // CHECK: gpu.func @kernel(
  // CHECK-SAME: known_block_size = array<i32: 1, 1, 1>
  // CHECK-NOT: gpu.thread_id
  // CHECK: %[[CHOICES:.*]] = memref.alloca() : memref<2xi32, #gpu.address_space<private>>
  // CHECK: memref.store %c5_i32, %[[CHOICES]][%c0]
  // CHECK: memref.store %c7_i32, %[[CHOICES]][%c1]
  // CHECK-NOT: memref.global
  memref.global "private" constant @table : memref<2xi32> = dense<[5, 7]>
  func.func private @run.single(%o: memref<1xf32>, %w: memref<4xf32>, %s: memref<1xi32>) {
    %c0 = arith.constant 0 : index
    %t = memref.get_global @table : memref<2xi32>
    %word = memref.load %s[%c0] : memref<1xi32>
    %i = arith.index_cast %word : i32 to index
    %k = memref.load %t[%i] : memref<2xi32>
    %f = arith.sitofp %k : i32 to f32
    %a = memref.load %w[%c0] : memref<4xf32>
    %p = arith.mulf %a, %f : f32
    memref.store %p, %o[%c0] : memref<1xf32>
    return
  }

  // An invocation whose row is that of an earlier one leaves.
  // CHECK: gpu.module @run.distinct_kernel
  // CHECK: gpu.func @kernel(%[[Y:[^:]*]]: memref<?xf32, #gpu.address_space<global>>, %[[INDEX:[^:]*]]: memref<?xi32, #gpu.address_space<global>>) kernel
  // CHECK: scf.if
  // CHECK-NEXT: %[[FIRST:.*]] = memref.load %[[INDEX]][%[[I:.*]]]
  // CHECK-NEXT: %[[ROW:.*]] = arith.index_cast %[[I]] : index to i32
  // CHECK-NEXT: %[[IS:.*]] = arith.cmpi eq, %[[FIRST]], %[[ROW]]
  // CHECK-NEXT: scf.if %[[IS]]
  // CHECK-NEXT: memref.store %{{.*}}, %[[Y]]
  func.func private @run.distinct(%o: memref<?xf32>, %n: index, %index: memref<?xi32>) attributes {modular.distinct = 2 : i64, modular.invocations = array<i64: 1, 1>} {
    %one = arith.constant 1.0 : f32
    scf.forall (%i) in (%n) {
      memref.store %one, %o[%i] : memref<?xf32>
    }
    return
  }
}
