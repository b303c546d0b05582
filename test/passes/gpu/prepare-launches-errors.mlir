// RUN: modc-opt %s --modular-prepare-launches -verify-diagnostics -split-input-file
// What no form for launches is given.

// expected-error @+1 {{input 'x' is f64, but kernels of devices compute in f32}}
func.func @input(%x: tensor<?x2xf64> {modular.name = "x", modular.role = "input", modular.rows = "N"}) {
  return
}

// -----

func.func @parameter(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                     // expected-error @+1 {{parameter 'layer.weight' is f64, but kernels of devices compute in f32}}
                     %w: tensor<2xf64> {modular.name = "layer.weight", modular.offset = 0 : i64, modular.role = "parameter"}) {
  return
}

// -----

// What reports a sum is f64 in all networks.
func.func @output(%y: tensor<1xf64> {bufferization.writable = true, modular.name = "norm", modular.role = "output"}) {
  return
}
