// RUN: modc-opt %s --modular-lower-contractions | FileCheck %s
// RUN: modc-opt %s --modular-lower-contractions --remark-format=emitRemark --remarks-filter=.* -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

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

func.func @wide(%x: memref<?x128xf32>, %w: memref<128x96xf32>, %y: memref<?x96xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x128xf32>, memref<128x96xf32>) outs(%y : memref<?x96xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

func.func @near(%x: memref<?x16xf32>, %w: memref<16x40xf32>, %y: memref<?x40xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x40xf32>) outs(%y : memref<?x40xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

func.func @narrow(%x: memref<?x16xf32>, %w: memref<16x4xf32>, %y: memref<?x4xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x4xf32>) outs(%y : memref<?x4xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// A narrow b is copied to where its rows lie one after another: a vector of 16
// holds four of them.
func.func @narrow_transposed(%x: memref<?x18xf32>, %w: memref<4x18xf32>, %y: memref<?x4xf32>) {
  linalg.generic {indexing_maps = [#a, #bt, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x18xf32>, memref<4x18xf32>) outs(%y : memref<?x4xf32>) {
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

// A sum over rows that are 512 bytes apart, one of which has 8 numbers of a tile.
// CHECK-LABEL: func.func @far
// CHECK: %[[COPY:.*]] = memref.alloc() {alignment = 64 : i64} : memref<256x72xf32>
// CHECK: call @matmul_nxnx128_at({{.*}}, %[[COPY]])
// REMARK: a product nxnx128 of f32 runs in tiles of 6x16, b packed, a copied
func.func @far(%x: memref<?x?xf32, strided<[128, 1], offset: ?>>, %d: memref<?x128xf32>, %w: memref<?x128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %d : memref<?x?xf32, strided<[128, 1], offset: ?>>, memref<?x128xf32>) outs(%w : memref<?x128xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// Rows that are 480 bytes apart fall into all sets of a cache.
// CHECK-LABEL: func.func @apart
// CHECK-NOT: memref<256x72xf32>
// CHECK: return
func.func @apart(%x: memref<?x?xf32, strided<[120, 1], offset: ?>>, %d: memref<?x128xf32>, %w: memref<?x128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %d : memref<?x?xf32, strided<[120, 1], offset: ?>>, memref<?x128xf32>) outs(%w : memref<?x128xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// A tile of c reads all of its a once.
// CHECK-LABEL: func.func @one_tile
// CHECK-NOT: memref<256x72xf32>
// CHECK: return
func.func @one_tile(%x: memref<?x8xf32, strided<[128, 1], offset: ?>>, %d: memref<?x128xf32>, %w: memref<8x128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %d : memref<?x8xf32, strided<[128, 1], offset: ?>>, memref<?x128xf32>) outs(%w : memref<8x128xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// A gradient of few columns: a tile of 3 · 8 of its 42 rows, one of 2 · 8, and two
// rows.
#at = affine_map<(i, j, k) -> (k, i)>
// CHECK-LABEL: func.func @tall
func.func @tall(%x: memref<?x42xf32>, %d: memref<?x4xf32>, %w: memref<42x4xf32>) {
  linalg.generic {indexing_maps = [#at, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %d : memref<?x42xf32>, memref<?x4xf32>) outs(%w : memref<42x4xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
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
// CHECK-LABEL: func.func private @matmul_nx128x96(
// CHECK: arith.cmpi ule, %{{.*}}, %c16
// CHECK: scf.if
// CHECK-NOT: vector.store %{{.*}} : memref<256x16xf32>
// Then b is read in blocks of 8 rows, or 32, and the first tile asks for the next
// block: the panel that is six, all of a row of b, ahead.
// CHECK: %[[FEWEST:.*]] = arith.cmpi ule, %{{.*}}, %c4
// CHECK: %[[BLOCK:.*]] = arith.select %[[FEWEST]], %c8{{.*}}, %c32
// CHECK: scf.for %[[K:.*]] = %{{.*}} to %c128{{.*}} step %[[BLOCK]]
// CHECK: scf.for %[[J:.*]] = %{{.*}} to %c96
// CHECK: %[[AHEAD:.*]] = arith.addi %[[J]], %c96
// CHECK: arith.subi %[[AHEAD]], %c96{{.*}}
// CHECK: scf.for %[[I:.*]] = %
// CHECK: arith.cmpi eq, %[[I]], %c0
// CHECK: memref.prefetch %{{.*}}, read, locality<2>, data
// CHECK-NOT: vector.store %{{.*}} : memref<256x16xf32>
// CHECK: else
// Tiles ask for the panel that is read next, also behind the end of b.
// CHECK: memref.reinterpret_cast
// The first tile copies what it reads, and the next reads the copy.
// CHECK: memref.prefetch %{{.*}}, read, locality<2>, data
// CHECK: %[[LINE:.*]] = vector.load %{{.*}} : memref<128x96xf32
// CHECK: vector.store %[[LINE]], %{{.*}} : memref<256x16xf32>
// CHECK: vector.fma
// CHECK: scf.for
// CHECK: memref.prefetch
// CHECK: vector.load %{{.*}} : memref<256x16xf32>
// CHECK-NOT: vector.store %{{.*}} : memref<256x16xf32>
// CHECK: vector.fma

// All of a small b stays near: nothing is copied.
// CHECK-LABEL: func.func private @matmul_nx16x40(
// CHECK-NOT: memref<256x16xf32>
// CHECK: vector.fma

// Rows of b that fill no vector: two of them a vector, and sums of even and odd k
// that are added up at the end.
// CHECK-LABEL: func.func private @matmul_nx16x4(
// CHECK: memref.collapse_shape %{{.*}} {{\[\[}}0, 1]] : memref<16x4xf32
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c2{{.*}} vector<8xf32>
// CHECK: %[[B:.*]] = vector.load %{{.*}} vector<8xf32>
// CHECK: %[[A:.*]] = vector.load %{{.*}} vector<2xf32>
// CHECK: %[[SPREAD:.*]] = vector.shuffle %[[A]], %[[A]] [0, 0, 0, 0, 1, 1, 1, 1]
// CHECK: vector.fma %[[SPREAD]], %[[B]]
// CHECK: %[[EVEN:.*]] = vector.shuffle {{.*}} [0, 1, 2, 3]
// CHECK: %[[ODD:.*]] = vector.shuffle {{.*}} [4, 5, 6, 7]
// CHECK: arith.addf %[[EVEN]], %[[ODD]] : vector<4xf32>

// CHECK-LABEL: func.func private @matmul_nx18x4_bt(
// CHECK-SAME: %[[PANEL:[a-z0-9]+]]: memref<256x4xf32>)
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[PANEL]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c2{{.*}} vector<8xf32>
// CHECK: vector.load %[[FLAT]]{{.*}} vector<8xf32>
// CHECK: vector.fma

// Up to 72 rows of the result at a time: a block of k of their a is copied, then
// read by every panel of b.
// CHECK-LABEL: func.func private @matmul_nxnx128_at(
// CHECK-SAME: memref<?x?xf32, strided<[128, 1], offset: ?>>, {{.*}}, %[[COPY:[a-z0-9]*]]: memref<256x72xf32>)
// CHECK: arith.ceildivui %{{.*}}, %c72
// CHECK: scf.for
// CHECK: %[[A:.*]] = memref.subview %{{.*}} : memref<?x?xf32, strided<[128, 1], offset: ?>>
// CHECK: vector.load %[[A]]{{.*}} vector<8xf32>
// CHECK: vector.store %{{.*}}, %[[COPY]]
// CHECK: vector.fma
// CHECK-NOT: memref.load %[[A]]
// CHECK: memref.load %[[COPY]]

// A vector of sums is of eight rows of one column. Those of all four columns are
// where vectors of c are, of two rows each, once they are transposed.
// CHECK-LABEL: func.func private @matmul_42xnx4_at(
// CHECK-SAME: %[[A:[a-z0-9]+]]: memref<?x42xf32, {{.*}}>, %[[B:[a-z0-9]+]]: memref<?x4xf32, {{.*}}>,
// CHECK: memref.expand_shape {{.*}} output_shape [21, 8]
// CHECK-COUNT-12: vector.load {{.*}} memref<21x8xf32{{.*}}, vector<8xf32>
// CHECK: vector.deinterleave
// CHECK: scf.for
// CHECK-COUNT-4: memref.load %[[B]]
// CHECK: vector.load %[[A]]{{.*}} vector<8xf32>
// CHECK-COUNT-4: vector.fma
// CHECK: vector.interleave
// CHECK-COUNT-12: vector.store {{.*}} memref<21x8xf32
// CHECK-COUNT-8: vector.load {{.*}} memref<21x8xf32
// CHECK-COUNT-8: vector.store {{.*}} memref<21x8xf32
// CHECK: vector.store {{.*}} memref<42x4xf32{{.*}}, vector<4xf32>
