// RUN: modc-opt %s --modular-lower-routing --canonicalize --split-input-file | FileCheck %s

// A counting sort: rows per member, their sums, then each (row, pick) to the next
// place of its member. Rows of one member keep their order.

// CHECK-LABEL: func.func @plan
// CHECK-SAME: %[[A:.*]]: tensor<?x2xi32>
// CHECK-DAG: %[[NO:.*]] = arith.constant -1 : i32
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i32
// CHECK: %[[ROWS:.*]] = tensor.dim %[[A]]
// CHECK: %[[COUNTS:.*]] = scf.for {{.*}} -> (tensor<4xi32>)
// CHECK: arith.addi %{{.*}}, %[[ONE]] : i32
// CHECK: %[[OFFSETS:.*]] = scf.for {{.*}} iter_args(%[[SUMS:.*]] = %[[COUNTS]]) -> (tensor<4xi32>)
// CHECK: %[[HERE:.*]] = tensor.extract %[[SUMS]]
// CHECK: %[[NEXT:.*]] = tensor.extract %[[SUMS]]
// CHECK: arith.addi %[[HERE]], %[[NEXT]]
// A pick without a place has position -1.
// CHECK: linalg.fill ins(%[[NO]] : i32) outs(%{{.*}} : tensor<?x2xi32>)
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[OFFSETS]],
// CHECK: %[[PLACE:.*]] = tensor.extract %{{.*}} : tensor<4xi32>
// CHECK: tensor.insert %{{.*}} : tensor<4xi32>
// CHECK: tensor.insert %{{.*}} : tensor<?xi32>
// CHECK: tensor.insert %[[PLACE]] into %{{.*}} : tensor<?x2xi32>
// CHECK: tensor.insert %{{.*}} : tensor<?xi32>
func.func @plan(%a: tensor<?x2xi32>, %v: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %s = modular.to_selection %a : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %s : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %y = modular.combine sum %p, %v : !modular.plan<2 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}

// -----

// `once` leaves out a pick that an earlier one of the row has made.

// CHECK-LABEL: func.func @once
// CHECK: %[[SEEN:.*]] = scf.for {{.*}} -> (i1)
// CHECK: arith.cmpi eq
// CHECK: scf.if %[[SEEN]] -> (tensor<4xi32>)
// CHECK-NEXT: scf.yield
// CHECK-NEXT: else
// CHECK: arith.addi
func.func @once(%a: tensor<?x2xi32>, %v: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %s = modular.to_selection %a : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %s duplicates once : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %y = modular.combine sum %p, %v : !modular.plan<2 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}

// -----

// Candidates of one operand row share a (row, member) pair: pairs are numbered by a
// list for each operand row, sorted by walking these lists in order of rows, and
// the position of a pick is that of its pair.

// CHECK-LABEL: func.func @distinct
// CHECK-SAME: %[[A:.*]]: tensor<?x1xi32>, %[[V:.*]]: tensor<?x5xf32>, %[[I:.*]]: tensor<?xi32>, %[[N:.*]]: index
// CHECK: tensor.empty(%[[N]]) : tensor<?xi32>
// CHECK: %[[PAIRS:.*]]:7 = scf.for
// CHECK: tensor.extract %[[I]]
// CHECK: %[[FOUND:.*]]:2 = scf.for
// CHECK: arith.cmpi eq
// CHECK: arith.cmpi slt, %[[FOUND]]#1
// CHECK: %[[OFFSETS:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[PAIRS]]#5) -> (tensor<4xi32>)
// CHECK: %[[SORTED:.*]]:3 = scf.for %{{.*}} = %{{.*}} to %[[N]]
// CHECK: linalg.generic {{.*}} ins(%[[PAIRS]]#6 :
// CHECK: tensor.extract %[[SORTED]]#2
func.func @distinct(%a: tensor<?x1xi32>, %v: tensor<?x5xf32>, %i: tensor<?xi32>, %n: index) -> tensor<?x5xf32> {
  %s = modular.to_selection %a : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %s distinct(%i of %n : tensor<?xi32>) : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %y = modular.combine sum %p, %v : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}

// -----

// Nothing is looked for where pairs are unique: one sort, of operand rows and,
// for results, of the rows that stand for them.

// CHECK-LABEL: func.func @unique
// CHECK-SAME: %[[A:.*]]: tensor<?x1xi32>, %[[V:.*]]: tensor<?x5xf32>, %[[I:.*]]: tensor<?xi32>
// CHECK-NOT: arith.cmpi eq
// CHECK: %[[SORTED:.*]]:4 = scf.for %[[R:.*]] = {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[ROWS:.*]] = %{{.*}}, %{{.*}} = %{{.*}}, %[[OWNERS:.*]] = %{{.*}})
// CHECK: %[[OWNER:.*]] = arith.index_cast %[[R]] : index to i32
// CHECK: %[[OF:.*]] = tensor.extract %[[I]][%[[R]]]
// CHECK: tensor.insert %[[OF]] into %[[ROWS]]
// CHECK: tensor.insert %[[OWNER]] into %[[OWNERS]]
func.func @unique(%a: tensor<?x1xi32>, %v: tensor<?x5xf32>, %i: tensor<?xi32>, %n: index) -> (tensor<?x5xf32>, tensor<?x5xf32>) {
  %s = modular.to_selection %a : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %s distinct(%i of %n : tensor<?xi32>) unique : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %h = modular.grouped %p gather(%v : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%x: tensor<?x5xf32>):
      modular.yield %x : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  %y = modular.combine sum %p, %h : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  return %y, %h : tensor<?x5xf32>, tensor<?x5xf32>
}
