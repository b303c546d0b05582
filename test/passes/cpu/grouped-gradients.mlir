// RUN: modc-opt %s --modular-decompose --modular-lower-routing --modular-lower-grouped --canonicalize --cse | FileCheck %s
// RUN: modc-opt %s --modular-to-tiled --modular-to-buffers | FileCheck %s --check-prefix=BUFFERS

#x = affine_map<(i, j, k) -> (k, i)>
#dy = affine_map<(i, j, k) -> (k, j)>
#dw = affine_map<(i, j, k) -> (i, j)>
#rows = affine_map<(j, k) -> (k, j)>
#sum = affine_map<(j, k) -> (j)>
#id = affine_map<(i, j) -> (i, j)>

// What two gradients sum up is made once, by tasks of rows. Each gradient is
// tasks of its own, over members and parts of 264 rows; x is read where its
// rows are.
// CHECK-LABEL: func.func @split
// CHECK: scf.forall {{.*}} shared_outs(%{{.*}} = %{{.*}}) -> (tensor<?x64xf32>)
// CHECK: arith.cmpf ogt
// CHECK: scf.forall (%[[TASK:.*]]) in (9) shared_outs(%[[DW:.*]] = %{{.*}}) -> (tensor<3x784x64xf32>)
// CHECK-DAG: %[[SLOT:.*]] = arith.divui %[[TASK]], %c3
// CHECK-DAG: %[[PART:.*]] = arith.remui %[[TASK]], %c3
// CHECK-DAG: %[[FROM:.*]] = arith.muli %[[PART]], %c264
// CHECK-DAG: %[[SIZE:.*]] = affine.min {{.*}}(%[[FROM]])
// CHECK: tensor.extract_slice %[[DW]][%[[SLOT]], %[[FROM]], 0] [1, %[[SIZE]], 64]
// CHECK: linalg.index
// CHECK: tensor.extract
// CHECK: tensor.parallel_insert_slice {{.*}}[%[[SLOT]], %[[FROM]], 0] [1, %[[SIZE]], 64]
// CHECK: scf.forall (%{{.*}}) in (3) shared_outs({{.*}}) -> (tensor<3x64xf32>)

// BUFFERS-LABEL: func.func @split
// BUFFERS-NOT: alloc{{.*}}x784
// BUFFERS: call @matmul_nxnx64_at_rows_zero
// BUFFERS: return
func.func @split(%x: tensor<?x784xf32> {bufferization.writable = false}, %d: tensor<?x64xf32> {bufferization.writable = false},
    %y: tensor<?x64xf32> {bufferization.writable = false}, %a: tensor<?x1xi32> {bufferization.writable = false},
    %dw: tensor<3x784x64xf32> {bufferization.writable = true}, %db: tensor<3x64xf32> {bufferization.writable = true})
    -> (tensor<3x784x64xf32>, tensor<3x64xf32>) {
  %sel = modular.to_selection %a : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %sel : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g:2 = modular.grouped %p gather(%x : tensor<?x784xf32>) along(%d : tensor<?x64xf32>, %y : tensor<?x64xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x784xf32>, %dm: tensor<?x64xf32>, %ym: tensor<?x64xf32>):
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %n = tensor.dim %dm, %c0 : tensor<?x64xf32>
      %e = tensor.empty(%n) : tensor<?x64xf32>
      %dz = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
          ins(%dm, %ym : tensor<?x64xf32>, tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) {
      ^bb1(%p0: f32, %p1: f32, %out: f32):
        %positive = arith.cmpf ogt, %p1, %zero : f32
        %v = arith.select %positive, %p0, %zero : f32
        linalg.yield %v : f32
      } -> tensor<?x64xf32>
      %ew = tensor.empty() : tensor<784x64xf32>
      %fw = linalg.fill ins(%zero : f32) outs(%ew : tensor<784x64xf32>) -> tensor<784x64xf32>
      %w = linalg.generic {indexing_maps = [#x, #dy, #dw], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%xm, %dz : tensor<?x784xf32>, tensor<?x64xf32>) outs(%fw : tensor<784x64xf32>) {
      ^bb1(%p0: f32, %p1: f32, %out: f32):
        %m = arith.mulf %p0, %p1 : f32
        %s = arith.addf %out, %m : f32
        linalg.yield %s : f32
      } -> tensor<784x64xf32>
      %eb = tensor.empty() : tensor<64xf32>
      %fb = linalg.fill ins(%zero : f32) outs(%eb : tensor<64xf32>) -> tensor<64xf32>
      %b = linalg.generic {indexing_maps = [#rows, #sum], iterator_types = ["parallel", "reduction"]}
          ins(%dz : tensor<?x64xf32>) outs(%fb : tensor<64xf32>) {
      ^bb1(%p0: f32, %out: f32):
        %s = arith.addf %out, %p0 : f32
        linalg.yield %s : f32
      } -> tensor<64xf32>
      modular.yield %w, %b : tensor<784x64xf32>, tensor<64xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x784x64xf32>, tensor<3x64xf32>)
  %r0 = bufferization.materialize_in_destination %g#0 in %dw : (tensor<3x784x64xf32>, tensor<3x784x64xf32>) -> tensor<3x784x64xf32>
  %r1 = bufferization.materialize_in_destination %g#1 in %db : (tensor<3x64xf32>, tensor<3x64xf32>) -> tensor<3x64xf32>
  return %r0, %r1 : tensor<3x784x64xf32>, tensor<3x64xf32>
}

// A value with several rows for each row of the plan is not cut: blocks of rows
// continue one sum.
// CHECK-LABEL: func.func @tokens
// CHECK: scf.forall (%{{.*}}) in (3)
// CHECK: scf.for
// CHECK: tensor.collapse_shape
// CHECK: linalg.generic
func.func @tokens(%x: tensor<?x2x4xf32>, %a: tensor<?x1xi32>) -> tensor<3x4xf32> {
  %sel = modular.to_selection %a : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %sel : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %p gather(%x : tensor<?x2x4xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x2x4xf32>):
      %zero = arith.constant 0.0 : f32
      %t = tensor.collapse_shape %xm [[0, 1], [2]] : tensor<?x2x4xf32> into tensor<?x4xf32>
      %eb = tensor.empty() : tensor<4xf32>
      %fb = linalg.fill ins(%zero : f32) outs(%eb : tensor<4xf32>) -> tensor<4xf32>
      %b = linalg.generic {indexing_maps = [#rows, #sum], iterator_types = ["parallel", "reduction"]}
          ins(%t : tensor<?x4xf32>) outs(%fb : tensor<4xf32>) {
      ^bb1(%p0: f32, %out: f32):
        %s = arith.addf %out, %p0 : f32
        linalg.yield %s : f32
      } -> tensor<4xf32>
      modular.yield %b : tensor<4xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x4xf32>)
  return %g : tensor<3x4xf32>
}
