// A small convolution pasted from another compiler's linalg-on-tensors output, as a
// PyTorch export writes it: Unflatten(1, 28, 28), Conv2d(1, 4, 5, stride 2, padding 2),
// ReLU, Flatten, Linear(784, 10), with dynamic batch and NCHW layout.
//
//   modc train examples/pasted-convolution.mlir --data fashion-mnist --epochs 2

#map = affine_map<(d0, d1, d2, d3) -> (d1)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map2 = affine_map<(d0, d1) -> (d0, d1)>
#map3 = affine_map<(d0, d1) -> (d1)>

modular.network @pasted_convolution {
  modular.module @conv(%arg0: tensor<?x784xf32>) -> tensor<?x10xf32> {
    %0 = modular.parameter "1-weight" init(he_uniform) : tensor<4x1x5x5xf32>
    %1 = modular.parameter "1-bias" init(zeros) : tensor<4xf32>
    %2 = modular.parameter "4-weight" init(glorot_uniform) : tensor<10x784xf32>
    %3 = modular.parameter "4-bias" init(zeros) : tensor<10xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %c0 = arith.constant 0 : index
    %dim = tensor.dim %arg0, %c0 : tensor<?x784xf32>
    %expanded = tensor.expand_shape %arg0 [[0], [1, 2, 3]] output_shape [%dim, 1, 28, 28] : tensor<?x784xf32> into tensor<?x1x28x28xf32>
    %padded = tensor.pad %expanded low[0, 0, 2, 2] high[0, 0, 2, 2] {
    ^bb0(%arg1: index, %arg2: index, %arg3: index, %arg4: index):
      tensor.yield %cst : f32
    } : tensor<?x1x28x28xf32> to tensor<?x1x32x32xf32>
    %4 = tensor.empty(%dim) : tensor<?x4x14x14xf32>
    %5 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%1 : tensor<4xf32>) outs(%4 : tensor<?x4x14x14xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x4x14x14xf32>
    %6 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>} ins(%padded, %0 : tensor<?x1x32x32xf32>, tensor<4x1x5x5xf32>) outs(%5 : tensor<?x4x14x14xf32>) -> tensor<?x4x14x14xf32>
    %7 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6 : tensor<?x4x14x14xf32>) outs(%4 : tensor<?x4x14x14xf32>) {
    ^bb0(%in: f32, %out: f32):
      %14 = arith.cmpf ugt, %in, %cst : f32
      %15 = arith.select %14, %in, %cst : f32
      linalg.yield %15 : f32
    } -> tensor<?x4x14x14xf32>
    %collapsed = tensor.collapse_shape %7 [[0], [1, 2, 3]] : tensor<?x4x14x14xf32> into tensor<?x784xf32>
    %8 = tensor.empty() : tensor<784x10xf32>
    %transposed = linalg.transpose ins(%2 : tensor<10x784xf32>) outs(%8 : tensor<784x10xf32>) permutation = [1, 0]
    %9 = tensor.empty(%dim) : tensor<?x10xf32>
    %10 = linalg.fill ins(%cst : f32) outs(%9 : tensor<?x10xf32>) -> tensor<?x10xf32>
    %11 = linalg.matmul ins(%collapsed, %transposed : tensor<?x784xf32>, tensor<784x10xf32>) outs(%10 : tensor<?x10xf32>) -> tensor<?x10xf32>
    %12 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel"]} ins(%11, %3 : tensor<?x10xf32>, tensor<10xf32>) outs(%9 : tensor<?x10xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %14 = arith.addf %in, %in_0 : f32
      linalg.yield %14 : f32
    } -> tensor<?x10xf32>
    modular.yield %12 : tensor<?x10xf32>
  }
  modular.pool @experts [@conv x 4]
  modular.controller @router(%x: tensor<?x784xf32>) -> tensor<?x1x4xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x4xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<4xf32>
    %s = modular.linear %x, %w, %b : tensor<?x784xf32>, tensor<784x4xf32>, tensor<4xf32> -> tensor<?x4xf32>
    %scores = modular.reshape %s : tensor<?x4xf32> -> tensor<?x1x4xf32>
    modular.yield %scores : tensor<?x1x4xf32>
  }
  modular.graph(%x: tensor<?x784xf32>) -> tensor<?x10xf32> {
    %y = modular.layer @experts(%x : tensor<?x784xf32>) by @router(%x : tensor<?x784xf32>)
        choose 1 compose sum -> tensor<?x10xf32>
    modular.output %y : tensor<?x10xf32>
  }
  modular.objective categorical
  modular.optimizer adam
}
