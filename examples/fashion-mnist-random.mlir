// fashion-mnist.mlir with fixed random routing, to compare a learned router with:
// the controller starts at random, is never trained, and each image always goes
// to the member with the largest score.
//
//   modc train examples/fashion-mnist-random.mlir --data fashion-mnist --epochs 6

modular.network @fashion_mnist_random {
  modular.module @hidden(%x: tensor<?x784xf32>) -> tensor<?x64xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x64xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<64xf32>
    %y = modular.linear %x, %w, %b : tensor<?x784xf32>, tensor<784x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
    modular.yield %y : tensor<?x64xf32>
  }
  modular.module @dense(%x: tensor<?x64xf32>) -> tensor<?x10xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<64x10xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<10xf32>
    %y = modular.linear %x, %w, %b : tensor<?x64xf32>, tensor<64x10xf32>, tensor<10xf32> -> tensor<?x10xf32>
    modular.yield %y : tensor<?x10xf32>
  }
  modular.pool @experts [@hidden x 8]
  modular.controller @router(%x: tensor<?x784xf32>) -> tensor<?x1x8xf32> distribution(#modular.fixed) {
    %w = modular.parameter "weight" init(normal(0.0, 1.0)) frozen : tensor<784x8xf32>
    %b = modular.parameter "bias" init(zeros) frozen : tensor<8xf32>
    %s = modular.linear %x, %w, %b : tensor<?x784xf32>, tensor<784x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
    %scores = modular.reshape %s : tensor<?x8xf32> -> tensor<?x1x8xf32>
    modular.yield %scores : tensor<?x1x8xf32>
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
