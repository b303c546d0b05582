// RUN: modc-opt %s --modular-gpu-to-spirv -verify-diagnostics -split-input-file

gpu.module @kernels {
  // expected-error @+1 {{'gpu.func' op has no known_block_size}}
  gpu.func @no_size() kernel {
    gpu.return
  }
}

// -----

// What is left without a pattern is named.
gpu.module @kernels {
  gpu.func @view(%y: memref<?x4xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    // expected-error @+1 {{failed to legalize operation 'memref.dim'}}
    %n = memref.dim %y, %c0 : memref<?x4xf32, #gpu.address_space<global>>
    %f = arith.constant 1.0 : f32
    memref.store %f, %y[%n, %c0] : memref<?x4xf32, #gpu.address_space<global>>
    gpu.return
  }
}
