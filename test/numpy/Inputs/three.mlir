// The toy regression with one member more than it has rules.
modular.network @three {
  modular.module @affine(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x2xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<2xf32>
    %y = modular.linear %x, %w, %b : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.pool @experts [@affine x 3]
  modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x3xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x3xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<3xf32>
    %s = modular.linear %x, %w, %b : tensor<?x2xf32>, tensor<2x3xf32>, tensor<3xf32> -> tensor<?x3xf32>
    %scores = modular.reshape %s : tensor<?x3xf32> -> tensor<?x1x3xf32>
    modular.yield %scores : tensor<?x1x3xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
