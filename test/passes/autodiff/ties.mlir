// RUN: modc-opt %s --modular-differentiate --mlir-print-op-generic \
// RUN:   | env PYTHONPATH=%source/test/numpy %python %S/Inputs/check_values.py
// UNSUPPORTED: sanitize

// Derivatives where finite differences have no say: at ties and steps. A function
// returns gradients, and says in `test.expect` what they are, flat and in order.

func.func @maximum() -> (tensor<3xf64>, tensor<3xf64>) attributes {test.expect = [0.0, 0.0, 7.0, 5.0, 6.0, 0.0]} {
  %a = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf64>
  %b = arith.constant dense<[2.0, 2.0, 2.0]> : tensor<3xf64>
  %dy = arith.constant dense<[5.0, 6.0, 7.0]> : tensor<3xf64>
  %x = math.absf %a : tensor<3xf64>
  %z = math.absf %b : tensor<3xf64>
  %y = arith.maximumf %x, %z : tensor<3xf64>
  %dx, %dz = modular.pullback (%y : tensor<3xf64>) along (%dy : tensor<3xf64>) to (%x : tensor<3xf64>, %z : tensor<3xf64>)
  return %dx, %dz : tensor<3xf64>, tensor<3xf64>
}

func.func @minimum() -> (tensor<3xf64>, tensor<3xf64>) attributes {test.expect = [5.0, 0.0, 0.0, 0.0, 6.0, 7.0]} {
  %a = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf64>
  %b = arith.constant dense<[2.0, 2.0, 2.0]> : tensor<3xf64>
  %dy = arith.constant dense<[5.0, 6.0, 7.0]> : tensor<3xf64>
  %x = math.absf %a : tensor<3xf64>
  %z = math.absf %b : tensor<3xf64>
  %y = arith.minimumf %x, %z : tensor<3xf64>
  %dx, %dz = modular.pullback (%y : tensor<3xf64>) along (%dy : tensor<3xf64>) to (%x : tensor<3xf64>, %z : tensor<3xf64>)
  return %dx, %dz : tensor<3xf64>, tensor<3xf64>
}

// A pasted relu has modular.relu's derivative at 0.
func.func @relu() -> (tensor<3xf64>, tensor<3xf64>) attributes {test.expect = [0.0, 0.0, 7.0, 0.0, 0.0, 7.0]} {
  %a = arith.constant dense<[-1.0, 0.0, 3.0]> : tensor<3xf64>
  %zero = arith.constant dense<0.0> : tensor<3xf64>
  %dy = arith.constant dense<[5.0, 6.0, 7.0]> : tensor<3xf64>
  %x = arith.addf %a, %zero : tensor<3xf64>
  %m = arith.maximumf %x, %zero : tensor<3xf64>
  %dm = modular.pullback (%m : tensor<3xf64>) along (%dy : tensor<3xf64>) to (%x : tensor<3xf64>)
  %r = modular.relu %x : tensor<3xf64>
  %dr = modular.pullback (%r : tensor<3xf64>) along (%dy : tensor<3xf64>) to (%x : tensor<3xf64>)
  return %dm, %dr : tensor<3xf64>, tensor<3xf64>
}

// An extremum of a reduction is shared evenly by all that reach it.
func.func @reduce() -> tensor<2x3xf64> attributes {test.expect = [0.0, 3.0, 3.0, 8.0, 0.0, 0.0]} {
  %a = arith.constant dense<[[1.0, 2.0, 2.0], [3.0, 2.0, 1.0]]> : tensor<2x3xf64>
  %dy = arith.constant dense<[6.0, 8.0]> : tensor<2xf64>
  %low = arith.constant dense<-9.0> : tensor<2xf64>
  %x = math.absf %a : tensor<2x3xf64>
  %y = linalg.reduce { arith.maximumf } ins(%x : tensor<2x3xf64>) outs(%low : tensor<2xf64>) dimensions = [1]
  %dx = modular.pullback (%y : tensor<2xf64>) along (%dy : tensor<2xf64>) to (%x : tensor<2x3xf64>)
  return %dx : tensor<2x3xf64>
}

// Steps are flat: what they pass on is 0, not an error. The sum keeps its own.
func.func @steps() -> tensor<2xf64> attributes {test.expect = [5.0, 6.0]} {
  %a = arith.constant dense<[0.5, -1.0]> : tensor<2xf64>
  %dy = arith.constant dense<[5.0, 6.0]> : tensor<2xf64>
  %x = arith.addf %a, %a : tensor<2xf64>
  %c = math.ceil %x : tensor<2xf64>
  %f = math.floor %x : tensor<2xf64>
  %s = arith.addf %c, %f : tensor<2xf64>
  %y = arith.addf %s, %x : tensor<2xf64>
  %dx = modular.pullback (%y : tensor<2xf64>) along (%dy : tensor<2xf64>) to (%x : tensor<2xf64>)
  return %dx : tensor<2xf64>
}

// The condition of a select has no gradient; where both sides are one value, it
// gets both cotangents.
func.func @select() -> (tensor<2xf64>, tensor<2xf64>) attributes {test.expect = [5.0, 0.0, 0.0, 6.0]} {
  %a = arith.constant dense<[1.0, 2.0]> : tensor<2xf64>
  %dy = arith.constant dense<[5.0, 6.0]> : tensor<2xf64>
  %x = math.absf %a : tensor<2xf64>
  %z = arith.addf %a, %a : tensor<2xf64>
  %limit = arith.constant dense<1.5> : tensor<2xf64>
  %c = arith.cmpf olt, %x, %limit : tensor<2xf64>
  %y = arith.select %c, %x, %z : tensor<2xi1>, tensor<2xf64>
  %dx, %dz = modular.pullback (%y : tensor<2xf64>) along (%dy : tensor<2xf64>) to (%x : tensor<2xf64>, %z : tensor<2xf64>)
  return %dx, %dz : tensor<2xf64>, tensor<2xf64>
}

// The cotangent of a wider or narrower value takes the way back.
func.func @extf() -> tensor<2xf32> attributes {test.expect = [5.0, 12.0]} {
  %a = arith.constant dense<[0.5, 1.0]> : tensor<2xf32>
  %dy = arith.constant dense<[5.0, 6.0]> : tensor<2xf64>
  %x = arith.addf %a, %a : tensor<2xf32>
  %w = arith.extf %x : tensor<2xf32> to tensor<2xf64>
  %half = arith.constant dense<0.5> : tensor<2xf64>
  %q = arith.mulf %w, %w : tensor<2xf64>
  %y = arith.mulf %q, %half : tensor<2xf64>
  %dx = modular.pullback (%y : tensor<2xf64>) along (%dy : tensor<2xf64>) to (%x : tensor<2xf32>)
  return %dx : tensor<2xf32>
}

func.func @truncf() -> tensor<2xf64> attributes {test.expect = [5.0, 12.0]} {
  %a = arith.constant dense<[0.5, 1.0]> : tensor<2xf64>
  %dy = arith.constant dense<[5.0, 6.0]> : tensor<2xf32>
  %x = arith.addf %a, %a : tensor<2xf64>
  %w = arith.truncf %x : tensor<2xf64> to tensor<2xf32>
  %half = arith.constant dense<0.5> : tensor<2xf32>
  %q = arith.mulf %w, %w : tensor<2xf32>
  %y = arith.mulf %q, %half : tensor<2xf32>
  %dx = modular.pullback (%y : tensor<2xf32>) along (%dy : tensor<2xf32>) to (%x : tensor<2xf64>)
  return %dx : tensor<2xf64>
}
