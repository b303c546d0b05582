// Small functions of upstream dialects, one thing each; test_upstream.py holds what
// each computes, in NumPy.

func.func @affine(%x: tensor<?x3xf32>, %w: tensor<3x2xf32>, %b: tensor<2xf32>) -> tensor<?x2xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %m = linalg.matmul ins(%x, %w : tensor<?x3xf32>, tensor<3x2xf32>) outs(%f : tensor<?x2xf32>) -> tensor<?x2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%m, %b : tensor<?x2xf32>, tensor<2xf32>) outs(%e : tensor<?x2xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %s = arith.addf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<?x2xf32>
  return %r : tensor<?x2xf32>
}

func.func @norm(%x: tensor<4x3xf64>) -> tensor<4x3xf64> {
  %zero = arith.constant 0.0 : f64
  %three = arith.constant 3.0 : f64
  %eps = arith.constant 1.0e-5 : f64
  %e = tensor.empty() : tensor<4xf64>
  %o = tensor.empty() : tensor<4x3xf64>
  %f = linalg.fill ins(%zero : f64) outs(%e : tensor<4xf64>) -> tensor<4xf64>
  %s = linalg.reduce { arith.addf } ins(%x : tensor<4x3xf64>) outs(%f : tensor<4xf64>) dimensions = [1]
  %c = linalg.broadcast ins(%s : tensor<4xf64>) outs(%o : tensor<4x3xf64>) dimensions = [1]
  %t = tensor.splat %three : tensor<4x3xf64>
  %m = linalg.div ins(%c, %t : tensor<4x3xf64>, tensor<4x3xf64>) outs(%o : tensor<4x3xf64>) -> tensor<4x3xf64>
  %d = linalg.sub ins(%x, %m : tensor<4x3xf64>, tensor<4x3xf64>) outs(%o : tensor<4x3xf64>) -> tensor<4x3xf64>
  %v = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%d : tensor<4x3xf64>) outs(%f : tensor<4xf64>) {
  ^bb0(%a: f64, %acc: f64):
    %q = arith.mulf %a, %a : f64
    %p = arith.divf %q, %three : f64
    %r = arith.addf %acc, %p : f64
    linalg.yield %r : f64
  } -> tensor<4xf64>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%d, %v : tensor<4x3xf64>, tensor<4xf64>) outs(%o : tensor<4x3xf64>) {
  ^bb0(%a: f64, %b: f64, %u: f64):
    %q = arith.addf %b, %eps : f64
    %r = math.rsqrt %q : f64
    %p = arith.mulf %a, %r : f64
    linalg.yield %p : f64
  } -> tensor<4x3xf64>
  return %y : tensor<4x3xf64>
}

// Not a plain sum: acc = 0.5 acc + a, one step after another.
func.func @decay(%x: tensor<2x4xf64>, %i: tensor<2xf64>) -> tensor<2xf64> {
  %half = arith.constant 0.5 : f64
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x4xf64>) outs(%i : tensor<2xf64>) {
  ^bb0(%a: f64, %acc: f64):
    %h = arith.mulf %acc, %half : f64
    %s = arith.addf %h, %a : f64
    linalg.yield %s : f64
  } -> tensor<2xf64>
  return %r : tensor<2xf64>
}

func.func @largest(%x: tensor<3x4xf64>) -> tensor<3xf64> {
  %low = arith.constant 0xFFF0000000000000 : f64
  %e = tensor.empty() : tensor<3xf64>
  %f = linalg.fill ins(%low : f64) outs(%e : tensor<3xf64>) -> tensor<3xf64>
  %m = linalg.reduce { arith.maximumf } ins(%x : tensor<3x4xf64>) outs(%f : tensor<3xf64>) dimensions = [1]
  return %m : tensor<3xf64>
}

func.func @scalar_math(%x: tensor<3x3xf64>) -> tensor<3x3xf64> {
  %0 = math.exp %x : tensor<3x3xf64>
  %1 = math.tanh %x : tensor<3x3xf64>
  %2 = math.sin %x : tensor<3x3xf64>
  %3 = math.erf %x : tensor<3x3xf64>
  %4 = math.log1p %0 : tensor<3x3xf64>
  %5 = math.sqrt %0 : tensor<3x3xf64>
  %6 = math.cos %4 : tensor<3x3xf64>
  %7 = math.powf %5, %x : tensor<3x3xf64>
  %8 = math.log %0 : tensor<3x3xf64>
  %9 = arith.mulf %1, %2 : tensor<3x3xf64>
  %10 = arith.divf %3, %5 : tensor<3x3xf64>
  %11 = arith.addf %9, %10 : tensor<3x3xf64>
  %12 = arith.subf %6, %7 : tensor<3x3xf64>
  %13 = arith.addf %11, %12 : tensor<3x3xf64>
  %14 = arith.addf %13, %8 : tensor<3x3xf64>
  %15 = math.absf %14 : tensor<3x3xf64>
  return %15 : tensor<3x3xf64>
}

func.func @branches(%x: tensor<2x3xf64>, %y: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %c = arith.cmpf ogt, %x, %y : tensor<2x3xf64>
  %n = arith.negf %y : tensor<2x3xf64>
  %s = arith.select %c, %x, %n : tensor<2x3xi1>, tensor<2x3xf64>
  %m = arith.minimumf %s, %x : tensor<2x3xf64>
  return %m : tensor<2x3xf64>
}

func.func @cut_and_join(%x: tensor<4x6xf64>) -> tensor<6x3xf64> {
  %zero = arith.constant 0.0 : f64
  %a = tensor.extract_slice %x[1, 0] [2, 3] [1, 2] : tensor<4x6xf64> to tensor<2x3xf64>
  %row = tensor.extract_slice %x[3, 1] [1, 3] [1, 1] : tensor<4x6xf64> to tensor<3xf64>
  %b = tensor.insert_slice %row into %a[0, 0] [1, 3] [1, 1] : tensor<3xf64> into tensor<2x3xf64>
  %p = tensor.pad %row low[1] high[2] {
  ^bb0(%i: index):
    tensor.yield %zero : f64
  } : tensor<3xf64> to tensor<6xf64>
  %q = tensor.expand_shape %p [[0, 1]] output_shape [2, 3] : tensor<6xf64> into tensor<2x3xf64>
  %f = tensor.collapse_shape %x [[0, 1]] : tensor<4x6xf64> into tensor<24xf64>
  %g = tensor.extract_slice %f[5] [6] [3] : tensor<24xf64> to tensor<6xf64>
  %h = tensor.expand_shape %g [[0, 1]] output_shape [2, 3] : tensor<6xf64> into tensor<2x3xf64>
  %r = tensor.concat dim(0) %b, %q, %h : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<6x3xf64>
  return %r : tensor<6x3xf64>
}

func.func @transposed(%x: tensor<2x3x4xf64>) -> tensor<4x2x3xf64> {
  %e = tensor.empty() : tensor<4x2x3xf64>
  %t = linalg.transpose ins(%x : tensor<2x3x4xf64>) outs(%e : tensor<4x2x3xf64>) permutation = [2, 0, 1]
  return %t : tensor<4x2x3xf64>
}

func.func @convolution(%x: tensor<2x5x5x2xf64>, %k: tensor<2x2x2x3xf64>) -> tensor<2x2x2x3xf64> {
  %zero = arith.constant 0.0 : f64
  %e = tensor.empty() : tensor<2x2x2x3xf64>
  %f = linalg.fill ins(%zero : f64) outs(%e : tensor<2x2x2x3xf64>) -> tensor<2x2x2x3xf64>
  %c = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>, dilations = dense<[1, 2]> : tensor<2xi64>}
      ins(%x, %k : tensor<2x5x5x2xf64>, tensor<2x2x2x3xf64>) outs(%f : tensor<2x2x2x3xf64>) -> tensor<2x2x2x3xf64>
  return %c : tensor<2x2x2x3xf64>
}

func.func @positions(%x: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %e = tensor.empty() : tensor<2x3xf64>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, 2 - j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) {
  ^bb0(%a: f64, %o: f64):
    %i = linalg.index 1 : index
    %j = arith.index_cast %i : index to i64
    %k = arith.sitofp %j : i64 to f64
    %s = arith.mulf %a, %k : f64
    linalg.yield %s : f64
  } -> tensor<2x3xf64>
  return %r : tensor<2x3xf64>
}

func.func @loop(%x: tensor<3xf64>) -> tensor<3xf64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %x) -> tensor<3xf64> {
    %m = arith.mulf %a, %x : tensor<3xf64>
    scf.yield %m : tensor<3xf64>
  }
  return %r : tensor<3xf64>
}
