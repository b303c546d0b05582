// RUN: modc-opt %s --modular-derive-programs --canonicalize --cse | FileCheck %s

// Each program is a function; a layer is scores, a selection, a plan, a grouped
// op over stacked parameters and a combine.

// CHECK: module attributes {modular.signature = "{{.*}}experts.1.weight{{.*}}offset{{.*}}:16,
modular.network @toy {
  modular.module @affine(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x2xf32>
    %b = modular.parameter "bias" init(zeros) frozen : tensor<2xf32>
    %y = modular.linear %x, %w, %b : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.pool @experts [@affine x 2]
  modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x2xf32>
    %s = modular.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
    %scores = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %scores : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
  modular.objective gaussian(sigma = 2.0)
  modular.optimizer momentum(momentum = 0.5)
}

// CHECK-LABEL: func.func @init
// CHECK-SAME: %[[SEED:.*]]: i64 {modular.name = "seed", modular.role = "integer"}
// CHECK-SAME: %[[W:.*]]: tensor<2x2x2xf32> {bufferization.writable = true, modular.name = "experts.0.weight", modular.offset = 0 : i64, modular.role = "parameter"}
// CHECK: %[[V:.*]] = modular.initialize(glorot_uniform) ["experts.0.weight", "experts.1.weight"] seed %[[SEED]] stacked : tensor<2x2x2xf32>
// CHECK: bufferization.materialize_in_destination %[[V]] in %[[W]]

// CHECK-LABEL: func.func @infer
// CHECK: %[[SCORES:.*]] = modular.reshape
// CHECK: %[[MODE:.*]] = modular.mode %[[SCORES]]
// CHECK: %[[PLAN:.*]] = modular.plan %[[MODE]]
// CHECK: %[[ROWS:.*]] = modular.grouped %[[PLAN]] gather(%{{.*}} : tensor<?x2xf32>)
// CHECK-NEXT: class [0, 1] parameters(%{{.*}} : tensor<2x2x2xf32>, %{{.*}} : tensor<2x2xf32>)
// CHECK: modular.combine sum %[[PLAN]], %[[ROWS]]

// CHECK-LABEL: func.func @forward
// CHECK: modular.to_selection
// CHECK-NOT: modular.mode

// CHECK-LABEL: func.func @score
// -1 / (2 sigma^2)
// CHECK: arith.constant -1.250000e-01
// CHECK: modular.log_probability

// CHECK-LABEL: func.func @evaluate
// CHECK: modular.softmax

// The frozen bias has no gradient.
// CHECK-LABEL: func.func @m_step
// CHECK: modular.pullback
// CHECK-SAME: to (%{{[a-z0-9]+}} : tensor<2x2x2xf32>, %{{[a-z0-9]+}} : tensor<2x2xf32>)
// CHECK: modular.usage
// CHECK: modular.defined_where

// CHECK-LABEL: func.func @train_step
// CHECK: modular.pullback
// CHECK: modular.update

// CHECK-LABEL: func.func @update
// CHECK-SAME: modular.name = "experts.0.weight.0"
// CHECK-NOT: modular.pullback
// CHECK: arith.constant 5.000000e-01
// CHECK: modular.update

// CHECK-LABEL: func.func @e_step(
// CHECK: modular.tile_rows
// CHECK: modular.uniform {{.*}} purpose 1
// CHECK: modular.keep_stored
// CHECK: modular.keep_best

// Two assignments and the stored one.
// CHECK-LABEL: func.func @e_step_enumerated
// CHECK: arith.constant 3 : index
// CHECK: modular.keep_best

// CHECK-LABEL: func.func @sample
// CHECK: modular.uniform {{.*}} purpose 2
