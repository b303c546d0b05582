// The network that was released with "Modular Networks: Learning to Decompose
// Neural Computation" (Kirsch, Kunze, Barber 2018) for MNIST: a modular layer of
// 10 members with 32 units each and relu, then one of 8 members whose 10 units
// are the logits. Any data set of 28 x 28 images and 10 classes will do.
//
//   modc train examples/mnist.mlir --data fashion-mnist --batch 32 --e-every 10

modular.network @mnist {
  modular.module @hidden(%x: tensor<?x784xf32>) -> tensor<?x32xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x32xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<32xf32>
    %y = modular.linear %x, %w, %b : tensor<?x784xf32>, tensor<784x32xf32>, tensor<32xf32> -> tensor<?x32xf32>
    modular.yield %y : tensor<?x32xf32>
  }
  modular.module @logits(%x: tensor<?x32xf32>) -> tensor<?x10xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<32x10xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<10xf32>
    %y = modular.linear %x, %w, %b : tensor<?x32xf32>, tensor<32x10xf32>, tensor<10xf32> -> tensor<?x10xf32>
    modular.yield %y : tensor<?x10xf32>
  }
  modular.pool @first [@hidden x 10]
  modular.pool @second [@logits x 8]
  modular.controller @first_router(%x: tensor<?x784xf32>) -> tensor<?x1x10xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x10xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<10xf32>
    %s = modular.linear %x, %w, %b : tensor<?x784xf32>, tensor<784x10xf32>, tensor<10xf32> -> tensor<?x10xf32>
    %scores = modular.reshape %s : tensor<?x10xf32> -> tensor<?x1x10xf32>
    modular.yield %scores : tensor<?x1x10xf32>
  }
  modular.controller @second_router(%x: tensor<?x32xf32>) -> tensor<?x1x8xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<32x8xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<8xf32>
    %s = modular.linear %x, %w, %b : tensor<?x32xf32>, tensor<32x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
    %scores = modular.reshape %s : tensor<?x8xf32> -> tensor<?x1x8xf32>
    modular.yield %scores : tensor<?x1x8xf32>
  }
  modular.graph(%x: tensor<?x784xf32>) -> tensor<?x10xf32> {
    %h = modular.layer @first(%x : tensor<?x784xf32>) by @first_router(%x : tensor<?x784xf32>)
        choose 1 compose sum name "first" -> tensor<?x32xf32>
    %r = modular.relu %h : tensor<?x32xf32>
    %y = modular.layer @second(%r : tensor<?x32xf32>) by @second_router(%r : tensor<?x32xf32>)
        choose 1 compose sum name "second" -> tensor<?x10xf32>
    modular.output %y : tensor<?x10xf32>
  }
  modular.objective categorical
  modular.optimizer adam
}
