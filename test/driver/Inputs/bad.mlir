// The network that bad-model.test breaks in one place after another.
modular.network @base {
  modular.module @affine(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x2xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<2xf32>
    %y = modular.linear %x, %w, %b : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.module @twice(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %h = modular.apply @affine as "first"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    %t = math.tanh %h : tensor<?x2xf32>
    %y = modular.apply @affine as "second"(%t) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.pool @experts [@affine x 2, @twice]
  modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x3xf32> {
    %v = modular.parameter "weight" init(glorot_uniform) : tensor<2x3xf32>
    %s = modular.linear %x, %v : tensor<?x2xf32>, tensor<2x3xf32> -> tensor<?x3xf32>
    %scores = modular.reshape %s : tensor<?x3xf32> -> tensor<?x1x3xf32>
    modular.yield %scores : tensor<?x1x3xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    %steps = modular.reshape %x : tensor<?x2xf32> -> tensor<?x2x1xf32>
    %z = modular.scan step(%t) carry(%h = %y : tensor<?x2xf32>) over(%e = %steps : tensor<?x2x1xf32>)
        -> tensor<?x2xf32> {
      %r = modular.relu %h : tensor<?x2xf32>
      modular.yield %r : tensor<?x2xf32>
    }
    modular.output %z : tensor<?x2xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
