// Two rows a point at every step of a recurrence that runs backwards.
modular.network @tokens_in_scan {
  modular.module @cell(%x: tensor<?x3xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<3x2xf32>
    %0 = modular.linear %x, %w : tensor<?x3xf32>, tensor<3x2xf32> -> tensor<?x2xf32>
    %y = math.tanh %0 : tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.pool @cells [@cell x 3]
  modular.controller @router(%h: tensor<?x3xf32>) -> tensor<?x2x3xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<3x6xf32>
    %s = modular.linear %h, %w : tensor<?x3xf32>, tensor<3x6xf32> -> tensor<?x6xf32>
    %r = modular.reshape %s : tensor<?x6xf32> -> tensor<?x2x3xf32>
    modular.yield %r : tensor<?x2x3xf32>
  }
  modular.graph(%xs: tensor<?x4x2x3xf32>, %h0: tensor<?x4xf32>) -> tensor<?x4xf32> {
    %h, %all = modular.scan step(%t) carry(%hp = %h0 : tensor<?x4xf32>) over(%xt = %xs : tensor<?x4x2x3xf32>) reverse
        -> tensor<?x4xf32>, tensor<?x4x4xf32> {
      %c0 = arith.constant 0 : index
      %n = tensor.dim %xt, %c0 : tensor<?x2x3xf32>
      %f = tensor.collapse_shape %xt [[0, 1], [2]] : tensor<?x2x3xf32> into tensor<?x3xf32>
      %a = modular.layer @cells(%f : tensor<?x3xf32>) by @router(%f : tensor<?x3xf32>) choose 2 compose gated gate soft rows 2 -> tensor<?x2xf32>
      %b = tensor.expand_shape %a [[0, 1], [2]] output_shape [%n, 2, 2] : tensor<?x2xf32> into tensor<?x2x2xf32>
      %c = modular.reshape %b : tensor<?x2x2xf32> -> tensor<?x4xf32>
      %d = arith.mulf %c, %hp : tensor<?x4xf32>
      %e = arith.addf %c, %d : tensor<?x4xf32>
      modular.yield %e, %e : tensor<?x4xf32>, tensor<?x4xf32>
    }
    modular.output %h : tensor<?x4xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
