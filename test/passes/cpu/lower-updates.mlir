// RUN: modc-opt %s --modular-lower-updates | FileCheck %s
// RUN: modc-opt %s --modular-lower-updates=fuse=false | FileCheck %s --check-prefix=APART
// RUN: modc-opt %s --modular-lower-updates --remark-format=emitRemark --remarks-filter=.* -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: modc-opt %s --modular-lower-updates --modular-to-buffers | FileCheck %s --check-prefix=BUFFERS

// Only active slices are read and written, through the shared argument.
// CHECK-LABEL: func @update
// CHECK-SAME: %[[P:[a-z0-9]*]]: tensor<8x16x4xf32>
// CHECK: scf.forall {{.*}} shared_outs(%[[S:.*]] = %[[P]])
// An inactive slice has no rows.
// CHECK: %[[ROWS:.*]] = arith.select %{{.*}}, %c16, %c0 : index
// CHECK: tensor.extract_slice %[[S]][%{{.*}}, %{{.*}}, 0] [1, %[[ROWS]], 4]
// CHECK-NOT: %[[P]]
// CHECK: tensor.parallel_insert_slice {{.*}} into %[[S]]
func.func @update(%p: tensor<8x16x4xf32>, %g: tensor<8x16x4xf32>, %a: tensor<8xi8>, %n: tensor<8xi64>,
                  %lr: f32, %d: f32, %c: f32) -> tensor<8x16x4xf32> {
  %r = modular.update %p, %g active %a steps %n lr %lr decay %d scale %c stacked {
  ^bb0(%v: f32, %w: f32, %l: f32, %t: f32):
    %s = arith.mulf %l, %w : f32
    %q = arith.subf %v, %s : f32
    modular.yield %q : f32
  } : tensor<8x16x4xf32>, tensor<8x16x4xf32>, tensor<8xi8>, tensor<8xi64>, f32, f32, f32 -> tensor<8x16x4xf32>
  return %r : tensor<8x16x4xf32>
}

// The tasks of the gradient update the parameter, behind its last reader; they
// write the gradient only where it is clipped, and skip members that stay.
// CHECK-LABEL: func.func @fused
// CHECK-SAME: %[[DY:[a-z0-9]*]]: {{[^,]*}}, %[[W:[a-z0-9]*]]: {{[^,]*}}, %[[ARENA:[a-z0-9]*]]:
// CHECK-NOT: scf.forall
// CHECK: tensor.extract %[[W]]
// CHECK: %[[CLIPS:.*]] = arith.cmpf ogt, %{{.*}}, %
// CHECK: %[[U:.*]]:3 = scf.forall (%[[TASK:.*]]) in (3) shared_outs(%[[P:.*]] = %[[W]], %[[A:.*]] = %[[ARENA]], %[[Q:.*]] = %{{.*}}) -> (tensor<3x4x3xf32>, tensor<3x4x3xf32>, tensor<3xf64>)
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[P]][%[[TASK]], 0, 0] [1, 4, 3]
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[A]][%[[TASK]], 0, 0] [1, 4, 3]
// CHECK: %[[BUFFER:.*]] = tensor.empty() : tensor<4x3xf32>
// CHECK: %[[ROUNDS:.*]] = arith.select
// CHECK: %[[DONE:.*]]:3 = scf.for %{{.*}} to %[[ROUNDS]] {{.*}} iter_args(%[[OLD:.*]] = %[[PART]], %[[TO:.*]] = %[[SLICE]], %{{.*}} = %{{.*}})
// CHECK: %[[G:.*]] = linalg.add {{.*}} outs(%[[BUFFER]]
// CHECK: %[[ALL:.*]] = tensor.collapse_shape %[[G]] {{.*}} into tensor<12xf32>
// CHECK: linalg.generic {{.*}} ins(%[[ALL]] : tensor<12xf32>) outs(%{{.*}} : tensor<f64>)
// CHECK: arith.mulf {{.*}} fastmath<contract> : f64
// CHECK: arith.addf {{.*}} fastmath<contract> : f64
// CHECK: %[[UPDATES:.*]] = arith.select %[[CLIPS]], %c0{{.*}}, %c1
// CHECK: scf.for %{{.*}} to %[[UPDATES]] {{.*}} iter_args(%[[V:.*]] = %[[OLD]])
// CHECK: linalg.generic {{.*}} ins(%[[G]] : tensor<4x3xf32>) outs(%[[V]]
// CHECK: %[[WRITES:.*]] = arith.select %[[CLIPS]], %c1{{.*}}, %c0
// CHECK: scf.for %{{.*}} to %[[WRITES]] {{.*}} iter_args(%[[V:.*]] = %[[TO]])
// CHECK: linalg.copy ins(%[[G]] : tensor<4x3xf32>) outs(%[[V]]
// CHECK: tensor.parallel_insert_slice %[[DONE]]#0 into %[[P]]
// CHECK: tensor.parallel_insert_slice %[[DONE]]#1 into %[[A]]
// Then the norm from the sums of parts, and the update of what is clipped.
// CHECK: linalg.generic {{.*}} ins(%[[U]]#2 : tensor<3xf64>)
// CHECK: %[[TASKS:.*]] = arith.select %{{.*}}, %c3{{.*}}, %c0
// CHECK: scf.forall (%{{.*}}) in (%[[TASKS]]) shared_outs(%{{.*}} = %[[U]]#0) -> (tensor<3x4x3xf32>)

// APART-LABEL: func.func @fused
// APART: scf.forall (%{{.*}}) in (3) shared_outs({{.*}}) -> (tensor<3x4x3xf32>)
// APART: bufferization.materialize_in_destination
// APART: scf.forall (%{{.*}}) in (3) shared_outs({{.*}}) -> (tensor<3xf64>)
// APART: scf.forall (%{{.*}}) in (3) shared_outs({{.*}}) -> (tensor<3x4x3xf32>)

// In place, with a part of the gradient and a row of sums aside.
// BUFFERS-LABEL: func.func @fused
// BUFFERS-NOT: memref.alloc() {{.*}}memref<3x4x3xf32>
// BUFFERS: memref.alloc() {{.*}}memref<4x3xf32>
// BUFFERS-NOT: memref.alloc() {{.*}}memref<3x4x3xf32>
// BUFFERS: return

// REMARK-DAG: remark: [Passed] Fused | Category:modular-lower-updates | Function=fused | Remark="runs where its gradient is computed, unless clip_norm is above 0"
func.func @fused(%dy: tensor<3x4x3xf32> {bufferization.writable = false}, %w: tensor<3x4x3xf32> {bufferization.writable = true},
                 %arena: tensor<3x4x3xf32> {bufferization.writable = true}, %on: tensor<3xi8> {bufferization.writable = false},
                 %steps: tensor<3xi64> {bufferization.writable = false}, %lr: f32, %wd: f32, %clip: f32)
    -> (tensor<3x4x3xf32>, tensor<3x4x3xf32>, f64, f32) {
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<3x4x3xf32>
  %g = scf.forall (%t) in (3) shared_outs(%o = %e) -> (tensor<3x4x3xf32>) {
    %to = tensor.extract_slice %o[%t, 0, 0] [1, 4, 3] [1, 1, 1] : tensor<3x4x3xf32> to tensor<4x3xf32>
    %from = tensor.extract_slice %dy[%t, 0, 0] [1, 4, 3] [1, 1, 1] : tensor<3x4x3xf32> to tensor<4x3xf32>
    %v = linalg.add ins(%from, %from : tensor<4x3xf32>, tensor<4x3xf32>) outs(%to : tensor<4x3xf32>) -> tensor<4x3xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %v into %o[%t, 0, 0] [1, 4, 3] [1, 1, 1] : tensor<4x3xf32> into tensor<3x4x3xf32>
    }
  }
  %old = tensor.extract %w[%c0, %c0, %c0] : tensor<3x4x3xf32>
  %d = bufferization.materialize_in_destination %g in %arena : (tensor<3x4x3xf32>, tensor<3x4x3xf32>) -> tensor<3x4x3xf32>
  %norm, %scale = modular.gradient_norm (%d : tensor<3x4x3xf32>) active(%on : tensor<3xi8>) clip %clip stacked [true] : f32 -> f64, f32
  %n = modular.update %w, %d active %on steps %steps lr %lr decay %wd scale %scale stacked {
  ^bb0(%p: f32, %q: f32, %rate: f32, %step: f32):
    %m = arith.mulf %rate, %q : f32
    %r = arith.subf %p, %m : f32
    modular.yield %r : f32
  } : tensor<3x4x3xf32>, tensor<3x4x3xf32>, tensor<3xi8>, tensor<3xi64>, f32, f32, f32 -> tensor<3x4x3xf32>
  return %n, %d, %norm, %old : tensor<3x4x3xf32>, tensor<3x4x3xf32>, f64, f32
}

// CHECK-LABEL: func.func @sum
// CHECK: bufferization.materialize_in_destination
// CHECK: scf.forall {{.*}} -> (tensor<2xf64>)
// CHECK: scf.forall {{.*}} in (2) {{.*}} -> (tensor<2x3xf32>)
// REMARK-DAG: remark: [Missed] Fused {{.*}} Function=sum | Reason="several uses of the parameter add to its gradient", Remark="the whole gradient is written before it"
func.func @sum(%g: tensor<2x3xf32>, %h: tensor<2x3xf32>, %w: tensor<2x3xf32>, %arena: tensor<2x3xf32>,
               %on: tensor<2xi8>, %steps: tensor<2xi64>, %lr: f32) -> tensor<2x3xf32> {
  %e = tensor.empty() : tensor<2x3xf32>
  %s = linalg.add ins(%g, %h : tensor<2x3xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %d = bufferization.materialize_in_destination %s in %arena : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %norm, %scale = modular.gradient_norm (%d : tensor<2x3xf32>) active(%on : tensor<2xi8>) clip %lr stacked [true] : f32 -> f64, f32
  %n = modular.update %w, %d active %on steps %steps lr %lr decay %lr scale %scale stacked {
  ^bb0(%p: f32, %q: f32, %rate: f32, %step: f32):
    %r = arith.subf %p, %q : f32
    modular.yield %r : f32
  } : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xi8>, tensor<2xi64>, f32, f32, f32 -> tensor<2x3xf32>
  return %n : tensor<2x3xf32>
}

// Nothing is said of an update whose gradient another program computes.
// REMARK-NOT: Function=apart
func.func @apart(%d: tensor<2x3xf32>, %w: tensor<2x3xf32>, %on: tensor<2xi8>, %steps: tensor<2xi64>, %lr: f32) -> tensor<2x3xf32> {
  %norm, %scale = modular.gradient_norm (%d : tensor<2x3xf32>) active(%on : tensor<2xi8>) clip %lr stacked [true] : f32 -> f64, f32
  %n = modular.update %w, %d active %on steps %steps lr %lr decay %lr scale %scale stacked {
  ^bb0(%p: f32, %q: f32, %rate: f32, %step: f32):
    %r = arith.subf %p, %q : f32
    modular.yield %r : f32
  } : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xi8>, tensor<2xi64>, f32, f32, f32 -> tensor<2x3xf32>
  return %n : tensor<2x3xf32>
}

// Something reads the old parameter afterwards, and would read a copy of it.
// CHECK-LABEL: func.func @late
// CHECK: scf.forall {{.*}} -> (tensor<2x3xf32>)
// CHECK: bufferization.materialize_in_destination
// REMARK-DAG: remark: [Missed] Fused {{.*}} Function=late | Reason="the parameter is read after it"
func.func @late(%dy: tensor<2x3xf32>, %w: tensor<2x3xf32>, %arena: tensor<2x3xf32>, %on: tensor<2xi8>,
                %steps: tensor<2xi64>, %lr: f32) -> (tensor<2x3xf32>, f32) {
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<2x3xf32>
  %g = scf.forall (%t) in (2) shared_outs(%o = %e) -> (tensor<2x3xf32>) {
    %from = tensor.extract_slice %dy[%t, 0] [1, 3] [1, 1] : tensor<2x3xf32> to tensor<3xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %from into %o[%t, 0] [1, 3] [1, 1] : tensor<3xf32> into tensor<2x3xf32>
    }
  }
  %d = bufferization.materialize_in_destination %g in %arena : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %norm, %scale = modular.gradient_norm (%d : tensor<2x3xf32>) active(%on : tensor<2xi8>) clip %lr stacked [true] : f32 -> f64, f32
  %n = modular.update %w, %d active %on steps %steps lr %lr decay %lr scale %scale stacked {
  ^bb0(%p: f32, %q: f32, %rate: f32, %step: f32):
    %r = arith.subf %p, %q : f32
    modular.yield %r : f32
  } : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xi8>, tensor<2xi64>, f32, f32, f32 -> tensor<2x3xf32>
  %old = tensor.extract %w[%c0, %c0] : tensor<2x3xf32>
  return %n, %old : tensor<2x3xf32>, f32
}

// Tasks of slices that nobody wants write nothing; flags move before them.
// CHECK-LABEL: func.func @defined
// CHECK-SAME: %[[DY:[a-z0-9]*]]: tensor<3x4x3xf32>, %[[TOUCHED:[a-z0-9]*]]: tensor<6xi32>
// CHECK: %[[FLAGS:.*]] = tensor.extract_slice %[[TOUCHED]][2] [3] [1]
// CHECK: scf.forall (%[[TASK:.*]]) in (3) shared_outs(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}})
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[A]][%[[TASK]], 0, 0] [1, 4, 3]
// CHECK: %[[ROW:.*]] = tensor.extract_slice %[[B]][%[[TASK]], 0] [1, 3]
// CHECK: %[[FLAG:.*]] = tensor.extract %[[FLAGS]][%[[TASK]]]
// CHECK: %[[ON:.*]] = arith.cmpi ne, %[[FLAG]]
// CHECK: %[[ROUNDS:.*]] = arith.select %[[ON]], %c1{{.*}}, %c0
// CHECK: %[[R:.*]]:2 = scf.for %{{.*}} to %[[ROUNDS]] {{.*}} iter_args(%[[TO:.*]] = %[[PART]], %[[TOO:.*]] = %[[ROW]])
// CHECK: linalg.add {{.*}} outs(%[[TO]] : tensor<4x3xf32>)
// CHECK: linalg.fill {{.*}} outs(%[[TOO]] : tensor<3xf32>)
// CHECK: tensor.parallel_insert_slice %[[R]]#0 into %[[A]]
// CHECK: tensor.parallel_insert_slice %[[R]]#1 into %[[B]]
// CHECK-NOT: modular.defined_where
// The reference does not.
// APART-LABEL: func.func @defined
// APART: scf.forall
// APART-NOT: scf.for %
// APART: return
// REMARK-DAG: remark: [Passed] Skipped | Category:modular-lower-updates | Function=defined | Remark="gradients of members without rows are not written"
func.func @defined(%dy: tensor<3x4x3xf32>, %touched: tensor<6xi32>) -> (tensor<3x4x3xf32>, tensor<3x3xf32>) {
  %c = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<3x4x3xf32>
  %f = tensor.empty() : tensor<3x3xf32>
  %g:2 = scf.forall (%t) in (3) shared_outs(%o = %e, %p = %f) -> (tensor<3x4x3xf32>, tensor<3x3xf32>) {
    %to = tensor.extract_slice %o[%t, 0, 0] [1, 4, 3] [1, 1, 1] : tensor<3x4x3xf32> to tensor<4x3xf32>
    %too = tensor.extract_slice %p[%t, 0] [1, 3] [1, 1] : tensor<3x3xf32> to tensor<3xf32>
    %from = tensor.extract_slice %dy[%t, 0, 0] [1, 4, 3] [1, 1, 1] : tensor<3x4x3xf32> to tensor<4x3xf32>
    %v = linalg.add ins(%from, %from : tensor<4x3xf32>, tensor<4x3xf32>) outs(%to : tensor<4x3xf32>) -> tensor<4x3xf32>
    %w = linalg.fill ins(%c : f32) outs(%too : tensor<3xf32>) -> tensor<3xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %v into %o[%t, 0, 0] [1, 4, 3] [1, 1, 1] : tensor<4x3xf32> into tensor<3x4x3xf32>
      tensor.parallel_insert_slice %w into %p[%t, 0] [1, 3] [1, 1] : tensor<3xf32> into tensor<3x3xf32>
    }
  }
  %flags = tensor.extract_slice %touched[2] [3] [1] : tensor<6xi32> to tensor<3xi32>
  %r = modular.defined_where %g#0, %flags : tensor<3x4x3xf32>, tensor<3xi32>
  %s = modular.defined_where %g#1, %flags : tensor<3x3xf32>, tensor<3xi32>
  return %r, %s : tensor<3x4x3xf32>, tensor<3x3xf32>
}

// Every task writes rows of all members.
// CHECK-LABEL: func.func @whole
// CHECK: scf.forall
// CHECK-NOT: scf.for %
// CHECK: return
// REMARK-DAG: remark: [Missed] Skipped {{.*}} Function=whole | Reason="a task computes parts of several members", Remark="gradients of members without rows are zeros"
func.func @whole(%dy: tensor<3x4xf32>, %touched: tensor<3xi32>) -> tensor<3x4xf32> {
  %e = tensor.empty() : tensor<3x4xf32>
  %g = scf.forall (%t) in (4) shared_outs(%o = %e) -> (tensor<3x4xf32>) {
    %to = tensor.extract_slice %o[0, %t] [3, 1] [1, 1] : tensor<3x4xf32> to tensor<3x1xf32>
    %from = tensor.extract_slice %dy[0, %t] [3, 1] [1, 1] : tensor<3x4xf32> to tensor<3x1xf32>
    %v = linalg.add ins(%from, %from : tensor<3x1xf32>, tensor<3x1xf32>) outs(%to : tensor<3x1xf32>) -> tensor<3x1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %v into %o[0, %t] [3, 1] [1, 1] : tensor<3x1xf32> into tensor<3x4xf32>
    }
  }
  %r = modular.defined_where %g, %touched : tensor<3x4xf32>, tensor<3xi32>
  return %r : tensor<3x4xf32>
}

// A member that uses a weight twice needs it for its own gradient: both in one
// task would have it read a copy.
// CHECK-LABEL: func.func @reads
// CHECK: scf.forall {{.*}} -> (tensor<3x4x3xf32>)
// CHECK: bufferization.materialize_in_destination
// CHECK: scf.forall {{.*}} -> (tensor<3xf64>)
// CHECK: scf.forall {{.*}} -> (tensor<3x4x3xf32>)
// BUFFERS-LABEL: func.func @reads
// BUFFERS-NOT: memref.alloc() {{.*}}memref<3x4x3xf32>
// BUFFERS: return
// REMARK-DAG: remark: [Missed] Fused {{.*}} Function=reads | Reason="what computes its gradient reads the parameter"
func.func @reads(%w: tensor<3x4x3xf32> {bufferization.writable = true},
                 %arena: tensor<3x4x3xf32> {bufferization.writable = true}, %on: tensor<3xi8> {bufferization.writable = false},
                 %steps: tensor<3xi64> {bufferization.writable = false}, %lr: f32, %wd: f32, %clip: f32)
    -> (tensor<3x4x3xf32>, tensor<3x4x3xf32>, f64) {
  %e = tensor.empty() : tensor<3x4x3xf32>
  %g = scf.forall (%t) in (3) shared_outs(%o = %e) -> (tensor<3x4x3xf32>) {
    %to = tensor.extract_slice %o[%t, 0, 0] [1, 4, 3] [1, 1, 1] : tensor<3x4x3xf32> to tensor<4x3xf32>
    %from = tensor.extract_slice %w[%t, 0, 0] [1, 4, 3] [1, 1, 1] : tensor<3x4x3xf32> to tensor<4x3xf32>
    %v = linalg.add ins(%from, %from : tensor<4x3xf32>, tensor<4x3xf32>) outs(%to : tensor<4x3xf32>) -> tensor<4x3xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %v into %o[%t, 0, 0] [1, 4, 3] [1, 1, 1] : tensor<4x3xf32> into tensor<3x4x3xf32>
    }
  }
  %d = bufferization.materialize_in_destination %g in %arena : (tensor<3x4x3xf32>, tensor<3x4x3xf32>) -> tensor<3x4x3xf32>
  %norm, %scale = modular.gradient_norm (%d : tensor<3x4x3xf32>) active(%on : tensor<3xi8>) clip %clip stacked [true] : f32 -> f64, f32
  %n = modular.update %w, %d active %on steps %steps lr %lr decay %wd scale %scale stacked {
  ^bb0(%p: f32, %q: f32, %rate: f32, %step: f32):
    %m = arith.mulf %rate, %q : f32
    %r = arith.subf %p, %m : f32
    modular.yield %r : f32
  } : tensor<3x4x3xf32>, tensor<3x4x3xf32>, tensor<3xi8>, tensor<3xi64>, f32, f32, f32 -> tensor<3x4x3xf32>
  return %n, %d, %norm : tensor<3x4x3xf32>, tensor<3x4x3xf32>, f64
}
