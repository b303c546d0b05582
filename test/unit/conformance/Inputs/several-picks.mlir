// Several members a row: as many as there are with a mean that counts one once,
// then two with gates, where one may be taken twice.
modular.network @several {
  modular.module @affine(%x: tensor<?x5xf32>) -> tensor<?x4xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<5x4xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<4xf32>
    %y = modular.linear %x, %w, %b : tensor<?x5xf32>, tensor<5x4xf32>, tensor<4xf32> -> tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }
  modular.module @curved(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<4x3xf32>
    %y = modular.linear %x, %w : tensor<?x4xf32>, tensor<4x3xf32> -> tensor<?x3xf32>
    %z = math.tanh %y : tensor<?x3xf32>
    modular.yield %z : tensor<?x3xf32>
  }
  modular.pool @first [@affine x 3]
  modular.pool @second [@curved x 4]
  modular.controller @first_router(%x: tensor<?x5xf32>) -> tensor<?x3x3xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<5x9xf32>
    %s = modular.linear %x, %w : tensor<?x5xf32>, tensor<5x9xf32> -> tensor<?x9xf32>
    %scores = modular.reshape %s : tensor<?x9xf32> -> tensor<?x3x3xf32>
    modular.yield %scores : tensor<?x3x3xf32>
  }
  modular.controller @second_router(%x: tensor<?x4xf32>) -> tensor<?x2x4xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<4x8xf32>
    %s = modular.linear %x, %w : tensor<?x4xf32>, tensor<4x8xf32> -> tensor<?x8xf32>
    %scores = modular.reshape %s : tensor<?x8xf32> -> tensor<?x2x4xf32>
    modular.yield %scores : tensor<?x2x4xf32>
  }
  modular.graph(%x: tensor<?x5xf32>) -> tensor<?x3xf32> {
    %h = modular.layer @first(%x : tensor<?x5xf32>) by @first_router(%x : tensor<?x5xf32>)
        choose 3 compose mean duplicates once name "first" -> tensor<?x4xf32>
    %y = modular.layer @second(%h : tensor<?x4xf32>) by @second_router(%h : tensor<?x4xf32>)
        choose 2 compose gated gate soft name "second" -> tensor<?x3xf32>
    modular.output %y : tensor<?x3xf32>
  }
  modular.objective categorical
  modular.optimizer adam
}
