// RUN: modc-opt %s --modular-prepare-launches --modular-form-launches --canonicalize --cse | FileCheck %s
// Launches that change arenas in place, and what must not run after them.

#each = affine_map<(d0) -> (d0)>
#column_row = affine_map<(d0, d1) -> (d1, d0)>
#column = affine_map<(d0, d1) -> (d0)>

// Flags and steps of more than 64 groups have an invocation each. Steps are
// counted where they are, and are no input besides.
// CHECK-LABEL: func.func @many_groups(
// CHECK-SAME: %[[FROZEN:[^:]*]]: tensor<65xi8> {{{[^}]*}}}, %[[STEPS:[^:]*]]: tensor<65xi64>
// CHECK: %[[FLAGS:.*]] = call @many_groups.elementwise(%{{[^,]*}}, %[[FROZEN]])
// CHECK-NEXT: %[[NEXT:.*]] = call @many_groups.elementwise.1(%[[STEPS]], %[[FLAGS]]) : (tensor<65xi64>, tensor<65xi32>)
// CHECK-NEXT: return %[[NEXT]]
func.func @many_groups(%frozen: tensor<65xi8> {modular.name = "frozen", modular.role = "input"},
                       %steps: tensor<65xi64> {bufferization.writable = true, modular.name = "steps", modular.offset = 0 : i64, modular.role = "state"}) -> tensor<65xi64> {
  %one = arith.constant 1 : i8
  %e = tensor.empty() : tensor<65xi8>
  %active = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]} ins(%frozen : tensor<65xi8>) outs(%e : tensor<65xi8>) {
  ^bb0(%f: i8, %out: i8):
    %1 = arith.xori %f, %one : i8
    linalg.yield %1 : i8
  } -> tensor<65xi8>
  %next = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]} ins(%active : tensor<65xi8>) outs(%steps : tensor<65xi64>) {
  ^bb0(%in: i8, %out: i64):
    %1 = arith.extui %in : i8 to i64
    %2 = arith.addi %out, %1 : i64
    linalg.yield %2 : i64
  } -> tensor<65xi64>
  return %next : tensor<65xi64>
}

// What an element is written to is not written once more.
// CHECK-LABEL: func.func @many_flags(
// CHECK-SAME: %[[X:[^:]*]]: tensor<65xf32> {{{[^}]*}}}, %[[Y:[^:]*]]: tensor<65xf32>
// CHECK-NEXT: %[[R:.*]] = call @many_flags.{{[a-z]*}}(%[[Y]], %[[X]])
// CHECK-NEXT: return %[[R]]
func.func @many_flags(%x: tensor<65xf32> {modular.name = "x", modular.role = "input"},
                      %y: tensor<65xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output"}) -> tensor<65xf32> {
  %e = tensor.empty() : tensor<65xf32>
  %twice = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]} ins(%x : tensor<65xf32>) outs(%e : tensor<65xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = arith.addf %in, %in : f32
    linalg.yield %1 : f32
  } -> tensor<65xf32>
  %o = bufferization.materialize_in_destination %twice in %y : (tensor<65xf32>, tensor<65xf32>) -> tensor<65xf32>
  return %o : tensor<65xf32>
}

// A sum over rows runs late, but not after the update of what it reads.
// CHECK-LABEL: func.func @overwritten(
// CHECK: call @overwritten.product(
// CHECK: call @overwritten.update(
// CHECK: return
func.func @overwritten(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                       %y: tensor<2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output"},
                       %lr: f32 {modular.name = "lr", modular.role = "real"},
                       %active: tensor<1xi8> {modular.name = "active", modular.role = "input"},
                       %steps: tensor<1xi64> {modular.name = "steps", modular.offset = 64 : i64, modular.role = "state"},
                       %dw: tensor<2xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "gradient"},
                       %w: tensor<2xf32> {bufferization.writable = true, modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"}) -> (tensor<2xf32>, tensor<2xf32>) {
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#column_row, #column, #column], iterator_types = ["parallel", "reduction"]} ins(%x, %w : tensor<?x2xf32>, tensor<2xf32>) outs(%z : tensor<2xf32>) {
  ^bb0(%in: f32, %wi: f32, %out: f32):
    %p = arith.mulf %in, %wi : f32
    %a = arith.addf %out, %p : f32
    linalg.yield %a : f32
  } -> tensor<2xf32>
  %new = modular.update %w, %dw active %active steps %steps lr %lr decay %zero scale %one {
  ^bb0(%p: f32, %g: f32, %rate: f32, %t: f32):
    %1 = arith.mulf %rate, %g : f32
    %2 = arith.subf %p, %1 : f32
    modular.yield %2 : f32
  } : tensor<2xf32>, tensor<2xf32>, tensor<1xi8>, tensor<1xi64>, f32, f32, f32 -> tensor<2xf32>
  %o = bufferization.materialize_in_destination %s in %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %new, %o : tensor<2xf32>, tensor<2xf32>
}

// No launch of the squares for a norm has more than 28 buffers: 13 gradients with
// their flags beside the sums, then the other two. The sums are one tensor.
// CHECK-LABEL: func.func @norm(
// CHECK: %[[EMPTY:.*]] = bufferization.alloc_tensor() : tensor<15x4xf32>
// CHECK-NEXT: %[[SOME:.*]] = call @norm.gradient_norm(%[[EMPTY]], %arg0, %arg15, {{.*}}, %arg12, %arg27) :
// CHECK-NEXT: %[[SUMS:.*]] = call @norm.gradient_norm.1(%[[SOME]], %arg13, %arg28, %arg14, %arg29) :
// CHECK-NEXT: call @norm.gradient_norm.2(%{{[^,]*}}, %[[SUMS]],
func.func @norm(%g0: tensor<2xf32> {modular.name = "g0", modular.offset = 0 : i64, modular.role = "gradient"},
                %g1: tensor<2xf32> {modular.name = "g1", modular.offset = 64 : i64, modular.role = "gradient"},
                %g2: tensor<2xf32> {modular.name = "g2", modular.offset = 128 : i64, modular.role = "gradient"},
                %g3: tensor<2xf32> {modular.name = "g3", modular.offset = 192 : i64, modular.role = "gradient"},
                %g4: tensor<2xf32> {modular.name = "g4", modular.offset = 256 : i64, modular.role = "gradient"},
                %g5: tensor<2xf32> {modular.name = "g5", modular.offset = 320 : i64, modular.role = "gradient"},
                %g6: tensor<2xf32> {modular.name = "g6", modular.offset = 384 : i64, modular.role = "gradient"},
                %g7: tensor<2xf32> {modular.name = "g7", modular.offset = 448 : i64, modular.role = "gradient"},
                %g8: tensor<2xf32> {modular.name = "g8", modular.offset = 512 : i64, modular.role = "gradient"},
                %g9: tensor<2xf32> {modular.name = "g9", modular.offset = 576 : i64, modular.role = "gradient"},
                %g10: tensor<2xf32> {modular.name = "g10", modular.offset = 640 : i64, modular.role = "gradient"},
                %g11: tensor<2xf32> {modular.name = "g11", modular.offset = 704 : i64, modular.role = "gradient"},
                %g12: tensor<2xf32> {modular.name = "g12", modular.offset = 768 : i64, modular.role = "gradient"},
                %g13: tensor<2xf32> {modular.name = "g13", modular.offset = 832 : i64, modular.role = "gradient"},
                %g14: tensor<2xf32> {modular.name = "g14", modular.offset = 896 : i64, modular.role = "gradient"},
                %a0: tensor<1xi8> {modular.name = "a0", modular.role = "input"},
                %a1: tensor<1xi8> {modular.name = "a1", modular.role = "input"},
                %a2: tensor<1xi8> {modular.name = "a2", modular.role = "input"},
                %a3: tensor<1xi8> {modular.name = "a3", modular.role = "input"},
                %a4: tensor<1xi8> {modular.name = "a4", modular.role = "input"},
                %a5: tensor<1xi8> {modular.name = "a5", modular.role = "input"},
                %a6: tensor<1xi8> {modular.name = "a6", modular.role = "input"},
                %a7: tensor<1xi8> {modular.name = "a7", modular.role = "input"},
                %a8: tensor<1xi8> {modular.name = "a8", modular.role = "input"},
                %a9: tensor<1xi8> {modular.name = "a9", modular.role = "input"},
                %a10: tensor<1xi8> {modular.name = "a10", modular.role = "input"},
                %a11: tensor<1xi8> {modular.name = "a11", modular.role = "input"},
                %a12: tensor<1xi8> {modular.name = "a12", modular.role = "input"},
                %a13: tensor<1xi8> {modular.name = "a13", modular.role = "input"},
                %a14: tensor<1xi8> {modular.name = "a14", modular.role = "input"},
                %clip: f32 {modular.name = "clip_norm", modular.role = "real"},
                %y: tensor<1xf64> {bufferization.writable = true, modular.name = "norm", modular.role = "output"}) -> tensor<1xf64> {
  %norm, %scale = modular.gradient_norm(%g0, %g1, %g2, %g3, %g4, %g5, %g6, %g7, %g8, %g9, %g10, %g11, %g12, %g13, %g14 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
      active(%a0, %a1, %a2, %a3, %a4, %a5, %a6, %a7, %a8, %a9, %a10, %a11, %a12, %a13, %a14 : tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>) clip %clip stacked [false, false, false, false, false, false, false, false, false, false, false, false, false, false, false] : f32 -> f64, f32
  %t = tensor.from_elements %norm : tensor<1xf64>
  %o = bufferization.materialize_in_destination %t in %y : (tensor<1xf64>, tensor<1xf64>) -> tensor<1xf64>
  return %o : tensor<1xf64>
}

// Elements of flags are cut where they are read.
// CHECK-LABEL: func.func @gathered_flags(
// CHECK: call @gathered_flags.
func.func @gathered_flags(%frozen: tensor<65xi8> {modular.name = "frozen", modular.role = "input"},
                          %y: tensor<66xi64> {bufferization.writable = true, modular.name = "y", modular.role = "output"}) -> tensor<66xi64> {
  %one = arith.constant 1 : i8
  %e = tensor.empty() : tensor<65xi8>
  %active = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]} ins(%frozen : tensor<65xi8>) outs(%e : tensor<65xi8>) {
  ^bb0(%f: i8, %out: i8):
    %1 = arith.xori %f, %one : i8
    linalg.yield %1 : i8
  } -> tensor<65xi8>
  %numbers = arith.constant dense<3> : tensor<66xi64>
  %e2 = tensor.empty() : tensor<66xi64>
  %some = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]} ins(%numbers : tensor<66xi64>) outs(%e2 : tensor<66xi64>) {
  ^bb0(%n: i64, %out: i64):
    %i = arith.index_cast %n : i64 to index
    %f = tensor.extract %active[%i] : tensor<65xi8>
    %w = arith.extui %f : i8 to i64
    linalg.yield %w : i64
  } -> tensor<66xi64>
  %o = bufferization.materialize_in_destination %some in %y : (tensor<66xi64>, tensor<66xi64>) -> tensor<66xi64>
  return %o : tensor<66xi64>
}

// CHECK-LABEL: func.func private @many_groups.elementwise(
// CHECK-SAME: modular.invocations = array<i64: 65, -1>
// CHECK-LABEL: func.func private @many_groups.elementwise.1(
// CHECK-SAME: modular.invocations = array<i64: 65, -1>

// The parts of the second launch stand behind those of the first.
// CHECK-LABEL: func.func private @norm.gradient_norm(
// CHECK-SAME: modular.invocations = array<i64: 13, -1>
// CHECK-LABEL: func.func private @norm.gradient_norm.1(
// CHECK-SAME: modular.invocations = array<i64: 2, -1>
// CHECK: scf.forall (%[[I:.*]]) in (2)
// CHECK: %[[PART:.*]] = arith.addi %[[I]], %c13
// CHECK: arith.cmpi ult, %[[PART]], %c14
// CHECK: tensor.parallel_insert_slice %{{.*}} into %{{.*}}[%[[PART]], 0] [1, 4] [1, 1]

// CHECK-LABEL: func.func private @gathered_flags.{{.*}}tensor<66xi64>
// CHECK: %[[FLAG:.*]] = tensor.extract %{{.*}}[%{{.*}}] : tensor<65xi32>
// CHECK-NEXT: arith.trunci %[[FLAG]] : i32 to i8
