// A choice for every step of a recurrence whose members have a frozen bias.
modular.network @recurrent_frozen {
  modular.module @cell(%x: tensor<?x2xf64>, %h: tensor<?x3xf64>) -> tensor<?x3xf64> {
    %u = modular.parameter "u" init(glorot_uniform) : tensor<2x3xf64>
    %w = modular.parameter "w" init(glorot_uniform) : tensor<3x3xf64>
    %b = modular.parameter "b" init(normal(0.0, 0.3)) frozen : tensor<3xf64>
    %0 = modular.linear %x, %u, %b : tensor<?x2xf64>, tensor<2x3xf64>, tensor<3xf64> -> tensor<?x3xf64>
    %1 = modular.linear %h, %w : tensor<?x3xf64>, tensor<3x3xf64> -> tensor<?x3xf64>
    %2 = arith.addf %0, %1 : tensor<?x3xf64>
    %y = math.tanh %2 : tensor<?x3xf64>
    modular.yield %y : tensor<?x3xf64>
  }
  modular.pool @cells [@cell x 2]
  modular.controller @router(%h: tensor<?x3xf64>) -> tensor<?x1x2xf64> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<3x2xf64>
    %s = modular.linear %h, %w : tensor<?x3xf64>, tensor<3x2xf64> -> tensor<?x2xf64>
    %r = modular.reshape %s : tensor<?x2xf64> -> tensor<?x1x2xf64>
    modular.yield %r : tensor<?x1x2xf64>
  }
  modular.graph(%xs: tensor<?x4x2xf64>, %h0: tensor<?x3xf64>) -> tensor<?x3xf64> {
    %h, %all = modular.scan step(%t) carry(%hp = %h0 : tensor<?x3xf64>) over(%xt = %xs : tensor<?x4x2xf64>)
        -> tensor<?x3xf64>, tensor<?x4x3xf64> {
      %hn = modular.layer @cells(%xt : tensor<?x2xf64>, %hp : tensor<?x3xf64>) by @router(%hp : tensor<?x3xf64>)
          choose 1 compose sum -> tensor<?x3xf64>
      modular.yield %hn, %hn : tensor<?x3xf64>, tensor<?x3xf64>
    }
    modular.output %h : tensor<?x3xf64>
  }
  modular.objective laplace(scale = 0.5)
}
