// RUN: modc-opt %s -o %t
// RUN: FileCheck %s < %t
// RUN: modc-opt %t | diff %t -
// RUN: modc-opt %s --mlir-print-op-generic | modc-opt | diff %t -
// RUN: modc-opt %s --emit-bytecode | modc-opt | diff %t -

// Text, generic form and bytecode of the network level read back as the same.

// CHECK-LABEL: modular.network @all
modular.network @all {
  // CHECK: modular.module @affine(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  modular.module @affine(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // CHECK: %[[W:.*]] = modular.parameter "weight" init(glorot_uniform) : tensor<2x2xf32>
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x2xf32>
    // CHECK: modular.parameter "bias" init(constant(2.500000e-01)) frozen : tensor<2xf32>
    %b = modular.parameter "bias" init(constant(0.25)) frozen : tensor<2xf32>
    // CHECK: modular.parameter "mean" init(uniform(-1.000000e+00, 1.000000e+00)) state : tensor<2xf32>
    %m = modular.parameter "mean" init(uniform(-1.0, 1.0)) state : tensor<2xf32>
    // CHECK: modular.linear %x, %[[W]], %{{.*}} : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
    %y = modular.linear %x, %w, %b : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
    // CHECK: modular.yield %{{.*}} : tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  // CHECK: modular.module @nested(%x: tensor<?x2xf32>) -> tensor<?x2xf32>
  modular.module @nested(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // CHECK: modular.apply @affine as "inner"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    %y = modular.apply @affine as "inner"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  // CHECK: modular.module @cell(%x: tensor<?x2xf32>, %c: tensor<?x2xf32>, shared %kv: tensor<4x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  modular.module @cell(%x: tensor<?x2xf32>, %c: tensor<?x2xf32>, shared %kv: tensor<4x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
    modular.yield %x, %c : tensor<?x2xf32>, tensor<?x2xf32>
  }
  // CHECK: modular.pool @experts [@affine x 3, @nested "edge", @affine]
  modular.pool @experts [@affine x 3, @nested "edge", @affine]
  // CHECK: modular.pool @cells [@cell x 2]
  modular.pool @cells [@cell x 2]
  // CHECK: modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x5xf32> {
  modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x5xf32> {
    %w = modular.parameter "weight" init(normal(0.0, 0.5)) : tensor<2x5xf32>
    %s = modular.linear %x, %w : tensor<?x2xf32>, tensor<2x5xf32> -> tensor<?x5xf32>
    // CHECK: modular.reshape %{{.*}} : tensor<?x5xf32> -> tensor<?x1x5xf32>
    %scores = modular.reshape %s : tensor<?x5xf32> -> tensor<?x1x5xf32>
    modular.yield %scores : tensor<?x1x5xf32>
  }
  // CHECK: modular.controller @given(%s: tensor<?x2x2xf32>) -> tensor<?x2x2xf32> distribution(#modular.fixed)
  modular.controller @given(%s: tensor<?x2x2xf32>) -> tensor<?x2x2xf32> distribution(#modular.fixed) {
    modular.yield %s : tensor<?x2x2xf32>
  }
  // CHECK: modular.graph(%x: tensor<?x2xf32>, %xs: tensor<?x3x2xf32>, %s: tensor<?x2x2xf32>) -> (tensor<?x2xf32>, tensor<?x4xf32>)
  modular.graph(%x: tensor<?x2xf32>, %xs: tensor<?x3x2xf32>, %s: tensor<?x2x2xf32>) -> (tensor<?x2xf32>, tensor<?x4xf32>) {
    %kv = modular.parameter "kv" init(he_normal) : tensor<4x2xf32>
    // CHECK: modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>) choose 1 compose sum -> tensor<?x2xf32>
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    // CHECK: modular.layer @cells(%{{.*}} : tensor<?x2xf32>, %x : tensor<?x2xf32> shared %{{.*}} : tensor<4x2xf32>) by @given(%s : tensor<?x2x2xf32>) choose 2 compose gated gate fixed [7.500000e-01, 2.500000e-01] duplicates once name "first" -> tensor<?x2xf32>, tensor<?x2xf32>, !modular.selection<2 of 2>
    %h, %c, %a = modular.layer @cells(%y : tensor<?x2xf32>, %x : tensor<?x2xf32> shared %kv : tensor<4x2xf32>)
        by @given(%s : tensor<?x2x2xf32>) choose 2 compose gated gate fixed [0.75, 0.25] duplicates once
        name "first" -> tensor<?x2xf32>, tensor<?x2xf32>, !modular.selection<2 of 2>
    // CHECK: compose gated gate soft -> tensor<?x2xf32>, tensor<?x2xf32>
    %h2, %c2 = modular.layer @cells(%h : tensor<?x2xf32>, %c : tensor<?x2xf32> shared %kv : tensor<4x2xf32>)
        by @given(%s : tensor<?x2x2xf32>) choose 2 compose gated gate soft -> tensor<?x2xf32>, tensor<?x2xf32>
    // CHECK: compose concat -> tensor<?x4xf32>, tensor<?x4xf32>
    %h3, %c3 = modular.layer @cells(%h2 : tensor<?x2xf32>, %c2 : tensor<?x2xf32> shared %kv : tensor<4x2xf32>)
        by @given(%s : tensor<?x2x2xf32>) choose 2 compose concat -> tensor<?x4xf32>, tensor<?x4xf32>
    // CHECK: modular.scan step(%[[T:.*]]) carry(%[[HP:.*]] = %{{.*}} : tensor<?x2xf32>) over(%[[XT:.*]] = %xs : tensor<?x3x2xf32>) reverse -> tensor<?x2xf32>, tensor<?x3x2xf32> {
    %last, %all = modular.scan step(%t) carry(%hp = %h2 : tensor<?x2xf32>) over(%xt = %xs : tensor<?x3x2xf32>) reverse
        -> tensor<?x2xf32>, tensor<?x3x2xf32> {
      // CHECK: modular.layer @experts(%[[XT]] : tensor<?x2xf32>) by @router(%[[HP]] : tensor<?x2xf32>) choose 1 compose mean -> tensor<?x2xf32>
      %n = modular.layer @experts(%xt : tensor<?x2xf32>) by @router(%hp : tensor<?x2xf32>)
          choose 1 compose mean -> tensor<?x2xf32>
      modular.yield %n, %n : tensor<?x2xf32>, tensor<?x2xf32>
    }
    // Three tokens a point are rows of their own.
    %c0 = arith.constant 0 : index
    %points = tensor.dim %xs, %c0 : tensor<?x3x2xf32>
    %tokens = tensor.collapse_shape %all [[0, 1], [2]] : tensor<?x3x2xf32> into tensor<?x2xf32>
    // CHECK: choose 1 compose sum rows 3 -> tensor<?x2xf32>
    %out = modular.layer @experts(%tokens : tensor<?x2xf32>) by @router(%tokens : tensor<?x2xf32>)
        choose 1 compose sum rows 3 -> tensor<?x2xf32>
    %back = tensor.expand_shape %out [[0, 1], [2]] output_shape [%points, 3, 2] : tensor<?x2xf32> into tensor<?x3x2xf32>
    // CHECK: modular.output %{{.*}}, %{{.*}} : tensor<?x2xf32>, tensor<?x4xf32>
    modular.output %last, %c3 : tensor<?x2xf32>, tensor<?x4xf32>
  }
  // CHECK: modular.objective(%y: tensor<?x2xf32>, %z: tensor<?x4xf32>, %target: tensor<?xf32>) -> tensor<?xf32>
  modular.objective(%y: tensor<?x2xf32>, %z: tensor<?x4xf32>, %target: tensor<?xf32>) -> tensor<?xf32> {
    modular.yield %target : tensor<?xf32>
  }
  // CHECK: modular.optimizer(%p: f32, %g: f32, %lr: f32, %step: f32, %v: f32) dense
  modular.optimizer(%p: f32, %g: f32, %lr: f32, %step: f32, %v: f32) dense {
    %d = arith.mulf %lr, %g : f32
    %q = arith.subf %p, %d : f32
    modular.yield %q, %v : f32, f32
  }
}

// CHECK-LABEL: modular.network @gaussian
modular.network @gaussian {
  modular.graph(%x: tensor<?x2xf64>) -> tensor<?x2xf64> {
    modular.output %x : tensor<?x2xf64>
  }
  // CHECK: modular.objective gaussian(sigma = 5.000000e-01)
  modular.objective gaussian(sigma = 0.5)
  // CHECK: modular.optimizer adam(beta1 = 7.500000e-01, epsilon = 6.250000e-02)
  modular.optimizer adam(epsilon = 0.0625, beta1 = 0.75)
}

// CHECK-LABEL: modular.network @laplace
modular.network @laplace {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // CHECK: modular.objective laplace(scale = 2.000000e+00)
  modular.objective laplace(scale = 2.0)
  // CHECK: modular.optimizer momentum(momentum = 5.000000e-01) dense
  modular.optimizer momentum(momentum = 0.5) dense
}

// CHECK-LABEL: modular.network @bernoulli
modular.network @bernoulli {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // CHECK: modular.objective bernoulli
  modular.objective bernoulli
  // CHECK: modular.optimizer rmsprop
  modular.optimizer rmsprop
}
