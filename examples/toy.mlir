// The toy regression of "Modular Networks: Learning to Decompose Neural
// Computation" (Kirsch, Kunze, Barber 2018): two clusters of points, each with
// its own affine rule; two affine modules and a linear controller find them.
//
//   modc train examples/toy.mlir --data toy --steps 20000 --batch 100 --lr 0.01

modular.network @toy {
  modular.module @affine(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x2xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<2xf32>
    %y = modular.linear %x, %w, %b : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.pool @experts [@affine x 2]
  modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x2xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<2xf32>
    %s = modular.linear %x, %w, %b : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
    %scores = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %scores : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
