// RUN: modc-opt %s --modular-outline-kernels --canonicalize | FileCheck %s
// RUN: modc-opt %s --modular-outline-kernels | sed 's/\\22/"/g' | FileCheck %s --check-prefix=TABLE
// A function may be called as the kernels of another are: each keeps its own.

// TABLE{LITERAL}: {"bindings":"w","constants":0,"entry":"kernel","group":[1,1,1],"name":"run.one_kernel","shared":0}
// TABLE-SAME{LITERAL}: {"bindings":"m","constants":0,"entry":"kernel","group":[1,1,1],"name":"run.one","shared":0}

// CHECK: gpu.module @run.one_kernel_kernel
// CHECK: memref.store %cst
// CHECK: gpu.module @run.one_kernel
// CHECK: arith.addf
func.func @run(%y: memref<1xf32> {modular.name = "y", modular.role = "output"}) {
  call @run.one_kernel(%y) : (memref<1xf32>) -> ()
  call @run.one(%y) : (memref<1xf32>) -> ()
  return
}
func.func private @run.one_kernel(%y: memref<1xf32>) {
  %c0 = arith.constant 0 : index
  %cst = arith.constant 2.0 : f32
  memref.store %cst, %y[%c0] : memref<1xf32>
  return
}
func.func private @run.one(%y: memref<1xf32>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %y[%c0] : memref<1xf32>
  %w = arith.addf %v, %v : f32
  memref.store %w, %y[%c0] : memref<1xf32>
  return
}
