// RUN: modc-opt %s --pass-pipeline='builtin.module(gpu.module(modular-check-kernels))' -verify-diagnostics -split-input-file

// The example of the pass's description.
gpu.module @kernels {
  gpu.func @math(%x: memref<1xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %x[%c0] : memref<1xf32>
    // expected-error @+1 {{'math.exp' op has no lowering in kernels; modular-expand-kernel-math replaces it}}
    %e = math.exp %a : f32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{'gpu.func' op is not a kernel; inline it}}
  gpu.func @helper() {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{'gpu.func' op has no known_block_size, the size of its groups}}
  gpu.func @no_size() kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{'gpu.func' op has argument 1 of 'i32', kernels have buffers and modular.launch_constant}}
  gpu.func @scalar(%x: memref<1xf32>, %n: i32) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{'gpu.func' op has argument 0 of 'memref<4x?xf32>', only the first size of a buffer may be dynamic}}
  gpu.func @inner(%x: memref<4x?xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{'gpu.func' op has argument 0 of 'memref<4xf32, strided<[2]>>', only the first size of a buffer may be dynamic}}
  gpu.func @strided(%x: memref<4xf32, strided<[2]>>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{'gpu.func' op has argument 0 of 'memref<4xf64>', kernels have numbers of 32 bits}}
  gpu.func @double(%x: memref<4xf64>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @long(%x: memref<4xi32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %x[%c0] : memref<4xi32>
    // expected-error @+1 {{'arith.extsi' op uses 'i64', kernels have numbers of 32 bits}}
    %b = arith.extsi %a : i32 to i64
    gpu.return
  }
}

// -----

// spirv-val rejects what upstream would make of it.
gpu.module @kernels {
  gpu.func @load(%x: memref<?xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    // expected-error @+1 {{'vector.load' op accesses 'memref<?xf32>', kernels need a buffer of vectors for it}}
    %v = vector.load %x[%c0] : memref<?xf32>, vector<4xf32>
    gpu.return
  }
}

// -----

// All of this is fine.
gpu.module @kernels {
  gpu.func @fine(%x: memref<?x4xf32>, %b: memref<8xi8>, %v: memref<?xvector<4xf32>>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %x[%c0, %c0] : memref<?x4xf32>
    %s = math.sqrt %a : f32
    memref.store %s, %x[%c0, %c0] : memref<?x4xf32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @bytes(%x: memref<?xi8>, %n: memref<1xi32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %b = arith.constant 1 : i8
    %word = memref.load %n[%c0] : memref<1xi32>
    %end = arith.index_cast %word : i32 to index
    scf.for %i = %c0 to %c4 step %c1 {
      memref.store %b, %x[%i] : memref<?xi8>
    }
    scf.for %i = %c0 to %end step %c1 {
      // expected-error @+1 {{'memref.store' op stores 'i8' in a loop without constant bounds; kernels store i32 there}}
      memref.store %b, %x[%i] : memref<?xi8>
    }
    gpu.return
  }
}
