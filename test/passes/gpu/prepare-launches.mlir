// RUN: modc-opt %s --modular-prepare-launches --canonicalize --cse | FileCheck %s
// Programs in the form that launches take.

// Scalars are words of one buffer: integers as two, the lower one first, then
// reals. The arguments stay, without a use.
// CHECK-LABEL: func.func @scalars(
// CHECK-SAME: %[[WORDS:[^:]*]]: tensor<3xi32> {modular.offset = 0 : i64, modular.role = "scalar"})
// CHECK-DAG: %[[W0:.*]] = tensor.extract %[[WORDS]][%c0]
// CHECK-DAG: %[[LOW:.*]] = arith.extui %[[W0]] : i32 to i64
// CHECK-DAG: %[[W1:.*]] = tensor.extract %[[WORDS]][%c1]
// CHECK-DAG: %[[WIDE:.*]] = arith.extui %[[W1]] : i32 to i64
// CHECK-DAG: %[[HIGH:.*]] = arith.shli %[[WIDE]], %c32_i64
// CHECK-DAG: %[[SEED:.*]] = arith.ori %[[LOW]], %[[HIGH]]
// CHECK-DAG: %[[W2:.*]] = tensor.extract %[[WORDS]][%c2]
// CHECK-DAG: %[[LR:.*]] = arith.bitcast %[[W2]] : i32 to f32
// CHECK: return %[[LR]], %[[SEED]]
func.func @scalars(%lr: f32 {modular.name = "lr", modular.role = "real"},
                   %seed: i64 {modular.name = "seed", modular.role = "integer"}) -> (f32, i64) {
  return %lr, %seed : f32, i64
}

// Distinct rows stay in their places: what was taken for the first ones is what
// all rows have. Rows of the plan are -1 for the others.
// CHECK-LABEL: func.func @candidates(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x2xf32> {{{[^}]*}}}, %[[PICKS:[^:]*]]: tensor<?x1xi32>
// CHECK: %[[PARENTS:.*]] = modular.tile_rows
// CHECK: %[[INDEX:.*]], %[[FIRST:.*]] = modular.distinct_rows %[[PICKS]] below 3 of %[[PARENTS]]
// CHECK-NOT: modular.take_rows
// CHECK: %[[SELECTION:.*]] = modular.to_selection %[[PICKS]]
// CHECK: %[[PLAN:.*]] = modular.plan %[[SELECTION]] distinct(%[[FIRST]] of %{{.*}} : tensor<?xi32>) unique
// CHECK: %[[ONCE:.*]] = modular.combine sum %[[PLAN]]
// CHECK: %[[TARGETS:.*]] = modular.take_rows %[[X]] at %[[PARENTS]]
// CHECK: %[[SUM:.*]] = arith.addf %[[ONCE]], %[[TARGETS]]
// CHECK: %[[ALL:.*]] = modular.take_rows %[[SUM]] at %[[INDEX]]
// CHECK: return %[[ALL]]
func.func @candidates(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                      %picks: tensor<?x1xi32> {modular.name = "picks", modular.role = "input", modular.rows = "S*N"},
                      %s: index {modular.name = "S", modular.role = "size"}) -> tensor<?x2xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%n) : tensor<?xi32>
  %counting = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%e : tensor<?xi32>) {
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
  %t = modular.take_rows %x at %of : tensor<?x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  %sum = arith.addf %once, %t : tensor<?x2xf32>
  %all = modular.take_rows %sum at %index : tensor<?x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  return %all : tensor<?x2xf32>
}

// Whoever else asks for the first rows gets all of them.
// CHECK-LABEL: func.func @first_rows(
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?xi32>) {
// CHECK: %[[I:.*]] = linalg.index 0 : index
// CHECK-NEXT: %[[ROW:.*]] = arith.index_cast %[[I]] : index to i32
// CHECK-NEXT: linalg.yield %[[ROW]] : i32
// CHECK: return %[[ROWS]]
func.func @first_rows(%keys: tensor<?x2xi32> {modular.name = "keys", modular.role = "input", modular.rows = "N"},
                      %points: tensor<?xi32> {modular.name = "points", modular.role = "input", modular.rows = "N"}, %n: index {modular.name = "N", modular.role = "size"}) -> tensor<?xi32> {
  %index, %first = modular.distinct_rows %keys below 3 of %points in %n : tensor<?x2xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  return %first : tensor<?xi32>
}

// Named ops are generic ones, but for fills.
// CHECK-LABEL: func.func @named(
// CHECK: linalg.fill
// CHECK-NOT: linalg.matmul
// CHECK: linalg.generic
func.func @named(%a: tensor<4x2xf32> {modular.name = "a", modular.role = "input"},
                 %b: tensor<2x3xf32> {modular.name = "b", modular.role = "input"}) -> tensor<4x3xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %p = linalg.matmul ins(%a, %b : tensor<4x2xf32>, tensor<2x3xf32>) outs(%z : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %p : tensor<4x3xf32>
}
