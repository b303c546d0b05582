// RUN: modc-opt %s --modular-derive-programs --canonicalize --cse | FileCheck %s

// A layer in a scan has a choice for each step: its slots depend on the step,
// and what it gives becomes stacked results of the scan.

modular.network @recurrent {
  modular.module @cell(%h: tensor<?x4xf64>, %x: tensor<?x3xf64>) -> tensor<?x4xf64> {
    %u = modular.parameter "u" init(glorot_uniform) : tensor<4x4xf64>
    %w = modular.parameter "w" init(glorot_uniform) : tensor<3x4xf64>
    %a = modular.linear %h, %u : tensor<?x4xf64>, tensor<4x4xf64> -> tensor<?x4xf64>
    %b = modular.linear %x, %w : tensor<?x3xf64>, tensor<3x4xf64> -> tensor<?x4xf64>
    %s = arith.addf %a, %b : tensor<?x4xf64>
    %y = math.tanh %s : tensor<?x4xf64>
    modular.yield %y : tensor<?x4xf64>
  }
  modular.pool @cells [@cell x 2]
  modular.controller @router(%h: tensor<?x4xf64>) -> tensor<?x1x2xf64> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<4x2xf64>
    %s = modular.linear %h, %w : tensor<?x4xf64>, tensor<4x2xf64> -> tensor<?x2xf64>
    %scores = modular.reshape %s : tensor<?x2xf64> -> tensor<?x1x2xf64>
    modular.yield %scores : tensor<?x1x2xf64>
  }
  modular.graph(%xs: tensor<?x5x3xf64>, %h0: tensor<?x4xf64>) -> tensor<?x4xf64> {
    %h = modular.scan step(%t) carry(%hp = %h0 : tensor<?x4xf64>) over(%x = %xs : tensor<?x5x3xf64>)
        -> tensor<?x4xf64> {
      %hn = modular.layer @cells(%hp : tensor<?x4xf64>, %x : tensor<?x3xf64>)
          by @router(%hp : tensor<?x4xf64>) choose 1 compose sum -> tensor<?x4xf64>
      modular.yield %hn : tensor<?x4xf64>
    }
    modular.output %h : tensor<?x4xf64>
  }
  modular.objective gaussian
}

// CHECK-LABEL: func.func @infer
// CHECK-SAME: tensor<?x5xi32> {{{.*}}modular.name = "selection"
// CHECK: %{{.*}}:2 = modular.scan step(%{{.*}}) carry(%{{.*}}) over(%{{.*}}) -> tensor<?x4xf64>, tensor<?x5x1xi32>

// CHECK-LABEL: func.func @score
// CHECK: modular.scan step(%[[T:.*]]) carry
// CHECK: tensor.extract_slice %{{.*}}[0, %[[T]]]
// CHECK: modular.log_probability
// CHECK: modular.yield

// CHECK-LABEL: func.func @e_step(
// CHECK: modular.uniform {{.*}} slot %{{.*}} purpose 1
