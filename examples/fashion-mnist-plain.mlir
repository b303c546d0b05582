// The monolithic twin of fashion-mnist.mlir without pool and controller: two dense
// layers, trained by gradients only.
//
//   modc train examples/fashion-mnist-plain.mlir --data fashion-mnist --epochs 6

modular.network @fashion_mnist_plain {
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
  modular.graph(%x: tensor<?x784xf32>) -> tensor<?x10xf32> {
    %h = modular.apply @hidden as "hidden"(%x) : (tensor<?x784xf32>) -> tensor<?x64xf32>
    %r = modular.relu %h : tensor<?x64xf32>
    %y = modular.apply @dense as "head"(%r) : (tensor<?x64xf32>) -> tensor<?x10xf32>
    modular.output %y : tensor<?x10xf32>
  }
  modular.objective categorical
  modular.optimizer adam
}
