// Members that use one weight twice.

modular.network @tied {
  modular.module @member(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<8x8xf32>
    %h = modular.linear %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %r = modular.relu %h : tensor<?x8xf32>
    %y = modular.linear %r, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    modular.yield %y : tensor<?x8xf32>
  }
  modular.pool @members [@member x 3]
  modular.controller @router(%x: tensor<?x8xf32>) -> tensor<?x1x3xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<8x3xf32>
    %s = modular.linear %x, %w : tensor<?x8xf32>, tensor<8x3xf32> -> tensor<?x3xf32>
    %scores = modular.reshape %s : tensor<?x3xf32> -> tensor<?x1x3xf32>
    modular.yield %scores : tensor<?x1x3xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %stem = modular.parameter "stem" init(glorot_uniform) : tensor<2x8xf32>
    %h = modular.linear %x, %stem : tensor<?x2xf32>, tensor<2x8xf32> -> tensor<?x8xf32>
    %y = modular.layer @members(%h : tensor<?x8xf32>) by @router(%h : tensor<?x8xf32>) choose 1 compose sum -> tensor<?x8xf32>
    %end = modular.parameter "end" init(glorot_uniform) : tensor<8x2xf32>
    %z = modular.linear %y, %end : tensor<?x8xf32>, tensor<8x2xf32> -> tensor<?x2xf32>
    modular.output %z : tensor<?x2xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
