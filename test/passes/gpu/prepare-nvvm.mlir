// RUN: modc-opt %s --pass-pipeline='builtin.module(gpu.module(modular-prepare-nvvm))' | FileCheck %s

gpu.module @kernels {
  // The example of the pass's description.
  // CHECK-LABEL: gpu.func @k
  // CHECK-SAME: (%[[Y:.*]]: memref<1xf32, #gpu.address_space<global>>, %[[N:.*]]: i32, %{{.*}}: i32, %[[BITS:.*]]: i32) kernel
  // CHECK-SAME: nvvm.minctasm = 2 : i32
  gpu.func @k(%y: memref<?xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    // CHECK-NOT: modular.launch_constant
    %n = modular.launch_constant 0 : i32
    // CHECK: %[[I:.*]] = arith.index_cast %[[N]]
    %i = arith.index_cast %n : i32 to index
    // CHECK: %[[F:.*]] = arith.bitcast %[[BITS]] : i32 to f32
    %f = modular.launch_constant 2 : f32
    // CHECK: %[[R:.*]] = llvm.call_intrinsic "llvm.sqrt.f32"(%[[F]]) : (f32) -> f32
    %r = math.sqrt %f : f32
    // CHECK: memref.store %[[R]], %[[Y]][%[[I]]] : memref<1xf32, #gpu.address_space<global>>
    memref.store %r, %y[%i] : memref<?xf32, #gpu.address_space<global>>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @memory
  // CHECK-SAME: memref<1x4xf32, #gpu.address_space<global>>, %{{.*}}: memref<2x4xf32, #gpu.address_space<global>>)
  // CHECK-SAME: workgroup(%[[SHARED:.*]] : memref<8xf32, #gpu.address_space<workgroup>>)
  gpu.func @memory(%x: memref<?x4xf32, #gpu.address_space<global>>, %y: memref<2x4xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %one = arith.constant 1.0 : f32
    // CHECK-NOT: memref.alloc()
    %shared = memref.alloc() : memref<8xf32, #gpu.address_space<workgroup>>
    // CHECK: memref.alloca() : memref<4xf32>
    %own = memref.alloca() : memref<4xf32, #gpu.address_space<private>>
    // CHECK: memref.store %{{.*}}, %[[SHARED]]
    memref.store %one, %shared[%c0] : memref<8xf32, #gpu.address_space<workgroup>>
    // CHECK: memref.store %{{.*}}, %{{.*}} : memref<4xf32>
    memref.store %one, %own[%c0] : memref<4xf32, #gpu.address_space<private>>
    gpu.return
  }

  // Launches pass two constants, whatever the kernel uses.
  // CHECK-LABEL: gpu.func @unused
  // CHECK-SAME: (%{{.*}}: memref<1xf32, #gpu.address_space<global>>, %{{.*}}: i32, %{{.*}}: i32) kernel
  // CHECK-NOT: launch_constants
  gpu.func @unused(%y: memref<?xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>, modular.launch_constants = 2 : i64} {
    gpu.return
  }

  // CHECK-LABEL: gpu.func @intrinsics
  gpu.func @intrinsics(%y: memref<?xvector<4xf32>, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %y[%c0] : memref<?xvector<4xf32>, #gpu.address_space<global>>
    // CHECK: llvm.call_intrinsic "llvm.floor.v4f32"
    %b = math.floor %a : vector<4xf32>
    // CHECK: llvm.call_intrinsic "llvm.fabs.v4f32"
    %c = math.absf %b : vector<4xf32>
    // CHECK: llvm.call_intrinsic "llvm.fma.v4f32"
    %d = math.fma %a, %b, %c : vector<4xf32>
    memref.store %d, %y[%c0] : memref<?xvector<4xf32>, #gpu.address_space<global>>
    gpu.return
  }
}
