// Upstream ops that a body may hold, each in one of the modules of a pool: softmax,
// reductions, transposed and batched products, windows, shapes and slices.
#rows = affine_map<(i, j) -> (i, j)>
modular.network @upstream_forms {
  // Products, softmax over the last dimension, a reduction.
  modular.module @products(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<4x6xf32>
    %v = modular.parameter "v" init(glorot_uniform) : tensor<4x4xf32>
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x6xf32>
    %e = tensor.empty(%n) : tensor<?x4xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %a = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
        ins(%x, %w : tensor<?x6xf32>, tensor<4x6xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
    %s = linalg.softmax dimension(1) ins(%a : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %tv = tensor.empty() : tensor<4x4xf32>
    %t = linalg.transpose ins(%v : tensor<4x4xf32>) outs(%tv : tensor<4x4xf32>) permutation = [1, 0]
    %c = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
        ins(%s, %t : tensor<?x4xf32>, tensor<4x4xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
    %e1 = tensor.empty(%n) : tensor<?xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
    %r = linalg.reduce { arith.addf } ins(%c : tensor<?x4xf32>) outs(%f1 : tensor<?xf32>) dimensions = [1]
    %b = linalg.broadcast ins(%r : tensor<?xf32>) outs(%e : tensor<?x4xf32>) dimensions = [1]
    %y = linalg.sub ins(%c, %b : tensor<?x4xf32>, tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }
  // A softmax over a dimension in the middle; batched products; shapes.
  modular.module @attention(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
    %q = modular.parameter "q" init(uniform(-1.0, 1.0)) : tensor<2x4xf32>
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %c3 = arith.constant 3 : index
    %n = tensor.dim %x, %c0 : tensor<?x6xf32>
    %x3 = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, 3, 2] : tensor<?x6xf32> into tensor<?x3x2xf32>
    %x2 = modular.reshape %x : tensor<?x6xf32> -> tensor<?x2x3xf32>
    %e33 = tensor.empty(%n) : tensor<?x3x3xf32>
    %f33 = linalg.fill ins(%zero : f32) outs(%e33 : tensor<?x3x3xf32>) -> tensor<?x3x3xf32>
    %s = linalg.batch_matmul ins(%x3, %x2 : tensor<?x3x2xf32>, tensor<?x2x3xf32>) outs(%f33 : tensor<?x3x3xf32>) -> tensor<?x3x3xf32>
    %p = linalg.softmax dimension(1) ins(%s : tensor<?x3x3xf32>) outs(%e33 : tensor<?x3x3xf32>) -> tensor<?x3x3xf32>
    %e32 = tensor.empty(%n) : tensor<?x3x2xf32>
    %f32 = linalg.fill ins(%zero : f32) outs(%e32 : tensor<?x3x2xf32>) -> tensor<?x3x2xf32>
    %o = linalg.batch_matmul ins(%p, %x3 : tensor<?x3x3xf32>, tensor<?x3x2xf32>) outs(%f32 : tensor<?x3x2xf32>) -> tensor<?x3x2xf32>
    %n3 = arith.muli %n, %c3 : index
    %m = tensor.collapse_shape %o [[0, 1], [2]] : tensor<?x3x2xf32> into tensor<?x2xf32>
    %e4 = tensor.empty(%n3) : tensor<?x4xf32>
    %f4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<?x4xf32>) -> tensor<?x4xf32>
    %l = linalg.matmul ins(%m, %q : tensor<?x2xf32>, tensor<2x4xf32>) outs(%f4 : tensor<?x4xf32>) -> tensor<?x4xf32>
    %l3 = tensor.expand_shape %l [[0, 1], [2]] output_shape [%n, 3, 4] : tensor<?x4xf32> into tensor<?x3x4xf32>
    %ey = tensor.empty(%n) : tensor<?x4xf32>
    %fy = linalg.fill ins(%zero : f32) outs(%ey : tensor<?x4xf32>) -> tensor<?x4xf32>
    %y = linalg.reduce { arith.addf } ins(%l3 : tensor<?x3x4xf32>) outs(%fy : tensor<?x4xf32>) dimensions = [1]
    modular.yield %y : tensor<?x4xf32>
  }
  // A convolution and a pooling, padding, slices and concatenation.
  modular.module @windows(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
    %k = modular.parameter "k" init(uniform(-1.0, 1.0)) : tensor<3x1x2xf32>
    %zero = arith.constant 0.0 : f32
    %low = arith.constant -1.0e+30 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x6xf32>
    %pad = tensor.pad %x low[0, 1] high[0, 1] {
    ^bb0(%i: index, %j: index):
      tensor.yield %zero : f32
    } : tensor<?x6xf32> to tensor<?x8xf32>
    %in = modular.reshape %pad : tensor<?x8xf32> -> tensor<?x8x1xf32>
    %e = tensor.empty(%n) : tensor<?x6x2xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x6x2xf32>) -> tensor<?x6x2xf32>
    %c = linalg.conv_1d_nwc_wcf ins(%in, %k : tensor<?x8x1xf32>, tensor<3x1x2xf32>) outs(%f : tensor<?x6x2xf32>) -> tensor<?x6x2xf32>
    %window = tensor.empty() : tensor<2xf32>
    %ep = tensor.empty(%n) : tensor<?x3x2xf32>
    %fp = linalg.fill ins(%low : f32) outs(%ep : tensor<?x3x2xf32>) -> tensor<?x3x2xf32>
    %p = linalg.pooling_nwc_max {strides = dense<2> : vector<1xi64>} ins(%c, %window : tensor<?x6x2xf32>, tensor<2xf32>) outs(%fp : tensor<?x3x2xf32>) -> tensor<?x3x2xf32>
    %flat = modular.reshape %p : tensor<?x3x2xf32> -> tensor<?x6xf32>
    %a = tensor.extract_slice %flat[0, 1] [%n, 2] [1, 2] : tensor<?x6xf32> to tensor<?x2xf32>
    %b = tensor.extract_slice %x[0, 0] [%n, 2] [1, 1] : tensor<?x6xf32> to tensor<?x2xf32>
    %both = tensor.concat dim(1) %a, %b : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x4xf32>
    %y = tensor.insert_slice %b into %both[0, 1] [%n, 2] [1, 1] : tensor<?x2xf32> into tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }
  // Elementwise named ops, linalg.map, and arith and math on whole tensors.
  modular.module @elements(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<6x4xf32>
    %l = modular.linear %x, %w : tensor<?x6xf32>, tensor<6x4xf32> -> tensor<?x4xf32>
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x6xf32>
    %e = tensor.empty(%n) : tensor<?x4xf32>
    %exp = linalg.exp ins(%l : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %sq = linalg.square ins(%l : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %add = linalg.add ins(%exp, %sq : tensor<?x4xf32>, tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %root = linalg.sqrt ins(%add : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %max = linalg.max ins(%root, %l : tensor<?x4xf32>, tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %div = linalg.div ins(%l, %max : tensor<?x4xf32>, tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %tanh = math.tanh %div : tensor<?x4xf32>
    %mul = arith.mulf %tanh, %root : tensor<?x4xf32>
    %y = linalg.map { math.sin } ins(%mul : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>)
    modular.yield %y : tensor<?x4xf32>
  }
  modular.pool @mixed [@products, @attention, @windows, @elements]
  modular.controller @router(%x: tensor<?x6xf32>) -> tensor<?x1x4xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<6x4xf32>
    %s = modular.linear %x, %w : tensor<?x6xf32>, tensor<6x4xf32> -> tensor<?x4xf32>
    %r = modular.reshape %s : tensor<?x4xf32> -> tensor<?x1x4xf32>
    modular.yield %r : tensor<?x1x4xf32>
  }
  modular.graph(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
    %y = modular.layer @mixed(%x : tensor<?x6xf32>) by @router(%x : tensor<?x6xf32>) choose 1 compose sum -> tensor<?x4xf32>
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x6xf32>
    %e = tensor.empty(%n) : tensor<?x4xf32>
    %s = linalg.softmax dimension(1) ins(%y : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %z = linalg.add ins(%s, %y : tensor<?x4xf32>, tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    modular.output %z : tensor<?x4xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
