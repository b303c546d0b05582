// A module at the phase buffers, as bufferization leaves it: y = x·w·k + shift in
// blocks of 8 rows, with temporaries inside and outside of a parallel loop.
module attributes {modular.signature = "{\22network\22: \22scale\22, \22hash\22: \220123456789abcdef\22, \22element\22: \22f32\22, \22inputs\22: [{\22name\22: \22x\22, \22shape\22: [\22N\22, 4]}], \22outputs\22: [{\22name\22: \22y\22, \22shape\22: [\22N\22, 4]}], \22wanted\22: [], \22objective\22: \22custom\22, \22classes\22: 0, \22optimizer\22: {\22name\22: \22sgd\22, \22dense\22: false}, \22layers\22: [], \22slots\22: 0, \22probabilities\22: 0, \22groups\22: [\22graph\22], \22parameters\22: [{\22name\22: \22w\22, \22shape\22: [4], \22offset\22: 64, \22trained\22: true, \22group\22: 0, \22init\22: \22zeros\22}], \22parameter_bytes\22: 128, \22state\22: [], \22state_bytes\22: 0, \22programs\22: [{\22name\22: \22scale\22, \22buffers\22: [{\22name\22: \22x\22, \22shape\22: [\22N\22, 4], \22output\22: false}, {\22name\22: \22y\22, \22shape\22: [\22N\22, 4], \22output\22: true}], \22integers\22: [\22shift\22], \22reals\22: [\22k\22]}]}"} {
  func.func @scale(
      %w: memref<4xf32> {modular.role = "parameter", modular.name = "w", modular.offset = 64 : i64},
      %x: memref<?x4xf32> {modular.role = "input", modular.name = "x", modular.rows = "N"},
      %y: memref<?x4xf32> {modular.role = "output", modular.name = "y", modular.rows = "N"},
      %n: index {modular.role = "size", modular.name = "N"},
      %shift: i64 {modular.role = "integer", modular.name = "shift"},
      %k: f32 {modular.role = "real", modular.name = "k"}) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %t = memref.alloc(%n) {alignment = 64 : i64} : memref<?x4xf32>
    scf.parallel (%b) = (%c0) to (%n) step (%c8) {
      %left = arith.subi %n, %b : index
      %rows = arith.minsi %left, %c8 : index
      %tile = memref.alloc(%rows) : memref<?x4xf32>
      scf.parallel (%i) = (%c0) to (%rows) step (%c1) {
        %r = arith.addi %b, %i : index
        scf.for %j = %c0 to %c4 step %c1 {
          %v = memref.load %x[%r, %j] : memref<?x4xf32>
          %s = memref.load %w[%j] : memref<4xf32>
          %p = arith.mulf %v, %s : f32
          memref.store %p, %tile[%i, %j] : memref<?x4xf32>
        }
        scf.reduce
      }
      %sub = memref.subview %t[%b, 0] [%rows, 4] [1, 1]
          : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
      scf.for %i = %c0 to %rows step %c1 {
        scf.for %j = %c0 to %c4 step %c1 {
          %v = memref.load %tile[%i, %j] : memref<?x4xf32>
          memref.store %v, %sub[%i, %j] : memref<?x4xf32, strided<[4, 1], offset: ?>>
        }
      }
      scf.reduce
    }
    %add = arith.sitofp %shift : i64 to f32
    %u = memref.alloc(%n) : memref<?x4xf32>
    scf.parallel (%i) = (%c0) to (%n) step (%c1) {
      scf.for %j = %c0 to %c4 step %c1 {
        %v = memref.load %t[%i, %j] : memref<?x4xf32>
        %p = arith.mulf %v, %k : f32
        %q = arith.addf %p, %add : f32
        memref.store %q, %u[%i, %j] : memref<?x4xf32>
      }
      scf.reduce
    }
    memref.copy %u, %y : memref<?x4xf32> to memref<?x4xf32>
    return
  }
}
