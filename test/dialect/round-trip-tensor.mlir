// RUN: modc-opt %s -o %t
// RUN: FileCheck %s < %t
// RUN: modc-opt %t | diff %t -
// RUN: modc-opt %s --mlir-print-op-generic | modc-opt | diff %t -
// RUN: modc-opt %s --emit-bytecode | modc-opt | diff %t -

// Text, generic form and bytecode of the short ops for bodies.

// CHECK-LABEL: func.func @body
func.func @body(%x: tensor<?x4xf64>, %w: tensor<4x3xf64>, %b: tensor<3xf64>, %label: tensor<?xi32>) -> tensor<?xf64> {
  // CHECK: modular.linear %{{.*}}, %{{.*}} : tensor<?x4xf64>, tensor<4x3xf64> -> tensor<?x3xf64>
  %0 = modular.linear %x, %w : tensor<?x4xf64>, tensor<4x3xf64> -> tensor<?x3xf64>
  // CHECK: modular.linear %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x4xf64>, tensor<4x3xf64>, tensor<3xf64> -> tensor<?x3xf64>
  %1 = modular.linear %x, %w, %b : tensor<?x4xf64>, tensor<4x3xf64>, tensor<3xf64> -> tensor<?x3xf64>
  // CHECK: modular.relu %{{.*}} : tensor<?x3xf64>
  %2 = modular.relu %0 : tensor<?x3xf64>
  // CHECK: modular.gelu %{{.*}} : tensor<?x3xf64>
  %3 = modular.gelu %1 : tensor<?x3xf64>
  // CHECK: modular.sigmoid %{{.*}} : tensor<?x3xf64>
  %4 = modular.sigmoid %2 : tensor<?x3xf64>
  // CHECK: modular.softplus %{{.*}} : tensor<?x3xf64>
  %5 = modular.softplus %4 : tensor<?x3xf64>
  // CHECK: modular.softmax %{{.*}} : tensor<?x3xf64>
  %6 = modular.softmax %5 : tensor<?x3xf64>
  // CHECK: modular.log_softmax %{{.*}} : tensor<?x3xf64>
  %7 = modular.log_softmax %6 : tensor<?x3xf64>
  // CHECK: modular.reshape %{{.*}} : tensor<?x3xf64> -> tensor<?x1x3xf64>
  %8 = modular.reshape %7 : tensor<?x3xf64> -> tensor<?x1x3xf64>
  // CHECK: modular.pick %{{.*}}[%{{.*}}] : tensor<?x3xf64>, tensor<?xi32> -> tensor<?xf64>
  %9 = modular.pick %3[%label] : tensor<?x3xf64>, tensor<?xi32> -> tensor<?xf64>
  return %9 : tensor<?xf64>
}
