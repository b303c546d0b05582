// RUN: modc-opt %s --modular-differentiate --mlir-print-op-generic \
// RUN:   | env PYTHONPATH=%source/test/numpy %python %S/Inputs/check_gradients.py

// Linalg against finite differences: named ops, and generics with elementwise
// bodies, contractions, reductions, indices, scalars and windows.

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#none = affine_map<(i, j) -> ()>
#turned = affine_map<(i, j) -> (j, i)>

func.func @matmul(%a: tensor<4x3xf64>, %b: tensor<3x2xf64>, %c: tensor<4x2xf64>, %dy: tensor<4x2xf64>) -> (tensor<4x2xf64>, tensor<4x3xf64>, tensor<3x2xf64>, tensor<4x2xf64>) {
  %y = linalg.matmul ins(%a, %b : tensor<4x3xf64>, tensor<3x2xf64>) outs(%c : tensor<4x2xf64>) -> tensor<4x2xf64>
  %da, %db, %dc = modular.pullback (%y : tensor<4x2xf64>) along (%dy : tensor<4x2xf64>) to (%a : tensor<4x3xf64>, %b : tensor<3x2xf64>, %c : tensor<4x2xf64>)
  return %y, %da, %db, %dc : tensor<4x2xf64>, tensor<4x3xf64>, tensor<3x2xf64>, tensor<4x2xf64>
}

func.func @matmul_transposed(%a: tensor<3x4xf64>, %b: tensor<3x2xf64>, %c: tensor<4x2xf64>, %dy: tensor<4x2xf64>) -> (tensor<4x2xf64>, tensor<3x4xf64>, tensor<3x2xf64>, tensor<4x2xf64>) {
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] ins(%a, %b : tensor<3x4xf64>, tensor<3x2xf64>) outs(%c : tensor<4x2xf64>) -> tensor<4x2xf64>
  %da, %db, %dc = modular.pullback (%y : tensor<4x2xf64>) along (%dy : tensor<4x2xf64>) to (%a : tensor<3x4xf64>, %b : tensor<3x2xf64>, %c : tensor<4x2xf64>)
  return %y, %da, %db, %dc : tensor<4x2xf64>, tensor<3x4xf64>, tensor<3x2xf64>, tensor<4x2xf64>
}

func.func @batch_matmul(%a: tensor<2x4x3xf64>, %b: tensor<2x3x2xf64>, %c: tensor<2x4x2xf64>, %dy: tensor<2x4x2xf64>) -> (tensor<2x4x2xf64>, tensor<2x4x3xf64>, tensor<2x3x2xf64>, tensor<2x4x2xf64>) {
  %y = linalg.batch_matmul ins(%a, %b : tensor<2x4x3xf64>, tensor<2x3x2xf64>) outs(%c : tensor<2x4x2xf64>) -> tensor<2x4x2xf64>
  %da, %db, %dc = modular.pullback (%y : tensor<2x4x2xf64>) along (%dy : tensor<2x4x2xf64>) to (%a : tensor<2x4x3xf64>, %b : tensor<2x3x2xf64>, %c : tensor<2x4x2xf64>)
  return %y, %da, %db, %dc : tensor<2x4x2xf64>, tensor<2x4x3xf64>, tensor<2x3x2xf64>, tensor<2x4x2xf64>
}

func.func @matvec(%a: tensor<4x3xf64>, %b: tensor<3xf64>, %c: tensor<4xf64>, %dy: tensor<4xf64>) -> (tensor<4xf64>, tensor<4x3xf64>, tensor<3xf64>, tensor<4xf64>) {
  %y = linalg.matvec ins(%a, %b : tensor<4x3xf64>, tensor<3xf64>) outs(%c : tensor<4xf64>) -> tensor<4xf64>
  %da, %db, %dc = modular.pullback (%y : tensor<4xf64>) along (%dy : tensor<4xf64>) to (%a : tensor<4x3xf64>, %b : tensor<3xf64>, %c : tensor<4xf64>)
  return %y, %da, %db, %dc : tensor<4xf64>, tensor<4x3xf64>, tensor<3xf64>, tensor<4xf64>
}

func.func @vecmat(%a: tensor<4xf64>, %b: tensor<4x3xf64>, %c: tensor<3xf64>, %dy: tensor<3xf64>) -> (tensor<3xf64>, tensor<4xf64>, tensor<4x3xf64>, tensor<3xf64>) {
  %y = linalg.vecmat ins(%a, %b : tensor<4xf64>, tensor<4x3xf64>) outs(%c : tensor<3xf64>) -> tensor<3xf64>
  %da, %db, %dc = modular.pullback (%y : tensor<3xf64>) along (%dy : tensor<3xf64>) to (%a : tensor<4xf64>, %b : tensor<4x3xf64>, %c : tensor<3xf64>)
  return %y, %da, %db, %dc : tensor<3xf64>, tensor<4xf64>, tensor<4x3xf64>, tensor<3xf64>
}

func.func @dot(%a: tensor<4xf64>, %b: tensor<4xf64>, %c: tensor<f64>, %dy: tensor<f64>) -> (tensor<f64>, tensor<4xf64>, tensor<4xf64>, tensor<f64>) {
  %y = linalg.dot ins(%a, %b : tensor<4xf64>, tensor<4xf64>) outs(%c : tensor<f64>) -> tensor<f64>
  %da, %db, %dc = modular.pullback (%y : tensor<f64>) along (%dy : tensor<f64>) to (%a : tensor<4xf64>, %b : tensor<4xf64>, %c : tensor<f64>)
  return %y, %da, %db, %dc : tensor<f64>, tensor<4xf64>, tensor<4xf64>, tensor<f64>
}

func.func @add(%a: tensor<2x3xf64>, %b: tensor<2x3xf64>, %c: tensor<2x3xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>) {
  %y = linalg.add ins(%a, %b : tensor<2x3xf64>, tensor<2x3xf64>) outs(%c : tensor<2x3xf64>) -> tensor<2x3xf64>
  %da, %db, %dc = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%a : tensor<2x3xf64>, %b : tensor<2x3xf64>, %c : tensor<2x3xf64>)
  return %y, %da, %db, %dc : tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>
}

func.func @mul(%a: tensor<2x3xf64>, %b: tensor<2x3xf64>, %c: tensor<2x3xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>) {
  %y = linalg.mul ins(%a, %b : tensor<2x3xf64>, tensor<2x3xf64>) outs(%c : tensor<2x3xf64>) -> tensor<2x3xf64>
  %da, %db, %dc = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%a : tensor<2x3xf64>, %b : tensor<2x3xf64>, %c : tensor<2x3xf64>)
  return %y, %da, %db, %dc : tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>
}

func.func @conv_2d_nhwc_hwcf(%a: tensor<2x6x5x2xf64>, %b: tensor<3x2x2x3xf64>, %c: tensor<2x2x4x3xf64>, %dy: tensor<2x2x4x3xf64>) -> (tensor<2x2x4x3xf64>, tensor<2x6x5x2xf64>, tensor<3x2x2x3xf64>, tensor<2x2x4x3xf64>) {
  %y = linalg.conv_2d_nhwc_hwcf {strides = dense<[2, 1]> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>} ins(%a, %b : tensor<2x6x5x2xf64>, tensor<3x2x2x3xf64>) outs(%c : tensor<2x2x4x3xf64>) -> tensor<2x2x4x3xf64>
  %da, %db, %dc = modular.pullback (%y : tensor<2x2x4x3xf64>) along (%dy : tensor<2x2x4x3xf64>) to (%a : tensor<2x6x5x2xf64>, %b : tensor<3x2x2x3xf64>, %c : tensor<2x2x4x3xf64>)
  return %y, %da, %db, %dc : tensor<2x2x4x3xf64>, tensor<2x6x5x2xf64>, tensor<3x2x2x3xf64>, tensor<2x2x4x3xf64>
}

func.func @conv_2d_nchw_fchw(%a: tensor<2x2x6x5xf64>, %b: tensor<3x2x2x2xf64>, %c: tensor<2x3x4x4xf64>, %dy: tensor<2x3x4x4xf64>) -> (tensor<2x3x4x4xf64>, tensor<2x2x6x5xf64>, tensor<3x2x2x2xf64>, tensor<2x3x4x4xf64>) {
  %y = linalg.conv_2d_nchw_fchw {strides = dense<1> : tensor<2xi64>, dilations = dense<[2, 1]> : tensor<2xi64>} ins(%a, %b : tensor<2x2x6x5xf64>, tensor<3x2x2x2xf64>) outs(%c : tensor<2x3x4x4xf64>) -> tensor<2x3x4x4xf64>
  %da, %db, %dc = modular.pullback (%y : tensor<2x3x4x4xf64>) along (%dy : tensor<2x3x4x4xf64>) to (%a : tensor<2x2x6x5xf64>, %b : tensor<3x2x2x2xf64>, %c : tensor<2x3x4x4xf64>)
  return %y, %da, %db, %dc : tensor<2x3x4x4xf64>, tensor<2x2x6x5xf64>, tensor<3x2x2x2xf64>, tensor<2x3x4x4xf64>
}

func.func @depthwise_conv_1d(%a: tensor<2x7x2xf64>, %b: tensor<3x2xf64>, %c: tensor<2x3x2xf64>, %dy: tensor<2x3x2xf64>) -> (tensor<2x3x2xf64>, tensor<2x7x2xf64>, tensor<3x2xf64>, tensor<2x3x2xf64>) {
  %y = linalg.depthwise_conv_1d_nwc_wc {strides = dense<2> : tensor<1xi64>, dilations = dense<1> : tensor<1xi64>} ins(%a, %b : tensor<2x7x2xf64>, tensor<3x2xf64>) outs(%c : tensor<2x3x2xf64>) -> tensor<2x3x2xf64>
  %da, %db, %dc = modular.pullback (%y : tensor<2x3x2xf64>) along (%dy : tensor<2x3x2xf64>) to (%a : tensor<2x7x2xf64>, %b : tensor<3x2xf64>, %c : tensor<2x3x2xf64>)
  return %y, %da, %db, %dc : tensor<2x3x2xf64>, tensor<2x7x2xf64>, tensor<3x2xf64>, tensor<2x3x2xf64>
}

func.func @pooling_sum(%x: tensor<1x6x6x2xf64>, %dy: tensor<1x3x3x2xf64>) -> (tensor<1x3x3x2xf64>, tensor<1x6x6x2xf64>) {
  %window = tensor.empty() : tensor<2x2xf64>
  %zero = arith.constant 0.0 : f64
  %e = tensor.empty() : tensor<1x3x3x2xf64>
  %z = linalg.fill ins(%zero : f64) outs(%e : tensor<1x3x3x2xf64>) -> tensor<1x3x3x2xf64>
  %y = linalg.pooling_nhwc_sum {strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>} ins(%x, %window : tensor<1x6x6x2xf64>, tensor<2x2xf64>) outs(%z : tensor<1x3x3x2xf64>) -> tensor<1x3x3x2xf64>
  %dx = modular.pullback (%y : tensor<1x3x3x2xf64>) along (%dy : tensor<1x3x3x2xf64>) to (%x : tensor<1x6x6x2xf64>)
  return %y, %dx : tensor<1x3x3x2xf64>, tensor<1x6x6x2xf64>
}

func.func @pooling_max(%x: tensor<1x6x6x2xf64>, %dy: tensor<1x3x3x2xf64>) -> (tensor<1x3x3x2xf64>, tensor<1x6x6x2xf64>) {
  %window = tensor.empty() : tensor<2x2xf64>
  %low = arith.constant -1.0e30 : f64
  %e = tensor.empty() : tensor<1x3x3x2xf64>
  %z = linalg.fill ins(%low : f64) outs(%e : tensor<1x3x3x2xf64>) -> tensor<1x3x3x2xf64>
  %y = linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>} ins(%x, %window : tensor<1x6x6x2xf64>, tensor<2x2xf64>) outs(%z : tensor<1x3x3x2xf64>) -> tensor<1x3x3x2xf64>
  %dx = modular.pullback (%y : tensor<1x3x3x2xf64>) along (%dy : tensor<1x3x3x2xf64>) to (%x : tensor<1x6x6x2xf64>)
  return %y, %dx : tensor<1x3x3x2xf64>, tensor<1x6x6x2xf64>
}

func.func @fill(%x: f64, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, f64) {
  %e = tensor.empty() : tensor<2x3xf64>
  %s = math.sin %x : f64
  %y = linalg.fill ins(%s : f64) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %dx = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%x : f64)
  return %y, %dx : tensor<2x3xf64>, f64
}

func.func @transpose(%x: tensor<2x3xf64>, %dy: tensor<3x2xf64>) -> (tensor<3x2xf64>, tensor<2x3xf64>) {
  %e = tensor.empty() : tensor<3x2xf64>
  %s = math.sin %x : tensor<2x3xf64>
  %y = linalg.transpose ins(%s : tensor<2x3xf64>) outs(%e : tensor<3x2xf64>) permutation = [1, 0]
  %dx = modular.pullback (%y : tensor<3x2xf64>) along (%dy : tensor<3x2xf64>) to (%x : tensor<2x3xf64>)
  return %y, %dx : tensor<3x2xf64>, tensor<2x3xf64>
}

func.func @broadcast(%x: tensor<3xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<3xf64>) {
  %e = tensor.empty() : tensor<2x3xf64>
  %s = math.sin %x : tensor<3xf64>
  %y = linalg.broadcast ins(%s : tensor<3xf64>) outs(%e : tensor<2x3xf64>) dimensions = [0]
  %dx = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%x : tensor<3xf64>)
  return %y, %dx : tensor<2x3xf64>, tensor<3xf64>
}

func.func @reduce_addf(%x: tensor<2x3xf64>, %c: tensor<2xf64>, %dy: tensor<2xf64>) -> (tensor<2xf64>, tensor<2x3xf64>, tensor<2xf64>) {
  %s = math.sin %x : tensor<2x3xf64>
  %y = linalg.reduce { arith.addf } ins(%s : tensor<2x3xf64>) outs(%c : tensor<2xf64>) dimensions = [1]
  %dx, %dc = modular.pullback (%y : tensor<2xf64>) along (%dy : tensor<2xf64>) to (%x : tensor<2x3xf64>, %c : tensor<2xf64>)
  return %y, %dx, %dc : tensor<2xf64>, tensor<2x3xf64>, tensor<2xf64>
}

func.func @reduce_maximumf(%x: tensor<2x3xf64>, %c: tensor<2xf64>, %dy: tensor<2xf64>) -> (tensor<2xf64>, tensor<2x3xf64>, tensor<2xf64>) {
  %s = math.sin %x : tensor<2x3xf64>
  %y = linalg.reduce { arith.maximumf } ins(%s : tensor<2x3xf64>) outs(%c : tensor<2xf64>) dimensions = [1]
  %dx, %dc = modular.pullback (%y : tensor<2xf64>) along (%dy : tensor<2xf64>) to (%x : tensor<2x3xf64>, %c : tensor<2xf64>)
  return %y, %dx, %dc : tensor<2xf64>, tensor<2x3xf64>, tensor<2xf64>
}

func.func @reduce_minimumf(%x: tensor<2x3xf64>, %c: tensor<2xf64>, %dy: tensor<2xf64>) -> (tensor<2xf64>, tensor<2x3xf64>, tensor<2xf64>) {
  %s = math.sin %x : tensor<2x3xf64>
  %y = linalg.reduce { arith.minimumf } ins(%s : tensor<2x3xf64>) outs(%c : tensor<2xf64>) dimensions = [1]
  %dx, %dc = modular.pullback (%y : tensor<2xf64>) along (%dy : tensor<2xf64>) to (%x : tensor<2x3xf64>, %c : tensor<2xf64>)
  return %y, %dx, %dc : tensor<2xf64>, tensor<2x3xf64>, tensor<2xf64>
}

func.func @map(%a: tensor<2x3xf64>, %b: tensor<2x3xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>) {
  %e = tensor.empty() : tensor<2x3xf64>
  %y = linalg.map { arith.mulf } ins(%a, %b : tensor<2x3xf64>, tensor<2x3xf64>) outs(%e : tensor<2x3xf64>)
  %da, %db = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%a : tensor<2x3xf64>, %b : tensor<2x3xf64>)
  return %y, %da, %db : tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>
}

func.func @exp(%x: tensor<2x3xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<2x3xf64>) {
  %e = tensor.empty() : tensor<2x3xf64>
  %y = linalg.exp ins(%x : tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %dx = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%x : tensor<2x3xf64>)
  return %y, %dx : tensor<2x3xf64>, tensor<2x3xf64>
}

func.func @elementwise(%a: tensor<2x3xf64>, %b: tensor<2x3xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>) {
  %e = tensor.empty() : tensor<2x3xf64>
  %y = linalg.elementwise kind=#linalg.elementwise_kind<sub> ins(%a, %b : tensor<2x3xf64>, tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %da, %db = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%a : tensor<2x3xf64>, %b : tensor<2x3xf64>)
  return %y, %da, %db : tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>
}

func.func @softmax(%x: tensor<2x3x2xf64>, %dy: tensor<2x3x2xf64>) -> (tensor<2x3x2xf64>, tensor<2x3x2xf64>) {
  %e = tensor.empty() : tensor<2x3x2xf64>
  %y = linalg.softmax dimension(1) ins(%x : tensor<2x3x2xf64>) outs(%e : tensor<2x3x2xf64>) -> tensor<2x3x2xf64>
  %dx = modular.pullback (%y : tensor<2x3x2xf64>) along (%dy : tensor<2x3x2xf64>) to (%x : tensor<2x3x2xf64>)
  return %y, %dx : tensor<2x3x2xf64>, tensor<2x3x2xf64>
}

// A body of several ops, an operand broadcast, one that is read twice.
func.func @several(%x: tensor<2x3xf64>, %v: tensor<3xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<3xf64>) {
  %cst = arith.constant 2.5 : f64
  %e = tensor.empty() : tensor<2x3xf64>
  %y = linalg.generic {indexing_maps = [#id, #column, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %v, %x : tensor<2x3xf64>, tensor<3xf64>, tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) {
  ^bb0(%a: f64, %b: f64, %c: f64, %out: f64):
    %p = arith.mulf %a, %b : f64
    %q = math.tanh %p : f64
    %r = arith.divf %q, %cst : f64
    %t = arith.mulf %r, %c : f64
    linalg.yield %t : f64
  } -> tensor<2x3xf64>
  %dx, %dv = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%x : tensor<2x3xf64>, %v : tensor<3xf64>)
  return %y, %dx, %dv : tensor<2x3xf64>, tensor<2x3xf64>, tensor<3xf64>
}

// An initial value that is read: the body accumulates without a reduction.
func.func @reads_init(%x: tensor<2x3xf64>, %c: tensor<2x3xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>) {
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<2x3xf64>) outs(%c : tensor<2x3xf64>) {
  ^bb0(%a: f64, %out: f64):
    %p = arith.mulf %a, %out : f64
    linalg.yield %p : f64
  } -> tensor<2x3xf64>
  %dx, %dc = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%x : tensor<2x3xf64>, %c : tensor<2x3xf64>)
  return %y, %dx, %dc : tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>
}

// A sum of squared differences, subtracted from the initial value.
func.func @sum_of_body(%x: tensor<2x3xf64>, %m: tensor<2xf64>, %c: tensor<3xf64>, %dy: tensor<3xf64>) -> (tensor<3xf64>, tensor<2x3xf64>, tensor<2xf64>, tensor<3xf64>) {
  %y = linalg.generic {indexing_maps = [#id, #row, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x, %m : tensor<2x3xf64>, tensor<2xf64>) outs(%c : tensor<3xf64>) {
  ^bb0(%a: f64, %b: f64, %out: f64):
    %d = arith.subf %a, %b : f64
    %q = arith.mulf %d, %d : f64
    %s = arith.subf %out, %q : f64
    linalg.yield %s : f64
  } -> tensor<3xf64>
  %dx, %dm, %dc = modular.pullback (%y : tensor<3xf64>) along (%dy : tensor<3xf64>) to (%x : tensor<2x3xf64>, %m : tensor<2xf64>, %c : tensor<3xf64>)
  return %y, %dx, %dm, %dc : tensor<3xf64>, tensor<2x3xf64>, tensor<2xf64>, tensor<3xf64>
}

// A scalar operand, and one that the body takes from outside.
func.func @scalars(%x: tensor<2x3xf64>, %s: f64, %t: f64, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<2x3xf64>, f64, f64) {
  %e = tensor.empty() : tensor<2x3xf64>
  %y = linalg.generic {indexing_maps = [#id, #none, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : tensor<2x3xf64>, f64) outs(%e : tensor<2x3xf64>) {
  ^bb0(%a: f64, %b: f64, %out: f64):
    %p = arith.mulf %a, %b : f64
    %q = arith.mulf %p, %t : f64
    linalg.yield %q : f64
  } -> tensor<2x3xf64>
  %dx, %ds, %dt = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%x : tensor<2x3xf64>, %s : f64, %t : f64)
  return %y, %dx, %ds, %dt : tensor<2x3xf64>, tensor<2x3xf64>, f64, f64
}

// Loop indices in the body, a mask, a transposed read.
func.func @masked(%x: tensor<3x2xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<3x2xf64>) {
  %e = tensor.empty() : tensor<2x3xf64>
  %y = linalg.generic {indexing_maps = [#turned, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<3x2xf64>) outs(%e : tensor<2x3xf64>) {
  ^bb0(%a: f64, %out: f64):
    %zero = arith.constant 0.0 : f64
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c = arith.cmpi sge, %i, %j : index
    %q = math.exp %a : f64
    %s = arith.select %c, %q, %zero : f64
    linalg.yield %s : f64
  } -> tensor<2x3xf64>
  %dx = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%x : tensor<3x2xf64>)
  return %y, %dx : tensor<2x3xf64>, tensor<3x2xf64>
}

// Two results, of one sum each.
func.func @two_results(%x: tensor<2x3xf64>, %dy: tensor<2xf64>) -> (tensor<2xf64>, tensor<2x3xf64>) {
  %zero = arith.constant 0.0 : f64
  %e = tensor.empty() : tensor<2xf64>
  %z = linalg.fill ins(%zero : f64) outs(%e : tensor<2xf64>) -> tensor<2xf64>
  %r:2 = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x3xf64>) outs(%z, %z : tensor<2xf64>, tensor<2xf64>) {
  ^bb0(%a: f64, %o1: f64, %o2: f64):
    %q = arith.mulf %a, %a : f64
    %s = arith.addf %o1, %a : f64
    %t = arith.addf %o2, %q : f64
    linalg.yield %s, %t : f64, f64
  } -> (tensor<2xf64>, tensor<2xf64>)
  %y = arith.mulf %r#0, %r#1 : tensor<2xf64>
  %dx = modular.pullback (%y : tensor<2xf64>) along (%dy : tensor<2xf64>) to (%x : tensor<2x3xf64>)
  return %y, %dx : tensor<2xf64>, tensor<2x3xf64>
}

// The diagonal, an element at a constant place, and a window that steps by 3.
func.func @diagonal(%x: tensor<3x3xf64>, %dy: tensor<3xf64>) -> (tensor<3xf64>, tensor<3x3xf64>) {
  %e = tensor.empty() : tensor<3xf64>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i, i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<3x3xf64>) outs(%e : tensor<3xf64>) {
  ^bb0(%a: f64, %out: f64):
    %q = math.sin %a : f64
    linalg.yield %q : f64
  } -> tensor<3xf64>
  %dx = modular.pullback (%y : tensor<3xf64>) along (%dy : tensor<3xf64>) to (%x : tensor<3x3xf64>)
  return %y, %dx : tensor<3xf64>, tensor<3x3xf64>
}

func.func @constant_place(%x: tensor<3x1xf64>, %dy: tensor<3xf64>) -> (tensor<3xf64>, tensor<3x1xf64>) {
  %e = tensor.empty() : tensor<3xf64>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i, 0)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<3x1xf64>) outs(%e : tensor<3xf64>) {
  ^bb0(%a: f64, %out: f64):
    %q = math.sin %a : f64
    linalg.yield %q : f64
  } -> tensor<3xf64>
  %dx = modular.pullback (%y : tensor<3xf64>) along (%dy : tensor<3xf64>) to (%x : tensor<3x1xf64>)
  return %y, %dx : tensor<3xf64>, tensor<3x1xf64>
}

// Layer norm of rows, as another compiler exports it.
func.func @layer_norm(%x: tensor<?x4xf64>, %g: tensor<4xf64>, %dy: tensor<?x4xf64>) -> (tensor<?x4xf64>, tensor<?x4xf64>, tensor<4xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %width = arith.constant 4.0 : f64
  %eps = arith.constant 1.0e-5 : f64
  %n = tensor.dim %x, %c0 : tensor<?x4xf64>
  %e1 = tensor.empty(%n) : tensor<?xf64>
  %e2 = tensor.empty(%n) : tensor<?x4xf64>
  %z = linalg.fill ins(%zero : f64) outs(%e1 : tensor<?xf64>) -> tensor<?xf64>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x4xf64>) outs(%z : tensor<?xf64>) {
  ^bb0(%a: f64, %out: f64):
    %s = arith.addf %a, %out : f64
    linalg.yield %s : f64
  } -> tensor<?xf64>
  %centred = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : tensor<?x4xf64>, tensor<?xf64>) outs(%e2 : tensor<?x4xf64>) {
  ^bb0(%a: f64, %s: f64, %out: f64):
    %m = arith.divf %s, %width : f64
    %d = arith.subf %a, %m : f64
    linalg.yield %d : f64
  } -> tensor<?x4xf64>
  %squares = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%centred : tensor<?x4xf64>) outs(%z : tensor<?xf64>) {
  ^bb0(%a: f64, %out: f64):
    %q = arith.mulf %a, %a : f64
    %s = arith.addf %q, %out : f64
    linalg.yield %s : f64
  } -> tensor<?xf64>
  %y = linalg.generic {indexing_maps = [#id, #row, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%centred, %squares, %g : tensor<?x4xf64>, tensor<?xf64>, tensor<4xf64>) outs(%e2 : tensor<?x4xf64>) {
  ^bb0(%a: f64, %s: f64, %w: f64, %out: f64):
    %v = arith.divf %s, %width : f64
    %k = arith.addf %v, %eps : f64
    %r = math.rsqrt %k : f64
    %p = arith.mulf %a, %r : f64
    %q = arith.mulf %p, %w : f64
    linalg.yield %q : f64
  } -> tensor<?x4xf64>
  %dx, %dg = modular.pullback (%y : tensor<?x4xf64>) along (%dy : tensor<?x4xf64>) to (%x : tensor<?x4xf64>, %g : tensor<4xf64>)
  return %y, %dx, %dg : tensor<?x4xf64>, tensor<?x4xf64>, tensor<4xf64>
}
