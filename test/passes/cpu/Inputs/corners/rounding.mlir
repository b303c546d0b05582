// Two products, each rounded to integers of a width of its own.
#id = affine_map<(i, j) -> (i, j)>
modular.network @rounding {
  modular.graph(%x: tensor<?x16xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<16x8xf32>
    %v = modular.parameter "v" init(glorot_uniform) : tensor<16x8xf32>
    %g = modular.linear %x, %w : tensor<?x16xf32>, tensor<16x8xf32> -> tensor<?x8xf32>
    %h = modular.linear %x, %v : tensor<?x16xf32>, tensor<16x8xf32> -> tensor<?x8xf32>
    %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%g : tensor<?x8xf32>) outs(%g : tensor<?x8xf32>) {
    ^bb0(%p: f32, %o: f32):
      %t = arith.fptosi %p : f32 to i8
      %r = arith.sitofp %t : i8 to f32
      linalg.yield %r : f32
    } -> tensor<?x8xf32>
    %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<?x8xf32>) outs(%h : tensor<?x8xf32>) {
    ^bb0(%p: f32, %o: f32):
      %t = arith.fptosi %p : f32 to i32
      %r = arith.sitofp %t : i32 to f32
      linalg.yield %r : f32
    } -> tensor<?x8xf32>
    modular.output %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
  }
  modular.objective(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>, %wanted: tensor<?x8xf32>) -> tensor<?xf32> {
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %a, %c0 : tensor<?x8xf32>
    %e = tensor.empty(%n) : tensor<?xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %l = linalg.reduce { arith.addf } ins(%wanted : tensor<?x8xf32>) outs(%f : tensor<?xf32>) dimensions = [1]
    modular.yield %l : tensor<?xf32>
  }
  modular.optimizer sgd
}
