// RUN: modc-opt %s --pass-pipeline='builtin.module(gpu.module(modular-lower-kernel-buffers))' -verify-diagnostics -split-input-file

gpu.module @kernels {
  memref.global "private" @variable : memref<2xi32> = dense<[5, 7]>
  gpu.func @table() kernel {
    // expected-error @+1 {{'memref.get_global' op is not constant, kernels have no variables of their own}}
    %table = memref.get_global @variable : memref<2xi32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  memref.global "private" constant @long : memref<65xi32> = dense<1>
  gpu.func @table() kernel {
    // expected-error @+1 {{'memref.get_global' op has 65 elements, kernels select from 1 to 64}}
    %table = memref.get_global @long : memref<65xi32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  memref.global "private" constant @viewed : memref<2xi32> = dense<1>
  gpu.func @table() kernel {
    %table = memref.get_global @viewed : memref<2xi32>
    // expected-error @+1 {{'memref.cast' op needs a constant table in memory, which kernels do not have}}
    %view = memref.cast %table : memref<2xi32> to memref<?xi32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @sizes(%x: memref<?xi32>, %y: memref<?xi32>) kernel {
    // expected-error @+1 {{'memref.copy' op has no known size: 'memref<?xi32>' to 'memref<?xi32>'}}
    memref.copy %x, %y : memref<?xi32> to memref<?xi32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @viewed() kernel {
    %own = memref.alloca() : memref<4xi1, #gpu.address_space<private>>
    // expected-error @+1 {{'memref.cast' op uses an array of booleans, which kernels only load from and store to}}
    %view = memref.cast %own : memref<4xi1, #gpu.address_space<private>> to memref<?xi1, #gpu.address_space<private>>
    gpu.return
  }
}
