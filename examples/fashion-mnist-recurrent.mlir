// A recurrent network with a choice for each time step: an image is read as a
// sequence of 28 rows of 28 pixels; at each step a controller that sees the row
// and the state chooses one of 4 members to compute the next state of 16 units.
//
//   modc train examples/fashion-mnist-recurrent.mlir --data fashion-mnist --epochs 6

modular.network @fashion_mnist_recurrent {
  modular.module @cell(%x: tensor<?x44xf32>) -> tensor<?x16xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<44x16xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<16xf32>
    %y = modular.linear %x, %w, %b : tensor<?x44xf32>, tensor<44x16xf32>, tensor<16xf32> -> tensor<?x16xf32>
    modular.yield %y : tensor<?x16xf32>
  }
  modular.module @dense(%x: tensor<?x16xf32>) -> tensor<?x10xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<16x10xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<10xf32>
    %y = modular.linear %x, %w, %b : tensor<?x16xf32>, tensor<16x10xf32>, tensor<10xf32> -> tensor<?x10xf32>
    modular.yield %y : tensor<?x10xf32>
  }
  modular.pool @cells [@cell x 4]
  modular.controller @router(%x: tensor<?x44xf32>) -> tensor<?x1x4xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<44x4xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<4xf32>
    %s = modular.linear %x, %w, %b : tensor<?x44xf32>, tensor<44x4xf32>, tensor<4xf32> -> tensor<?x4xf32>
    %scores = modular.reshape %s : tensor<?x4xf32> -> tensor<?x1x4xf32>
    modular.yield %scores : tensor<?x1x4xf32>
  }
  modular.graph(%x: tensor<?x784xf32>) -> tensor<?x10xf32> {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %n = tensor.dim %x, %c0 : tensor<?x784xf32>
    %empty = tensor.empty(%n) : tensor<?x16xf32>
    %h0 = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x16xf32>) -> tensor<?x16xf32>
    %rows = modular.reshape %x : tensor<?x784xf32> -> tensor<?x28x28xf32>
    %h = modular.scan step(%t) carry(%state = %h0 : tensor<?x16xf32>) over(%row = %rows : tensor<?x28x28xf32>)
        -> tensor<?x16xf32> {
      %both = tensor.concat dim(1) %row, %state : (tensor<?x28xf32>, tensor<?x16xf32>) -> tensor<?x44xf32>
      %sum = modular.layer @cells(%both : tensor<?x44xf32>) by @router(%both : tensor<?x44xf32>)
          choose 1 compose sum -> tensor<?x16xf32>
      %next = math.tanh %sum : tensor<?x16xf32>
      modular.yield %next : tensor<?x16xf32>
    }
    %y = modular.apply @dense as "head"(%h) : (tensor<?x16xf32>) -> tensor<?x10xf32>
    modular.output %y : tensor<?x10xf32>
  }
  modular.objective categorical
  modular.optimizer adam
}
