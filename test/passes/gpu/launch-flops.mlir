// RUN: modc-opt %s --modular-outline-kernels | sed 's/\\22/"/g' | FileCheck %s
// Operations on floating-point numbers of each launch, as formulas.

module {
  // 16 multiplications and additions a row.
  // CHECK: "programs":{"run":{"launches":[
  // CHECK-SAME: "label":"run.rows"
  // CHECK-SAME: "operations":"N 32 *"

  // A fused multiply-add is two, for each row of 100 elements.
  // CHECK-SAME: "label":"run.elements"
  // CHECK-SAME: "operations":"N 200 *"

  // Ranges of a launch that was merged: 50 of 64 make one, 100 of 128 two.
  // CHECK-SAME: "label":"run.merged"
  // CHECK-SAME: "operations":"250"

  // Three members share the rows.
  // CHECK-SAME: "label":"run.members"
  // CHECK-SAME: "operations":"N 60 * 3 ceil"

  // The larger branch; a function and a comparison are one each.
  // CHECK-SAME: "label":"run.branches"
  // CHECK-SAME: "operations":"N 3 *"

  // One invocation, which moves numbers only.
  // CHECK-SAME: "label":"run.single"
  // CHECK-SAME: "operations":"0"

  // Two classes share the positions: those of the wider one may have them all, of
  // its two gradients of 40·40 and 40·50. Another plan has positions of its own.
  // CHECK-SAME: "label":"run.gradients"
  // CHECK-SAME: "operations":"N 7200 * N 3200 * +"

  // Rows of rows are not understood.
  // CHECK-SAME: "label":"run.squares"
  // CHECK-NOT: "operations"
  func.func @run(%x: memref<?x4xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                 %first: memref<4xi32> {modular.name = "first", modular.role = "input"},
                 %y: memref<?x4xf32> {modular.name = "y", modular.role = "output", modular.rows = "N"},
                 %g: memref<100xf32> {modular.name = "g", modular.offset = 0 : i64, modular.role = "gradient"},
                 %narrow: memref<1x40x40xf32> {modular.name = "n", modular.offset = 400 : i64, modular.role = "gradient"},
                 %wide: memref<2x40x50xf32> {modular.name = "w", modular.offset = 6800 : i64, modular.role = "gradient"},
                 %square: memref<2x40x40xf32> {modular.name = "s", modular.offset = 22800 : i64, modular.role = "gradient"},
                 %other: memref<3x40x40xf32> {modular.name = "o", modular.offset = 35600 : i64, modular.role = "gradient"},
                 %a: memref<?x40xf32> {modular.name = "a", modular.role = "input", modular.rows = "N"},
                 %b: memref<?x50xf32> {modular.name = "b", modular.role = "input", modular.rows = "N"},
                 %second: memref<4xi32> {modular.name = "second", modular.role = "input"},
                 %rows: memref<?xi32> {modular.name = "rows", modular.role = "input", modular.rows = "N"}) {
    %c0 = arith.constant 0 : index
    %n = memref.dim %x, %c0 : memref<?x4xf32>
    call @run.rows(%y, %n, %x) : (memref<?x4xf32>, index, memref<?x4xf32>) -> ()
    call @run.elements(%g, %x) : (memref<100xf32>, memref<?x4xf32>) -> ()
    call @run.merged(%g) : (memref<100xf32>) -> ()
    call @run.members(%g, %first, %x) : (memref<100xf32>, memref<4xi32>, memref<?x4xf32>) -> ()
    call @run.branches(%y, %n, %x) : (memref<?x4xf32>, index, memref<?x4xf32>) -> ()
    call @run.single(%g) : (memref<100xf32>) -> ()
    call @run.gradients(%narrow, %wide, %square, %other, %a, %b, %first, %second, %rows) : (memref<1x40x40xf32>, memref<2x40x50xf32>, memref<2x40x40xf32>, memref<3x40x40xf32>, memref<?x40xf32>, memref<?x50xf32>, memref<4xi32>, memref<4xi32>, memref<?xi32>) -> ()
    call @run.squares(%g, %x) : (memref<100xf32>, memref<?x4xf32>) -> ()
    return
  }
  func.func private @run.rows(%o: memref<?x4xf32>, %n: index, %x: memref<?x4xf32>) attributes {modular.invocations = array<i64: 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    scf.forall (%i) in (%n) {
      scf.for %k = %c0 to %c16 step %c1 {
        %v = memref.load %x[%i, %c0] : memref<?x4xf32>
        %p = arith.mulf %v, %v : f32
        %s = arith.addf %p, %v : f32
        memref.store %s, %o[%i, %c0] : memref<?x4xf32>
      }
    }
    return
  }
  func.func private @run.elements(%g: memref<100xf32>, %x: memref<?x4xf32>) attributes {modular.invocations = array<i64: 100, -1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.forall (%i) in (100) {
      %n = memref.dim %x, %c0 : memref<?x4xf32>
      scf.for %r = %c0 to %n step %c1 {
        %v = memref.load %x[%r, %c0] : memref<?x4xf32>
        %s = math.fma %v, %v, %v : f32
        memref.store %s, %g[%i] : memref<100xf32>
      }
    }
    return
  }
  func.func private @run.merged(%g: memref<100xf32>) attributes {modular.invocations = array<i64: 192, -1>} {
    %c50 = arith.constant 50 : index
    %c64 = arith.constant 64 : index
    %c100 = arith.constant 100 : index
    scf.forall (%i) in (192) {
      %isFirst = arith.cmpi ult, %i, %c64 : index
      scf.if %isFirst {
        %runs = arith.cmpi ult, %i, %c50 : index
        scf.if %runs {
          %v = memref.load %g[%i] : memref<100xf32>
          %s = arith.addf %v, %v : f32
          memref.store %s, %g[%i] : memref<100xf32>
        }
      } else {
        %j = arith.subi %i, %c64 : index
        %runs = arith.cmpi ult, %j, %c100 : index
        scf.if %runs {
          %v = memref.load %g[%j] : memref<100xf32>
          %s = arith.mulf %v, %v : f32
          %t = arith.divf %s, %v : f32
          memref.store %t, %g[%j] : memref<100xf32>
        }
      }
    }
    return
  }
  func.func private @run.members(%g: memref<100xf32>, %first: memref<4xi32>, %x: memref<?x4xf32>) attributes {modular.invocations = array<i64: 30, -1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c10 = arith.constant 10 : index
    scf.forall (%i) in (30) {
      %m = arith.divui %i, %c10 : index
      %next = arith.addi %m, %c1 : index
      %a = memref.load %first[%m] : memref<4xi32>
      %b = memref.load %first[%next] : memref<4xi32>
      %begin = arith.index_cast %a : i32 to index
      %end = arith.index_cast %b : i32 to index
      %count = arith.subi %end, %begin : index
      scf.for %r = %c0 to %count step %c1 {
        %v = memref.load %x[%r, %c0] : memref<?x4xf32>
        %s = arith.mulf %v, %v : f32
        %t = arith.addf %s, %v : f32
        memref.store %t, %g[%i] : memref<100xf32>
      }
    }
    return
  }
  func.func private @run.branches(%o: memref<?x4xf32>, %n: index, %x: memref<?x4xf32>) attributes {modular.invocations = array<i64: 1, 1>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    scf.forall (%i) in (%n) {
      %v = memref.load %x[%i, %c0] : memref<?x4xf32>
      %above = arith.cmpf ogt, %v, %zero : f32
      scf.if %above {
        %e = math.exp %v : f32
        %s = arith.subf %e, %v : f32
        memref.store %s, %o[%i, %c0] : memref<?x4xf32>
      } else {
        %s = arith.negf %v : f32
        memref.store %s, %o[%i, %c0] : memref<?x4xf32>
      }
    }
    return
  }
  func.func private @run.single(%g: memref<100xf32>) attributes {modular.invocations = array<i64: 1, -1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %v = memref.load %g[%c0] : memref<100xf32>
    memref.store %v, %g[%c1] : memref<100xf32>
    return
  }
  func.func private @run.gradients(%narrow: memref<1x40x40xf32>, %wide: memref<2x40x50xf32>, %square: memref<2x40x40xf32>, %other: memref<3x40x40xf32>, %a: memref<?x40xf32>, %b: memref<?x50xf32>, %first: memref<4xi32>, %second: memref<4xi32>, %rows: memref<?xi32>) attributes {
      modular.tile_kernel = {kind = "gradient", pieces = [
        {dw = 0, g = 4, members = array<i64: 1>, offsets = 6, operand_rows = 8, x = 4},
        {dw = 1, g = 5, members = array<i64: 0, 2>, offsets = 6, operand_rows = 8, x = 4},
        {dw = 2, g = 4, members = array<i64: 0, 2>, offsets = 6, operand_rows = 8, x = 4},
        {dw = 3, g = 4, members = array<i64: 0, 1, 2>, offsets = 7, operand_rows = 8, x = 4}]}} {
    return
  }
  func.func private @run.squares(%g: memref<100xf32>, %x: memref<?x4xf32>) attributes {modular.invocations = array<i64: 100, -1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.forall (%i) in (100) {
      %n = memref.dim %x, %c0 : memref<?x4xf32>
      scf.for %r = %c0 to %n step %c1 {
        scf.for %q = %c0 to %n step %c1 {
          %v = memref.load %x[%r, %c0] : memref<?x4xf32>
          %s = arith.mulf %v, %v : f32
          memref.store %s, %g[%i] : memref<100xf32>
        }
      }
    }
    return
  }
}
