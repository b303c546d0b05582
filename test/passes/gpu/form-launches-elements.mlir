// RUN: modc-opt %s --modular-form-launches --canonicalize --cse | FileCheck %s
// RUN: not modc-opt %s --modular-form-launches --modular-to-kernels 2>&1 | FileCheck %s --check-prefix=KERNELS
// What an element goes on from, and what else reads the same tensor.

#own = affine_map<(d0, d1) -> (d0, d1)>
#other = affine_map<(d0, d1) -> (d1, d0)>

// A result that has a place of its own leaves its init alone: both elements are
// read from there.
// CHECK-LABEL: func.func @to_output(
// CHECK-SAME: %[[S:[^:]*]]: tensor<9x9xf32> {{{[^}]*}}}, %[[Y:[^:]*]]: tensor<9x9xf32>
// CHECK: call @to_output.elementwise(%[[Y]], %[[S]])
func.func @to_output(%s: tensor<9x9xf32> {modular.name = "s", modular.role = "input"},
                     %y: tensor<9x9xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output"}) -> tensor<9x9xf32> {
  %t = linalg.generic {indexing_maps = [#other, #own], iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<9x9xf32>) outs(%s : tensor<9x9xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.subf %out, %in : f32
    linalg.yield %a : f32
  } -> tensor<9x9xf32>
  %o = bufferization.materialize_in_destination %t in %y : (tensor<9x9xf32>, tensor<9x9xf32>) -> tensor<9x9xf32>
  return %o : tensor<9x9xf32>
}

// In place, the own element is what the invocation finds there.
// CHECK-LABEL: func.func @in_place(
// CHECK-SAME: %[[S:[^:]*]]: tensor<9x9xf32>
// CHECK: call @in_place.elementwise(%[[S]])
func.func @in_place(%s: tensor<9x9xf32> {bufferization.writable = true, modular.name = "s", modular.offset = 0 : i64, modular.role = "state"}) -> tensor<9x9xf32> {
  %t = linalg.generic {indexing_maps = [#own, #own], iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<9x9xf32>) outs(%s : tensor<9x9xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.mulf %out, %in : f32
    linalg.yield %a : f32
  } -> tensor<9x9xf32>
  %o = bufferization.materialize_in_destination %t in %s : (tensor<9x9xf32>, tensor<9x9xf32>) -> tensor<9x9xf32>
  return %o : tensor<9x9xf32>
}

// Another element may have been overwritten by its own invocation: the old ones
// would have to be copied, which no launch does.
// CHECK-LABEL: func.func @others_in_place(
// CHECK-SAME: %[[S:[^:]*]]: tensor<9x9xf32>
// CHECK: call @others_in_place.elementwise(%[[S]], %[[S]])
// KERNELS: error: a program of a device is a list of launches
func.func @others_in_place(%s: tensor<9x9xf32> {bufferization.writable = true, modular.name = "s", modular.offset = 0 : i64, modular.role = "state"}) -> tensor<9x9xf32> {
  %t = linalg.generic {indexing_maps = [#other, #own], iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<9x9xf32>) outs(%s : tensor<9x9xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.subf %out, %in : f32
    linalg.yield %a : f32
  } -> tensor<9x9xf32>
  %o = bufferization.materialize_in_destination %t in %s : (tensor<9x9xf32>, tensor<9x9xf32>) -> tensor<9x9xf32>
  return %o : tensor<9x9xf32>
}

// CHECK-LABEL: func.func private @to_output.elementwise(
// CHECK-SAME: %{{[^:]*}}: tensor<9x9xf32>, %[[S:[^:]*]]: tensor<9x9xf32>)
// CHECK-DAG: %[[OUT:.*]] = tensor.extract %[[S]][%[[I:.*]], %[[J:.*]]]
// CHECK-DAG: %[[IN:.*]] = tensor.extract %[[S]][%[[J]], %[[I]]]
// CHECK: arith.subf %[[OUT]], %[[IN]]

// CHECK-LABEL: func.func private @in_place.elementwise(
// CHECK: scf.forall {{.*}} shared_outs(%[[S:.*]] = %{{.*}})
// CHECK: %[[OLD:.*]] = tensor.extract %{{.*}} : tensor<1x1xf32>
// CHECK-NEXT: arith.mulf %[[OLD]], %[[OLD]]

// CHECK-LABEL: func.func private @others_in_place.elementwise(
// CHECK-SAME: %{{[^:]*}}: tensor<9x9xf32>, %[[S:[^:]*]]: tensor<9x9xf32>)
// CHECK: %[[OLD:.*]] = tensor.extract %{{.*}} : tensor<1x1xf32>
// CHECK: %[[IN:.*]] = tensor.extract %[[S]]
// CHECK: arith.subf %[[OLD]], %[[IN]]
