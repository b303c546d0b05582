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

// All rows are distinct: row i stands for itself.
// CHECK-LABEL: func.func @distinct(
// CHECK-NOT: modular.distinct_rows
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?xi32>) {
// CHECK: %[[I:.*]] = linalg.index 0 : index
// CHECK-NEXT: %[[ROW:.*]] = arith.index_cast %[[I]] : index to i32
// CHECK-NEXT: linalg.yield %[[ROW]] : i32
// CHECK: return %[[ROWS]], %[[ROWS]]
func.func @distinct(%keys: tensor<?x2xi32> {modular.name = "keys", modular.role = "input", modular.rows = "N"},
                    %points: tensor<?xi32> {modular.name = "points", modular.role = "input", modular.rows = "N"}, %n: index {modular.name = "N", modular.role = "size"}) -> (tensor<?xi32>, tensor<?xi32>) {
  %index, %first = modular.distinct_rows %keys below 3 of %points in %n : tensor<?x2xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  return %index, %first : tensor<?xi32>, tensor<?xi32>
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
