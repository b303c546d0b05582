// Trained scalars (rank 0) wherever a parameter may stand: in the graph, in a
// module, in one that is applied, in a controller, in an objective.
#rows = affine_map<(i, j) -> (i, j)>
#none = affine_map<(i, j) -> ()>
modular.network @scalars {
  modular.module @scale(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    %t = modular.parameter "t" init(uniform(0.5, 1.5)) : tensor<f32>
    %y = linalg.generic {indexing_maps = [#rows, #none, #rows], iterator_types = ["parallel", "parallel"]}
        ins(%x, %t : tensor<?x3xf32>, tensor<f32>) outs(%x : tensor<?x3xf32>) {
    ^bb0(%a: f32, %s: f32, %o: f32):
      %p = arith.mulf %a, %s : f32
      linalg.yield %p : f32
    } -> tensor<?x3xf32>
    modular.yield %y : tensor<?x3xf32>
  }
  modular.pool @scales [@scale x 3]
  modular.controller @router(%x: tensor<?x3xf32>) -> tensor<?x2x3xf32> {
    %t = modular.parameter "t" init(constant(2.0)) : tensor<f32>
    %w = modular.parameter "w" init(glorot_uniform) : tensor<3x6xf32>
    %l = modular.linear %x, %w : tensor<?x3xf32>, tensor<3x6xf32> -> tensor<?x6xf32>
    %s = linalg.generic {indexing_maps = [#rows, #none, #rows], iterator_types = ["parallel", "parallel"]}
        ins(%l, %t : tensor<?x6xf32>, tensor<f32>) outs(%l : tensor<?x6xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %p = arith.mulf %a, %b : f32
      linalg.yield %p : f32
    } -> tensor<?x6xf32>
    %r = modular.reshape %s : tensor<?x6xf32> -> tensor<?x2x3xf32>
    modular.yield %r : tensor<?x2x3xf32>
  }
  modular.graph(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    %t = modular.parameter "t" init(constant(2.0)) : tensor<f32>
    %a = linalg.generic {indexing_maps = [#rows, #none, #rows], iterator_types = ["parallel", "parallel"]}
        ins(%x, %t : tensor<?x3xf32>, tensor<f32>) outs(%x : tensor<?x3xf32>) {
    ^bb0(%v: f32, %b: f32, %o: f32):
      %p = arith.addf %v, %b : f32
      linalg.yield %p : f32
    } -> tensor<?x3xf32>
    %y = modular.layer @scales(%a : tensor<?x3xf32>) by @router(%x : tensor<?x3xf32>) choose 2 compose sum -> tensor<?x3xf32>
    %z = modular.apply @scale as "last"(%y) : (tensor<?x3xf32>) -> tensor<?x3xf32>
    modular.output %z : tensor<?x3xf32>
  }
  modular.objective(%y: tensor<?x3xf32>, %wanted: tensor<?x3xf32>) -> tensor<?xf32> {
    %t = modular.parameter "t" init(constant(0.5)) : tensor<f32>
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %y, %c0 : tensor<?x3xf32>
    %e = tensor.empty(%n) : tensor<?xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %l = linalg.generic {indexing_maps = [#rows, #rows, #none, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
        ins(%y, %wanted, %t : tensor<?x3xf32>, tensor<?x3xf32>, tensor<f32>) outs(%f : tensor<?xf32>) {
    ^bb0(%a: f32, %b: f32, %s: f32, %o: f32):
      %d = arith.subf %a, %b : f32
      %q = arith.mulf %d, %d : f32
      %p = arith.mulf %q, %s : f32
      %r = arith.subf %o, %p : f32
      linalg.yield %r : f32
    } -> tensor<?xf32>
    modular.yield %l : tensor<?xf32>
  }
  modular.optimizer adam
}
