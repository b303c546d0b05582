// RUN: modc-opt %s --modular-prepare-launches --modular-form-launches --canonicalize --cse | FileCheck %s
// Launches over rows of several kinds, and of a norm.

// Rows of N points and of S candidates for each: not one launch.
// CHECK-LABEL: func.func @candidates(
// CHECK-SAME: %[[S:[^:]*]]: index
// CHECK: %[[N:.*]] = tensor.dim %arg1, %{{.*}} : tensor<?x2xf32>
// CHECK: %[[R:.*]] = call @candidates.relu(%{{.*}}, %[[N]], %arg1)
// CHECK: %[[SN:.*]] = arith.muli %[[N]], %[[S]] : index
// CHECK: call @candidates.sqrt(%arg2, %[[SN]], %[[N]], %[[R]])
func.func @candidates(%s: index {modular.name = "S", modular.role = "size"},
                      %x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                      %y: tensor<?x2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "S*N"}) -> tensor<?x2xf32> {
  %r = modular.relu %x : tensor<?x2xf32>
  %t = modular.tile_rows %r times %s : tensor<?x2xf32> -> tensor<?x2xf32>
  %q = math.sqrt %t : tensor<?x2xf32>
  %o = bufferization.materialize_in_destination %q in %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %o : tensor<?x2xf32>
}

// Squares are summed in parts, which one invocation sums.
// CHECK-LABEL: func.func @norm(
// CHECK: %[[SUMS:.*]] = call @norm.gradient_norm(
// CHECK: call @norm.gradient_norm.1(%arg3, %[[SUMS]],
func.func @norm(%dw: tensor<3x2xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "gradient"},
                %active: tensor<3xi8> {modular.name = "active", modular.role = "input"},
                %clip: f32 {modular.name = "clip_norm", modular.role = "real"},
                %y: tensor<1xf64> {bufferization.writable = true, modular.name = "norm", modular.role = "output"}) -> tensor<1xf64> {
  %norm, %scale = modular.gradient_norm(%dw : tensor<3x2xf32>) active(%active : tensor<3xi8>) clip %clip stacked [true] : f32 -> f64, f32
  %t = tensor.from_elements %norm : tensor<1xf64>
  %o = bufferization.materialize_in_destination %t in %y : (tensor<1xf64>, tensor<1xf64>) -> tensor<1xf64>
  return %o : tensor<1xf64>
}

// Row i of the tiles is row i modulo N.
// CHECK-LABEL: func.func private @candidates.sqrt(
// CHECK-SAME: %{{[^:]*}}: tensor<?x2xf32>, %[[SN:[^:]*]]: index, %[[N:[^:]*]]: index, %[[X:[^:]*]]: tensor<?x2xf32>
// CHECK: scf.forall (%[[I:.*]]) in (%[[SN]])
// CHECK: %[[ROW:.*]] = arith.remui %[[I]], %[[N]]
// CHECK: tensor.extract_slice %[[X]][%[[ROW]], 0] [1, 2] [1, 1]

// Gradients of members that are not active do not count. Squares that overflow do so
// once more, of smaller numbers.
// CHECK-LABEL: func.func private @norm.gradient_norm(
// CHECK: %[[ACTIVE:.*]] = arith.cmpi ne, %{{.*}}, %c0_i8
// CHECK: %[[G:.*]] = arith.select %[[ACTIVE]], %{{.*}}, %{{.*}} : f32
// CHECK: %[[SMALL:.*]] = arith.mulf %[[G]], %{{.*}} : f32
// CHECK: arith.mulf %[[G]], %[[G]] : f32
// CHECK: arith.mulf %[[SMALL]], %[[SMALL]] : f32
