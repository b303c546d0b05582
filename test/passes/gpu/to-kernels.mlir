// RUN: modc-opt %s --modular-to-launches --modular-to-kernels | sed 's/\\22/"/g' | FileCheck %s
// Both phases of a device: from programs to launches, and to kernels with a table
// of them. modc-conformance-tests compares what they compute with the processor.

// A wide product, with a kernel of 32 rows a group, and what follows it.
// CHECK: modular.device_programs = "{"kernels":[
// CHECK-SAME{LITERAL}: {"bindings":"wrrr","constants":1,"entry":"kernel","group":[64,1,1],"name":"wide.linear"
// CHECK-SAME{LITERAL}: {"bindings":"wr","constants":1,"entry":"kernel","group":[64,1,1],"name":"wide.relu"
// The plan writes its four tensors, in one group.
// CHECK-SAME{LITERAL}: {"bindings":"wwwwr","constants":1,"entry":"kernel","group":[128,1,1],"name":"routed.plan"
// CHECK-SAME{LITERAL}: "routed":{"launches":[
// CHECK-SAME{LITERAL}: "groups":["1","1","1"],"kernel":3,"label":"plan"
// A slot holds one tensor after another.
// CHECK-SAME{LITERAL}: "slots":["4 N * 8 N * max","4 N *","4 N *","16","4 N *"]
// CHECK-SAME{LITERAL}: "wide":{"launches":[{"bindings":[["slot",0,"0","40 N *"],["buffer",0,"0","4 N * 80 *"],["parameters",0,"0","3200"],["parameters",0,"3200","40"]],"constants":["N"],"groups":["N 1 * 32 ceil","1","1"],"kernel":0,"label":"linear"
// CHECK-SAME{LITERAL}: {"bindings":[["buffer",1,"0","4 N * 10 *"],["slot",0,"0","40 N *"]],"constants":["N"],"groups":["N 64 ceil 32768 min","N 64 ceil 32768 ceil","1"],"kernel":1,"label":"relu"
// CHECK-SAME{LITERAL}: "slots":["40 N *"]

// Tiles in shared memory.
// CHECK: gpu.module @wide.linear_kernel
// CHECK: memref.alloc() : {{.*}}#gpu.address_space<workgroup>>
// CHECK: gpu.barrier
// CHECK: gpu.module @wide.relu_kernel
// CHECK-NOT: gpu.barrier
// CHECK: gpu.return
func.func @wide(%x: tensor<?x80xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                %y: tensor<?x10xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"},
                %w: tensor<80x10xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                %b: tensor<10xf32> {modular.name = "b", modular.offset = 3200 : i64, modular.role = "parameter"}) -> tensor<?x10xf32> {
  %l = modular.linear %x, %w, %b : tensor<?x80xf32>, tensor<80x10xf32>, tensor<10xf32> -> tensor<?x10xf32>
  %r = modular.relu %l : tensor<?x10xf32>
  %o = bufferization.materialize_in_destination %r in %y : (tensor<?x10xf32>, tensor<?x10xf32>) -> tensor<?x10xf32>
  return %o : tensor<?x10xf32>
}

// Two classes: each branch writes to the row of the position, which is no value
// of a branch.
// CHECK: gpu.module @routed.grouped_kernel
// CHECK-NOT: memref.subview
// CHECK: scf.if %{{[^ ]*}} {
// CHECK: arith.cmpf ogt
// CHECK: } else {
// CHECK: math.sqrt
// CHECK: gpu.return
func.func @routed(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                  %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                  %y: tensor<?x2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"}) -> tensor<?x2xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %plan gather(%x : tensor<?x2xf32>)
    class [0, 2] {
    ^bb0(%xm: tensor<?x2xf32>):
      %r = modular.relu %xm : tensor<?x2xf32>
      modular.yield %r : tensor<?x2xf32>
    }
    class [1] {
    ^bb0(%xm: tensor<?x2xf32>):
      %r = math.sqrt %xm : tensor<?x2xf32>
      modular.yield %r : tensor<?x2xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf32>) gradients() gradients()
  %c = modular.combine sum %plan, %g : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  %o = bufferization.materialize_in_destination %c in %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %o : tensor<?x2xf32>
}
