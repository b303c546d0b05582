// Both the sums and what is made of them are outputs.
modular.network @both {
  modular.graph(%x: tensor<?x16xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<16x8xf32>
    %h = modular.linear %x, %w : tensor<?x16xf32>, tensor<16x8xf32> -> tensor<?x8xf32>
    %y = arith.mulf %h, %h : tensor<?x8xf32>
    modular.output %h, %y : tensor<?x8xf32>, tensor<?x8xf32>
  }
  modular.objective(%h: tensor<?x8xf32>, %y: tensor<?x8xf32>, %wanted: tensor<?x8xf32>) -> tensor<?xf32> {
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %y, %c0 : tensor<?x8xf32>
    %e = tensor.empty(%n) : tensor<?xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %l = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
        ins(%y, %wanted : tensor<?x8xf32>, tensor<?x8xf32>) outs(%f : tensor<?xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %d = arith.subf %a, %b : f32
      %q = arith.mulf %d, %d : f32
      %r = arith.subf %o, %q : f32
      linalg.yield %r : f32
    } -> tensor<?xf32>
    modular.yield %l : tensor<?xf32>
  }
  modular.optimizer sgd
}
