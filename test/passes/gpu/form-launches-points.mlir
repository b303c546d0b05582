// RUN: modc-opt %s --modular-prepare-launches --modular-form-launches --canonicalize --cse | FileCheck %s
// Operands and results of grouped ops that belong to points, and rows of points;
// modc-conformance-tests runs them.

// Rows that were merged from points are rows of their own: six for each.
// CHECK-LABEL: func.func @merged(
// CHECK: %[[N:.*]] = tensor.dim %arg0, %{{.*}} : tensor<?x6x8xf32>
// CHECK: %[[ROWS:.*]] = arith.muli %[[N]], %c6 : index
// CHECK: %[[T:.*]] = bufferization.alloc_tensor(%[[ROWS]]) : tensor<?x8xf32>
// CHECK: %[[R:.*]] = call @merged.relu(%[[T]], %[[N]], %arg0)
// CHECK: call @merged.sqrt(%arg1, %[[N]], %[[R]])
func.func @merged(%x: tensor<?x6x8xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                  %y: tensor<?x48xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"}) -> tensor<?x48xf32> {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x6x8xf32>
  %rows = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x6x8xf32> into tensor<?x8xf32>
  %r = modular.relu %rows : tensor<?x8xf32>
  %parts = tensor.expand_shape %r [[0, 1], [2]] output_shape [%n, 6, 8] : tensor<?x8xf32> into tensor<?x6x8xf32>
  %flat = modular.reshape %parts : tensor<?x6x8xf32> -> tensor<?x48xf32>
  %s = math.sqrt %flat : tensor<?x48xf32>
  %o = bufferization.materialize_in_destination %s in %y : (tensor<?x48xf32>, tensor<?x48xf32>) -> tensor<?x48xf32>
  return %o : tensor<?x48xf32>
}

// Choices of a point's rows are columns of its choices; none of them is copied on
// its own.
// CHECK-LABEL: func.func @choices(
// CHECK: call @choices.to_selection(
// CHECK: call @choices.insert_slice(
func.func @choices(%s: tensor<?x8xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                   %y: tensor<?x4xi32> {bufferization.writable = true, modular.name = "choices", modular.role = "output", modular.rows = "N"}) -> tensor<?x4xi32> {
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %n = tensor.dim %s, %zero : tensor<?x8xi32>
  %part = tensor.extract_slice %s[0, 2] [%n, 4] [1, 1] : tensor<?x8xi32> to tensor<?x4xi32>
  %parts = modular.reshape %part : tensor<?x4xi32> -> tensor<?x2x2xi32>
  %rows = tensor.collapse_shape %parts [[0, 1], [2]] : tensor<?x2x2xi32> into tensor<?x2xi32>
  %a = modular.to_selection %rows : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %picks = modular.from_selection %a : !modular.selection<2 of 3> -> tensor<?x2xi32>
  %split = tensor.expand_shape %picks [[0, 1], [2]] output_shape [%n, 2, 2] : tensor<?x2xi32> into tensor<?x2x2xi32>
  %flat = modular.reshape %split : tensor<?x2x2xi32> -> tensor<?x4xi32>
  %o = tensor.insert_slice %flat into %y[0, 0] [%n, 4] [1, 1] : tensor<?x4xi32> into tensor<?x4xi32>
  return %o : tensor<?x4xi32>
}

// Two rows a point, each of which sees the point's keys and picks two members. A
// result by points takes what positions leave.
// CHECK-LABEL: func.func @attend(
// CHECK: %[[N:.*]] = tensor.dim %arg0, %{{.*}} : tensor<?x2x4xf32>
// CHECK: %[[POSITIONS:.*]] = arith.muli %[[N]], %c4 : index
// CHECK: %[[P:.*]]:4 = call @attend.plan(
// CHECK: %[[LEFT:.*]] = bufferization.alloc_tensor(%[[POSITIONS]]) : tensor<?x3x4xf32>
// CHECK: %[[G:.*]]:2 = call @attend.grouped(%{{.*}}, %[[LEFT]], %[[N]], %[[P]]#0, %[[P]]#1, %[[P]]#2, %[[P]]#3, %arg0, %arg1)
// CHECK: %[[K:.*]] = call @attend.grouped.1(%{{.*}}, %[[N]], %[[P]]#0, %[[P]]#1, %[[P]]#2, %[[P]]#3, %[[G]]#1)
// CHECK: call @attend.combine(
// CHECK: call @attend.materialize_in_destination(
func.func @attend(%x: tensor<?x2x4xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                  %keys: tensor<?x3x4xf32> {modular.name = "k", modular.role = "input", modular.rows = "N"},
                  %s: tensor<?x4xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                  %y: tensor<?x2x4xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"},
                  %dk: tensor<?x3x4xf32> {bufferization.writable = true, modular.name = "dk", modular.role = "output", modular.rows = "N"}) -> (tensor<?x2x4xf32>, tensor<?x3x4xf32>) {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x2x4xf32>
  %rows = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x2x4xf32> into tensor<?x4xf32>
  %parts = modular.reshape %s : tensor<?x4xi32> -> tensor<?x2x2xi32>
  %picks = tensor.collapse_shape %parts [[0, 1], [2]] : tensor<?x2x2xi32> into tensor<?x2xi32>
  %selection = modular.to_selection %picks : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %plan = modular.plan %selection duplicates once : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %g, %k = modular.grouped %plan gather(%rows : tensor<?x4xf32>) points(%keys : tensor<?x3x4xf32> rows 2)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x4xf32>, %km: tensor<3x4xf32>):
      %e = tensor.empty() : tensor<4x3xf32>
      %kt = linalg.transpose ins(%km : tensor<3x4xf32>) outs(%e : tensor<4x3xf32>) permutation = [1, 0]
      %a = modular.linear %xm, %kt : tensor<?x4xf32>, tensor<4x3xf32> -> tensor<?x3xf32>
      %z = arith.constant 0.0 : f32
      %empty = tensor.empty() : tensor<3x4xf32>
      %zeros = linalg.fill ins(%z : f32) outs(%empty : tensor<3x4xf32>) -> tensor<3x4xf32>
      %sum = linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (r, i)>, affine_map<(i, j, r) -> (r, j)>, affine_map<(i, j, r) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %xm : tensor<?x3xf32>, tensor<?x4xf32>) outs(%zeros : tensor<3x4xf32>) {
      ^bb1(%p: f32, %q: f32, %old: f32):
        %m = arith.mulf %p, %q : f32
        %new = arith.addf %old, %m : f32
        linalg.yield %new : f32
      } -> tensor<3x4xf32>
      %h = modular.linear %a, %km : tensor<?x3xf32>, tensor<3x4xf32> -> tensor<?x4xf32>
      modular.yield %h, %sum : tensor<?x4xf32>, tensor<3x4xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x4xf32>) points(tensor<?x3x4xf32>) gradients()
  %c = modular.combine sum %plan, %g : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  %back = tensor.expand_shape %c [[0, 1], [2]] output_shape [%n, 2, 4] : tensor<?x4xf32> into tensor<?x2x4xf32>
  %o = bufferization.materialize_in_destination %back in %y : (tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  %p = bufferization.materialize_in_destination %k in %dk : (tensor<?x3x4xf32>, tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  return %o, %p : tensor<?x2x4xf32>, tensor<?x3x4xf32>
}

// A row is a part of its point's; a point's row is its rows side by side.
// CHECK-LABEL: func.func private @merged.relu(
// CHECK-SAME: modular.invocations = array<i64: 6, 1>
// CHECK: scf.forall (%[[I:.*]]) in
// CHECK: %[[POINT:.*]] = arith.divui %[[I]], %c6
// CHECK: %[[ALL:.*]] = tensor.extract_slice %{{.*}}[%[[POINT]], 0, 0] [1, 6, 8]
// CHECK: %[[PART:.*]] = arith.remui %[[I]], %c6
// CHECK: tensor.extract_slice %[[ALL]][0, %[[PART]], 0] [1, 1, 8]
// CHECK-LABEL: func.func private @merged.sqrt(
// CHECK: scf.forall (%[[I:.*]]) in
// CHECK: %[[FIRST:.*]] = arith.muli %[[I]], %c6
// CHECK: tensor.extract_slice %{{.*}}[%[[FIRST]], 0] [6, 8]

// The same of choices, which are in memory as they are.
// CHECK-LABEL: func.func private @choices.to_selection(
// CHECK: tensor.extract_slice %{{.*}}[0, 2] [1, 4]
// CHECK-LABEL: func.func private @choices.insert_slice(
// CHECK-NOT: scf.for %
// CHECK: tensor.extract_slice %{{.*}} [2, 2]

// The point of a position is that of its row; what it adds to the point is a row
// of its own.
// CHECK-LABEL: func.func private @attend.grouped(
// CHECK-SAME: %[[ROWS:[^:]*]]: tensor<?xi32>, %{{[^:]*}}: tensor<?xi32>, %{{[^:]*}}: tensor<4xi32>
// CHECK: scf.forall (%[[I:.*]]) in
// CHECK: %[[ROW:.*]] = tensor.extract %[[ROWS]][%[[I]]]
// CHECK: %[[NUMBER:.*]] = arith.index_cast %[[ROW]]
// CHECK: %[[POINT:.*]] = arith.divui %[[NUMBER]], %c2
// CHECK: tensor.extract_slice %{{.*}}[%[[POINT]], 0, 0] [1, 3, 4]
// CHECK: tensor.parallel_insert_slice %{{.*}} into %{{.*}}[%[[I]], 0, 0] [1, 3, 4]

// Rows and picks ascending; a pick that does not count has no position.
// CHECK-LABEL: func.func private @attend.grouped.1(
// CHECK-SAME: modular.invocations = array<i64: 12, 1>
// CHECK: scf.for %[[R:.*]] = %c0 to %c2
// CHECK: scf.for %[[K:.*]] = %c0 to %c2
// CHECK: %[[AT:.*]] = arith.addi %{{.*}}, %[[R]]
// CHECK: %[[POSITION:.*]] = tensor.extract %{{.*}}[%[[AT]], %[[K]]]
// CHECK: %[[COUNTS:.*]] = arith.cmpi sge, %[[POSITION]], %c0_i32
// CHECK: arith.select %[[COUNTS]]
