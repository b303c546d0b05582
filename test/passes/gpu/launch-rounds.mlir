// RUN: modc-opt %s --modular-outline-kernels | sed 's/\\22/"/g' | FileCheck %s
// How often an invocation goes through loops, at most: the table says it of each
// launch.

// CHECK: "label":"run.nested",{{("operations":"[^"]*",)?}}"rounds":"122"}
// CHECK-SAME: "label":"run.rows",{{("operations":"[^"]*",)?}}"rounds":"N 2147483648 min 5 * 6 +"}
// CHECK-SAME: "label":"run.at_most",{{("operations":"[^"]*",)?}}"rounds":"21"}
// CHECK-SAME: "label":"run.no_rows",{{("operations":"[^"]*",)?}}"rounds":"2147483648"}
// CHECK-SAME: "label":"run.pairs",{{("operations":"[^"]*",)?}}"rounds":"N 2147483648 min 2147483648 * 2 +"}
// CHECK-SAME: "label":"run.branches",{{("operations":"[^"]*",)?}}"rounds":"14"}
// CHECK-SAME: "label":"run.by_groups",{{("operations":"[^"]*",)?}}"rounds":"9"}
// CHECK-SAME: "label":"run.many",{{("operations":"[^"]*",)?}}"rounds":"2147483648"}
// CHECK-SAME: "label":"run.never",{{("operations":"[^"]*",)?}}"rounds":"1"}
module {
  func.func @run(%x: memref<?x4xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                 %y: memref<4xf32> {modular.name = "y", modular.role = "output"},
                 %n: index {modular.name = "N", modular.role = "size"}) {
    call @run.nested(%y) : (memref<4xf32>) -> ()
    call @run.rows(%y, %n, %x) : (memref<4xf32>, index, memref<?x4xf32>) -> ()
    call @run.at_most(%y, %n) : (memref<4xf32>, index) -> ()
    call @run.no_rows(%y, %n) : (memref<4xf32>, index) -> ()
    call @run.pairs(%y, %n, %x) : (memref<4xf32>, index, memref<?x4xf32>) -> ()
    call @run.branches(%y, %n) : (memref<4xf32>, index) -> ()
    call @run.by_groups(%y, %n) : (memref<4xf32>, index) -> ()
    call @run.many(%y) : (memref<4xf32>) -> ()
    call @run.never(%y) : (memref<4xf32>) -> ()
    return
  }

  // 10 times, one and 11 inside; in the end one and one inside.
  func.func private @run.nested(%y: memref<4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c10 = arith.constant 10 : index
    %c30 = arith.constant 30 : index
    %zero = arith.constant 0.0 : f32
    scf.for %i = %c0 to %c10 step %c1 {
      scf.for %j = %c1 to %c30 step %c3 {
        memref.store %zero, %y[%c0] : memref<4xf32>
      }
    }
    return
  }

  // For each row one and 4 inside, in the end one and one inside; then 4 more.
  func.func private @run.rows(%y: memref<4xf32>, %n: index, %x: memref<?x4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    scf.for %i = %c0 to %n step %c1 {
      scf.for %j = %c0 to %c3 step %c1 {
        %v = memref.load %x[%i, %j] : memref<?x4xf32>
        memref.store %v, %y[%j] : memref<4xf32>
      }
    }
    scf.for %j = %c0 to %c3 step %c1 {
      %v = memref.load %x[%c0, %j] : memref<?x4xf32>
      memref.store %v, %y[%j] : memref<4xf32>
    }
    return
  }

  // A minimum is no more than its constant.
  func.func private @run.at_most(%y: memref<4xf32>, %n: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c20 = arith.constant 20 : index
    %zero = arith.constant 0.0 : f32
    %last = arith.minui %n, %c20 : index
    scf.for %i = %c0 to %last step %c1 {
      memref.store %zero, %y[%c0] : memref<4xf32>
    }
    return
  }

  // No buffer says how many rows there may be.
  func.func private @run.no_rows(%y: memref<4xf32>, %n: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0.0 : f32
    scf.for %i = %c0 to %n step %c1 {
      memref.store %zero, %y[%c0] : memref<4xf32>
    }
    return
  }

  func.func private @run.pairs(%y: memref<4xf32>, %n: index, %x: memref<?x4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      scf.for %j = %c0 to %i step %c1 {
        %v = memref.load %x[%j, %c0] : memref<?x4xf32>
        memref.store %v, %y[%c0] : memref<4xf32>
      }
    }
    return
  }

  // Invocations side by side may take different ones.
  func.func private @run.branches(%y: memref<4xf32>, %n: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c7 = arith.constant 7 : index
    %zero = arith.constant 0.0 : f32
    %first = arith.cmpi ult, %n, %c5 : index
    scf.if %first {
      scf.for %i = %c0 to %c5 step %c1 {
        memref.store %zero, %y[%c0] : memref<4xf32>
      }
    } else {
      scf.for %i = %c0 to %c7 step %c1 {
        memref.store %zero, %y[%c1] : memref<4xf32>
      }
    }
    return
  }

  // Those of a merged launch may not: the longer one, and the other loop once.
  func.func private @run.by_groups(%y: memref<4xf32>, %n: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c7 = arith.constant 7 : index
    %zero = arith.constant 0.0 : f32
    %first = arith.cmpi ult, %n, %c5 : index
    scf.if %first {
      scf.for %i = %c0 to %c5 step %c1 {
        memref.store %zero, %y[%c0] : memref<4xf32>
      }
    } else {
      scf.for %i = %c0 to %c7 step %c1 {
        memref.store %zero, %y[%c1] : memref<4xf32>
      }
    } {modular.by_groups}
    return
  }

  // More than 64 bits have.
  func.func private @run.many(%y: memref<4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %first = arith.constant -9223372036854775807 : index
    %last = arith.constant 9223372036854775807 : index
    %zero = arith.constant 0.0 : f32
    scf.for %i = %first to %last step %c1 {
      scf.for %j = %c0 to %last step %c1 {
        memref.store %zero, %y[%c0] : memref<4xf32>
      }
    }
    return
  }

  func.func private @run.never(%y: memref<4xf32>) {
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %zero = arith.constant 0.0 : f32
    scf.for %i = %c5 to %c1 step %c1 {
      memref.store %zero, %y[%c1] : memref<4xf32>
    }
    return
  }
}
