// RUN: modc-opt %s --modular-lower-routing --canonicalize --split-input-file | FileCheck %s

// Blocks of rows in parallel, each row alone in adding its picks, in their order:
// no two tasks write one element. Values stand at the plan's positions.

// CHECK-LABEL: func.func @sum
// CHECK-SAME: %{{.*}}: tensor<?x2xi32>, %[[V:.*]]: tensor<?x5xf32>
// CHECK-DAG: %[[FIRST:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[SECOND:.*]] = arith.constant 1 : index
// CHECK: scf.forall
// CHECK: tensor.extract %[[POSITIONS:[0-9]+#[0-9]]][%[[ROW:.*]], %[[FIRST]]] : tensor<?x2xi32>
// CHECK: tensor.extract_slice %[[V]]
// CHECK: %[[SO_FAR:.*]] = linalg.copy
// CHECK: tensor.extract %[[POSITIONS]][%[[ROW]], %[[SECOND]]] : tensor<?x2xi32>
// CHECK: tensor.extract_slice %[[V]]
// CHECK: linalg.generic {{.*}} outs(%[[SO_FAR]] :
// CHECK: arith.addf
// CHECK: tensor.parallel_insert_slice
func.func @sum(%a: tensor<?x2xi32>, %v: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %s = modular.to_selection %a : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %s : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %y = modular.combine sum %p, %v : !modular.plan<2 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}

// -----

// A pick without a position, a repeated one, adds nothing.

// CHECK-LABEL: func.func @once
// CHECK: scf.forall
// CHECK: %[[POSITION:.*]] = tensor.extract %{{.*}} : tensor<?x2xi32>
// CHECK: linalg.copy
// CHECK: %[[REPEATED:.*]] = tensor.extract %{{.*}} : tensor<?x2xi32>
// CHECK: %[[COUNTS:.*]] = arith.cmpi sge, %[[REPEATED]], %{{.*}} : i32
// CHECK: scf.if %[[COUNTS]] -> (tensor<5xf32>)
// CHECK: arith.addf
func.func @once(%a: tensor<?x2xi32>, %v: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %s = modular.to_selection %a : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %s duplicates once : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %y = modular.combine sum %p, %v : !modular.plan<2 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}

// -----

// Pick k fills columns k·width and on.

// CHECK-LABEL: func.func @concat
// CHECK-DAG: %[[WIDTH:.*]] = arith.constant 5 : index
// CHECK: scf.forall
// CHECK: {{= }}scf.for %[[K:[a-z0-9]+]] = %{{.*}} -> (tensor<10xf32>)
// CHECK: %[[COLUMN:.*]] = arith.muli %[[K]], %[[WIDTH]]
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[%[[COLUMN]]] [5] [1] : tensor<5xf32> into tensor<10xf32>
func.func @concat(%a: tensor<?x2xi32>, %v: tensor<?x5xf32>) -> tensor<?x10xf32> {
  %s = modular.to_selection %a : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %s : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %y = modular.combine concat %p, %v : !modular.plan<2 of 3>, tensor<?x5xf32> -> tensor<?x10xf32>
  return %y : tensor<?x10xf32>
}

// -----

// CHECK-LABEL: func.func @gated
// CHECK-SAME: %[[GATES:[a-z0-9]*]]: tensor<?x2xf32>)
// CHECK: scf.forall
// CHECK: %[[ONE:.*]] = tensor.extract %[[GATES]]
// CHECK: arith.mulf %[[ONE]],
// CHECK: %[[OTHER:.*]] = tensor.extract %[[GATES]]
// CHECK: %[[PART:.*]] = arith.mulf %[[OTHER]],
// CHECK: arith.addf %{{.*}}, %[[PART]]
func.func @gated(%a: tensor<?x2xi32>, %v: tensor<?x5xf32>, %g: tensor<?x2xf32>) -> tensor<?x5xf32> {
  %s = modular.to_selection %a : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %s : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %y = modular.combine gated %p, %v gates(%g : tensor<?x2xf32>) : !modular.plan<2 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}

// -----

// The adjoint goes from rows to positions: each position reads its row, so that
// nothing is added. That of a mean is divided by the number of picks.

// CHECK-LABEL: func.func @dispatch
// CHECK-SAME: %[[DY:[a-z0-9]*]]: tensor<?x5xf32>)
// CHECK-DAG: %[[PICKS:.*]] = arith.constant 2.000000e+00 : f32
// CHECK: scf.forall
// CHECK: %[[ROW:.*]] = tensor.extract %{{.*}} : tensor<?xi32>
// CHECK: %[[I:.*]] = arith.index_cast %[[ROW]]
// CHECK: tensor.extract_slice %[[DY]][%[[I]], 0]
// CHECK: arith.divf %{{.*}}, %[[PICKS]]
// CHECK-NOT: arith.addf
// CHECK: return
func.func @dispatch(%a: tensor<?x2xi32>, %dy: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %s = modular.to_selection %a : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %s : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %d = modular.dispatch mean %p, %dy : !modular.plan<2 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  return %d : tensor<?x5xf32>
}
