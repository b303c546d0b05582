// RUN: modc-opt %s --modular-lower-routing --canonicalize --split-input-file --verify-diagnostics | FileCheck %s

// Selections become integers [rows, K]. The largest score wins, the first of
// equals. A NaN equals nothing; where all are, member 0 stands for them.

// CHECK-LABEL: func.func @mode
// CHECK-SAME: %[[SCORES:.*]]: tensor<?x2x3xf32>
// CHECK-DAG: %[[FIRST:.*]] = arith.constant 0 : i32
// CHECK-DAG: %[[NONE:.*]] = arith.constant 3 : i32
// CHECK: %[[BEST:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[SCORES]] :
// CHECK: ^bb0(%[[SCORE:.*]]: f32, %[[LARGEST:.*]]: f32):
// CHECK: %[[LARGER:.*]] = arith.cmpf ogt, %[[SCORE]], %[[LARGEST]]
// CHECK: arith.select %[[LARGER]], %[[SCORE]], %[[LARGEST]]
// CHECK: %[[MEMBER:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[SCORES]], %[[BEST]] :
// CHECK: ^bb0(%[[SCORE:.*]]: f32, %[[LARGEST:.*]]: f32, %[[SO_FAR:.*]]: i32):
// CHECK: %[[I:.*]] = linalg.index 2
// CHECK: %[[M:.*]] = arith.index_cast %[[I]]
// CHECK: %[[IS:.*]] = arith.cmpf oeq, %[[SCORE]], %[[LARGEST]]
// CHECK: %[[CANDIDATE:.*]] = arith.select %[[IS]], %[[M]], %[[NONE]]
// CHECK: arith.minsi %[[CANDIDATE]], %[[SO_FAR]]
// CHECK: %[[RESULT:.*]] = linalg.generic {{.*}} ins(%[[MEMBER]] :
// CHECK: ^bb0(%[[FOUND:.*]]: i32,
// CHECK: %[[ALL:.*]] = arith.cmpi eq, %[[FOUND]], %[[NONE]]
// CHECK: arith.select %[[ALL]], %[[FIRST]], %[[FOUND]]
// CHECK: return %[[RESULT]]
func.func @mode(%scores: tensor<?x2x3xf32>) -> tensor<?x2xi32> {
  %a = modular.mode %scores : tensor<?x2x3xf32> -> !modular.selection<2 of 3>
  %i = modular.from_selection %a : !modular.selection<2 of 3> -> tensor<?x2xi32>
  return %i : tensor<?x2xi32>
}

// -----

// Both reductions go over a block of long rows before the next one is read: here
// 16 KiB, 5 rows.

// CHECK-LABEL: func.func @long_rows
// CHECK-SAME: %[[SCORES:.*]]: tensor<?x2x400xf32>
// CHECK: scf.forall (%[[BLOCK:.*]]) in
// CHECK: %[[FIRST:.*]] = arith.muli %[[BLOCK]], %{{.*}}5
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[SCORES]][%[[FIRST]], 0, 0]
// CHECK: %[[BEST:.*]] = linalg.generic {{.*}} ins(%[[SLICE]] :
// CHECK: linalg.generic {{.*}} ins(%[[SLICE]], %[[BEST]] :
// CHECK: tensor.parallel_insert_slice
func.func @long_rows(%scores: tensor<?x2x400xf32>) -> tensor<?x2xi32> {
  %a = modular.mode %scores : tensor<?x2x400xf32> -> !modular.selection<2 of 400>
  %i = modular.from_selection %a : !modular.selection<2 of 400> -> tensor<?x2xi32>
  return %i : tensor<?x2xi32>
}

// -----

// The first member whose cumulative probability exceeds u: as many stand before it
// as have totals that do not. Where rounding leaves none, the last one of a
// probability above 0.

// CHECK-LABEL: func.func @sample
// CHECK-SAME: %[[SCORES:.*]]: tensor<?x1x3xf32>, %[[U:.*]]: tensor<?x1xf32>
// CHECK: math.exp
// CHECK: arith.divf
// CHECK: %[[TOTALS:.*]]:2 = scf.forall
// CHECK: %[[NEXT:.*]] = arith.addf
// CHECK: arith.cmpf ogt
// CHECK: tensor.insert %[[NEXT]]
// Few members stand outside, so that rows run in vectors.
// CHECK: %[[BELOW:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "parallel", "parallel"]} ins(%[[U]], %{{.*}} : tensor<?x1xf32>, tensor<3xi8>)
// CHECK: %[[ROW:.*]] = linalg.index 1
// CHECK: %[[TOTAL:.*]] = tensor.extract %[[TOTALS]]#0[%[[ROW]]
// CHECK: arith.cmpf ule, %[[TOTAL]]
// CHECK: linalg.generic {{.*}} ins(%[[BELOW]] :
// CHECK: %[[LAST:.*]] = tensor.extract %[[TOTALS]]#1
// CHECK: arith.minsi %{{.*}}, %[[LAST]]
func.func @sample(%scores: tensor<?x1x3xf32>, %u: tensor<?x1xf32>) -> tensor<?x1xi32> {
  %a = modular.sample %scores, %u : tensor<?x1x3xf32>, tensor<?x1xf32> -> !modular.selection<1 of 3>
  %i = modular.from_selection %a : !modular.selection<1 of 3> -> tensor<?x1xi32>
  return %i : tensor<?x1xi32>
}

// -----

// Totals of many members are read one after another.

// CHECK-LABEL: func.func @sample_of_many
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%{{.*}}, %{{.*}} : tensor<?x1xf32>, tensor<17xi8>)
// CHECK: %[[ROW:.*]] = linalg.index 0
// CHECK: tensor.extract %{{.*}}#0[%[[ROW]]
func.func @sample_of_many(%scores: tensor<?x1x17xf32>, %u: tensor<?x1xf32>) -> tensor<?x1xi32> {
  %a = modular.sample %scores, %u : tensor<?x1x17xf32>, tensor<?x1xf32> -> !modular.selection<1 of 17>
  %i = modular.from_selection %a : !modular.selection<1 of 17> -> tensor<?x1xi32>
  return %i : tensor<?x1xi32>
}

// -----

// Candidates read the totals of the row that a number says.

// CHECK-LABEL: func.func @sample_at
// CHECK-SAME: %[[SCORES:.*]]: tensor<?x1x3xf32>, %[[ROWS:.*]]: tensor<?xi32>, %[[U:.*]]: tensor<?x1xf32>
// CHECK: %[[TOTALS:.*]]:2 = scf.forall
// CHECK: linalg.generic {{.*}} ins(%[[U]], %{{.*}}, %[[ROWS]] : tensor<?x1xf32>, tensor<3xi8>, tensor<?xi32>)
// CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: i8, %[[NUMBER:.*]]: i32, %{{.*}}: i32):
// CHECK: %[[ROW:.*]] = arith.index_cast %[[NUMBER]]
// CHECK: tensor.extract %[[TOTALS]]#0[%[[ROW]]
func.func @sample_at(%scores: tensor<?x1x3xf32>, %rows: tensor<?xi32>, %u: tensor<?x1xf32>) -> tensor<?x1xi32> {
  %a = modular.sample %scores at(%rows : tensor<?xi32>), %u : tensor<?x1x3xf32>, tensor<?x1xf32> -> !modular.selection<1 of 3>
  %i = modular.from_selection %a : !modular.selection<1 of 3> -> tensor<?x1xi32>
  return %i : tensor<?x1xi32>
}

// -----

// Stored choices take the place of the first candidate of each point; numbers
// beyond the pool cannot leave it.

// CHECK-LABEL: func.func @keep_stored
// CHECK-SAME: %[[DRAWN:.*]]: tensor<?x1xi32>, %[[STORED:.*]]: tensor<?x1xi32>
// CHECK-DAG: %[[LEAST:.*]] = arith.constant 0 : i32
// CHECK-DAG: %[[MOST:.*]] = arith.constant 2 : i32
// CHECK: %[[A:.*]] = linalg.generic {{.*}} ins(%[[DRAWN]] :
// CHECK: arith.maxsi %{{.*}}, %[[LEAST]]
// CHECK: arith.minsi %{{.*}}, %[[MOST]]
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[STORED]] :
// CHECK: arith.maxsi %{{.*}}, %[[LEAST]]
// CHECK: arith.minsi %{{.*}}, %[[MOST]]
// CHECK: %[[FIRST:.*]] = tensor.extract_slice %[[S]][0, 0]
// CHECK: %[[R:.*]] = tensor.insert_slice %[[FIRST]] into %[[A]][0, 0]
// CHECK: return %[[R]]
func.func @keep_stored(%drawn: tensor<?x1xi32>, %stored: tensor<?x1xi32>) -> tensor<?x1xi32> {
  %s = modular.to_selection %drawn : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %a = modular.keep_stored %s, %stored : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %i = modular.from_selection %a : !modular.selection<1 of 3> -> tensor<?x1xi32>
  return %i : tensor<?x1xi32>
}

// -----

// log p(a|x) of a row: the log-softmax is looked up at the chosen member, and summed
// over picks.

// CHECK-LABEL: func.func @log_probability
// CHECK: math.exp
// CHECK: math.log
// CHECK: %[[PICKED:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]}
// CHECK: %[[SHIFTED:.*]] = tensor.extract %{{.*}} : tensor<?x2x3xf32>
// CHECK: %[[LOG:.*]] = tensor.extract %{{.*}} : tensor<?x2xf32>
// CHECK: arith.subf %[[SHIFTED]], %[[LOG]]
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[PICKED]]
// CHECK: arith.addf
// CHECK: return
func.func @log_probability(%scores: tensor<?x2x3xf32>, %a: tensor<?x2xi32>) -> tensor<?xf32> {
  %s = modular.to_selection %a : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %y = modular.log_probability %scores, %s : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// CHECK-LABEL: func.func @usage
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i32
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK: linalg.fill ins(%[[ZERO]] : i32) outs(%{{.*}} : tensor<3xi32>)
// CHECK: scf.for
// CHECK: scf.for
// CHECK: %[[SO_FAR:.*]] = tensor.extract %[[COUNTS:.*]][%[[MEMBER:.*]]] : tensor<3xi32>
// CHECK: %[[MORE:.*]] = arith.addi %[[SO_FAR]], %[[ONE]]
// CHECK: tensor.insert %[[MORE]] into %[[COUNTS]][%[[MEMBER]]]
func.func @usage(%a: tensor<?x2xi32>) -> tensor<3xi32> {
  %s = modular.to_selection %a : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %y = modular.usage %s : !modular.selection<2 of 3> -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// -----

func.func @unknown(%a: !modular.selection<1 of 3>) -> tensor<?x1xi32> {
  // expected-error @below {{'modular.from_selection' op has a selection or plan that no op of the function makes}}
  %i = modular.from_selection %a : !modular.selection<1 of 3> -> tensor<?x1xi32>
  return %i : tensor<?x1xi32>
}
