// RUN: modc-opt %s -o %t
// RUN: FileCheck %s < %t
// RUN: modc-opt %t | diff %t -
// RUN: modc-opt %s --mlir-print-op-generic | modc-opt | diff %t -
// RUN: modc-opt %s --emit-bytecode | modc-opt | diff %t -

// Text, generic form and bytecode of the ops of kernels.

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @kernel
  gpu.func @kernel(%y: memref<1xf32>) kernel {
    %zero = arith.constant 0 : index
    // CHECK: modular.launch_constant 0 : i32
    %n = modular.launch_constant 0 : i32
    // CHECK: modular.launch_constant 31 : f32
    %scale = modular.launch_constant 31 : f32
    memref.store %scale, %y[%zero] : memref<1xf32>
    gpu.return
  }
}
