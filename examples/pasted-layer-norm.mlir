// A module whose body is pasted from another compiler's linalg-on-tensors output, as
// a PyTorch export writes it: nn.Sequential(Linear(784, 32), LayerNorm(32), ReLU(),
// Linear(32, 10)) with dynamic batch. Weights are [out, in]; only the arguments that
// held them became modular.parameter.
//
//   modc train examples/pasted-layer-norm.mlir --data fashion-mnist --epochs 2

#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d1)>
#map2 = affine_map<(d0, d1) -> (d0, 0)>

modular.network @pasted_layer_norm {
  modular.module @mlp(%arg0: tensor<?x784xf32>) -> tensor<?x10xf32> {
    %0 = modular.parameter "0-weight" init(he_uniform) : tensor<32x784xf32>
    %1 = modular.parameter "0-bias" init(zeros) : tensor<32xf32>
    %2 = modular.parameter "1-weight" init(constant(1.0)) : tensor<32xf32>
    %3 = modular.parameter "1-bias" init(zeros) : tensor<32xf32>
    %4 = modular.parameter "3-weight" init(glorot_uniform) : tensor<10x32xf32>
    %5 = modular.parameter "3-bias" init(zeros) : tensor<10xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 3.200000e+01 : f32
    %cst_1 = arith.constant 1.000000e-05 : f32
    %c0 = arith.constant 0 : index
    %dim = tensor.dim %arg0, %c0 : tensor<?x784xf32>
    %6 = tensor.empty() : tensor<784x32xf32>
    %transposed = linalg.transpose ins(%0 : tensor<32x784xf32>) outs(%6 : tensor<784x32xf32>) permutation = [1, 0]
    %7 = tensor.empty(%dim) : tensor<?x32xf32>
    %8 = linalg.fill ins(%cst : f32) outs(%7 : tensor<?x32xf32>) -> tensor<?x32xf32>
    %9 = linalg.matmul ins(%arg0, %transposed : tensor<?x784xf32>, tensor<784x32xf32>) outs(%8 : tensor<?x32xf32>) -> tensor<?x32xf32>
    %10 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%9, %1 : tensor<?x32xf32>, tensor<32xf32>) outs(%7 : tensor<?x32xf32>) {
    ^bb0(%in: f32, %in_4: f32, %out: f32):
      %30 = arith.addf %in, %in_4 : f32
      linalg.yield %30 : f32
    } -> tensor<?x32xf32>
    %11 = tensor.empty(%dim) : tensor<?x1xf32>
    %12 = linalg.fill ins(%cst : f32) outs(%11 : tensor<?x1xf32>) -> tensor<?x1xf32>
    %13 = linalg.generic {indexing_maps = [#map, #map2], iterator_types = ["parallel", "reduction"]} ins(%10 : tensor<?x32xf32>) outs(%12 : tensor<?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %30 = arith.addf %in, %out : f32
      linalg.yield %30 : f32
    } -> tensor<?x1xf32>
    %14 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel"]} ins(%13 : tensor<?x1xf32>) outs(%11 : tensor<?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %30 = arith.divf %in, %cst_0 : f32
      linalg.yield %30 : f32
    } -> tensor<?x1xf32>
    %15 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%10, %14 : tensor<?x32xf32>, tensor<?x1xf32>) outs(%7 : tensor<?x32xf32>) {
    ^bb0(%in: f32, %in_4: f32, %out: f32):
      %30 = arith.subf %in, %in_4 : f32
      linalg.yield %30 : f32
    } -> tensor<?x32xf32>
    %16 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%15 : tensor<?x32xf32>) outs(%7 : tensor<?x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %30 = arith.mulf %in, %in : f32
      linalg.yield %30 : f32
    } -> tensor<?x32xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map2], iterator_types = ["parallel", "reduction"]} ins(%16 : tensor<?x32xf32>) outs(%12 : tensor<?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %30 = arith.addf %in, %out : f32
      linalg.yield %30 : f32
    } -> tensor<?x1xf32>
    %18 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel"]} ins(%17 : tensor<?x1xf32>) outs(%11 : tensor<?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %30 = arith.divf %in, %cst_0 : f32
      %31 = arith.addf %30, %cst_1 : f32
      %32 = math.rsqrt %31 : f32
      linalg.yield %32 : f32
    } -> tensor<?x1xf32>
    %19 = linalg.generic {indexing_maps = [#map, #map2, #map1, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%15, %18, %2, %3 : tensor<?x32xf32>, tensor<?x1xf32>, tensor<32xf32>, tensor<32xf32>) outs(%7 : tensor<?x32xf32>) {
    ^bb0(%in: f32, %in_4: f32, %in_5: f32, %in_6: f32, %out: f32):
      %30 = arith.mulf %in, %in_4 : f32
      %31 = arith.mulf %30, %in_5 : f32
      %32 = arith.addf %31, %in_6 : f32
      linalg.yield %32 : f32
    } -> tensor<?x32xf32>
    %20 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%19 : tensor<?x32xf32>) outs(%7 : tensor<?x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %30 = arith.cmpf ugt, %in, %cst : f32
      %31 = arith.select %30, %in, %cst : f32
      linalg.yield %31 : f32
    } -> tensor<?x32xf32>
    %21 = tensor.empty() : tensor<32x10xf32>
    %transposed_2 = linalg.transpose ins(%4 : tensor<10x32xf32>) outs(%21 : tensor<32x10xf32>) permutation = [1, 0]
    %22 = tensor.empty(%dim) : tensor<?x10xf32>
    %23 = linalg.fill ins(%cst : f32) outs(%22 : tensor<?x10xf32>) -> tensor<?x10xf32>
    %24 = linalg.matmul ins(%20, %transposed_2 : tensor<?x32xf32>, tensor<32x10xf32>) outs(%23 : tensor<?x10xf32>) -> tensor<?x10xf32>
    %25 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%24, %5 : tensor<?x10xf32>, tensor<10xf32>) outs(%22 : tensor<?x10xf32>) {
    ^bb0(%in: f32, %in_4: f32, %out: f32):
      %30 = arith.addf %in, %in_4 : f32
      linalg.yield %30 : f32
    } -> tensor<?x10xf32>
    modular.yield %25 : tensor<?x10xf32>
  }
  modular.pool @experts [@mlp x 4]
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
