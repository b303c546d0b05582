// RUN: modc-opt %s --modular-differentiate --split-input-file | FileCheck %s

// Of one linear map nothing is computed twice: the adjoint reads rows, weights and
// the cotangent in grouped order, and not the bias. The forward op stays as it is.

// CHECK-LABEL: func @linear
// CHECK-SAME: %[[X:.*]]: tensor<?x3xf32>, %[[W:.*]]: tensor<2x3x4xf32>, %[[B:.*]]: tensor<2x4xf32>, %[[P:.*]]: !modular.plan<1 of 2>, %[[DY:.*]]: tensor<?x4xf32>
func.func @linear(%x: tensor<?x3xf32>, %w: tensor<2x3x4xf32>, %b: tensor<2x4xf32>, %p: !modular.plan<1 of 2>, %dy: tensor<?x4xf32>) -> (tensor<?x3xf32>, tensor<2x3x4xf32>, tensor<2x4xf32>) {
  // CHECK: %[[DV:.*]] = modular.dispatch sum %[[P]], %[[DY]]
  // CHECK: %[[ADJOINT:.*]]:3 = modular.grouped %[[P]] gather(%[[X]] : tensor<?x3xf32>) along(%[[DV]] : tensor<?x4xf32>)
  // CHECK-NEXT: class [0, 1] parameters(%[[W]] : tensor<2x3x4xf32>) {
  // CHECK-NEXT: ^bb0(%[[XM:.*]]: tensor<?x3xf32>, %[[DVM:.*]]: tensor<?x4xf32>, %[[WM:.*]]: tensor<3x4xf32>):
  // CHECK-NOT: modular.linear
  // CHECK: %[[DX:.*]] = linalg.generic {{.*}} ins(%[[DVM]], %[[WM]] :
  // CHECK: %[[DW:.*]] = linalg.generic {{.*}} ins(%[[XM]], %[[DVM]] :
  // CHECK: %[[DB:.*]] = linalg.generic {{.*}} ins(%[[DVM]] :
  // CHECK: modular.yield %[[DX]], %[[DW]], %[[DB]]
  // CHECK-NEXT: } {{.*}} -> rows(tensor<?x3xf32>) gradients(tensor<2x3x4xf32>, tensor<2x4xf32>)
  // CHECK: %[[SUM:.*]] = modular.combine sum %[[P]], %[[ADJOINT]]#0
  // CHECK: return %[[SUM]], %[[ADJOINT]]#1, %[[ADJOINT]]#2
  %h = modular.grouped %p gather(%x : tensor<?x3xf32>)
    class [0, 1] parameters(%w : tensor<2x3x4xf32>, %b : tensor<2x4xf32>) {
    ^bb0(%xm: tensor<?x3xf32>, %wm: tensor<3x4xf32>, %bm: tensor<4xf32>):
      %v = modular.linear %xm, %wm, %bm : tensor<?x3xf32>, tensor<3x4xf32>, tensor<4xf32> -> tensor<?x4xf32>
      modular.yield %v : tensor<?x4xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) gradients()
  %y = modular.combine sum %p, %h : !modular.plan<1 of 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  %dx, %dw, %db = modular.pullback (%y : tensor<?x4xf32>) along (%dy : tensor<?x4xf32>)
      to (%x : tensor<?x3xf32>, %w : tensor<2x3x4xf32>, %b : tensor<2x4xf32>)
  return %dx, %dw, %db : tensor<?x3xf32>, tensor<2x3x4xf32>, tensor<2x4xf32>
}

// -----

// Of two classes one has a product before a nonlinear function: its value becomes
// a row result, for which the other class yields anything. The result of sigmoid
// is a row result already.

// CHECK-LABEL: func @residual
func.func @residual(%x: tensor<?x3xf32>, %w: tensor<1x3x3xf32>, %p: !modular.plan<1 of 2>, %dy: tensor<?x3xf32>) -> tensor<1x3x3xf32> {
  // CHECK: %[[H:.*]]:2 = modular.grouped
  // CHECK-NEXT: class [0]
  // CHECK: %[[PRODUCT:.*]] = modular.linear
  // CHECK-NEXT: %[[GELU:.*]] = modular.gelu %[[PRODUCT]]
  // CHECK-NEXT: modular.yield %[[GELU]], %[[PRODUCT]]
  // CHECK: class [1]
  // CHECK: %[[SIGMOID:.*]] = modular.sigmoid
  // CHECK: %[[ANY:.*]] = tensor.empty
  // CHECK-NEXT: modular.yield %[[SIGMOID]], %[[ANY]]
  // CHECK-NEXT: } {{.*}} -> rows(tensor<?x3xf32>, tensor<?x3xf32>)
  // CHECK: modular.grouped {{.*}} along(%{{.*}} : tensor<?x3xf32>, %[[H]]#1 : tensor<?x3xf32>
  // CHECK-NOT: modular.linear
  // CHECK: class [1]
  // CHECK-NOT: modular.sigmoid
  // CHECK: return
  %h = modular.grouped %p gather(%x : tensor<?x3xf32>)
    class [0] parameters(%w : tensor<1x3x3xf32>) {
    ^bb0(%xm: tensor<?x3xf32>, %wm: tensor<3x3xf32>):
      %v = modular.linear %xm, %wm : tensor<?x3xf32>, tensor<3x3xf32> -> tensor<?x3xf32>
      %g = modular.gelu %v : tensor<?x3xf32>
      modular.yield %g : tensor<?x3xf32>
    }
    class [1] {
    ^bb0(%xm: tensor<?x3xf32>):
      %s = modular.sigmoid %xm : tensor<?x3xf32>
      modular.yield %s : tensor<?x3xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x3xf32>) gradients() gradients()
  %y = modular.combine sum %p, %h : !modular.plan<1 of 2>, tensor<?x3xf32> -> tensor<?x3xf32>
  %dw = modular.pullback (%y : tensor<?x3xf32>) along (%dy : tensor<?x3xf32>) to (%w : tensor<1x3x3xf32>)
  return %dw : tensor<1x3x3xf32>
}
