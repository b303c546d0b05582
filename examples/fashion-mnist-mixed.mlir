// A heterogeneous pool: members share an interface, not a body. Four are affine
// maps, two have a hidden layer of 32 units with gelu, one is a low-rank map; the
// controller learns which images deserve which.
//
//   modc train examples/fashion-mnist-mixed.mlir --data fashion-mnist --epochs 6

modular.network @fashion_mnist_mixed {
  modular.module @hidden(%x: tensor<?x784xf32>) -> tensor<?x64xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x64xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<64xf32>
    %y = modular.linear %x, %w, %b : tensor<?x784xf32>, tensor<784x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
    modular.yield %y : tensor<?x64xf32>
  }
  modular.module @deep(%x: tensor<?x784xf32>) -> tensor<?x64xf32> {
    %w1 = modular.parameter "hidden_weight" init(he_uniform) : tensor<784x32xf32>
    %b1 = modular.parameter "hidden_bias" init(zeros) : tensor<32xf32>
    %w2 = modular.parameter "weight" init(glorot_uniform) : tensor<32x64xf32>
    %b2 = modular.parameter "bias" init(zeros) : tensor<64xf32>
    %h = modular.linear %x, %w1, %b1 : tensor<?x784xf32>, tensor<784x32xf32>, tensor<32xf32> -> tensor<?x32xf32>
    %g = modular.gelu %h : tensor<?x32xf32>
    %y = modular.linear %g, %w2, %b2 : tensor<?x32xf32>, tensor<32x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
    modular.yield %y : tensor<?x64xf32>
  }
  modular.module @low_rank(%x: tensor<?x784xf32>) -> tensor<?x64xf32> {
    %u = modular.parameter "u" init(glorot_uniform) : tensor<784x8xf32>
    %v = modular.parameter "v" init(glorot_uniform) : tensor<8x64xf32>
    %h = modular.linear %x, %u : tensor<?x784xf32>, tensor<784x8xf32> -> tensor<?x8xf32>
    %y = modular.linear %h, %v : tensor<?x8xf32>, tensor<8x64xf32> -> tensor<?x64xf32>
    modular.yield %y : tensor<?x64xf32>
  }
  modular.module @dense(%x: tensor<?x64xf32>) -> tensor<?x10xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<64x10xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<10xf32>
    %y = modular.linear %x, %w, %b : tensor<?x64xf32>, tensor<64x10xf32>, tensor<10xf32> -> tensor<?x10xf32>
    modular.yield %y : tensor<?x10xf32>
  }
  modular.pool @experts [@hidden x 4, @deep x 2, @low_rank "frugal"]
  modular.controller @router(%x: tensor<?x784xf32>) -> tensor<?x1x7xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x7xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<7xf32>
    %s = modular.linear %x, %w, %b : tensor<?x784xf32>, tensor<784x7xf32>, tensor<7xf32> -> tensor<?x7xf32>
    %scores = modular.reshape %s : tensor<?x7xf32> -> tensor<?x1x7xf32>
    modular.yield %scores : tensor<?x1x7xf32>
  }
  modular.graph(%x: tensor<?x784xf32>) -> tensor<?x10xf32> {
    %h = modular.layer @experts(%x : tensor<?x784xf32>) by @router(%x : tensor<?x784xf32>)
        choose 1 compose sum -> tensor<?x64xf32>
    %r = modular.relu %h : tensor<?x64xf32>
    %y = modular.apply @dense as "head"(%r) : (tensor<?x64xf32>) -> tensor<?x10xf32>
    modular.output %y : tensor<?x10xf32>
  }
  modular.objective categorical
  modular.optimizer adam
}
