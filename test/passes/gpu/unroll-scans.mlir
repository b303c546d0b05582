// RUN: modc-opt %s --modular-unroll-scans --canonicalize --cse | FileCheck %s
// Recurrences of programs become their steps; modc-conformance-tests runs them.

// The example of the pass's description: elements are sliced at the number of
// the step, stacked results inserted at it.
// CHECK-LABEL: func.func @steps(
// CHECK-SAME: %[[H0:[^:]*]]: tensor<?x4xf32>, %[[XS:[^:]*]]: tensor<?x2x4xf32>
// CHECK: %[[T0:.*]] = builtin.unrealized_conversion_cast %c0_i64 : i64 to index
// CHECK: %[[X0:.*]] = tensor.extract_slice %[[XS]][0, %[[T0]], 0]
// CHECK: %[[H1:.*]] = arith.addf %[[H0]], %[[X0]]
// CHECK: %[[ALL:.*]] = bufferization.alloc_tensor
// CHECK: %[[A0:.*]] = tensor.insert_slice %[[H1]] into %[[ALL]][0, %[[T0]], 0]
// CHECK: %[[T1:.*]] = builtin.unrealized_conversion_cast %c1_i64 : i64 to index
// CHECK: %[[X1:.*]] = tensor.extract_slice %[[XS]][0, %[[T1]], 0]
// CHECK: %[[H2:.*]] = arith.addf %[[H1]], %[[X1]]
// CHECK: %[[A1:.*]] = tensor.insert_slice %[[H2]] into %[[A0]][0, %[[T1]], 0]
// CHECK: return %[[H2]], %[[A1]]
func.func @steps(%h0: tensor<?x4xf32>, %xs: tensor<?x2x4xf32>) -> (tensor<?x4xf32>, tensor<?x2x4xf32>) {
  %h, %all = modular.scan step(%t) carry(%hp = %h0 : tensor<?x4xf32>) over(%x = %xs : tensor<?x2x4xf32>)
      -> tensor<?x4xf32>, tensor<?x2x4xf32> {
    %hn = arith.addf %hp, %x : tensor<?x4xf32>
    modular.yield %hn, %hn : tensor<?x4xf32>, tensor<?x4xf32>
  }
  return %h, %all : tensor<?x4xf32>, tensor<?x2x4xf32>
}

// From the last step to the first, with the number of the step as a value.
// CHECK-LABEL: func.func @reverse(
// CHECK-SAME: %[[H0:[^:]*]]: tensor<?xindex>, %[[XS:[^:]*]]: tensor<?x3xindex>
// CHECK: %[[T2:.*]] = builtin.unrealized_conversion_cast %c2_i64 : i64 to index
// CHECK: linalg.fill ins(%[[T2]]
// CHECK: %[[T0:.*]] = builtin.unrealized_conversion_cast %c0_i64 : i64 to index
// CHECK: linalg.fill ins(%[[T0]]
// CHECK-NOT: alloc_tensor
func.func @reverse(%h0: tensor<?xindex>, %xs: tensor<?x3xindex>) -> tensor<?xindex> {
  %h = modular.scan step(%t) carry(%hp = %h0 : tensor<?xindex>) over(%x = %xs : tensor<?x3xindex>) reverse
      -> tensor<?xindex> {
    %f = linalg.fill ins(%t : index) outs(%hp : tensor<?xindex>) -> tensor<?xindex>
    %hn = arith.addi %f, %x : tensor<?xindex>
    modular.yield %hn : tensor<?xindex>
  }
  return %h : tensor<?xindex>
}

// A scan reads what another one has stacked where it is, and asks for no tensor.
// CHECK-LABEL: func.func @element_of_another(
// CHECK-SAME: %[[H0:[^:]*]]: tensor<?x4xf32>, %[[XS:[^:]*]]: tensor<?x2x4xf32>
// CHECK: %[[H1:.*]] = arith.addf %[[H0]],
// CHECK: %[[H2:.*]] = arith.addf %[[H1]],
// CHECK: %[[M1:.*]] = arith.mulf %[[H0]], %[[H2]]
// CHECK: %[[M2:.*]] = arith.mulf %[[M1]], %[[H1]]
// CHECK: return %[[M2]]
func.func @element_of_another(%h0: tensor<?x4xf32>, %xs: tensor<?x2x4xf32>) -> tensor<?x4xf32> {
  %h, %all = modular.scan step(%t) carry(%hp = %h0 : tensor<?x4xf32>) over(%x = %xs : tensor<?x2x4xf32>)
      -> tensor<?x4xf32>, tensor<?x2x4xf32> {
    %hn = arith.addf %hp, %x : tensor<?x4xf32>
    modular.yield %hn, %hn : tensor<?x4xf32>, tensor<?x4xf32>
  }
  %m = modular.scan step(%t) carry(%mp = %h0 : tensor<?x4xf32>) over(%x = %all : tensor<?x2x4xf32>) reverse
      -> tensor<?x4xf32> {
    %mn = arith.mulf %mp, %x : tensor<?x4xf32>
    modular.yield %mn : tensor<?x4xf32>
  }
  return %m : tensor<?x4xf32>
}

// A scan in a scan: two steps of two each.
// CHECK-LABEL: func.func @nested(
// CHECK-NOT: modular.scan
// CHECK-COUNT-4: arith.addf
// CHECK-NOT: arith.addf
// CHECK: return
func.func @nested(%h0: tensor<?x4xf32>, %xs: tensor<?x2x4xf32>) -> tensor<?x4xf32> {
  %h = modular.scan step(%t) carry(%hp = %h0 : tensor<?x4xf32>) over(%y = %xs : tensor<?x2x4xf32>)
      -> tensor<?x4xf32> {
    %inner = modular.scan step(%u) carry(%ip = %hp : tensor<?x4xf32>) over(%x = %xs : tensor<?x2x4xf32>)
        -> tensor<?x4xf32> {
      %in = arith.addf %ip, %x : tensor<?x4xf32>
      modular.yield %in : tensor<?x4xf32>
    }
    modular.yield %inner : tensor<?x4xf32>
  }
  return %h : tensor<?x4xf32>
}

// A carried sum of sums over rows is one sum that goes on.
// CHECK-LABEL: func.func @sums(
// CHECK: %[[ZERO:.*]] = linalg.fill
// CHECK: %[[S0:.*]] = linalg.generic {{.*}}"reduction"{{.*}} outs(%[[ZERO]] : tensor<4xf32>)
// CHECK: %[[S1:.*]] = linalg.generic {{.*}}"reduction"{{.*}} outs(%[[S0]] : tensor<4xf32>)
// CHECK-NOT: linalg.generic
// CHECK: return %[[S1]]
func.func @sums(%xs: tensor<?x2x4xf32>) -> tensor<4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %s = modular.scan step(%t) carry(%sp = %z : tensor<4xf32>) over(%x = %xs : tensor<?x2x4xf32>) -> tensor<4xf32> {
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %column = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x4xf32>) outs(%f : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %a = arith.addf %out, %in : f32
      linalg.yield %a : f32
    } -> tensor<4xf32>
    %sn = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%sp, %column : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%l: f32, %r: f32, %out: f32):
      %a = arith.addf %l, %r : f32
      linalg.yield %a : f32
    } -> tensor<4xf32>
    modular.yield %sn : tensor<4xf32>
  }
  return %s : tensor<4xf32>
}
