// RUN: modc-opt %s --modular-prepare-destinations | FileCheck %s

// CHECK-LABEL: func.func @two
// CHECK: %[[A:.*]] = tensor.empty
// CHECK: %[[B:.*]] = tensor.empty
// CHECK-DAG: outs(%[[A]]
// CHECK-DAG: outs(%[[B]]
func.func @two(%x: f32, %y: f32) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.fill ins(%x : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.fill ins(%y : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @twice
// CHECK-SAME: %[[P:arg[0-9]+]]: tensor<4xf32>, %[[Q:arg[0-9]+]]: tensor<4xf32>
// CHECK: %[[FILL:.*]] = linalg.fill
// CHECK: %[[FIRST:.*]] = bufferization.materialize_in_destination %[[FILL]] in %[[P]]
// CHECK: bufferization.materialize_in_destination %[[FIRST]] in %[[Q]]
func.func @twice(%x: f32, %p: tensor<4xf32>, %q: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.fill ins(%x : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %0 = bufferization.materialize_in_destination %a in %p : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = bufferization.materialize_in_destination %a in %q : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// Two sums that start at one zero tensor start at two.
// CHECK-LABEL: func.func @sums
// CHECK-DAG: %[[A:.*]] = linalg.fill {{.*}} outs(%[[E:.*]] :
// CHECK-DAG: %[[B:.*]] = linalg.fill {{.*}} outs(%[[F:.*]] :
// CHECK: linalg.reduce {{.*}} outs(%[[B]] :
// CHECK: linalg.reduce {{.*}} outs(%[[A]] :
func.func @sums(%zero: f32, %x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %a = linalg.reduce {arith.addf} ins(%x : tensor<4x8xf32>) outs(%f : tensor<4xf32>) dimensions = [1]
  %b = linalg.reduce {arith.addf} ins(%y : tensor<4x8xf32>) outs(%f : tensor<4xf32>) dimensions = [1]
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// What a loop writes over is not what goes into an argument.
// CHECK-LABEL: func.func @loop
// CHECK-SAME: %[[P:arg[0-9]+]]: tensor<4xf32>
// CHECK-DAG: %[[A:.*]] = linalg.fill {{.*}} outs(%[[E:.*]] :
// CHECK-DAG: %[[B:.*]] = linalg.fill {{.*}} outs(%[[F:.*]] :
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[B]])
// CHECK: bufferization.materialize_in_destination %[[A]] in %[[P]]
func.func @loop(%zero: f32, %n: index, %p: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %f) -> tensor<4xf32> {
    %u = tensor.insert %zero into %t[%i] : tensor<4xf32>
    scf.yield %u : tensor<4xf32>
  }
  %0 = bufferization.materialize_in_destination %f in %p : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %r : tensor<4xf32>, tensor<4xf32>
}

// A loop that inserts slices does so in the destination, which bufferization
// would take for a conflict with the write behind the loop.
// CHECK-LABEL: func.func @slices
// CHECK-SAME: %[[X:[a-z0-9]*]]: {{[^,]*}}, %[[OUT:[a-z0-9]*]]:
// CHECK: %[[R:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[OUT]])
// CHECK-NOT: materialize_in_destination
// CHECK: return %[[R]]
func.func @slices(%x: tensor<?x4x8xf32> {bufferization.writable = false}, %out: tensor<?x4x8xf32> {bufferization.writable = true})
    -> tensor<?x4x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %n = tensor.dim %x, %c0 : tensor<?x4x8xf32>
  %e = tensor.empty(%n) : tensor<?x4x8xf32>
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %e) -> (tensor<?x4x8xf32>) {
    %s = tensor.extract_slice %x[0, %i, 0] [%n, 1, 8] [1, 1, 1] : tensor<?x4x8xf32> to tensor<?x8xf32>
    %t = tensor.insert_slice %s into %a[0, %i, 0] [%n, 1, 8] [1, 1, 1] : tensor<?x8xf32> into tensor<?x4x8xf32>
    scf.yield %t : tensor<?x4x8xf32>
  }
  %w = bufferization.materialize_in_destination %r in %out : (tensor<?x4x8xf32>, tensor<?x4x8xf32>) -> tensor<?x4x8xf32>
  return %w : tensor<?x4x8xf32>
}
