// RUN: modc-opt %s --modular-gpu-to-spirv | FileCheck %s

// The target is Vulkan 1.1 without a feature.
// CHECK: spirv.module @{{.*}} Logical GLSL450
// CHECK-SAME: #spirv.vce<v1.3, [Shader], [SPV_KHR_storage_buffer_storage_class]>
gpu.module @kernels {
  // One block of constants for all kernels, as long as the longest.
  // CHECK: spirv.GlobalVariable @[[PUSH:.*]] : !spirv.ptr<!spirv.struct<(!spirv.array<3 x i32, stride=4> [0])>, PushConstant>

  // The example of the pass's description.
  // CHECK-LABEL: spirv.func @k
  // CHECK-SAME: StorageBuffer
  // CHECK-SAME: spirv.entry_point_abi = #spirv.entry_point_abi<workgroup_size = [64, 1, 1]>
  // CHECK-NOT: known_block_size
  gpu.func @k(%y: memref<?xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    // CHECK: spirv.mlir.addressof @[[PUSH]]
    // CHECK: %[[N:.*]] = spirv.Load "PushConstant"
    %n = modular.launch_constant 0 : i32
    // CHECK: %[[BITS:.*]] = spirv.Load "PushConstant"
    // CHECK: %[[F:.*]] = spirv.Bitcast %[[BITS]] : i32 to f32
    %f = modular.launch_constant 2 : f32
    // Storage buffers are ordered, too.
    // CHECK: spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|UniformMemory|WorkgroupMemory>
    gpu.barrier
    %i = arith.index_cast %n : i32 to index
    // CHECK: spirv.Store "StorageBuffer" %{{.*}}, %[[F]]
    memref.store %f, %y[%i] : memref<?xf32, #gpu.address_space<global>>
    gpu.return
  }

  // Where buffers live.
  // CHECK-LABEL: spirv.func @memory
  gpu.func @memory(%y: memref<?x4xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 8, 8, 1>} {
    %c0 = arith.constant 0 : index
    %one = arith.constant 1.0 : f32
    %shared = memref.alloc() : memref<4xf32, #gpu.address_space<workgroup>>
    // CHECK: spirv.Variable : !spirv.ptr<!spirv.struct<(!spirv.array<4 x f32>)>, Function>
    %own = memref.alloca() : memref<4xf32, #gpu.address_space<private>>
    // CHECK: spirv.Store "Workgroup"
    memref.store %one, %shared[%c0] : memref<4xf32, #gpu.address_space<workgroup>>
    // CHECK: spirv.Store "Function"
    memref.store %one, %own[%c0] : memref<4xf32, #gpu.address_space<private>>
    // CHECK: spirv.Store "StorageBuffer"
    memref.store %one, %y[%c0, %c0] : memref<?x4xf32, #gpu.address_space<global>>
    gpu.return
  }

  // What upstream's pass has no patterns for.
  // CHECK-LABEL: spirv.func @math
  gpu.func @math(%y: memref<?xvector<4xf32>, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %y[%c0] : memref<?xvector<4xf32>, #gpu.address_space<global>>
    // CHECK: spirv.GL.Fma
    %b = math.fma %a, %a, %a : vector<4xf32>
    // CHECK: spirv.CompositeExtract
    %c = vector.extract %b[2] : f32 from vector<4xf32>
    // CHECK: spirv.CompositeConstruct
    %d = vector.broadcast %c : f32 to vector<4xf32>
    memref.store %d, %y[%c0] : memref<?xvector<4xf32>, #gpu.address_space<global>>
    gpu.return
  }

  // A vector is selected by a vector.
  // CHECK-LABEL: spirv.func @select
  // CHECK: %[[LESS:.*]] = spirv.SLessThan
  // CHECK: %[[ALL:.*]] = spirv.CompositeConstruct %[[LESS]], %[[LESS]], %[[LESS]], %[[LESS]] : (i1, i1, i1, i1) -> vector<4xi1>
  // CHECK: spirv.Select %[[ALL]], %{{.*}}, %{{.*}} : vector<4xi1>, vector<4xf32>
  gpu.func @select(%n: memref<1xi32, #gpu.address_space<global>>, %y: memref<2xvector<4xf32>, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n0 = memref.load %n[%c0] : memref<1xi32, #gpu.address_space<global>>
    %zero = arith.constant 0 : i32
    %less = arith.cmpi slt, %n0, %zero : i32
    %a = memref.load %y[%c0] : memref<2xvector<4xf32>, #gpu.address_space<global>>
    %b = memref.load %y[%c1] : memref<2xvector<4xf32>, #gpu.address_space<global>>
    %s = arith.select %less, %a, %b : vector<4xf32>
    memref.store %s, %y[%c0] : memref<2xvector<4xf32>, #gpu.address_space<global>>
    gpu.return
  }
}
