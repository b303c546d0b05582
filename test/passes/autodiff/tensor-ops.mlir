// RUN: modc-opt %s --modular-differentiate --mlir-print-op-generic \
// RUN:   | env PYTHONPATH=%source/test/numpy %python %S/Inputs/check_gradients.py

// The dialect's short ops against finite differences.

func.func @linear(%x: tensor<?x3xf64>, %w: tensor<3x4xf64>, %b: tensor<4xf64>, %dy: tensor<?x4xf64>) -> (tensor<?x4xf64>, tensor<?x3xf64>, tensor<3x4xf64>, tensor<4xf64>) {
  %y = modular.linear %x, %w, %b : tensor<?x3xf64>, tensor<3x4xf64>, tensor<4xf64> -> tensor<?x4xf64>
  %dx, %dw, %db = modular.pullback (%y : tensor<?x4xf64>) along (%dy : tensor<?x4xf64>) to (%x : tensor<?x3xf64>, %w : tensor<3x4xf64>, %b : tensor<4xf64>)
  return %y, %dx, %dw, %db : tensor<?x4xf64>, tensor<?x3xf64>, tensor<3x4xf64>, tensor<4xf64>
}

func.func @linear_sequence(%x: tensor<?x2x3xf64>, %w: tensor<3x4xf64>, %dy: tensor<?x2x4xf64>) -> (tensor<?x2x4xf64>, tensor<?x2x3xf64>, tensor<3x4xf64>) {
  %y = modular.linear %x, %w : tensor<?x2x3xf64>, tensor<3x4xf64> -> tensor<?x2x4xf64>
  %dx, %dw = modular.pullback (%y : tensor<?x2x4xf64>) along (%dy : tensor<?x2x4xf64>) to (%x : tensor<?x2x3xf64>, %w : tensor<3x4xf64>)
  return %y, %dx, %dw : tensor<?x2x4xf64>, tensor<?x2x3xf64>, tensor<3x4xf64>
}

func.func @relu(%x: tensor<?x4xf64>, %dy: tensor<?x4xf64>) -> (tensor<?x4xf64>, tensor<?x4xf64>) {
  %y = modular.relu %x : tensor<?x4xf64>
  %dx = modular.pullback (%y : tensor<?x4xf64>) along (%dy : tensor<?x4xf64>) to (%x : tensor<?x4xf64>)
  return %y, %dx : tensor<?x4xf64>, tensor<?x4xf64>
}

func.func @gelu(%x: tensor<?x4xf64>, %dy: tensor<?x4xf64>) -> (tensor<?x4xf64>, tensor<?x4xf64>) {
  %y = modular.gelu %x : tensor<?x4xf64>
  %dx = modular.pullback (%y : tensor<?x4xf64>) along (%dy : tensor<?x4xf64>) to (%x : tensor<?x4xf64>)
  return %y, %dx : tensor<?x4xf64>, tensor<?x4xf64>
}

func.func @sigmoid(%x: tensor<?x4xf64>, %dy: tensor<?x4xf64>) -> (tensor<?x4xf64>, tensor<?x4xf64>) {
  %y = modular.sigmoid %x : tensor<?x4xf64>
  %dx = modular.pullback (%y : tensor<?x4xf64>) along (%dy : tensor<?x4xf64>) to (%x : tensor<?x4xf64>)
  return %y, %dx : tensor<?x4xf64>, tensor<?x4xf64>
}

func.func @softplus(%x: tensor<?x4xf64>, %dy: tensor<?x4xf64>) -> (tensor<?x4xf64>, tensor<?x4xf64>) {
  %y = modular.softplus %x : tensor<?x4xf64>
  %dx = modular.pullback (%y : tensor<?x4xf64>) along (%dy : tensor<?x4xf64>) to (%x : tensor<?x4xf64>)
  return %y, %dx : tensor<?x4xf64>, tensor<?x4xf64>
}

func.func @softmax(%x: tensor<?x2x3xf64>, %dy: tensor<?x2x3xf64>) -> (tensor<?x2x3xf64>, tensor<?x2x3xf64>) {
  %y = modular.softmax %x : tensor<?x2x3xf64>
  %dx = modular.pullback (%y : tensor<?x2x3xf64>) along (%dy : tensor<?x2x3xf64>) to (%x : tensor<?x2x3xf64>)
  return %y, %dx : tensor<?x2x3xf64>, tensor<?x2x3xf64>
}

func.func @log_softmax(%x: tensor<?x3xf64>, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>) {
  %y = modular.log_softmax %x : tensor<?x3xf64>
  %dx = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x3xf64>)
  return %y, %dx : tensor<?x3xf64>, tensor<?x3xf64>
}

func.func @reshape(%x: tensor<?x6xf64>, %dy: tensor<?x2x3xf64>) -> (tensor<?x2x3xf64>, tensor<?x6xf64>) {
  %s = math.sin %x : tensor<?x6xf64>
  %y = modular.reshape %s : tensor<?x6xf64> -> tensor<?x2x3xf64>
  %dx = modular.pullback (%y : tensor<?x2x3xf64>) along (%dy : tensor<?x2x3xf64>) to (%x : tensor<?x6xf64>)
  return %y, %dx : tensor<?x2x3xf64>, tensor<?x6xf64>
}

// Labels out of range pick nothing.
func.func @pick(%x: tensor<?x3xf64>, %at: tensor<?xi32> {test.range = [-1, 4]}, %dy: tensor<?xf64>) -> (tensor<?xf64>, tensor<?x3xf64>) {
  %y = modular.pick %x[%at] : tensor<?x3xf64>, tensor<?xi32> -> tensor<?xf64>
  %dx = modular.pullback (%y : tensor<?xf64>) along (%dy : tensor<?xf64>) to (%x : tensor<?x3xf64>)
  return %y, %dx : tensor<?xf64>, tensor<?x3xf64>
}

// A hidden layer, the value of which is used twice.
func.func @chain(%x: tensor<?x3xf64>, %w: tensor<3x3xf64>, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>, tensor<3x3xf64>) {
  %a = modular.linear %x, %w : tensor<?x3xf64>, tensor<3x3xf64> -> tensor<?x3xf64>
  %h = modular.gelu %a : tensor<?x3xf64>
  %b = modular.linear %h, %w : tensor<?x3xf64>, tensor<3x3xf64> -> tensor<?x3xf64>
  %c = arith.mulf %b, %h : tensor<?x3xf64>
  %y = arith.addf %c, %x : tensor<?x3xf64>
  %dx, %dw = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x3xf64>, %w : tensor<3x3xf64>)
  return %y, %dx, %dw : tensor<?x3xf64>, tensor<?x3xf64>, tensor<3x3xf64>
}
