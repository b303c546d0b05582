// Members that are no matrix products and elements: softmax needs a whole row, so
// that an invocation computes one, with 784 · 100 rounds of a loop.

modular.network @wide_softmax {
  modular.module @attend(%x: tensor<?x784xf32>) -> tensor<?x10xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x100xf32>
    %v = modular.parameter "values" init(glorot_uniform) : tensor<100x10xf32>
    %h = modular.linear %x, %w : tensor<?x784xf32>, tensor<784x100xf32> -> tensor<?x100xf32>
    %s = modular.softmax %h : tensor<?x100xf32>
    %y = modular.linear %s, %v : tensor<?x100xf32>, tensor<100x10xf32> -> tensor<?x10xf32>
    modular.yield %y : tensor<?x10xf32>
  }
  modular.pool @experts [@attend x 2]
  modular.controller @router(%x: tensor<?x784xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x2xf32>
    %s = modular.linear %x, %w : tensor<?x784xf32>, tensor<784x2xf32> -> tensor<?x2xf32>
    %scores = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %scores : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x784xf32>) -> tensor<?x10xf32> {
    %y = modular.layer @experts(%x : tensor<?x784xf32>) by @router(%x : tensor<?x784xf32>)
        choose 1 compose sum -> tensor<?x10xf32>
    modular.output %y : tensor<?x10xf32>
  }
  modular.objective categorical
  modular.optimizer adam
}
