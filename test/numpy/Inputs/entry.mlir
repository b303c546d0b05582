// A layer of odd sizes, whose choices are given or made.
modular.network @entry {
  modular.module @expert(%x: tensor<?x13xf32>) -> tensor<?x5xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<13x5xf32>
    %b = modular.parameter "b" init(uniform(-0.5, 0.5)) : tensor<5xf32>
    %y = modular.linear %x, %w, %b : tensor<?x13xf32>, tensor<13x5xf32>, tensor<5xf32> -> tensor<?x5xf32>
    %r = modular.relu %y : tensor<?x5xf32>
    modular.yield %r : tensor<?x5xf32>
  }
  modular.pool @experts [@expert x 7]
  modular.controller @router(%x: tensor<?x13xf32>) -> tensor<?x2x7xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<13x14xf32>
    %s = modular.linear %x, %w : tensor<?x13xf32>, tensor<13x14xf32> -> tensor<?x14xf32>
    %scores = modular.reshape %s : tensor<?x14xf32> -> tensor<?x2x7xf32>
    modular.yield %scores : tensor<?x2x7xf32>
  }
  modular.graph(%x: tensor<?x13xf32>) -> tensor<?x5xf32> {
    %y = modular.layer @experts(%x : tensor<?x13xf32>) by @router(%x : tensor<?x13xf32>)
        choose 2 compose sum -> tensor<?x5xf32>
    modular.output %y : tensor<?x5xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
