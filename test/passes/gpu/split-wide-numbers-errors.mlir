// RUN: modc-opt %s --pass-pipeline='builtin.module(gpu.module(modular-split-wide-numbers))' -verify-diagnostics -split-input-file

gpu.module @kernels {
  gpu.func @division(%x: memref<1xi64>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %x[%c0] : memref<1xi64>
    // expected-error @+1 {{'arith.divui' op uses numbers of 64 bits in a way that kernels cannot split into words}}
    %b = arith.divui %a, %a : i64
    memref.store %b, %x[%c0] : memref<1xi64>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @product(%x: memref<1xf64>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %x[%c0] : memref<1xf64>
    // expected-error @+1 {{'arith.mulf' op computes in 'f64'; kernels store extended 'f32', or the sum of two}}
    %b = arith.mulf %a, %a : f64
    memref.store %b, %x[%c0] : memref<1xf64>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @sum(%x: memref<1xf64>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %x[%c0] : memref<1xf64>
    // expected-error @+1 {{'arith.addf' op computes in 'f64'; kernels store extended 'f32', or the sum of two}}
    %b = arith.addf %a, %a : f64
    memref.store %b, %x[%c0] : memref<1xf64>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @vectors(%x: memref<1xvector<4xi64>>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    // expected-error @+1 {{'memref.load' op uses numbers of 64 bits in a way that kernels cannot split into words}}
    %a = memref.load %x[%c0] : memref<1xvector<4xi64>>
    gpu.return
  }
}
