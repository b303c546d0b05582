// Members, and a layer outside of pools, whose gradients are more than sums over
// rows: what they make of sums, sums of rows in other shapes, windows.

#all = affine_map<(i, j) -> (i, j)>
#column = affine_map<(i, j) -> (j)>
#none = affine_map<(i, j) -> ()>
#left = affine_map<(n, i, j) -> (n, i)>
#right = affine_map<(n, i, j) -> (n, j)>
#outer = affine_map<(n, i, j) -> (n, i, j)>

modular.network @gradients {
  // A weight of columns of one length: the gradient of a length sums a gradient.
  modular.module @normalised(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
    %v = modular.parameter "direction" init(glorot_uniform) : tensor<6x4xf32>
    %g = modular.parameter "length" init(constant(1.0)) : tensor<4xf32>
    %zero = arith.constant 0.0 : f32
    %little = arith.constant 0.1 : f32
    %e = tensor.empty() : tensor<4xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %s = linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]} ins(%v : tensor<6x4xf32>) outs(%z : tensor<4xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %q = arith.mulf %a, %a : f32
      %r = arith.addf %acc, %q : f32
      linalg.yield %r : f32
    } -> tensor<4xf32>
    %f = tensor.empty() : tensor<6x4xf32>
    %w = linalg.generic {indexing_maps = [#all, #column, #column, #all], iterator_types = ["parallel", "parallel"]} ins(%v, %s, %g : tensor<6x4xf32>, tensor<4xf32>, tensor<4xf32>) outs(%f : tensor<6x4xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
      %p = arith.addf %b, %little : f32
      %r = math.rsqrt %p : f32
      %q = arith.mulf %a, %r : f32
      %t = arith.mulf %q, %c : f32
      linalg.yield %t : f32
    } -> tensor<6x4xf32>
    %y = modular.linear %x, %w : tensor<?x6xf32>, tensor<6x4xf32> -> tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }
  // Weights that are functions of parameters, one of them an op of the dialect.
  modular.module @squashed(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
    %l = modular.parameter "logits" init(glorot_uniform) : tensor<6x4xf32>
    %u = modular.parameter "unbound" init(normal(0.0, 0.5)) : tensor<2x4xf32>
    %p = modular.softmax %l : tensor<6x4xf32>
    %t = math.tanh %u : tensor<2x4xf32>
    %i = tensor.insert_slice %t into %p[2, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<6x4xf32>
    %one = modular.parameter "scale" init(constant(1.5)) : tensor<1xf32>
    %scale = tensor.collapse_shape %one [] : tensor<1xf32> into tensor<f32>
    %e = tensor.empty() : tensor<6x4xf32>
    %w = linalg.generic {indexing_maps = [#all, #none, #all], iterator_types = ["parallel", "parallel"]} ins(%i, %scale : tensor<6x4xf32>, tensor<f32>) outs(%e : tensor<6x4xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %q = arith.mulf %a, %b : f32
      linalg.yield %q : f32
    } -> tensor<6x4xf32>
    %y = modular.linear %x, %w : tensor<?x6xf32>, tensor<6x4xf32> -> tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }
  // The same weight for each of three tokens of a row.
  modular.module @tokens(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
    %v = modular.parameter "token-weight" init(glorot_uniform) : tensor<2x3xf32>
    %b = modular.parameter "token-bias" init(zeros) : tensor<3xf32>
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<9x4xf32>
    %c0 = arith.constant 0 : index
    %c3 = arith.constant 3 : index
    %n = tensor.dim %x, %c0 : tensor<?x6xf32>
    %nt = arith.muli %n, %c3 : index
    %t = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, 3, 2] : tensor<?x6xf32> into tensor<?x3x2xf32>
    %f = tensor.collapse_shape %t [[0, 1], [2]] : tensor<?x3x2xf32> into tensor<?x2xf32>
    %h = modular.linear %f, %v, %b : tensor<?x2xf32>, tensor<2x3xf32>, tensor<3xf32> -> tensor<?x3xf32>
    %a = math.tanh %h : tensor<?x3xf32>
    %g = tensor.expand_shape %a [[0, 1], [2]] output_shape [%n, 3, 3] : tensor<?x3xf32> into tensor<?x3x3xf32>
    %k = tensor.collapse_shape %g [[0], [1, 2]] : tensor<?x3x3xf32> into tensor<?x9xf32>
    %y = modular.linear %k, %w : tensor<?x9xf32>, tensor<9x4xf32> -> tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }
  // Products of pairs: more of them than a row has numbers.
  modular.module @pairs(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<36x4xf32>
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x6xf32>
    %e = tensor.empty(%n) : tensor<?x6x6xf32>
    %p = linalg.generic {indexing_maps = [#left, #right, #outer], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %x : tensor<?x6xf32>, tensor<?x6xf32>) outs(%e : tensor<?x6x6xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %q = arith.mulf %a, %b : f32
      linalg.yield %q : f32
    } -> tensor<?x6x6xf32>
    %f = tensor.collapse_shape %p [[0], [1, 2]] : tensor<?x6x6xf32> into tensor<?x36xf32>
    %y = modular.linear %f, %w : tensor<?x36xf32>, tensor<36x4xf32> -> tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }
  modular.pool @experts [@normalised x 2, @squashed, @tokens x 2, @pairs]
  // A filter over the row, of a weight that is used twice.
  modular.module @filter(%x: tensor<?x6xf32>) -> tensor<?x6xf32> {
    %k = modular.parameter "kernel" init(glorot_uniform) : tensor<2x1x3xf32>
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<10x12xf32>
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x6xf32>
    %i = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, 1, 6] : tensor<?x6xf32> into tensor<?x1x6xf32>
    %p = tensor.pad %i low[0, 0, 1] high[0, 0, 1] {
    ^bb0(%a: index, %b: index, %c: index):
      tensor.yield %zero : f32
    } : tensor<?x1x6xf32> to tensor<?x1x8xf32>
    %e = tensor.empty(%n) : tensor<?x2x6xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2x6xf32>) -> tensor<?x2x6xf32>
    %c = linalg.conv_1d_ncw_fcw {dilations = dense<1> : vector<1xi64>, strides = dense<1> : vector<1xi64>} ins(%p, %k : tensor<?x1x8xf32>, tensor<2x1x3xf32>) outs(%z : tensor<?x2x6xf32>) -> tensor<?x2x6xf32>
    %f = tensor.collapse_shape %c [[0], [1, 2]] : tensor<?x2x6xf32> into tensor<?x12xf32>
    %te = tensor.empty() : tensor<12x10xf32>
    %t = linalg.transpose ins(%w : tensor<10x12xf32>) outs(%te : tensor<12x10xf32>) permutation = [1, 0]
    %h = modular.linear %f, %t : tensor<?x12xf32>, tensor<12x10xf32> -> tensor<?x10xf32>
    %r = math.tanh %h : tensor<?x10xf32>
    %l = modular.linear %r, %w : tensor<?x10xf32>, tensor<10x12xf32> -> tensor<?x12xf32>
    %s = tensor.extract_slice %l[0, 3] [%n, 6] [1, 1] : tensor<?x12xf32> to tensor<?x6xf32>
    modular.yield %s : tensor<?x6xf32>
  }
  modular.controller @router(%x: tensor<?x6xf32>) -> tensor<?x2x6xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<6x12xf32>
    %s = modular.linear %x, %w : tensor<?x6xf32>, tensor<6x12xf32> -> tensor<?x12xf32>
    %scores = modular.reshape %s : tensor<?x12xf32> -> tensor<?x2x6xf32>
    modular.yield %scores : tensor<?x2x6xf32>
  }
  modular.graph(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
    %h = modular.apply @filter as "filter"(%x) : (tensor<?x6xf32>) -> tensor<?x6xf32>
    %y = modular.layer @experts(%h : tensor<?x6xf32>) by @router(%h : tensor<?x6xf32>)
        choose 2 compose sum -> tensor<?x4xf32>
    modular.output %y : tensor<?x4xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
