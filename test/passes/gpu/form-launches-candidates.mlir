// RUN: modc-opt %s --modular-prepare-launches --canonicalize --cse --modular-form-launches --canonicalize --cse | FileCheck %s
// Candidates of a point that made the same choices: the first of them works.

#each = affine_map<(i) -> (i)>

// Which is the first is known before the plan, which gives the others no
// positions; what follows asks which rows are first.
// CHECK-LABEL: func.func @share(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x2xf32> {{{[^}]*}}}, %[[PICKS:[^:]*]]: tensor<?x1xi32>
// CHECK: %[[D:.*]]:3 = call @share.distinct_rows(%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %[[R:[^,]*]], %[[N:[^,]*]], %[[PICKS]])
// CHECK: %[[P:.*]]:4 = call @share.plan({{.*}}, %[[D]]#2, %[[D]]#1, %[[R]])
// CHECK: %[[V:.*]] = call @share.grouped(
// CHECK: %[[ONCE:.*]] = call @share.combine(%{{[^,]*}}, %[[R]], %[[D]]#0, %[[P]]#0
// CHECK: %[[L:.*]] = call @share.linear(%{{[^,]*}}, %[[R]], %[[D]]#0, %[[ONCE]], %{{[^,]*}})
// CHECK: call @share.take_rows(%{{[^,]*}}, %[[R]], %[[D]]#0, %[[L]])
func.func @share(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                 %picks: tensor<?x1xi32> {modular.name = "picks", modular.role = "input", modular.rows = "S*N"},
                 %s: index {modular.name = "S", modular.role = "size"},
                 %w: tensor<2x80xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                 %y: tensor<?x80xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "S*N"}) -> tensor<?x80xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%n) : tensor<?xi32>
  %counting = linalg.generic {indexing_maps = [#each], iterator_types = ["parallel"]} outs(%e : tensor<?xi32>) {
  ^bb0(%o: i32):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i32
    linalg.yield %j : i32
  } -> tensor<?xi32>
  %parents = modular.tile_rows %counting times %s : tensor<?xi32> -> tensor<?xi32>
  %index, %first = modular.distinct_rows %picks below 3 of %parents in %n : tensor<?x1xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  %p = modular.take_rows %picks at %first : tensor<?x1xi32>, tensor<?xi32> -> tensor<?x1xi32>
  %a = modular.to_selection %p : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %of = modular.take_rows %parents at %first : tensor<?xi32>, tensor<?xi32> -> tensor<?xi32>
  %plan = modular.plan %a distinct(%of of %n : tensor<?xi32>) unique : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %v = modular.grouped %plan gather(%x : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x2xf32>):
      %ym = math.absf %xm : tensor<?x2xf32>
      modular.yield %ym : tensor<?x2xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf32>) gradients()
  %once = modular.combine sum %plan, %v : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  %relu = modular.relu %once : tensor<?x2xf32>
  %wide = modular.linear %relu, %w : tensor<?x2xf32>, tensor<2x80xf32> -> tensor<?x80xf32>
  %all = modular.take_rows %wide at %index : tensor<?x80xf32>, tensor<?xi32> -> tensor<?x80xf32>
  %out = bufferization.materialize_in_destination %all in %y : (tensor<?x80xf32>, tensor<?x80xf32>) -> tensor<?x80xf32>
  return %out : tensor<?x80xf32>
}

// Candidate s looks at s rows, N apart, and takes the first whose picks are its
// own; its operand row is that of its point.
// CHECK-LABEL: func.func private @share.distinct_rows(
// CHECK-SAME: %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %[[N:[^:]*]]: index, %[[PICKS:[^:]*]]: tensor<?x1xi32>)
// CHECK-NOT: modular.distinct =
// CHECK: scf.forall (%[[R:.*]]) in
// CHECK-DAG: %[[S:.*]] = arith.divui %[[R]], %[[N]]
// CHECK-DAG: %[[POINT:.*]] = arith.remui %[[R]], %[[N]]
// CHECK-DAG: %[[OWN:.*]] = arith.index_cast %[[R]] : index to i32
// CHECK-DAG: %[[PARENT:.*]] = arith.index_cast %[[POINT]] : index to i32
// CHECK: %[[INDEX:.*]] = scf.for %[[T:.*]] = %{{.*}} to %[[S]] {{.*}} iter_args(%[[FOUND:.*]] = %[[OWN]])
// CHECK: %[[BEFORE:.*]] = arith.muli %[[T]], %[[N]]
// CHECK: %[[OTHER:.*]] = arith.addi %[[BEFORE]], %[[POINT]]
// CHECK: %[[NONE:.*]] = arith.cmpi eq, %[[FOUND]], %[[OWN]]
// CHECK: %[[SAME:.*]] = arith.cmpi eq
// CHECK: %[[BOTH:.*]] = arith.andi %[[NONE]], %[[SAME]]
// CHECK: %[[NUMBER:.*]] = arith.index_cast %[[OTHER]] : index to i32
// CHECK: arith.select %[[BOTH]], %[[NUMBER]], %[[FOUND]]
// CHECK: %[[IS_FIRST:.*]] = arith.cmpi eq, %[[INDEX]], %[[OWN]]
// CHECK: arith.select %[[IS_FIRST]], %[[PARENT]], %c-1_i32

// CHECK: func.func private @share.combine(
// CHECK-SAME: %{{[^,]*}}, %{{[^,]*}}, %{{[^:]*}}: tensor<?xi32>
// CHECK-SAME: attributes {modular.distinct = 2 : i64, modular.invocations = array<i64: 1, 1>}
// CHECK: modular.relu

// A tile without a first row is left out.
// CHECK: func.func private @share.linear(
// CHECK-SAME: modular.tile_kernel = {distinct = 2 : i64, factor = 1 : i64, kind = "product"
