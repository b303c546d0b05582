// RUN: modc-opt %s --modular-unroll-scans --verify-diagnostics

func.func @dynamic_length(%h: tensor<?x4xf32>, %xs: tensor<?x?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'modular.scan' op runs a number of steps that only a call knows, and a program of a device is a list of launches: dimension 1 of its sequences must be static}}
  %f = modular.scan step(%t) carry(%c = %h : tensor<?x4xf32>) over(%x = %xs : tensor<?x?x4xf32>) -> tensor<?x4xf32> {
    %n = arith.addf %c, %x : tensor<?x4xf32>
    modular.yield %n : tensor<?x4xf32>
  }
  return %f : tensor<?x4xf32>
}
