// Members of two layers of at most 48 columns: one launch computes both.

modular.network @two_layers {
  modular.module @mlp(%x: tensor<?x40xf32>) -> tensor<?x48xf32> {
    %w = modular.parameter "hidden_weight" init(he_uniform) : tensor<40x48xf32>
    %b = modular.parameter "hidden_bias" init(zeros) : tensor<48xf32>
    %v = modular.parameter "weight" init(glorot_uniform) : tensor<48x48xf32>
    %c = modular.parameter "bias" init(zeros) : tensor<48xf32>
    %h = modular.linear %x, %w, %b : tensor<?x40xf32>, tensor<40x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
    %g = modular.gelu %h : tensor<?x48xf32>
    %y = modular.linear %g, %v, %c : tensor<?x48xf32>, tensor<48x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
    modular.yield %y : tensor<?x48xf32>
  }
  modular.module @dense(%x: tensor<?x48xf32>) -> tensor<?x10xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<48x10xf32>
    %y = modular.linear %x, %w : tensor<?x48xf32>, tensor<48x10xf32> -> tensor<?x10xf32>
    modular.yield %y : tensor<?x10xf32>
  }
  modular.pool @experts [@mlp x 6]
  modular.controller @router(%x: tensor<?x40xf32>) -> tensor<?x2x6xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<40x12xf32>
    %s = modular.linear %x, %w : tensor<?x40xf32>, tensor<40x12xf32> -> tensor<?x12xf32>
    %scores = modular.reshape %s : tensor<?x12xf32> -> tensor<?x2x6xf32>
    modular.yield %scores : tensor<?x2x6xf32>
  }
  modular.graph(%x: tensor<?x40xf32>) -> tensor<?x10xf32> {
    %h = modular.layer @experts(%x : tensor<?x40xf32>) by @router(%x : tensor<?x40xf32>)
        choose 2 compose sum -> tensor<?x48xf32>
    %y = modular.apply @dense as "head"(%h) : (tensor<?x48xf32>) -> tensor<?x10xf32>
    modular.output %y : tensor<?x10xf32>
  }
  modular.objective categorical
  modular.optimizer adam
}
