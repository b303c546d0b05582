// RUN: modc-opt %s --modular-outline-kernels=shared-bytes=49152 | sed 's/\\22/"/g' | FileCheck %s --check-prefix=CUDA
// RUN: modc-opt %s --modular-outline-kernels | sed 's/\\22/"/g' | FileCheck %s --check-prefix=VULKAN
// RUN: modc-opt %s --modular-outline-kernels=shared-bytes=12287 | sed 's/\\22/"/g' | FileCheck %s --check-prefix=LESS
// Tiles of products have two copies where there is room for them: of 32 rows and
// 64 columns (32 + 64)·16·4 bytes each. The rows between two products take 32·64·4.

// CUDA: "name":"run.product","shared":12288}
// CUDA-SAME: "name":"run.chain","shared":20480}
// VULKAN: "name":"run.product","shared":12288}
// VULKAN-SAME: "name":"run.chain","shared":14336}
// LESS: "name":"run.product","shared":6144}
// LESS-SAME: "name":"run.chain","shared":14336}

// Between two copies is one barrier a tile, with one copy two.
// CUDA-LABEL: gpu.module @run.product_kernel
// CUDA: gpu.barrier
// CUDA: scf.for
// CUDA-COUNT-1: gpu.barrier
// CUDA-NOT: gpu.barrier
// CUDA-LABEL: gpu.module @run.chain_kernel
// LESS-LABEL: gpu.module @run.product_kernel
// LESS: scf.for
// LESS-COUNT-2: gpu.barrier
// LESS-NOT: gpu.barrier
// LESS-LABEL: gpu.module @run.chain_kernel
module {
  func.func @run(%x: memref<?x80xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                 %w: memref<80x64xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                 %u: memref<1x80x40xf32> {modular.name = "u", modular.offset = 20480 : i64, modular.role = "parameter"},
                 %v: memref<1x40x64xf32> {modular.name = "v", modular.offset = 33280 : i64, modular.role = "parameter"},
                 %first: memref<2xi32> {modular.name = "first", modular.role = "input"},
                 %rows: memref<?xi32> {modular.name = "rows", modular.role = "input", modular.rows = "N"},
                 %y: memref<?x64xf32> {modular.name = "y", modular.role = "output", modular.rows = "N"},
                 %z: memref<?x64xf32> {modular.name = "z", modular.role = "output", modular.rows = "N"}) {
    %c0 = arith.constant 0 : index
    %n = memref.dim %x, %c0 : memref<?x80xf32>
    call @run.product(%y, %n, %x, %w) : (memref<?x64xf32>, index, memref<?x80xf32>, memref<80x64xf32>) -> ()
    call @run.chain(%z, %n, %x, %u, %v, %first, %rows) : (memref<?x64xf32>, index, memref<?x80xf32>, memref<1x80x40xf32>, memref<1x40x64xf32>, memref<2xi32>, memref<?xi32>) -> ()
    return
  }
  func.func private @run.product(%y: memref<?x64xf32>, %n: index, %x: memref<?x80xf32>, %w: memref<80x64xf32>) attributes {
      modular.tile_kernel = {factor = 1, kind = "product", rows = 1, transposed = 0, w = 3, x = 2, y = 0}} {
    return
  }
  func.func private @same(%sum: f32) -> i32 attributes {modular.element_function} {
    %bits = arith.bitcast %sum : f32 to i32
    return %bits : i32
  }
  func.func private @run.chain(%z: memref<?x64xf32>, %n: index, %x: memref<?x80xf32>, %u: memref<1x80x40xf32>, %v: memref<1x40x64xf32>, %first: memref<2xi32>, %rows: memref<?xi32>) attributes {
      modular.tile_kernel = {factor = 1, kind = "pieces", offsets = 5, operand_rows = 6, rows = 1, pieces = [
        {end = @same, end_loads = [], end_stores = array<i64: 0>, gathered = true, members = array<i64: 0>, middle = @same,
         middle_loads = [], middle_stores = array<i64>, transposed_v = false, transposed_w = false, v = 4, w = 3, width = 64, x = 2}]}} {
    return
  }
}
