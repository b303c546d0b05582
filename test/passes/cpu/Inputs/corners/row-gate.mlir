// A large product, then a gate for each row.
modular.network @gate {
  modular.graph(%x: tensor<?x256xf32>) -> tensor<?x64xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<256x64xf32>
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %n = tensor.dim %x, %c0 : tensor<?x256xf32>
    %e1 = tensor.empty(%n) : tensor<?xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
    %g = linalg.reduce { arith.addf } ins(%x : tensor<?x256xf32>) outs(%f1 : tensor<?xf32>) dimensions = [1]
    %h = modular.linear %x, %w : tensor<?x256xf32>, tensor<256x64xf32> -> tensor<?x64xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%h, %g : tensor<?x64xf32>, tensor<?xf32>) outs(%h : tensor<?x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %r = arith.mulf %a, %b : f32
      linalg.yield %r : f32
    } -> tensor<?x64xf32>
    modular.output %y : tensor<?x64xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer sgd
}
