// RUN: modc-opt %s --modular-lower-contractions | FileCheck %s

// What a kernel takes in: the start of its sums, and an elementwise op on them.

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
#at = affine_map<(i, j, k) -> (k, i)>
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>
#column = affine_map<(i, j) -> (i)>

// A linear map with a bias and relu is one call.
// CHECK-LABEL: func.func @linear(
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x16xf32>, %[[W:[a-z0-9]+]]: {{.*}}, %[[BIAS:[a-z0-9]+]]: memref<8xf32>
// CHECK-NOT: linalg.generic
// CHECK: call @matmul_nx16x8_bias_cmpf_select
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @linear(%x: memref<?x16xf32>, %w: memref<16x8xf32>, %bias: memref<8xf32>, %y: memref<?x8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%bias : memref<8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %out: f32):
    linalg.yield %p : f32
  }
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %out: f32):
    %positive = arith.cmpf ogt, %p, %zero : f32
    %r = arith.select %positive, %p, %zero : f32
    linalg.yield %r : f32
  }
  return
}

// Sums that are read later are stored beside the results of the finish, which
// may read a value a row and a value an element.
// CHECK-LABEL: func.func @keeps(
// CHECK: call @matmul_nx16x8_zero_mulf_mulf(%{{.*}}, %{{.*}}, %[[SUMS:[a-z0-9_]+]], %{{.*}}, %{{.*}}, %[[OUT:[a-z0-9_]+]])
// CHECK: memref.load
func.func @keeps(%x: memref<?x16xf32>, %w: memref<16x8xf32>, %gate: memref<?xf32>, %d: memref<?x8xf32>,
                 %y: memref<?x8xf32>, %z: memref<?x8xf32>) -> f32 {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  linalg.fill ins(%zero : f32) outs(%y : memref<?x8xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #column, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %gate, %d : memref<?x8xf32>, memref<?xf32>, memref<?x8xf32>) outs(%z : memref<?x8xf32>) {
  ^bb0(%p: f32, %g: f32, %e: f32, %out: f32):
    %m = arith.mulf %p, %g : f32
    %n = arith.mulf %m, %e : f32
    linalg.yield %n : f32
  }
  %first = memref.load %y[%c0, %c0] : memref<?x8xf32>
  return %first : f32
}

// Sums that nothing else reads take the memory of the results.
// CHECK-LABEL: func.func @nothing_reads(
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x8xf32>
// CHECK: %[[SUMS:.*]] = memref.cast %[[Y]]
// CHECK: %[[OUT:.*]] = memref.cast %[[Y]]
// CHECK: call @matmul_nx16x8_zero_mulf{{(_[0-9]+)?}}(%{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %[[SUMS]], %[[OUT]])
func.func @nothing_reads(%y: memref<?x8xf32>, %x: memref<?x16xf32>, %w: memref<16x8xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  %sums = memref.alloc(%n) : memref<?x8xf32>
  linalg.fill ins(%zero : f32) outs(%sums : memref<?x8xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%sums : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%sums : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %out: f32):
    %r = arith.mulf %p, %p : f32
    linalg.yield %r : f32
  }
  return
}

// Not where the finish reads what was there before.
// CHECK-LABEL: func.func @reads_results(
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x8xf32>
// CHECK: %[[OWN:.*]] = memref.alloc
// CHECK: %[[SUMS:.*]] = memref.cast %[[OWN]]
// CHECK: call @matmul_nx16x8_zero_mulf{{(_[0-9]+)?}}(%{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %[[SUMS]],
func.func @reads_results(%y: memref<?x8xf32>, %x: memref<?x16xf32>, %w: memref<16x8xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  %sums = memref.alloc(%n) : memref<?x8xf32>
  linalg.fill ins(%zero : f32) outs(%sums : memref<?x8xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%sums : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%sums, %y : memref<?x8xf32>, memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %r = arith.mulf %p, %q : f32
    linalg.yield %r : f32
  }
  return
}

// A sum that a loop continues starts in its first round; the fill remains for
// no round at all.
// CHECK-LABEL: func.func @blocks(
// CHECK: %[[NONE:.*]] = arith.cmpi sge, %c0
// CHECK: scf.if %[[NONE]] {
// CHECK-NEXT: linalg.fill
// CHECK: scf.for %[[I:.*]] = %c0
// CHECK: %[[FRESH:.*]] = arith.cmpi eq, %[[I]], %c0
// CHECK: call @matmul_16xnx8_at_fresh(%{{.*}}, %{{.*}}, %{{.*}}, %[[FRESH]]
func.func @blocks(%x: memref<?x16xf32>, %dy: memref<?x8xf32>, %dw: memref<16x8xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  linalg.fill ins(%zero : f32) outs(%dw : memref<16x8xf32>)
  scf.for %i = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [#at, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %dy : memref<?x16xf32>, memref<?x8xf32>) outs(%dw : memref<16x8xf32>) {
    ^bb0(%p: f32, %q: f32, %out: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    }
  }
  return
}

// Not where something else writes the sums in between, through a view.
// CHECK-LABEL: func.func @written(
// CHECK: linalg.fill
// CHECK: memref.store
// CHECK: call @matmul_nx16x8(
// CHECK: memref.store
// CHECK: linalg.generic
func.func @written(%x: memref<?x16xf32>, %w: memref<16x8xf32>, %y: memref<?x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %view = memref.subview %y[0, 0] [1, 8] [1, 1] : memref<?x8xf32> to memref<8xf32, strided<[1]>>
  linalg.fill ins(%zero : f32) outs(%y : memref<?x8xf32>)
  memref.store %one, %view[%c0] : memref<8xf32, strided<[1]>>
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  memref.store %one, %view[%c0] : memref<8xf32, strided<[1]>>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %out: f32):
    %r = arith.negf %p : f32
    linalg.yield %r : f32
  }
  return
}

// Nor where the result would overwrite an operand that is still read.
// CHECK-LABEL: func.func @overwrites(
// CHECK: call @matmul_nx16x16(
// CHECK: linalg.generic
func.func @overwrites(%x: memref<?x16xf32>, %w: memref<16x16xf32>, %y: memref<?x16xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x16xf32>) outs(%y : memref<?x16xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<?x16xf32>) outs(%x : memref<?x16xf32>) {
  ^bb0(%p: f32, %out: f32):
    %r = arith.negf %p : f32
    linalg.yield %r : f32
  }
  return
}

// The caller may read the sums where they are an argument; a buffer that nothing
// else reads gets none.
// CHECK-LABEL: func.func @caller(
// CHECK: call @matmul_nx16x8_zero_mulf{{(_[0-9]+)?}}(
// CHECK: call @matmul_nx16x8_zero_mulf{{(_[0-9]+)?}}(
func.func @caller(%x: memref<?x16xf32>, %w: memref<16x8xf32>, %y: memref<?x8xf32>, %z: memref<?x8xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<?x8xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<?x8xf32>) outs(%z : memref<?x8xf32>) {
  ^bb0(%p: f32, %out: f32):
    %r = arith.mulf %p, %p : f32
    linalg.yield %r : f32
  }
  %own = memref.alloc(%n) : memref<?x8xf32>
  linalg.fill ins(%zero : f32) outs(%own : memref<?x8xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%own : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%own : memref<?x8xf32>) outs(%z : memref<?x8xf32>) {
  ^bb0(%p: f32, %out: f32):
    %r = arith.mulf %p, %p : f32
    linalg.yield %r : f32
  }
  return
}

// Bits are bytes in memory: no vector of them can be loaded.
// CHECK-LABEL: func.func @bits(
// CHECK: call @matmul_nx16x8(
// CHECK: linalg.generic
func.func @bits(%x: memref<?x16xf32>, %w: memref<16x8xf32>, %mask: memref<?x8xi1>, %y: memref<?x8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %mask : memref<?x8xf32>, memref<?x8xi1>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %k: i1, %out: f32):
    %r = arith.select %k, %p, %zero : f32
    linalg.yield %r : f32
  }
  return
}

// A large product in tasks slices what its finish reads by rows.
// CHECK-LABEL: func.func @tasks(
// CHECK: scf.parallel (%[[I:.*]]) =
// CHECK: memref.subview %{{.*}}[%[[I]]] [%{{.*}}] [1] : memref<?xf32>
// CHECK: call @matmul_nx256x64_zero_mulf
func.func @tasks(%x: memref<?x256xf32>, %w: memref<256x64xf32>, %gate: memref<?xf32>, %y: memref<?x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<?x64xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x256xf32>, memref<256x64xf32>) outs(%y : memref<?x64xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %gate : memref<?x64xf32>, memref<?xf32>) outs(%y : memref<?x64xf32>) {
  ^bb0(%p: f32, %g: f32, %out: f32):
    %r = arith.mulf %p, %g : f32
    linalg.yield %r : f32
  }
  return
}

// A finish is not moved before the kernel that reads its row in place of a copy.
// CHECK-LABEL: func.func @bias_moves(
// CHECK: call @matmul_1x16x8_zero(
// CHECK: call @matmul_nx16x8_bias(
// CHECK: linalg.generic
func.func @bias_moves(%x: memref<1x16xf32>, %w: memref<16x8xf32>, %row: memref<1x8xf32>, %h: memref<1x8xf32>,
                      %y: memref<?x8xf32>, %z: memref<?x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %bias = memref.collapse_shape %row [[0, 1]] : memref<1x8xf32> into memref<8xf32>
  linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%bias : memref<8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%q: f32, %out: f32):
    linalg.yield %q : f32
  }
  linalg.fill ins(%zero : f32) outs(%h : memref<1x8xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<1x16xf32>, memref<16x8xf32>) outs(%h : memref<1x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%z, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h : memref<1x8xf32>) outs(%row : memref<1x8xf32>) {
  ^bb0(%p: f32, %out: f32):
    %r = arith.mulf %p, %p : f32
    linalg.yield %r : f32
  }
  return
}

// A sum of nothing is finished too.
// CHECK-LABEL: func.func @empty(
// CHECK: call @matmul_16xnx8_mulf(
func.func @empty(%x: memref<16x?xf32>, %w: memref<?x8xf32>, %g: memref<16x8xf32>, %y: memref<16x8xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<16x?xf32>, memref<?x8xf32>) outs(%y : memref<16x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %g : memref<16x8xf32>, memref<16x8xf32>) outs(%y : memref<16x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %r = arith.mulf %p, %q : f32
    linalg.yield %r : f32
  }
  return
}

// Rows of results go where scatter_rows lays them, from registers; a buffer that
// something else reads is stored too, and copied.
// CHECK-LABEL: func.func @scatter(
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x16xf32>, %[[W:[a-z0-9]+]]: {{.*}}, %[[WHOLE:[a-z0-9]+]]: memref<?x8xf32>, %[[ROWS:[a-z0-9]+]]: memref<?xi32>
// CHECK-DAG: %[[TO:.*]] = memref.cast %[[WHOLE]]
// CHECK-DAG: %[[AT:.*]] = memref.cast %[[ROWS]]
// CHECK: call @matmul_nx16x8_zero_cmpf_select_scatter({{.*}}, %[[TO]], %[[AT]])
// CHECK-NOT: modular.scatter_rows
// CHECK: return
func.func @scatter(%x: memref<?x16xf32>, %w: memref<16x8xf32>, %whole: memref<?x8xf32>, %rows: memref<?xi32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  %y = memref.alloc(%n) : memref<?x8xf32>
  linalg.fill ins(%zero : f32) outs(%y : memref<?x8xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %out: f32):
    %positive = arith.cmpf ogt, %p, %zero : f32
    %r = arith.select %positive, %p, %zero : f32
    linalg.yield %r : f32
  }
  modular.scatter_rows %y into %whole at %rows : memref<?x8xf32> into memref<?x8xf32>, memref<?xi32>
  return
}

// CHECK-LABEL: func.func @scatter_and_keep(
// CHECK: call @matmul_nx16x8_zero(
// CHECK: modular.scatter_rows
func.func @scatter_and_keep(%x: memref<?x16xf32>, %w: memref<16x8xf32>, %whole: memref<?x8xf32>, %rows: memref<?xi32>, %n: index) -> memref<?x8xf32> {
  %zero = arith.constant 0.0 : f32
  %y = memref.alloc(%n) : memref<?x8xf32>
  linalg.fill ins(%zero : f32) outs(%y : memref<?x8xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  modular.scatter_rows %y into %whole at %rows : memref<?x8xf32> into memref<?x8xf32>, memref<?xi32>
  return %y : memref<?x8xf32>
}

// Sums that go on where others stopped are in the buffer that they read.
// CHECK-LABEL: func.func @scatter_continued(
// CHECK: call @matmul_nx16x8(
// CHECK: modular.scatter_rows
func.func @scatter_continued(%x: memref<?x16xf32>, %w: memref<16x8xf32>, %old: memref<?x8xf32>, %whole: memref<?x8xf32>, %rows: memref<?xi32>, %n: index) {
  %y = memref.alloc(%n) : memref<?x8xf32>
  memref.copy %old, %y : memref<?x8xf32> to memref<?x8xf32>
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x16xf32>, memref<16x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  modular.scatter_rows %y into %whole at %rows : memref<?x8xf32> into memref<?x8xf32>, memref<?xi32>
  return
}

// Rows that the product still reads may not be overwritten.
// CHECK-LABEL: func.func @scatter_into_operand(
// CHECK: call @matmul_nx8x8_zero(
// CHECK: modular.scatter_rows
func.func @scatter_into_operand(%x: memref<?x8xf32>, %w: memref<8x8xf32>, %rows: memref<?xi32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  %y = memref.alloc(%n) : memref<?x8xf32>
  linalg.fill ins(%zero : f32) outs(%y : memref<?x8xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x8xf32>, memref<8x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  modular.scatter_rows %y into %x at %rows : memref<?x8xf32> into memref<?x8xf32>, memref<?xi32>
  return
}

// Sums start at the row, or at zero, and results of a finish are stored.
// CHECK-LABEL: func.func private @matmul_nx16x8_bias_cmpf_select
// CHECK-SAME: (%[[A:[a-z0-9]+]]: {{.*}}, %[[BIAS:[a-z0-9]+]]: memref<8xf32, {{.*}}>, %[[OUT:[a-z0-9]+]]: memref<?x8xf32
// CHECK: %[[START:.*]] = vector.load %[[BIAS]]
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[START]], %{{.*}} = %[[START]]
// CHECK: arith.cmpf ogt, {{.*}} : vector<8xf32>
// CHECK: vector.store %{{.*}}, %[[OUT]]

// CHECK-LABEL: func.func private @matmul_16xnx8_mulf(
// CHECK: %[[ROUNDS:.*]] = arith.maxui %{{.*}}, %c1
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[ROUNDS]]

// CHECK-LABEL: func.func private @matmul_nx16x8_zero_cmpf_select_scatter(
// CHECK-SAME: %[[WHOLE:[a-z0-9]+]]: memref<?x8xf32, {{[^%]*}}, %[[ROWS:[a-z0-9]+]]: memref<?xi32, {{[^%]*}})
// CHECK: arith.cmpf ogt, {{.*}} : vector<8xf32>
// CHECK: %[[NUMBER:.*]] = memref.load %[[ROWS]]
// CHECK: %[[ROW:.*]] = arith.index_cast %[[NUMBER]]
// CHECK: vector.store %{{.*}}, %[[WHOLE]][%[[ROW]], %{{.*}}]
