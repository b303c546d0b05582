// Attention whose heads are modules: each token picks two of four heads, as in
// mixtures of attention heads (Zhang et al. 2022). A sequence of 6 tokens is a
// point; keys and values belong to the point, so that all its tokens see them
// whole, and are the same for all heads. A head has its own query and output.
modular.network @attention {
  modular.module @head(%x: tensor<?x8xf32>, shared %keys: tensor<6x4xf32>, shared %values: tensor<6x4xf32>) -> tensor<?x8xf32> {
    %query = modular.parameter "query" init(glorot_uniform) : tensor<8x4xf32>
    %output = modular.parameter "output" init(glorot_uniform) : tensor<4x8xf32>
    // softmax(q·Kᵀ/√4)·V
    %half = arith.constant dense<0.5> : tensor<6x4xf32>
    %scaled = arith.mulf %keys, %half : tensor<6x4xf32>
    %empty = tensor.empty() : tensor<4x6xf32>
    %kt = linalg.transpose ins(%scaled : tensor<6x4xf32>) outs(%empty : tensor<4x6xf32>) permutation = [1, 0]
    %q = modular.linear %x, %query : tensor<?x8xf32>, tensor<8x4xf32> -> tensor<?x4xf32>
    %s = modular.linear %q, %kt : tensor<?x4xf32>, tensor<4x6xf32> -> tensor<?x6xf32>
    %a = modular.softmax %s : tensor<?x6xf32>
    %c = modular.linear %a, %values : tensor<?x6xf32>, tensor<6x4xf32> -> tensor<?x4xf32>
    %y = modular.linear %c, %output : tensor<?x4xf32>, tensor<4x8xf32> -> tensor<?x8xf32>
    modular.yield %y : tensor<?x8xf32>
  }
  modular.pool @heads [@head x 4]
  modular.controller @router(%x: tensor<?x8xf32>) -> tensor<?x2x4xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<8x8xf32>
    %s = modular.linear %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %scores = modular.reshape %s : tensor<?x8xf32> -> tensor<?x2x4xf32>
    modular.yield %scores : tensor<?x2x4xf32>
  }
  modular.graph(%sequence: tensor<?x6x8xf32>) -> tensor<?x3xf32> {
    %wk = modular.parameter "key" init(glorot_uniform) : tensor<8x4xf32>
    %wv = modular.parameter "value" init(glorot_uniform) : tensor<8x4xf32>
    %keys = modular.linear %sequence, %wk : tensor<?x6x8xf32>, tensor<8x4xf32> -> tensor<?x6x4xf32>
    %values = modular.linear %sequence, %wv : tensor<?x6x8xf32>, tensor<8x4xf32> -> tensor<?x6x4xf32>
    %tokens = tensor.collapse_shape %sequence [[0, 1], [2]] : tensor<?x6x8xf32> into tensor<?x8xf32>
    %y = modular.layer @heads(%tokens : tensor<?x8xf32> shared %keys : tensor<?x6x4xf32>, %values : tensor<?x6x4xf32>)
        by @router(%tokens : tensor<?x8xf32>) choose 2 compose sum rows 6 -> tensor<?x8xf32>
    %sum = arith.addf %tokens, %y : tensor<?x8xf32>
    // All tokens of a sequence side by side, then three classes.
    %zero = arith.constant 0 : index
    %points = tensor.dim %sequence, %zero : tensor<?x6x8xf32>
    %parts = tensor.expand_shape %sum [[0, 1], [2]] output_shape [%points, 6, 8] : tensor<?x8xf32> into tensor<?x6x8xf32>
    %flat = modular.reshape %parts : tensor<?x6x8xf32> -> tensor<?x48xf32>
    %w = modular.parameter "classes" init(glorot_uniform) : tensor<48x3xf32>
    %logits = modular.linear %flat, %w : tensor<?x48xf32>, tensor<48x3xf32> -> tensor<?x3xf32>
    modular.output %logits : tensor<?x3xf32>
  }
  modular.objective categorical
  modular.optimizer adam
}
