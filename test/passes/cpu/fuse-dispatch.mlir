// RUN: modc-opt %s --split-input-file --modular-fuse-dispatch | FileCheck %s
// RUN: modc-opt %s --split-input-file --modular-fuse-dispatch --remark-format=emitRemark --remarks-filter=modular-fuse-dispatch -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: modc-opt %s --split-input-file --modular-fuse-dispatch --modular-lower-routing --modular-lower-grouped --canonicalize | FileCheck %s --check-prefix=TASKS

// REMARK: [Passed] Fused {{.*}} Function=fused | Remark="is part of '', which alone reads its rows"
// REMARK: [Missed] Fused {{.*}} Function=picks | Reason="each pick of a row would compute it"
// REMARK: [Missed] Fused {{.*}} Function=gated | Reason="its rows are scaled by gates"
// REMARK: [Missed] Fused {{.*}} Function=wide | Reason="rows at any place would be waited for beside so many weights"
// REMARK: [Missed] Fused {{.*}} Function=classes | Reason="members of several classes would each keep rows of their own"
// REMARK: [Passed] Fused {{.*}} Function=numbers
// REMARK-NOT: Fused

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// The difference of two rows, times a number for each row that is the same for
// all, and what is added to each: bodies gather rows and are given the rest.
// CHECK-LABEL: func.func @fused
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x4xf32>, %[[Y:[^:]*]]: tensor<?x5xf32>, %[[T:[^:]*]]: tensor<?x5xf32>, %[[C:[^:]*]]: tensor<5xf32>, %[[S:[^:]*]]: f32
// CHECK-NOT: linalg.generic
// CHECK-NOT: modular.dispatch
// CHECK: %[[NUMBER:.*]] = tensor.from_elements %[[S]] : tensor<f32>
// CHECK: modular.grouped %{{.*}} gather(%[[X]] : tensor<?x4xf32>, %[[Y]] : tensor<?x5xf32>, %[[T]] : tensor<?x5xf32>) shared(%[[NUMBER]] : tensor<f32>, %[[C]] : tensor<5xf32>)
// CHECK: ^bb0(%[[XM:.*]]: tensor<?x4xf32>, %[[YM:.*]]: tensor<?x5xf32>, %[[TM:.*]]: tensor<?x5xf32>, %[[NM:.*]]: tensor<f32>, %[[CM:.*]]: tensor<5xf32>):
// CHECK: %[[SM:.*]] = tensor.extract %[[NM]][]
// CHECK: %[[D:.*]] = linalg.generic {{.*}} ins(%[[SM]], %[[YM]], %[[TM]] : f32, tensor<?x5xf32>, tensor<?x5xf32>)
// CHECK: %[[E:.*]] = linalg.generic {{.*}} ins(%[[D]], %[[CM]] : tensor<?x5xf32>, tensor<5xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[E]] : tensor<?x5xf32>)
//
// A task reads rows where they are, and keeps what sums over them need.
// TASKS-LABEL: func.func @fused
// TASKS-SAME: %{{[^:]*}}: tensor<?x4xf32>, %[[Y:[^:]*]]: tensor<?x5xf32>, %[[T:[^:]*]]: tensor<?x5xf32>
// TASKS: scf.forall
// TASKS: linalg.generic {{.*}} ins(%{{.*}}, %[[R:.*]], %[[R]] : f32, tensor<?xi32>, tensor<?xi32>)
// TASKS-DAG: tensor.extract %[[Y]]
// TASKS-DAG: tensor.extract %[[T]]
// TASKS: scf.forall
// TASKS: return
func.func @fused(%x: tensor<?x4xf32>, %y: tensor<?x5xf32>, %t: tensor<?x5xf32>, %c: tensor<5xf32>, %s: f32, %sel: tensor<?x1xi32>) -> tensor<3x5xf32> {
  %c0 = arith.constant 0 : index
  %half = arith.constant 0.5 : f32
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %n = tensor.dim %y, %c0 : tensor<?x5xf32>
  %en = tensor.empty(%n) : tensor<?xf32>
  %w = linalg.fill ins(%s : f32) outs(%en : tensor<?xf32>) -> tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?x5xf32>
  %d = linalg.generic {indexing_maps = [#row, #id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %y, %t : tensor<?xf32>, tensor<?x5xf32>, tensor<?x5xf32>) outs(%e : tensor<?x5xf32>) {
  ^bb0(%q: f32, %u: f32, %v: f32, %o: f32):
    %r = arith.subf %u, %v : f32
    %h = arith.mulf %r, %half : f32
    %z = arith.mulf %h, %q : f32
    linalg.yield %z : f32
  } -> tensor<?x5xf32>
  %f = linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%d, %c : tensor<?x5xf32>, tensor<5xf32>) outs(%e : tensor<?x5xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %r = arith.addf %u, %v : f32
    linalg.yield %r : f32
  } -> tensor<?x5xf32>
  %rows = modular.dispatch sum %p, %f : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %g = modular.grouped %p gather(%x : tensor<?x4xf32>) along(%rows : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x4xf32>, %rm: tensor<?x5xf32>):
      %zero = arith.constant 0.0 : f32
      %e5 = tensor.empty() : tensor<5xf32>
      %z5 = linalg.fill ins(%zero : f32) outs(%e5 : tensor<5xf32>) -> tensor<5xf32>
      %sum = linalg.generic {indexing_maps = [affine_map<(j, i) -> (i, j)>, affine_map<(j, i) -> (j)>], iterator_types = ["parallel", "reduction"]}
          ins(%rm : tensor<?x5xf32>) outs(%z5 : tensor<5xf32>) {
      ^bb0(%u: f32, %o: f32):
        %r = arith.addf %o, %u : f32
        linalg.yield %r : f32
      } -> tensor<5xf32>
      modular.yield %sum : tensor<5xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x5xf32>)
  return %g : tensor<3x5xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>

// Two readers, several picks a row, gates, and weights of more than a cache.
// CHECK-LABEL: func.func @shared
// CHECK: modular.dispatch
// CHECK: modular.grouped %{{.*}} along(
func.func @shared(%y: tensor<?x5xf32>, %sel: tensor<?x1xi32>) -> (tensor<?x5xf32>, tensor<?x5xf32>) {
  %c0 = arith.constant 0 : index
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %n = tensor.dim %y, %c0 : tensor<?x5xf32>
  %e = tensor.empty(%n) : tensor<?x5xf32>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x5xf32>) outs(%e : tensor<?x5xf32>) {
  ^bb0(%u: f32, %o: f32):
    %r = arith.addf %u, %u : f32
    linalg.yield %r : f32
  } -> tensor<?x5xf32>
  %rows = modular.dispatch sum %p, %d : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %g = modular.grouped %p along(%rows : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%rm: tensor<?x5xf32>):
      modular.yield %rm : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  return %g, %d : tensor<?x5xf32>, tensor<?x5xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func.func @picks
// CHECK: modular.dispatch
func.func @picks(%y: tensor<?x5xf32>, %sel: tensor<?x2xi32>) -> tensor<?x5xf32> {
  %c0 = arith.constant 0 : index
  %a = modular.to_selection %sel : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %n = tensor.dim %y, %c0 : tensor<?x5xf32>
  %e = tensor.empty(%n) : tensor<?x5xf32>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x5xf32>) outs(%e : tensor<?x5xf32>) {
  ^bb0(%u: f32, %o: f32):
    %r = arith.addf %u, %u : f32
    linalg.yield %r : f32
  } -> tensor<?x5xf32>
  %rows = modular.dispatch sum %p, %d : !modular.plan<2 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %g = modular.grouped %p along(%rows : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%rm: tensor<?x5xf32>):
      modular.yield %rm : tensor<?x5xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x5xf32>) gradients()
  return %g : tensor<?x5xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func.func @gated
// CHECK: modular.dispatch
func.func @gated(%y: tensor<?x5xf32>, %gates: tensor<?x1xf32>, %sel: tensor<?x1xi32>) -> tensor<?x5xf32> {
  %c0 = arith.constant 0 : index
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %n = tensor.dim %y, %c0 : tensor<?x5xf32>
  %e = tensor.empty(%n) : tensor<?x5xf32>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x5xf32>) outs(%e : tensor<?x5xf32>) {
  ^bb0(%u: f32, %o: f32):
    %r = arith.addf %u, %u : f32
    linalg.yield %r : f32
  } -> tensor<?x5xf32>
  %rows = modular.dispatch gated %p, %d gates(%gates : tensor<?x1xf32>) : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %g = modular.grouped %p along(%rows : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%rm: tensor<?x5xf32>):
      modular.yield %rm : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  return %g : tensor<?x5xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func.func @wide
// CHECK: modular.dispatch
func.func @wide(%y: tensor<?x256xf32>, %w: tensor<3x256x256xf32>, %sel: tensor<?x1xi32>) -> tensor<?x256xf32> {
  %c0 = arith.constant 0 : index
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %n = tensor.dim %y, %c0 : tensor<?x256xf32>
  %e = tensor.empty(%n) : tensor<?x256xf32>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x256xf32>) outs(%e : tensor<?x256xf32>) {
  ^bb0(%u: f32, %o: f32):
    %r = arith.addf %u, %u : f32
    linalg.yield %r : f32
  } -> tensor<?x256xf32>
  %rows = modular.dispatch sum %p, %d : !modular.plan<1 of 3>, tensor<?x256xf32> -> tensor<?x256xf32>
  %g = modular.grouped %p along(%rows : tensor<?x256xf32>)
    class [0, 1, 2] parameters(%w : tensor<3x256x256xf32>) {
    ^bb0(%rm: tensor<?x256xf32>, %wm: tensor<256x256xf32>):
      %h = modular.linear %rm, %wm : tensor<?x256xf32>, tensor<256x256xf32> -> tensor<?x256xf32>
      modular.yield %h : tensor<?x256xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x256xf32>) gradients()
  return %g : tensor<?x256xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>

// Classes have no operands in common but what the op gathers.
// CHECK-LABEL: func.func @classes
// CHECK: modular.dispatch
func.func @classes(%y: tensor<?x5xf32>, %sel: tensor<?x1xi32>) -> tensor<?x5xf32> {
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %sel, %c0 : tensor<?x1xi32>
  %e = tensor.empty(%n) : tensor<?x5xf32>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x5xf32>) outs(%e : tensor<?x5xf32>) {
  ^bb0(%u: f32, %o: f32):
    %r = arith.addf %u, %u : f32
    linalg.yield %r : f32
  } -> tensor<?x5xf32>
  %rows = modular.dispatch sum %p, %d : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %g = modular.grouped %p along(%rows : tensor<?x5xf32>)
    class [0, 1] {
    ^bb0(%rm: tensor<?x5xf32>):
      modular.yield %rm : tensor<?x5xf32>
    }
    class [2] {
    ^bb0(%rm: tensor<?x5xf32>):
      modular.yield %rm : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  return %g : tensor<?x5xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>

// Rows are the first dimension.
// CHECK-LABEL: func.func @columns
// CHECK: modular.dispatch
func.func @columns(%y: tensor<8x?xf32>, %sel: tensor<?x1xi32>) -> tensor<?x5xf32> {
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %sel, %c0 : tensor<?x1xi32>
  %e = tensor.empty(%n) : tensor<?x5xf32>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<8x?xf32>) outs(%e : tensor<?x5xf32>) {
  ^bb0(%u: f32, %o: f32):
    %r = arith.addf %u, %u : f32
    linalg.yield %r : f32
  } -> tensor<?x5xf32>
  %rows = modular.dispatch sum %p, %d : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %g = modular.grouped %p along(%rows : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%rm: tensor<?x5xf32>):
      modular.yield %rm : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  return %g : tensor<?x5xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>

// A loop would do the work again in each round.
// CHECK-LABEL: func.func @loop
// CHECK: modular.dispatch
// CHECK: scf.for
func.func @loop(%y: tensor<?x5xf32>, %sel: tensor<?x1xi32>) -> tensor<?x5xf32> {
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %sel, %c0 : tensor<?x1xi32>
  %e = tensor.empty(%n) : tensor<?x5xf32>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x5xf32>) outs(%e : tensor<?x5xf32>) {
  ^bb0(%u: f32, %o: f32):
    %r = arith.addf %u, %u : f32
    linalg.yield %r : f32
  } -> tensor<?x5xf32>
  %rows = modular.dispatch sum %p, %d : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %last = scf.for %k = %c0 to %c3 step %c1 iter_args(%before = %rows) -> tensor<?x5xf32> {
    %g = modular.grouped %p along(%rows : tensor<?x5xf32>)
      class [0, 1, 2] {
      ^bb0(%rm: tensor<?x5xf32>):
        modular.yield %rm : tensor<?x5xf32>
      } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
    %w = modular.dispatch sum %p, %g : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
    scf.yield %w : tensor<?x5xf32>
  }
  return %last : tensor<?x5xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// Numbers of rows, and functions: tiles of rows, which stay plain operands.
// CHECK-LABEL: func.func @numbers
// CHECK-SAME: %[[Y:[^:]*]]: tensor<?x5xf64>, %[[N:[^:]*]]: tensor<?xi32>
// CHECK-NOT: modular.dispatch
// CHECK: modular.grouped %{{.*}} gather(%[[Y]] : tensor<?x5xf64>, %[[N]] : tensor<?xi32>)
// TASKS-LABEL: func.func @numbers
// TASKS: scf.forall
// TASKS: scf.for
// TASKS: scf.for
// TASKS: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x5xf64>, tensor<?xi32>)
func.func @numbers(%y: tensor<?x5xf64>, %i: tensor<?xi32>, %sel: tensor<?x1xi32>) -> tensor<?x5xf64> {
  %c0 = arith.constant 0 : index
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %n = tensor.dim %sel, %c0 : tensor<?x1xi32>
  %e = tensor.empty(%n) : tensor<?x5xf64>
  %d = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %i : tensor<?x5xf64>, tensor<?xi32>) outs(%e : tensor<?x5xf64>) {
  ^bb0(%u: f64, %v: i32, %o: f64):
    %w = arith.sitofp %v : i32 to f64
    %x = math.exp %u : f64
    %r = arith.addf %w, %x : f64
    linalg.yield %r : f64
  } -> tensor<?x5xf64>
  %rows = modular.dispatch sum %p, %d : !modular.plan<1 of 3>, tensor<?x5xf64> -> tensor<?x5xf64>
  %g = modular.grouped %p along(%rows : tensor<?x5xf64>)
    class [0, 1, 2] {
    ^bb0(%rm: tensor<?x5xf64>):
      modular.yield %rm : tensor<?x5xf64>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf64>) gradients()
  return %g : tensor<?x5xf64>
}
