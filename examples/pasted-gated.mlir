// A gated unit (SwiGLU: silu(x·W + b) * (x·V + c), then a projection) pasted from
// another compiler's linalg-on-tensors output, as a StableHLO export writes it: dot
// products are linalg.generic contractions, biases are broadcast by linalg.broadcast,
// elementwise work by linalg.map and whole-tensor arith and math.
//
//   modc train examples/pasted-gated.mlir --data fashion-mnist --epochs 2

#lhs = affine_map<(d0, d1, d2) -> (d0, d2)>
#rhs = affine_map<(d0, d1, d2) -> (d2, d1)>
#out = affine_map<(d0, d1, d2) -> (d0, d1)>

modular.network @pasted_gated {
  modular.module @swiglu(%arg0: tensor<?x784xf32>) -> tensor<?x10xf32> {
    %arg1 = modular.parameter "w" init(glorot_uniform) : tensor<784x24xf32>
    %arg2 = modular.parameter "b" init(zeros) : tensor<24xf32>
    %arg3 = modular.parameter "v" init(glorot_uniform) : tensor<784x24xf32>
    %arg4 = modular.parameter "c" init(zeros) : tensor<24xf32>
    %arg5 = modular.parameter "out" init(glorot_uniform) : tensor<24x10xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %one = arith.constant 1.000000e+00 : f32
    %c0 = arith.constant 0 : index
    %dim = tensor.dim %arg0, %c0 : tensor<?x784xf32>
    %0 = tensor.empty(%dim) : tensor<?x24xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<?x24xf32>) -> tensor<?x24xf32>
    %2 = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<?x784xf32>, tensor<784x24xf32>) outs(%1 : tensor<?x24xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %20 = arith.mulf %in, %in_0 : f32
      %21 = arith.addf %out, %20 : f32
      linalg.yield %21 : f32
    } -> tensor<?x24xf32>
    %3 = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg3 : tensor<?x784xf32>, tensor<784x24xf32>) outs(%1 : tensor<?x24xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %20 = arith.mulf %in, %in_0 : f32
      %21 = arith.addf %out, %20 : f32
      linalg.yield %21 : f32
    } -> tensor<?x24xf32>
    %broadcasted = linalg.broadcast ins(%arg2 : tensor<24xf32>) outs(%0 : tensor<?x24xf32>) dimensions = [0]
    %broadcasted_1 = linalg.broadcast ins(%arg4 : tensor<24xf32>) outs(%0 : tensor<?x24xf32>) dimensions = [0]
    %4 = arith.addf %2, %broadcasted : tensor<?x24xf32>
    %5 = arith.addf %3, %broadcasted_1 : tensor<?x24xf32>
    %mapped = linalg.map ins(%4 : tensor<?x24xf32>) outs(%0 : tensor<?x24xf32>)
      (%in: f32, %init: f32) {
        %20 = arith.negf %in : f32
        %21 = math.exp %20 : f32
        %22 = arith.addf %21, %one : f32
        %23 = arith.divf %in, %22 : f32
        linalg.yield %23 : f32
      }
    %6 = arith.mulf %mapped, %5 : tensor<?x24xf32>
    %7 = tensor.empty(%dim) : tensor<?x10xf32>
    %8 = linalg.fill ins(%cst : f32) outs(%7 : tensor<?x10xf32>) -> tensor<?x10xf32>
    %9 = linalg.matmul ins(%6, %arg5 : tensor<?x24xf32>, tensor<24x10xf32>) outs(%8 : tensor<?x10xf32>) -> tensor<?x10xf32>
    modular.yield %9 : tensor<?x10xf32>
  }
  modular.pool @experts [@swiglu x 4]
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
