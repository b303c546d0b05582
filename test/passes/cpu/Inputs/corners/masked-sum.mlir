// A sum along masked rows.
modular.network @masked {
  modular.graph(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<32x32xf32>
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x32xf32>
    %e = tensor.empty(%n) : tensor<?x32xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
    %m = arith.cmpf ogt, %x, %z : tensor<?x32xf32>
    %e1 = tensor.empty(%n) : tensor<?xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
    %h = modular.linear %x, %w : tensor<?x32xf32>, tensor<32x32xf32> -> tensor<?x32xf32>
    %g = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
        ins(%h, %m : tensor<?x32xf32>, tensor<?x32xi1>) outs(%f1 : tensor<?xf32>) {
    ^bb0(%a: f32, %b: i1, %o: f32):
      %s = arith.select %b, %a, %zero : f32
      %r = arith.addf %s, %o : f32
      linalg.yield %r : f32
    } -> tensor<?xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%x, %m, %g : tensor<?x32xf32>, tensor<?x32xi1>, tensor<?xf32>) outs(%e : tensor<?x32xf32>) {
    ^bb0(%a: f32, %b: i1, %c: f32, %o: f32):
      %k = math.exp %a : f32
      %s = arith.select %b, %c, %k : f32
      linalg.yield %s : f32
    } -> tensor<?x32xf32>
    modular.output %y : tensor<?x32xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer sgd
}
