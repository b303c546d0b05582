// RUN: modc-opt %s --modular-lower-routing --canonicalize --split-input-file | FileCheck %s

// One loop over the rows: each finds its pair in the list of its parent, or adds
// it. The number of distinct rows is a minimum, so that their buffers have a bound.

// CHECK-LABEL: func.func @one
// CHECK-SAME: %[[KEYS:.*]]: tensor<?x1xi32>, %[[PARENT:.*]]: tensor<?xi32>, %[[N:.*]]: index
// CHECK: %[[ROWS:.*]] = tensor.dim %[[KEYS]]
// CHECK: tensor.empty(%[[N]]) : tensor<?xi32>
// CHECK: %[[ALL:.*]]:7 = scf.for %[[R:.*]] = %{{.*}} to %[[ROWS]]
// CHECK: %[[P:.*]] = tensor.extract %[[PARENT]][%[[R]]]
// CHECK: %[[KEY:.*]] = tensor.extract %[[KEYS]][%[[R]]
// CHECK: %[[FOUND:.*]]:2 = scf.for
// CHECK: arith.cmpi eq, %{{.*}}, %[[KEY]]
// CHECK: %[[NEW:.*]] = arith.cmpi slt, %[[FOUND]]#1
// CHECK: %[[NUMBER:.*]] = arith.select %[[NEW]], %{{.*}}, %[[FOUND]]#1
// CHECK: tensor.insert %[[NUMBER]] into %{{.*}}[%[[R]]]
// CHECK: %[[COUNT:.*]] = arith.index_cast %[[ALL]]#4
// CHECK: %[[D:.*]] = arith.minui %[[COUNT]], %[[ROWS]]
// CHECK: %[[FIRST:.*]] = tensor.extract_slice %[[ALL]]#6[0] [%[[D]]] [1]
// CHECK: return %[[ALL]]#5, %[[FIRST]]
func.func @one(%keys: tensor<?x1xi32>, %parent: tensor<?xi32>, %n: index) -> (tensor<?xi32>, tensor<?xi32>) {
  %i, %f = modular.distinct_rows %keys below 17 of %parent in %n : tensor<?x1xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  return %i, %f : tensor<?xi32>, tensor<?xi32>
}

// -----

// One key of few values: a table of all pairs holds their numbers, -1 at first.

// CHECK-LABEL: func.func @table
// CHECK-SAME: %[[KEYS:.*]]: tensor<?x1xi32>, %[[PARENT:.*]]: tensor<?xi32>, %[[N:.*]]: index
// CHECK-DAG: %[[NONE:.*]] = arith.constant -1 : i32
// CHECK: %[[EMPTY:.*]] = tensor.empty(%[[N]]) : tensor<?x16xi32>
// CHECK: %[[TABLE:.*]] = linalg.fill ins(%[[NONE]] : i32) outs(%[[EMPTY]]
// CHECK: %[[ALL:.*]]:4 = scf.for %[[R:.*]] = {{.*}} iter_args(%[[T:.*]] = %[[TABLE]], %[[I:.*]] = %{{.*}}, %[[F:.*]] = %{{.*}}, %[[SIZE:.*]] = %{{.*}})
// CHECK: %[[KNOWN:.*]] = tensor.extract %[[T]]
// CHECK: %[[NEW:.*]] = arith.cmpi slt, %[[KNOWN]]
// CHECK: %[[NUMBER:.*]] = arith.select %[[NEW]], %[[SIZE]], %[[KNOWN]]
// CHECK: tensor.insert %[[NUMBER]] into %[[T]]
// CHECK: tensor.insert %[[NUMBER]] into %[[I]][%[[R]]]
// CHECK: return %[[ALL]]#1
func.func @table(%keys: tensor<?x1xi32>, %parent: tensor<?xi32>, %n: index) -> (tensor<?xi32>, tensor<?xi32>) {
  %i, %f = modular.distinct_rows %keys below 16 of %parent in %n : tensor<?x1xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  return %i, %f : tensor<?xi32>, tensor<?xi32>
}

// -----

// With several keys a path of pairs; the last one's leaf has the number.

// CHECK-LABEL: func.func @three
// CHECK: %[[ALL:.*]]:9 = scf.for
// CHECK: %[[PATH:.*]]:6 = scf.for
// CHECK: scf.for
// CHECK: scf.yield
// CHECK: tensor.extract %{{.*}}[%[[PATH]]#5]
// CHECK: arith.index_cast %[[ALL]]#8
func.func @three(%keys: tensor<?x3xi32>, %parent: tensor<?xi32>, %n: index) -> (tensor<?xi32>, tensor<?xi32>) {
  %i, %f = modular.distinct_rows %keys below 4 of %parent in %n : tensor<?x3xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  return %i, %f : tensor<?xi32>, tensor<?xi32>
}
