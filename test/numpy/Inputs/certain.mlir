// A controller that is so certain that the probabilities of other members are 0 in
// f32: gates stay numbers that sum to 1, also for choices that it would not make.
modular.network @certain {
  modular.module @affine(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<2x2xf32>
    %y = modular.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.pool @experts [@affine x 4]
  modular.controller @one(%x: tensor<?x2xf32>) -> tensor<?x1x4xf32> {
    %w = modular.parameter "w" init(normal(0.0, 300.0)) : tensor<2x4xf32>
    %s = modular.linear %x, %w : tensor<?x2xf32>, tensor<2x4xf32> -> tensor<?x4xf32>
    %r = modular.reshape %s : tensor<?x4xf32> -> tensor<?x1x4xf32>
    modular.yield %r : tensor<?x1x4xf32>
  }
  modular.controller @two(%x: tensor<?x2xf32>) -> tensor<?x2x4xf32> {
    %w = modular.parameter "w" init(normal(0.0, 300.0)) : tensor<2x8xf32>
    %s = modular.linear %x, %w : tensor<?x2xf32>, tensor<2x8xf32> -> tensor<?x8xf32>
    %r = modular.reshape %s : tensor<?x8xf32> -> tensor<?x2x4xf32>
    modular.yield %r : tensor<?x2x4xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %a = modular.layer @experts(%x : tensor<?x2xf32>) by @one(%x : tensor<?x2xf32>)
        choose 1 compose gated gate soft -> tensor<?x2xf32>
    %b = modular.layer @experts(%x : tensor<?x2xf32>) by @two(%x : tensor<?x2xf32>)
        choose 2 compose gated gate soft -> tensor<?x2xf32>
    %y = arith.addf %a, %b : tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
