// RUN: modc-opt %s --modular-plan-workspace --mlir-print-op-generic | FileCheck %s

// What the workspace of each program holds: slots, each with the name, type and
// bytes of what shares it, and the slots that a worker has of its own.
// CHECK: modular.workspaces = "{\22p\22:
// CHECK-SAME: [\22layer0.plan\22,\22?x8xi32\22,\2232 N *\22]
// CHECK-SAME: {\22worker\22:
// CHECK-SAME: [\22\22,\22?x4xf32\22,\2216 N 64 min *\22]
func.func @p(%n: index {modular.role = "size", modular.name = "N"},
             %x: memref<?x8xi32> {modular.role = "output", modular.name = "x", modular.rows = "N"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc(%n) : memref<?x8xi32> loc("layer0.plan")
  memref.copy %a, %x : memref<?x8xi32> to memref<?x8xi32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %rows = arith.minsi %n, %c64 : index
    %t = memref.alloc(%rows) : memref<?x4xf32>
    linalg.fill ins(%zero : f32) outs(%t : memref<?x4xf32>)
    scf.reduce
  }
  return
}
