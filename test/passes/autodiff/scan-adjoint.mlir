// RUN: modc-opt %s --modular-differentiate | FileCheck %s

// The adjoint of a scan runs the other way over the stacked carried values, and
// sums the gradients of what its body captures.

// CHECK-LABEL: func @scan
// CHECK-SAME: %[[H0:.*]]: tensor<?x3xf32>, %[[XS:.*]]: tensor<?x4x3xf32>, %[[W:.*]]: tensor<3x3xf32>, %[[DY:.*]]: tensor<?x3xf32>
func.func @scan(%h0: tensor<?x3xf32>, %xs: tensor<?x4x3xf32>, %w: tensor<3x3xf32>, %dy: tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<3x3xf32>) {
  // CHECK: %[[Y:.*]]:2 = modular.scan step(%{{.*}}) carry(%[[H:.*]] = %[[H0]] : tensor<?x3xf32>) over(%{{.*}} = %[[XS]] : tensor<?x4x3xf32>) -> tensor<?x3xf32>, tensor<?x4x3xf32>
  // CHECK: modular.yield %{{.*}}, %[[H]]
  // CHECK: %[[ZERO:.*]] = linalg.fill {{.*}} -> tensor<3x3xf32>
  // CHECK: %[[D:.*]]:2 = modular.scan step(%{{.*}}) carry(%{{.*}} = %[[DY]] : tensor<?x3xf32>, %[[SUM:.*]] = %[[ZERO]] : tensor<3x3xf32>) over({{.*}} = %[[XS]] : tensor<?x4x3xf32>, {{.*}} = %[[Y]]#1 : tensor<?x4x3xf32>) reverse
  // CHECK: linalg.generic {{.*}} ins(%[[SUM]], %
  // CHECK: return %[[D]]#0, %[[D]]#1
  %y = modular.scan step(%t) carry(%h = %h0 : tensor<?x3xf32>) over(%x = %xs : tensor<?x4x3xf32>) -> tensor<?x3xf32> {
    %a = modular.linear %h, %w : tensor<?x3xf32>, tensor<3x3xf32> -> tensor<?x3xf32>
    %b = arith.mulf %a, %x : tensor<?x3xf32>
    modular.yield %b : tensor<?x3xf32>
  }
  %dh, %dw = modular.pullback (%y : tensor<?x3xf32>) along (%dy : tensor<?x3xf32>) to (%h0 : tensor<?x3xf32>, %w : tensor<3x3xf32>)
  return %dh, %dw : tensor<?x3xf32>, tensor<3x3xf32>
}
