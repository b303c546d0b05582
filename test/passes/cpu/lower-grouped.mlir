// RUN: modc-opt %s --modular-decompose --modular-lower-routing --modular-lower-grouped --canonicalize | FileCheck %s
// RUN: modc-opt %s --modular-decompose --modular-lower-routing --modular-lower-grouped=dispatch=naive --canonicalize | FileCheck %s --check-prefix=NAIVE
// RUN: modc-opt %s --modular-to-tiled --modular-to-buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: modc-opt %s --modular-decompose --modular-lower-routing --modular-lower-grouped --remark-format=emitRemark --remarks-filter=modular-lower-grouped -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not modc-opt %s --modular-lower-routing --modular-lower-grouped=dispatch=fast 2>&1 | FileCheck %s --check-prefix=BAD

// BAD: dispatch is 'fast', not 'naive' or 'grouped'

// CHECK-LABEL: func @infer
// CHECK-NOT: modular.grouped
// Tasks of one member each, which gather rows and write a block of the results.
// CHECK: scf.forall
// CHECK: tensor.extract_slice {{.*}} tensor<3x4x5xf32> to tensor<4x5xf32>
// CHECK: tensor.parallel_insert_slice
// CHECK: scf.forall
// CHECK: tensor.parallel_insert_slice

// NAIVE-LABEL: func @infer
// NAIVE: tensor.extract_slice {{.*}} tensor<3x4x5xf32> to tensor<4x5xf32>
// NAIVE: tensor.insert_slice

// No copy of a parameter, no result, outputs written in place.
// BUFFERS-LABEL: func.func @infer(
// BUFFERS-NOT: memref.copy {{.*}}memref<3x4x5xf32
// BUFFERS-NOT: alloc{{.*}}memref<3x4x5xf32
// BUFFERS: scf.parallel
// BUFFERS: return{{$}}
func.func @infer(%w: tensor<3x4x5xf32> {bufferization.writable = false}, %b: tensor<3x5xf32> {bufferization.writable = false},
    %rw: tensor<4x6xf32> {bufferization.writable = false}, %x: tensor<?x4xf32> {bufferization.writable = false},
    %y: tensor<?x5xf32> {bufferization.writable = true}, %sel: tensor<?x2xi32> {bufferization.writable = true})
    -> (tensor<?x5xf32> {modular.argument = 4 : i64}, tensor<?x2xi32> {modular.argument = 5 : i64}) {
  %s = modular.linear %x, %rw : tensor<?x4xf32>, tensor<4x6xf32> -> tensor<?x6xf32>
  %scores = modular.reshape %s : tensor<?x6xf32> -> tensor<?x2x3xf32>
  %a = modular.mode %scores : tensor<?x2x3xf32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %h = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 1, 2] parameters(%w : tensor<3x4x5xf32>, %b : tensor<3x5xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x5xf32>, %bm: tensor<5xf32>):
      %ym = modular.linear %xm, %wm, %bm : tensor<?x4xf32>, tensor<4x5xf32>, tensor<5xf32> -> tensor<?x5xf32>
      %rm = modular.relu %ym : tensor<?x5xf32>
      modular.yield %rm : tensor<?x5xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x5xf32>) gradients()
  %c = modular.combine sum %p, %h : !modular.plan<2 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %ai = modular.from_selection %a : !modular.selection<2 of 3> -> tensor<?x2xi32>
  %r0 = bufferization.materialize_in_destination %c in %y : (tensor<?x5xf32>, tensor<?x5xf32>) -> tensor<?x5xf32>
  %r1 = bufferization.materialize_in_destination %ai in %sel : (tensor<?x2xi32>, tensor<?x2xi32>) -> tensor<?x2xi32>
  return %r0, %r1 : tensor<?x5xf32>, tensor<?x2xi32>
}

// A gradient continues the member's sum in place: no buffer for a block's part.
// BUFFERS-LABEL: func.func @gradient(
// BUFFERS-NOT: alloc{{.*}}memref<4x5xf32
// BUFFERS: return{{$}}
func.func @gradient(%x: tensor<?x4xf32> {bufferization.writable = false}, %dy: tensor<?x5xf32> {bufferization.writable = false},
    %a: tensor<?x1xi32> {bufferization.writable = false}, %dw: tensor<3x4x5xf32> {bufferization.writable = true}) -> tensor<3x4x5xf32> {
  %sel = modular.to_selection %a : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %sel : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %p gather(%x : tensor<?x4xf32>, %dy : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x4xf32>, %gm: tensor<?x5xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<4x5xf32>
      %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x5xf32>) -> tensor<4x5xf32>
      %q = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
          iterator_types = ["parallel", "parallel", "reduction"]} ins(%xm, %gm : tensor<?x4xf32>, tensor<?x5xf32>) outs(%f : tensor<4x5xf32>) {
      ^bb1(%u: f32, %v: f32, %o: f32):
        %m = arith.mulf %u, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      } -> tensor<4x5xf32>
      modular.yield %q : tensor<4x5xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x4x5xf32>)
  %r = bufferization.materialize_in_destination %g in %dw : (tensor<3x4x5xf32>, tensor<3x4x5xf32>) -> tensor<3x4x5xf32>
  return %r : tensor<3x4x5xf32>
}

// One pick a row: tasks lay rows where they belong, and nothing is combined.
// CHECK-LABEL: func @one_pick
// CHECK: scf.forall
// CHECK: scf.forall.in_parallel
// CHECK-NEXT: modular.scatter_rows
// CHECK-NOT: scf.forall
// CHECK: return
// NAIVE-LABEL: func @one_pick
// NAIVE-NOT: modular.scatter_rows
// NAIVE: scf.forall
// NAIVE-NOT: modular.scatter_rows
// NAIVE: return
// BUFFERS-LABEL: func.func @one_pick(
// BUFFERS: call @matmul_nx4x5_rows_{{.*}}scatter
// BUFFERS-NOT: memref.copy
// BUFFERS: return{{$}}
func.func @one_pick(%w: tensor<3x4x5xf32> {bufferization.writable = false}, %x: tensor<?x4xf32> {bufferization.writable = false},
    %a: tensor<?x1xi32> {bufferization.writable = false}, %y: tensor<?x5xf32> {bufferization.writable = true}) -> tensor<?x5xf32> {
  %sel = modular.to_selection %a : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %sel : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %h = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 1, 2] parameters(%w : tensor<3x4x5xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x5xf32>):
      %ym = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x5xf32> -> tensor<?x5xf32>
      modular.yield %ym : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  %c = modular.combine sum %p, %h : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %r = bufferization.materialize_in_destination %c in %y : (tensor<?x5xf32>, tensor<?x5xf32>) -> tensor<?x5xf32>
  return %r : tensor<?x5xf32>
}

// Candidates read operand rows and lay results where the candidates stand.
// CHECK-LABEL: func @candidates
// CHECK: %[[SORTED:.*]]:4 = scf.for %[[R:.*]] = %{{.*}} iter_args(%{{.*}}, %{{.*}}, %{{.*}}, %[[OWNERS:.*]] = %{{.*}})
// CHECK: %[[OWNER:.*]] = arith.index_cast %[[R]] : index to i32
// CHECK: tensor.insert %[[OWNER]] into %[[OWNERS]]
// CHECK: scf.forall
// CHECK-DAG: tensor.extract_slice %[[SORTED]]#1
// CHECK-DAG: %[[PLACES:.*]] = tensor.extract_slice %[[SORTED]]#3
// CHECK: modular.scatter_rows {{.*}} at %[[PLACES]]
// CHECK-NOT: scf.forall
// CHECK: return
// BUFFERS-LABEL: func.func @candidates(
// BUFFERS: call @matmul_nx4x5_rows_{{.*}}scatter
func.func @candidates(%w: tensor<3x4x5xf32> {bufferization.writable = false}, %x: tensor<?x4xf32> {bufferization.writable = false}, %n: index,
    %i: tensor<?xi32> {bufferization.writable = false}, %a: tensor<?x1xi32> {bufferization.writable = false},
    %y: tensor<?x5xf32> {bufferization.writable = true}) -> tensor<?x5xf32> {
  %sel = modular.to_selection %a : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %sel distinct(%i of %n : tensor<?xi32>) unique : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %h = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 1, 2] parameters(%w : tensor<3x4x5xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x5xf32>):
      %ym = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x5xf32> -> tensor<?x5xf32>
      modular.yield %ym : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  %c = modular.combine sum %p, %h : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %r = bufferization.materialize_in_destination %c in %y : (tensor<?x5xf32>, tensor<?x5xf32>) -> tensor<?x5xf32>
  return %r : tensor<?x5xf32>
}

// An elementwise op takes rows where they are, unless functions or a loop of the
// body want a tile of them.
// CHECK-LABEL: func @elementwise_reader
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x5xf32>
// CHECK: scf.forall
// CHECK-NOT: scf.for
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<?xi32>)
// CHECK: tensor.extract %[[X]]
// CHECK: return
func.func @elementwise_reader(%x: tensor<?x5xf32>, %sel: tensor<?x1xi32>) -> tensor<?x5xf32> {
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %p gather(%x : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%rm: tensor<?x5xf32>):
      %y = modular.relu %rm : tensor<?x5xf32>
      modular.yield %y : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  return %g : tensor<?x5xf32>
}

// REMARK: [Passed] Gathered {{.*}} Function=elementwise_reader | Remark="the op that reads rows of operand 0 takes them where they are"
// REMARK: [Missed] Gathered {{.*}} Function=functions | Reason="what reads them has functions, or does not read each once"
// REMARK: [Missed] Gathered {{.*}} Function=reader_in_loop | Reason="an op inside another op reads them"
// CHECK-LABEL: func @functions
// CHECK: scf.forall
// CHECK: scf.for
// CHECK: tensor.insert_slice
// CHECK: math.exp
// CHECK: return
func.func @functions(%x: tensor<?x5xf32>, %sel: tensor<?x1xi32>) -> tensor<?x5xf32> {
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %p gather(%x : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%rm: tensor<?x5xf32>):
      %y = modular.sigmoid %rm : tensor<?x5xf32>
      modular.yield %y : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  return %g : tensor<?x5xf32>
}

// CHECK-LABEL: func @reader_in_loop
// CHECK: scf.forall
// CHECK: scf.for
// CHECK: tensor.insert_slice
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x5xf32>, tensor<?x5xf32>)
// CHECK: return
func.func @reader_in_loop(%x: tensor<?x5xf32>, %sel: tensor<?x1xi32>) -> tensor<?x5xf32> {
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %p gather(%x : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%rm: tensor<?x5xf32>):
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c3 = arith.constant 3 : index
      %zero = arith.constant 0.0 : f32
      %n = tensor.dim %rm, %c0 : tensor<?x5xf32>
      %e = tensor.empty(%n) : tensor<?x5xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x5xf32>) -> tensor<?x5xf32>
      %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%acc = %z) -> tensor<?x5xf32> {
        %q = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
          ins(%rm, %acc : tensor<?x5xf32>, tensor<?x5xf32>) outs(%e : tensor<?x5xf32>) {
        ^bb0(%u: f32, %v: f32, %o: f32):
          %s = arith.addf %u, %v : f32
          linalg.yield %s : f32
        } -> tensor<?x5xf32>
        scf.yield %q : tensor<?x5xf32>
      }
      modular.yield %r : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  %c = modular.combine sum %p, %g : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  return %c : tensor<?x5xf32>
}

// CHECK-LABEL: func @size_in_loop
// CHECK: scf.forall
// CHECK: scf.for
// CHECK: tensor.insert_slice
// CHECK: return
func.func @size_in_loop(%x: tensor<?x5xf32>, %sel: tensor<?x1xi32>) -> tensor<?x5xf32> {
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %p gather(%x : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%rm: tensor<?x5xf32>):
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c3 = arith.constant 3 : index
      %n = tensor.dim %rm, %c0 : tensor<?x5xf32>
      %e = tensor.empty(%n) : tensor<?x5xf32>
        %q = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
          ins(%rm : tensor<?x5xf32>) outs(%e : tensor<?x5xf32>) {
        ^bb0(%u: f32, %o: f32):
          %s = arith.addf %u, %u : f32
          linalg.yield %s : f32
        } -> tensor<?x5xf32>
      %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%acc = %q) -> tensor<?x5xf32> {
        %m = tensor.dim %rm, %c0 : tensor<?x5xf32>
        %e2 = tensor.empty(%m) : tensor<?x5xf32>
        %w = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
          ins(%acc : tensor<?x5xf32>) outs(%e2 : tensor<?x5xf32>) {
        ^bb0(%u: f32, %o: f32):
          %s = arith.addf %u, %u : f32
          linalg.yield %s : f32
        } -> tensor<?x5xf32>
        scf.yield %w : tensor<?x5xf32>
      }
      modular.yield %r : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  %c = modular.combine sum %p, %g : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  return %c : tensor<?x5xf32>
}

// Tasks of 12 rows are long enough where each row takes 65,536 multiplications;
// one worker alone has tasks as large as its caches allow.
// CHECK-LABEL: func @wide
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[C12:.*]] = arith.constant 12 : index
// CHECK-DAG: %[[C192:.*]] = arith.constant 192 : index
// CHECK: %[[WORKERS:.*]] = modular.num_workers
// CHECK: %[[OTHERS:.*]] = arith.subi %[[WORKERS]], %[[C1]] : index
// CHECK: %[[TASKS:.*]] = arith.muli %[[OTHERS]], %[[C8]] : index
// CHECK: %[[AT_LEAST:.*]] = arith.maxui %[[TASKS]], %[[C1]] : index
// CHECK: %[[ROWS:.*]] = arith.ceildivui %{{.*}}, %[[AT_LEAST]] : index
// CHECK: %[[MORE:.*]] = arith.maxui %[[ROWS]], %[[C12]] : index
// CHECK: arith.minui %[[MORE]], %[[C192]] : index
func.func @wide(%w: tensor<3x256x256xf32> {bufferization.writable = false}, %x: tensor<?x256xf32> {bufferization.writable = false},
    %a: tensor<?x1xi32> {bufferization.writable = false}, %y: tensor<?x256xf32> {bufferization.writable = true}) -> tensor<?x256xf32> {
  %sel = modular.to_selection %a : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %sel : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %h = modular.grouped %p gather(%x : tensor<?x256xf32>)
    class [0, 1, 2] parameters(%w : tensor<3x256x256xf32>) {
    ^bb0(%xm: tensor<?x256xf32>, %wm: tensor<256x256xf32>):
      %ym = modular.linear %xm, %wm : tensor<?x256xf32>, tensor<256x256xf32> -> tensor<?x256xf32>
      modular.yield %ym : tensor<?x256xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x256xf32>) gradients()
  %c = modular.combine sum %p, %h : !modular.plan<1 of 3>, tensor<?x256xf32> -> tensor<?x256xf32>
  %r = bufferization.materialize_in_destination %c in %y : (tensor<?x256xf32>, tensor<?x256xf32>) -> tensor<?x256xf32>
  return %r : tensor<?x256xf32>
}
