// RUN: modc-opt %s --modular-lower-contractions=vector-bits=512 --canonicalize --cse | FileCheck %s
// RUN: modc-opt %s --modular-lower-contractions=vector-bits=256 --canonicalize --cse | FileCheck %s --check-prefix=AVX2
// RUN: modc-opt %s --modular-lower-contractions=vector-bits=512 --remark-format=emitRemark --remarks-filter=.* -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Weights of 192 columns as three panels of 64.
#x = affine_map<(r, p, c, d) -> (r, d)>
#w = affine_map<(r, p, c, d) -> (p, d, c)>
#y = affine_map<(r, p, c, d) -> (r, p * 64 + c)>

// Read where they are, after zeros and bias as from rows of one piece.
// CHECK-LABEL: func.func @forward(
// CHECK-NOT: memref.alloc
// CHECK-NOT: linalg.
// CHECK: call @matmul_nx512x192_panels_zero(
// REMARK-DAG: a product nx512x192 of f32 runs in tiles of 6x64, b in panels"
func.func @forward(%x: memref<?x512xf32>, %w: memref<3x512x64xf32, strided<[32768, 64, 1], offset: ?>>, %y: memref<?x192xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<?x192xf32>)
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x512xf32>, memref<3x512x64xf32, strided<[32768, 64, 1], offset: ?>>) outs(%y : memref<?x192xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// Loops in another order, the sum of the columns too, and panels with space
// between them.
// CHECK-LABEL: func.func @reordered(
// CHECK: call @matmul_nx512x192_panels(
func.func @reordered(%x: memref<?x512xf32>, %w: memref<3x512x64xf32, strided<[40000, 64, 1], offset: 64>>, %y: memref<?x192xf32>) {
  linalg.generic {indexing_maps = [affine_map<(c, d, r, p) -> (p, d, c)>, affine_map<(c, d, r, p) -> (r, d)>, affine_map<(c, d, r, p) -> (r, c + p * 64)>],
                  iterator_types = ["parallel", "reduction", "parallel", "parallel"]}
      ins(%w, %x : memref<3x512x64xf32, strided<[40000, 64, 1], offset: 64>>, memref<?x512xf32>) outs(%y : memref<?x192xf32>) {
  ^bb0(%b: f32, %a: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// A transposed b is packed, from whole panels at a time.
// CHECK-LABEL: func.func @input(
// CHECK: %[[SPACE:.*]] = memref.alloc() {alignment = 64 : i64} : memref<128x64xf32>
// CHECK: call @matmul_nx192x512_bt_panels({{.*}}, %[[SPACE]])
// REMARK-DAG: a product nx192x512 of f32 runs in tiles of 6x64, b in panels, packed
func.func @input(%dy: memref<?x192xf32>, %w: memref<3x512x64xf32>, %dx: memref<?x512xf32>) {
  linalg.generic {indexing_maps = [#y, #w, #x], iterator_types = ["parallel", "reduction", "reduction", "parallel"]}
      ins(%dy, %w : memref<?x192xf32>, memref<3x512x64xf32>) outs(%dx : memref<?x512xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// Tasks are over rows of the weights, each of all panels.
// CHECK-LABEL: func.func @weights(
// CHECK-NOT: linalg.fill
// CHECK: scf.parallel (%[[I:.*]]) = (%c0) to (%c512) step (%c64)
// CHECK: memref.subview %{{.*}}[0, %[[I]], 0] [3, %{{.*}}, 64] [1, 1, 1]
// CHECK: call @matmul_nxnx192_at_to_panels_zero(
// REMARK-DAG: a product 512xnx192 of f32 runs in tiles of 6x64, b packed, a copied, c in panels
func.func @weights(%x: memref<?x512xf32>, %dy: memref<?x192xf32>, %dw: memref<3x512x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%dw : memref<3x512x64xf32>)
  linalg.generic {indexing_maps = [#x, #y, #w], iterator_types = ["reduction", "parallel", "parallel", "parallel"]}
      ins(%x, %dy : memref<?x512xf32>, memref<?x192xf32>) outs(%dw : memref<3x512x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// Rows by number, at a column that the body computes.
// CHECK-LABEL: func.func @gathered(
// CHECK: call @matmul_nx192x512_bt_panels_rows(
func.func @gathered(%dy: memref<?x192xf32>, %rows: memref<?xi32>, %w: memref<3x512x64xf32>, %dx: memref<?x512xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r, p, c, d) -> (r)>, #w, #x], iterator_types = ["parallel", "reduction", "reduction", "parallel"]}
      ins(%rows, %w : memref<?xi32>, memref<3x512x64xf32>) outs(%dx : memref<?x512xf32>) {
  ^bb0(%number: i32, %b: f32, %out: f32):
    %row = arith.index_cast %number : i32 to index
    %p = linalg.index 1 : index
    %c = linalg.index 2 : index
    %h = affine.apply affine_map<(p, c) -> (p * 64 + c)>(%p, %c)
    %a = memref.load %dy[%row, %h] : memref<?x192xf32>
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// What follows is applied to sums that become rows of one piece, not to those
// that become panels.
// CHECK-LABEL: func.func @finished(
// CHECK-NOT: linalg.generic
// CHECK: call @matmul_nx512x192_panels_maximumf(
// CHECK-NOT: linalg.generic
// CHECK: call @matmul_nxnx192_at_to_panels(
// CHECK: linalg.generic
func.func @finished(%x: memref<?x512xf32>, %w: memref<3x512x64xf32>, %y: memref<?x192xf32>, %dw: memref<3x512x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x512xf32>, memref<3x512x64xf32>) outs(%y : memref<?x192xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<?x192xf32>) outs(%y : memref<?x192xf32>) {
  ^bb0(%v: f32, %out: f32):
    %m = arith.maximumf %v, %zero : f32
    linalg.yield %m : f32
  }
  linalg.generic {indexing_maps = [#x, #y, #w], iterator_types = ["reduction", "parallel", "parallel", "parallel"]}
      ins(%x, %y : memref<?x512xf32>, memref<?x192xf32>) outs(%dw : memref<3x512x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%dw : memref<3x512x64xf32>) outs(%dw : memref<3x512x64xf32>) {
  ^bb0(%v: f32, %out: f32):
    %m = arith.maximumf %v, %zero : f32
    linalg.yield %m : f32
  }
  return
}

// Tiles of 64 columns cross panels of 32; those of 16 do not.
// CHECK-LABEL: func.func @crossing(
// CHECK: linalg.generic
// AVX2-LABEL: func.func @crossing(
// AVX2: call @matmul_nx512x96_panels(
// REMARK-DAG: Reason="its panels have 32 columns, and tiles have 64", Remark="a sum of products stays a loop over scalars"
func.func @crossing(%x: memref<?x512xf32>, %w: memref<3x512x32xf32>, %y: memref<?x96xf32>) {
  linalg.generic {indexing_maps = [#x, #w, affine_map<(r, p, c, d) -> (r, p * 32 + c)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x512xf32>, memref<3x512x32xf32>) outs(%y : memref<?x96xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// Columns of other panels, elements of a row that are not adjacent, an a in
// panels, fewer columns than the result has.
// CHECK-LABEL: func.func @declined(
// CHECK-COUNT-4: linalg.generic
// CHECK-NOT: call
func.func @declined(%x: memref<?x512xf32>, %w: memref<3x512x64xf32>, %y: memref<?x192xf32>, %wide: memref<?x256xf32>,
                    %far: memref<3x512x64xf32, strided<[65536, 128, 2]>>, %d: memref<512x192xf32>) {
  linalg.generic {indexing_maps = [#x, #w, affine_map<(r, p, c, d) -> (r, p * 32 + c)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x512xf32>, memref<3x512x64xf32>) outs(%y : memref<?x192xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %far : memref<?x512xf32>, memref<3x512x64xf32, strided<[65536, 128, 2]>>) outs(%y : memref<?x192xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#w, affine_map<(r, p, c, d) -> (p * 64 + c, r)>, affine_map<(r, p, c, d) -> (d, r)>], iterator_types = ["parallel", "reduction", "reduction", "parallel"]}
      ins(%w, %y : memref<3x512x64xf32>, memref<?x192xf32>) outs(%d : memref<512x192xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x512xf32>, memref<3x512x64xf32>) outs(%wide : memref<?x256xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  }
  return
}

// Few rows take all 512 rows of a panel at once, more take 128 and ask for the
// next ones.
// CHECK-LABEL: func.func private @matmul_nx512x192_panels_zero(
// CHECK: %[[FEW:.*]] = arith.cmpi ule, %{{.*}}, %c23
// CHECK: scf.if %[[FEW]] {
// CHECK-NOT: memref.prefetch
// CHECK: scf.for %[[J:.*]] = %c0 to %c192 step %c64 {
// CHECK: %[[P:.*]] = arith.divui %[[J]], %c64
// CHECK: %[[C:.*]] = arith.remui %[[J]], %c64
// CHECK: scf.for %[[K:.*]] = %c0 to %c512 step %c4
// CHECK: vector.load %arg1[%[[P]], %[[K]], %[[C]]] : memref<3x512x64xf32, {{.*}}>, vector<16xf32>
// CHECK: } else {
// CHECK: scf.for %{{.*}} = %c0 to %c192 step %c64 {
// CHECK: scf.for %{{.*}} = %c0 to %c512 step %c128 {
// CHECK: memref.prefetch %{{.*}} : memref<3x512x64xf32, strided<[32768, 64, 1], offset: ?>>
