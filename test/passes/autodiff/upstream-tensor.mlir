// RUN: modc-opt %s --modular-differentiate --mlir-print-op-generic \
// RUN:   | env PYTHONPATH=%source/test/numpy %python %S/Inputs/check_gradients.py

// The tensor dialect against finite differences. A sine before or after makes the
// cotangent depend on the place.

func.func @extract_slice(%x: tensor<4x6xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<4x6xf64>) {
  %s = math.sin %x : tensor<4x6xf64>
  %y = tensor.extract_slice %s[1, 0] [2, 3] [1, 2] : tensor<4x6xf64> to tensor<2x3xf64>
  %dx = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%x : tensor<4x6xf64>)
  return %y, %dx : tensor<2x3xf64>, tensor<4x6xf64>
}

func.func @extract_slice_rank(%x: tensor<4x6xf64>, %dy: tensor<3xf64>) -> (tensor<3xf64>, tensor<4x6xf64>) {
  %s = math.sin %x : tensor<4x6xf64>
  %y = tensor.extract_slice %s[1, 2] [1, 3] [1, 1] : tensor<4x6xf64> to tensor<3xf64>
  %dx = modular.pullback (%y : tensor<3xf64>) along (%dy : tensor<3xf64>) to (%x : tensor<4x6xf64>)
  return %y, %dx : tensor<3xf64>, tensor<4x6xf64>
}

func.func @insert_slice(%a: tensor<2x3xf64>, %b: tensor<4x6xf64>, %dy: tensor<4x6xf64>) -> (tensor<4x6xf64>, tensor<2x3xf64>, tensor<4x6xf64>) {
  %s = math.sin %a : tensor<2x3xf64>
  %t = math.sin %b : tensor<4x6xf64>
  %y = tensor.insert_slice %s into %t[1, 0] [2, 3] [1, 2] : tensor<2x3xf64> into tensor<4x6xf64>
  %da, %db = modular.pullback (%y : tensor<4x6xf64>) along (%dy : tensor<4x6xf64>) to (%a : tensor<2x3xf64>, %b : tensor<4x6xf64>)
  return %y, %da, %db : tensor<4x6xf64>, tensor<2x3xf64>, tensor<4x6xf64>
}

func.func @expand_shape(%x: tensor<?x6xf64>, %dy: tensor<?x2x3xf64>) -> (tensor<?x2x3xf64>, tensor<?x6xf64>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x6xf64>
  %s = math.sin %x : tensor<?x6xf64>
  %y = tensor.expand_shape %s [[0], [1, 2]] output_shape [%n, 2, 3] : tensor<?x6xf64> into tensor<?x2x3xf64>
  %dx = modular.pullback (%y : tensor<?x2x3xf64>) along (%dy : tensor<?x2x3xf64>) to (%x : tensor<?x6xf64>)
  return %y, %dx : tensor<?x2x3xf64>, tensor<?x6xf64>
}

func.func @collapse_shape(%x: tensor<?x2x3xf64>, %dy: tensor<?x6xf64>) -> (tensor<?x6xf64>, tensor<?x2x3xf64>) {
  %s = math.sin %x : tensor<?x2x3xf64>
  %y = tensor.collapse_shape %s [[0], [1, 2]] : tensor<?x2x3xf64> into tensor<?x6xf64>
  %dx = modular.pullback (%y : tensor<?x6xf64>) along (%dy : tensor<?x6xf64>) to (%x : tensor<?x2x3xf64>)
  return %y, %dx : tensor<?x6xf64>, tensor<?x2x3xf64>
}

func.func @reshape(%x: tensor<2x3xf64>, %dy: tensor<3x2xf64>) -> (tensor<3x2xf64>, tensor<2x3xf64>) {
  %shape = arith.constant dense<[3, 2]> : tensor<2xindex>
  %s = math.sin %x : tensor<2x3xf64>
  %y = tensor.reshape %s(%shape) : (tensor<2x3xf64>, tensor<2xindex>) -> tensor<3x2xf64>
  %dx = modular.pullback (%y : tensor<3x2xf64>) along (%dy : tensor<3x2xf64>) to (%x : tensor<2x3xf64>)
  return %y, %dx : tensor<3x2xf64>, tensor<2x3xf64>
}

func.func @cast(%x: tensor<5x3xf64>, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<5x3xf64>) {
  %s = math.sin %x : tensor<5x3xf64>
  %y = tensor.cast %s : tensor<5x3xf64> to tensor<?x3xf64>
  %dx = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<5x3xf64>)
  return %y, %dx : tensor<?x3xf64>, tensor<5x3xf64>
}

func.func @concat(%a: tensor<2x3xf64>, %b: tensor<2x1xf64>, %dy: tensor<2x7xf64>) -> (tensor<2x7xf64>, tensor<2x3xf64>, tensor<2x1xf64>) {
  %s = math.sin %a : tensor<2x3xf64>
  %y = tensor.concat dim(1) %s, %b, %a : (tensor<2x3xf64>, tensor<2x1xf64>, tensor<2x3xf64>) -> tensor<2x7xf64>
  %da, %db = modular.pullback (%y : tensor<2x7xf64>) along (%dy : tensor<2x7xf64>) to (%a : tensor<2x3xf64>, %b : tensor<2x1xf64>)
  return %y, %da, %db : tensor<2x7xf64>, tensor<2x3xf64>, tensor<2x1xf64>
}

func.func @pad(%x: tensor<2x3xf64>, %dy: tensor<4x4xf64>) -> (tensor<4x4xf64>, tensor<2x3xf64>) {
  %zero = arith.constant 0.0 : f64
  %s = math.sin %x : tensor<2x3xf64>
  %y = tensor.pad %s low[1, 0] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f64
  } : tensor<2x3xf64> to tensor<4x4xf64>
  %dx = modular.pullback (%y : tensor<4x4xf64>) along (%dy : tensor<4x4xf64>) to (%x : tensor<2x3xf64>)
  return %y, %dx : tensor<4x4xf64>, tensor<2x3xf64>
}

func.func @splat(%x: f64, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, f64) {
  %s = math.sin %x : f64
  %y = tensor.splat %s : tensor<2x3xf64>
  %dx = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%x : f64)
  return %y, %dx : tensor<2x3xf64>, f64
}

func.func @extract(%x: tensor<2x3xf64>, %i: index, %dy: f64) -> (f64, tensor<2x3xf64>) {
  %s = math.sin %x : tensor<2x3xf64>
  %y = tensor.extract %s[%i, %i] : tensor<2x3xf64>
  %dx = modular.pullback (%y : f64) along (%dy : f64) to (%x : tensor<2x3xf64>)
  return %y, %dx : f64, tensor<2x3xf64>
}

func.func @insert(%x: tensor<2x3xf64>, %v: f64, %i: index, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<2x3xf64>, f64) {
  %s = math.sin %x : tensor<2x3xf64>
  %u = math.sin %v : f64
  %y = tensor.insert %u into %s[%i, %i] : tensor<2x3xf64>
  %dx, %dv = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%x : tensor<2x3xf64>, %v : f64)
  return %y, %dx, %dv : tensor<2x3xf64>, tensor<2x3xf64>, f64
}

func.func @from_elements(%a: f64, %b: f64, %dy: tensor<2x2xf64>) -> (tensor<2x2xf64>, f64, f64) {
  %s = math.sin %a : f64
  %y = tensor.from_elements %s, %b, %b, %a : tensor<2x2xf64>
  %da, %db = modular.pullback (%y : tensor<2x2xf64>) along (%dy : tensor<2x2xf64>) to (%a : f64, %b : f64)
  return %y, %da, %db : tensor<2x2xf64>, f64, f64
}
