// Fashion-MNIST with one modular layer: 8 members 784 -> 64, one chosen for each
// image by a linear controller, then relu and a linear layer to 10 classes.
//
//   modc train examples/fashion-mnist.mlir --data fashion-mnist --epochs 6

modular.network @fashion_mnist {
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
  modular.controller @router(%x: tensor<?x784xf32>) -> tensor<?x1x8xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x8xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<8xf32>
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
