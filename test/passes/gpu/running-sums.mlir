// RUN: modc-opt %s --modular-form-launches --canonicalize --cse | FileCheck %s
// Sums over rows that go on from others are made in one place; where something
// else reads what they go on from they are not.

#each = affine_map<(d0) -> (d0)>
#column_row = affine_map<(d0, d1) -> (d1, d0)>
#column = affine_map<(d0, d1) -> (d0)>

// CHECK-LABEL: func.func @one_place(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x2xf32> {{{[^}]*}}}, %[[D:[^:]*]]: tensor<2xf32>
// CHECK-NOT: alloc_tensor
// CHECK: %[[A:.*]] = call @one_place.reduce(%[[D]], %[[N:.*]], %[[X]])
// CHECK-NEXT: %[[B:.*]] = call @one_place.reduce.1(%[[A]], %[[N]], %[[X]])
// CHECK-NEXT: return %[[B]]
func.func @one_place(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                     %db: tensor<2xf32> {bufferization.writable = true, modular.name = "b", modular.offset = 64 : i64, modular.role = "gradient"}) -> tensor<2xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x2xf32>) outs(%z : tensor<2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %out, %in : f32
    linalg.yield %a : f32
  } -> tensor<2xf32>
  %t = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x2xf32>) outs(%s : tensor<2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %q = arith.mulf %in, %in : f32
    %a = arith.addf %out, %q : f32
    linalg.yield %a : f32
  } -> tensor<2xf32>
  %o = bufferization.materialize_in_destination %t in %db : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %o : tensor<2xf32>
}

// The launch of a gradient of members adds it to the sum.
// CHECK-LABEL: func.func @added_gradient(
// CHECK: call @added_gradient.plan(
// CHECK: %[[A:.*]] = call @added_gradient.grouped(%arg2,
// CHECK-NEXT: %[[B:.*]] = call @added_gradient.grouped.1(%[[A]],
// CHECK-NEXT: return %[[B]]
func.func @added_gradient(%dy: tensor<?x2xf32> {modular.name = "dy", modular.role = "input", modular.rows = "N"},
                          %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                          %db: tensor<3x2xf32> {bufferization.writable = true, modular.name = "b", modular.offset = 0 : i64, modular.role = "gradient"},
                          %dz: tensor<?x2xf32> {modular.name = "dz", modular.role = "input", modular.rows = "N"}) -> tensor<3x2xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %plan gather(%dy : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%dym: tensor<?x2xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<2xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %sum = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%dym : tensor<?x2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      modular.yield %sum : tensor<2xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x2xf32>)
  %h = modular.grouped %plan gather(%dz : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%dzm: tensor<?x2xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<2xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %sum = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%dzm : tensor<?x2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      modular.yield %sum : tensor<2xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x2xf32>)
  %e = tensor.empty() : tensor<3x2xf32>
  %both = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%g, %h : tensor<3x2xf32>, tensor<3x2xf32>) outs(%e : tensor<3x2xf32>) {
  ^bb0(%l: f32, %r: f32, %out: f32):
    %a = arith.addf %l, %r : f32
    linalg.yield %a : f32
  } -> tensor<3x2xf32>
  %o = bufferization.materialize_in_destination %both in %db : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %o : tensor<3x2xf32>
}

// The first of them overwrites the gradient already: what reads the old one runs
// before.
// CHECK-LABEL: func.func @overwritten(
// CHECK: call @overwritten.plan(
// CHECK-NEXT: call @overwritten.product(%arg4, %{{.*}}, %arg0, %arg2)
// CHECK: %[[A:.*]] = call @overwritten.grouped(%arg2,
// CHECK-NEXT: call @overwritten.grouped.1(%[[A]],
func.func @overwritten(%dy: tensor<?x2xf32> {modular.name = "dy", modular.role = "input", modular.rows = "N"},
                       %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                       %db: tensor<3x2xf32> {bufferization.writable = true, modular.name = "b", modular.offset = 0 : i64, modular.role = "gradient"},
                       %dz: tensor<?x2xf32> {modular.name = "dz", modular.role = "input", modular.rows = "N"},
                       %y: tensor<3x2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output"}) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %none = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<3x2xf32>
  %start = linalg.fill ins(%none : f32) outs(%empty : tensor<3x2xf32>) -> tensor<3x2xf32>
  %old = linalg.generic {indexing_maps = [affine_map<(i, j, n) -> (n, j)>, affine_map<(i, j, n) -> (i, j)>, affine_map<(i, j, n) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%dy, %db : tensor<?x2xf32>, tensor<3x2xf32>) outs(%start : tensor<3x2xf32>) {
  ^bb0(%in: f32, %d: f32, %out: f32):
    %p = arith.mulf %in, %d : f32
    %a = arith.addf %out, %p : f32
    linalg.yield %a : f32
  } -> tensor<3x2xf32>
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %plan gather(%dy : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%dym: tensor<?x2xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<2xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %sum = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%dym : tensor<?x2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      modular.yield %sum : tensor<2xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x2xf32>)
  %h = modular.grouped %plan gather(%dz : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%dzm: tensor<?x2xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<2xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %sum = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%dzm : tensor<?x2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      modular.yield %sum : tensor<2xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x2xf32>)
  %e = tensor.empty() : tensor<3x2xf32>
  %both = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%g, %h : tensor<3x2xf32>, tensor<3x2xf32>) outs(%e : tensor<3x2xf32>) {
  ^bb0(%l: f32, %r: f32, %out: f32):
    %a = arith.addf %l, %r : f32
    linalg.yield %a : f32
  } -> tensor<3x2xf32>
  %o = bufferization.materialize_in_destination %both in %db : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %p = bufferization.materialize_in_destination %old in %y : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %o, %p : tensor<3x2xf32>, tensor<3x2xf32>
}

// What the program returns stays as it is.
// CHECK-LABEL: func.func @read_elsewhere(
// CHECK: %[[T:.*]] = call @read_elsewhere.reduce(%arg1,
// CHECK-NEXT: %[[U:.*]] = call @read_elsewhere.reduce.1(%arg2, %[[T]],
// CHECK-NEXT: return %[[T]], %[[U]]
func.func @read_elsewhere(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                          %db: tensor<2xf32> {bufferization.writable = true, modular.name = "b", modular.offset = 64 : i64, modular.role = "gradient"},
                          %dc: tensor<2xf32> {bufferization.writable = true, modular.name = "c", modular.offset = 128 : i64, modular.role = "gradient"}) -> (tensor<2xf32>, tensor<2xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x2xf32>) outs(%z : tensor<2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %out, %in : f32
    linalg.yield %a : f32
  } -> tensor<2xf32>
  %t = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x2xf32>) outs(%s : tensor<2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %out, %in : f32
    linalg.yield %a : f32
  } -> tensor<2xf32>
  %o = bufferization.materialize_in_destination %s in %db : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %p = bufferization.materialize_in_destination %t in %dc : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %o, %p : tensor<2xf32>, tensor<2xf32>
}

// Zeros that a sum starts from are zeros where its body reads them otherwise.
// CHECK-LABEL: func.func @zeros_elsewhere(
// CHECK: %[[A:.*]] = call @zeros_elsewhere.grouped(%arg2,
// CHECK-NEXT: call @zeros_elsewhere.grouped.1(%[[A]],
func.func @zeros_elsewhere(%dy: tensor<?x2xf32> {modular.name = "dy", modular.role = "input", modular.rows = "N"},
                           %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                           %db: tensor<3x2xf32> {bufferization.writable = true, modular.name = "b", modular.offset = 0 : i64, modular.role = "gradient"},
                           %dz: tensor<?x2xf32> {modular.name = "dz", modular.role = "input", modular.rows = "N"}) -> tensor<3x2xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %plan gather(%dy : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%dym: tensor<?x2xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<2xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %sum = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%dym : tensor<?x2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      modular.yield %sum : tensor<2xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x2xf32>)
  %h = modular.grouped %plan gather(%dz : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%dzm: tensor<?x2xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<2xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %sum = linalg.generic {indexing_maps = [#column_row, #column, #column], iterator_types = ["parallel", "reduction"]} ins(%dzm, %z : tensor<?x2xf32>, tensor<2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %least: f32, %out: f32):
        %m = arith.maximumf %in, %least : f32
        %a = arith.addf %out, %m : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      modular.yield %sum : tensor<2xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x2xf32>)
  %e = tensor.empty() : tensor<3x2xf32>
  %both = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%g, %h : tensor<3x2xf32>, tensor<3x2xf32>) outs(%e : tensor<3x2xf32>) {
  ^bb0(%l: f32, %r: f32, %out: f32):
    %a = arith.addf %l, %r : f32
    linalg.yield %a : f32
  } -> tensor<3x2xf32>
  %o = bufferization.materialize_in_destination %both in %db : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %o : tensor<3x2xf32>
}

// The sum starts from what stands there.
// CHECK: func.func private @added_gradient.grouped.1(
// CHECK: scf.forall {{.*}} shared_outs(%[[O:.*]] = %{{.*}})
// CHECK: %[[OLD:.*]] = tensor.extract_slice %[[O]]
// CHECK: %[[START:.*]] = tensor.extract %[[OLD]]
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[START]])

// CHECK: func.func private @zeros_elsewhere.grouped.1(
// CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: %[[START:.*]] = tensor.extract %{{.*}} : tensor<1x1xf32>
// CHECK: scf.for {{.*}} iter_args(%[[SUM:.*]] = %[[START]])
// CHECK: %[[AT_LEAST:.*]] = arith.maximumf %{{.*}}, %[[ZERO]] : f32
// CHECK: arith.addf %[[SUM]], %[[AT_LEAST]]
