// The toy's layer with hidden values that fill three panels, whose gradient is
// computed in two parts or more, a stem that is trained below it, and a controller
// that has panels too.
modular.network @wide {
  modular.module @mlp(%x: tensor<?x192xf32>) -> tensor<?x2xf32> {
    %w1 = modular.parameter "w1" init(he_uniform) : tensor<192x192xf32>
    %b1 = modular.parameter "b1" init(zeros) : tensor<192xf32>
    %h = modular.linear %x, %w1, %b1 : tensor<?x192xf32>, tensor<192x192xf32>, tensor<192xf32> -> tensor<?x192xf32>
    %r = modular.relu %h : tensor<?x192xf32>
    %w2 = modular.parameter "w2" init(glorot_uniform) : tensor<192x2xf32>
    %y = modular.linear %r, %w2 : tensor<?x192xf32>, tensor<192x2xf32> -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.pool @experts [@mlp x 3]
  modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x3xf32> {
    %w1 = modular.parameter "w1" init(he_uniform) : tensor<2x128xf32>
    %h = modular.linear %x, %w1 : tensor<?x2xf32>, tensor<2x128xf32> -> tensor<?x128xf32>
    %r = modular.relu %h : tensor<?x128xf32>
    %w2 = modular.parameter "w2" init(glorot_uniform) : tensor<128x3xf32>
    %s = modular.linear %r, %w2 : tensor<?x128xf32>, tensor<128x3xf32> -> tensor<?x3xf32>
    %scores = modular.reshape %s : tensor<?x3xf32> -> tensor<?x1x3xf32>
    modular.yield %scores : tensor<?x1x3xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "stem" init(he_uniform) : tensor<2x192xf32>
    %h = modular.linear %x, %w : tensor<?x2xf32>, tensor<2x192xf32> -> tensor<?x192xf32>
    %y = modular.layer @experts(%h : tensor<?x192xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
