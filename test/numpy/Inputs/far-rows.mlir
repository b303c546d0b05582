// Gradients of w1 and w2 sum over rows that are multiples of 512 bytes apart, in
// several parts, groups and blocks: kernels copy what they read of them.

modular.network @far_rows {
  modular.module @expert(%x: tensor<?x384xf32>) -> tensor<?x192xf32> {
    %w1 = modular.parameter "w1" init(glorot_uniform) : tensor<384x256xf32>
    %w2 = modular.parameter "w2" init(glorot_uniform) : tensor<256x192xf32>
    %h = modular.linear %x, %w1 : tensor<?x384xf32>, tensor<384x256xf32> -> tensor<?x256xf32>
    %r = modular.relu %h : tensor<?x256xf32>
    %y = modular.linear %r, %w2 : tensor<?x256xf32>, tensor<256x192xf32> -> tensor<?x192xf32>
    modular.yield %y : tensor<?x192xf32>
  }
  modular.pool @experts [@expert x 2]
  modular.controller @router(%x: tensor<?x384xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<384x2xf32>
    %s = modular.linear %x, %w : tensor<?x384xf32>, tensor<384x2xf32> -> tensor<?x2xf32>
    %scores = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %scores : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x384xf32>) -> tensor<?x192xf32> {
    %y = modular.layer @experts(%x : tensor<?x384xf32>) by @router(%x : tensor<?x384xf32>)
        choose 1 compose sum -> tensor<?x192xf32>
    modular.output %y : tensor<?x192xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer sgd
}
