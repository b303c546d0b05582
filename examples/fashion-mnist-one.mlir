// The monolithic twin of fashion-mnist.mlir as a modular network: the pool has one
// member, so that every image is given to it and E-steps have nothing to choose.
//
//   modc train examples/fashion-mnist-one.mlir --data fashion-mnist --epochs 6

modular.network @fashion_mnist_one {
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
  modular.pool @experts [@hidden]
  modular.controller @router(%x: tensor<?x784xf32>) -> tensor<?x1x1xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x1xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<1xf32>
    %s = modular.linear %x, %w, %b : tensor<?x784xf32>, tensor<784x1xf32>, tensor<1xf32> -> tensor<?x1xf32>
    %scores = modular.reshape %s : tensor<?x1xf32> -> tensor<?x1x1xf32>
    modular.yield %scores : tensor<?x1x1xf32>
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
