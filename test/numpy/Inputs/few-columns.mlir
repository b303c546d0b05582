// Gradients of weights of 8, 4, 2 and 1 columns: lanes go down their rows, in one
// tile, several, some of another height, or rows that fill none.

modular.network @few_columns {
  modular.module @expert(%x: tensor<?x96xf32>) -> tensor<?x1xf32> {
    %w1 = modular.parameter "w1" init(glorot_uniform) : tensor<96x4xf32>
    %w2 = modular.parameter "w2" init(glorot_uniform) : tensor<4x84xf32>
    %w3 = modular.parameter "w3" init(glorot_uniform) : tensor<84x8xf32>
    %w4 = modular.parameter "w4" init(glorot_uniform) : tensor<8x208xf32>
    %w5 = modular.parameter "w5" init(glorot_uniform) : tensor<208x1xf32>
    %h1 = modular.linear %x, %w1 : tensor<?x96xf32>, tensor<96x4xf32> -> tensor<?x4xf32>
    %r1 = math.tanh %h1 : tensor<?x4xf32>
    %h2 = modular.linear %r1, %w2 : tensor<?x4xf32>, tensor<4x84xf32> -> tensor<?x84xf32>
    %r2 = math.tanh %h2 : tensor<?x84xf32>
    %h3 = modular.linear %r2, %w3 : tensor<?x84xf32>, tensor<84x8xf32> -> tensor<?x8xf32>
    %r3 = math.tanh %h3 : tensor<?x8xf32>
    %h4 = modular.linear %r3, %w4 : tensor<?x8xf32>, tensor<8x208xf32> -> tensor<?x208xf32>
    %r4 = math.tanh %h4 : tensor<?x208xf32>
    %y = modular.linear %r4, %w5 : tensor<?x208xf32>, tensor<208x1xf32> -> tensor<?x1xf32>
    modular.yield %y : tensor<?x1xf32>
  }
  modular.pool @experts [@expert x 3]
  modular.controller @router(%x: tensor<?x96xf32>) -> tensor<?x1x3xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<96x2xf32>
    %v = modular.parameter "v" init(glorot_uniform) : tensor<2x3xf32>
    %h = modular.linear %x, %w : tensor<?x96xf32>, tensor<96x2xf32> -> tensor<?x2xf32>
    %r = math.tanh %h : tensor<?x2xf32>
    %s = modular.linear %r, %v : tensor<?x2xf32>, tensor<2x3xf32> -> tensor<?x3xf32>
    %scores = modular.reshape %s : tensor<?x3xf32> -> tensor<?x1x3xf32>
    modular.yield %scores : tensor<?x1x3xf32>
  }
  modular.graph(%x: tensor<?x96xf32>) -> tensor<?x1xf32> {
    %y = modular.layer @experts(%x : tensor<?x96xf32>) by @router(%x : tensor<?x96xf32>)
        choose 1 compose sum -> tensor<?x1xf32>
    modular.output %y : tensor<?x1xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer sgd
}
