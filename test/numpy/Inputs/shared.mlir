// A pool of three bodies whose members read one shared memory, a parameter of the
// graph, and keys of the row's point; the third body reads neither. The keys come
// from another layer, with one row a point.
modular.network @shared {
  modular.module @reader(%x: tensor<?x3xf64>, shared %memory: tensor<2x3xf64>, shared %keys: tensor<2x3xf64>) -> tensor<?x2xf64> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<3x2xf64>
    %both = arith.mulf %memory, %keys : tensor<2x3xf64>
    %empty = tensor.empty() : tensor<3x2xf64>
    %t = linalg.transpose ins(%both : tensor<2x3xf64>) outs(%empty : tensor<3x2xf64>) permutation = [1, 0]
    %u = arith.addf %t, %w : tensor<3x2xf64>
    %h = modular.linear %x, %u : tensor<?x3xf64>, tensor<3x2xf64> -> tensor<?x2xf64>
    %y = modular.softplus %h : tensor<?x2xf64>
    modular.yield %y : tensor<?x2xf64>
  }
  modular.module @recall(%x: tensor<?x3xf64>, shared %memory: tensor<2x3xf64>, shared %keys: tensor<2x3xf64>) -> tensor<?x2xf64> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<3x2xf64>
    %v = modular.linear %keys, %w : tensor<2x3xf64>, tensor<3x2xf64> -> tensor<2x2xf64>
    %q = modular.linear %x, %w : tensor<?x3xf64>, tensor<3x2xf64> -> tensor<?x2xf64>
    %a = modular.softmax %q : tensor<?x2xf64>
    %y = modular.linear %a, %v : tensor<?x2xf64>, tensor<2x2xf64> -> tensor<?x2xf64>
    modular.yield %y : tensor<?x2xf64>
  }
  modular.module @plain(%x: tensor<?x3xf64>, shared %memory: tensor<2x3xf64>, shared %keys: tensor<2x3xf64>) -> tensor<?x2xf64> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<3x2xf64>
    %y = modular.linear %x, %w : tensor<?x3xf64>, tensor<3x2xf64> -> tensor<?x2xf64>
    modular.yield %y : tensor<?x2xf64>
  }
  modular.pool @readers [@reader, @plain, @recall, @reader]
  modular.controller @router(%x: tensor<?x3xf64>) -> tensor<?x2x4xf64> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<3x8xf64>
    %s = modular.linear %x, %w : tensor<?x3xf64>, tensor<3x8xf64> -> tensor<?x8xf64>
    %r = modular.reshape %s : tensor<?x8xf64> -> tensor<?x2x4xf64>
    modular.yield %r : tensor<?x2x4xf64>
  }
  modular.graph(%x: tensor<?x4x3xf64>, %keys: tensor<?x2x3xf64>) -> tensor<?x8xf64> {
    %zero = arith.constant 0 : index
    %points = tensor.dim %x, %zero : tensor<?x4x3xf64>
    %memory = modular.parameter "memory" init(normal(0.0, 1.0)) : tensor<2x3xf64>
    %seed = tensor.extract_slice %keys[0, 0, 0] [%points, 1, 3] [1, 1, 1] : tensor<?x2x3xf64> to tensor<?x3xf64>
    %o = modular.layer @readers(%seed : tensor<?x3xf64> shared %memory : tensor<2x3xf64>, %keys : tensor<?x2x3xf64>)
        by @router(%seed : tensor<?x3xf64>) choose 2 compose sum -> tensor<?x2xf64>
    %g = modular.parameter "mix" init(glorot_uniform) : tensor<2x6xf64>
    %m = modular.linear %o, %g : tensor<?x2xf64>, tensor<2x6xf64> -> tensor<?x6xf64>
    %n = modular.reshape %m : tensor<?x6xf64> -> tensor<?x2x3xf64>
    %k = math.tanh %n : tensor<?x2x3xf64>
    %rows = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x4x3xf64> into tensor<?x3xf64>
    %y = modular.layer @readers(%rows : tensor<?x3xf64> shared %memory : tensor<2x3xf64>, %k : tensor<?x2x3xf64>)
        by @router(%rows : tensor<?x3xf64>) choose 2 compose gated gate soft duplicates once rows 4 -> tensor<?x2xf64>
    %parts = tensor.expand_shape %y [[0, 1], [2]] output_shape [%points, 4, 2] : tensor<?x2xf64> into tensor<?x4x2xf64>
    %flat = modular.reshape %parts : tensor<?x4x2xf64> -> tensor<?x8xf64>
    modular.output %flat : tensor<?x8xf64>
  }
  modular.objective gaussian(sigma = 1.0)
}
