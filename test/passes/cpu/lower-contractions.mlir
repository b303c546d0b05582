// RUN: modc-opt %s --modular-lower-contractions | FileCheck %s

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#bt = affine_map<(i, j, k) -> (j, k)>
#c = affine_map<(i, j, k) -> (i, j)>

// Two products of one shape are two calls of one kernel.
// CHECK-LABEL: func.func @small
// CHECK: call @matmul_nx16x8(
// CHECK: call @matmul_nx16x8(
func.func @small(%x: memref<?x16xf32>, %w: memref<16x8xf32>, %y: memref<?x8xf32>, %z: memref<?x8xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%z : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// A large one becomes tasks over blocks of rows.
// CHECK-LABEL: func.func @large
// CHECK: scf.parallel (%[[I:.*]]) = (%c0{{.*}}) to (%{{.*}}) step (%c64
// CHECK: memref.subview %{{.*}}[%[[I]], 0]
// CHECK: call @matmul_nx784x64
func.func @large(%x: memref<?x784xf32>, %w: memref<784x64xf32>, %y: memref<?x64xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x784xf32>, memref<784x64xf32>) outs(%y : memref<?x64xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// A transposed b is copied a panel at a time, into space of the caller's.
// CHECK-LABEL: func.func @transposed(
// CHECK: %[[PANEL:.*]] = memref.alloc() {alignment = 64 : i64} : memref<256x8xf32>
// CHECK: call @matmul_nx16x8_bt(%{{.*}}, %{{.*}}, %{{.*}}, %[[PANEL]])
func.func @transposed(%x: memref<?x16xf32>, %w: memref<8x16xf32>, %y: memref<?x8xf32>) {
  linalg.generic {indexing_maps = [#a, #bt, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<8x16xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

func.func @wide(%x: memref<?x16xf32>, %w: memref<16x96xf32>, %y: memref<?x96xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x96xf32>) outs(%y : memref<?x96xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// Rows of a are read where they are, by number.
#number = affine_map<(i, j, k) -> (i)>
// CHECK-LABEL: func.func @gathered(
// CHECK-SAME: %[[X:.*]]: memref<?x16xf32>, %[[ROWS:[a-z0-9]+]]: memref<?xi32>
// CHECK-DAG: %[[CASTX:.*]] = memref.cast %[[X]]
// CHECK-DAG: %[[CASTROWS:.*]] = memref.cast %[[ROWS]]
// CHECK: call @matmul_nx16x8_rows(%[[CASTX]], %{{.*}}, %{{.*}}, %[[CASTROWS]])
func.func @gathered(%x: memref<?x16xf32>, %rows: memref<?xi32>, %w: memref<16x8xf32>, %y: memref<?x8xf32>) {
  linalg.generic {indexing_maps = [#number, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%rows, %w : memref<?xi32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%r: i32, %q: f32, %out: f32):
    %row = arith.index_cast %r : i32 to index
    %k = linalg.index 2 : index
    %p = memref.load %x[%row, %k] : memref<?x16xf32>
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// The accumulators of a tile stay in registers while k ascends.
// CHECK-LABEL: func.func private @matmul_nx16x8(
// CHECK: scf.for
// CHECK: iter_args
// CHECK-SAME: vector<8xf32>
// CHECK: vector.fma
// CHECK: vector.store

// Squares of the transposed b are exchanged in registers, for any number of rows.
// CHECK-LABEL: func.func private @matmul_nx16x8_bt(
// CHECK-NOT: scf.if
// CHECK: vector.shuffle
// CHECK: vector.fma

// Many columns: a panel is packed, unless there are but few rows to use it.
// CHECK-LABEL: func.func private @matmul_nx16x96(
// CHECK: arith.cmpi ult, %{{.*}}, %c8
// CHECK: scf.if
// CHECK: else
// Tiles ask for the panel that is read next, also behind the end of b.
// CHECK: memref.reinterpret_cast
// CHECK: scf.for
// CHECK: memref.prefetch %{{.*}}, read, locality<2>, data
// CHECK: vector.fma
