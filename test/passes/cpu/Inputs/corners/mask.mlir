// A mask of bits that two ops read: a byte an element in memory.
modular.network @mask {
  modular.graph(%x: tensor<?x16xf32>) -> tensor<?x8xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<16x8xf32>
    %v = modular.parameter "v" init(glorot_uniform) : tensor<8x8xf32>
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %n = tensor.dim %x, %c0 : tensor<?x16xf32>
    %e = tensor.empty(%n) : tensor<?x8xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
    %g = modular.linear %x, %w : tensor<?x16xf32>, tensor<16x8xf32> -> tensor<?x8xf32>
    %m = arith.cmpf ogt, %g, %z : tensor<?x8xf32>
    %a = arith.select %m, %g, %z : tensor<?x8xi1>, tensor<?x8xf32>
    %h = modular.linear %a, %v : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %y = arith.select %m, %h, %z : tensor<?x8xi1>, tensor<?x8xf32>
    modular.output %y : tensor<?x8xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer sgd
}
