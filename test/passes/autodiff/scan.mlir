// RUN: modc-opt %s --modular-differentiate --mlir-print-op-generic \
// RUN:   | env PYTHONPATH=%source/test/numpy %python %S/Inputs/check_gradients.py

// Recurrences against finite differences.

func.func @recurrent(%h0: tensor<?x3xf64>, %xs: tensor<?x4x2xf64>, %w: tensor<3x3xf64>, %u: tensor<2x3xf64>, %dy: tensor<?x4x3xf64>) -> (tensor<?x4x3xf64>, tensor<?x3xf64>, tensor<?x4x2xf64>, tensor<3x3xf64>, tensor<2x3xf64>) {
  %last, %all = modular.scan step(%t) carry(%h = %h0 : tensor<?x3xf64>) over(%x = %xs : tensor<?x4x2xf64>)
      -> tensor<?x3xf64>, tensor<?x4x3xf64> {
    %a = modular.linear %h, %w : tensor<?x3xf64>, tensor<3x3xf64> -> tensor<?x3xf64>
    %b = modular.linear %x, %u : tensor<?x2xf64>, tensor<2x3xf64> -> tensor<?x3xf64>
    %c = arith.addf %a, %b : tensor<?x3xf64>
    %n = math.tanh %c : tensor<?x3xf64>
    modular.yield %n, %n : tensor<?x3xf64>, tensor<?x3xf64>
  }
  %y = math.sin %all : tensor<?x4x3xf64>
  %dh0, %dxs, %dw, %du = modular.pullback (%y : tensor<?x4x3xf64>) along (%dy : tensor<?x4x3xf64>) to (%h0 : tensor<?x3xf64>, %xs : tensor<?x4x2xf64>, %w : tensor<3x3xf64>, %u : tensor<2x3xf64>)
  return %y, %dh0, %dxs, %dw, %du : tensor<?x4x3xf64>, tensor<?x3xf64>, tensor<?x4x2xf64>, tensor<3x3xf64>, tensor<2x3xf64>
}

func.func @recurrent_reverse(%h0: tensor<?x3xf64>, %xs: tensor<?x4x2xf64>, %w: tensor<3x3xf64>, %u: tensor<2x3xf64>, %dy: tensor<?x4x3xf64>) -> (tensor<?x4x3xf64>, tensor<?x3xf64>, tensor<?x4x2xf64>, tensor<3x3xf64>, tensor<2x3xf64>) {
  %last, %all = modular.scan step(%t) carry(%h = %h0 : tensor<?x3xf64>) over(%x = %xs : tensor<?x4x2xf64>) reverse
      -> tensor<?x3xf64>, tensor<?x4x3xf64> {
    %a = modular.linear %h, %w : tensor<?x3xf64>, tensor<3x3xf64> -> tensor<?x3xf64>
    %b = modular.linear %x, %u : tensor<?x2xf64>, tensor<2x3xf64> -> tensor<?x3xf64>
    %c = arith.addf %a, %b : tensor<?x3xf64>
    %n = math.tanh %c : tensor<?x3xf64>
    modular.yield %n, %n : tensor<?x3xf64>, tensor<?x3xf64>
  }
  %y = math.sin %all : tensor<?x4x3xf64>
  %dh0, %dxs, %dw, %du = modular.pullback (%y : tensor<?x4x3xf64>) along (%dy : tensor<?x4x3xf64>) to (%h0 : tensor<?x3xf64>, %xs : tensor<?x4x2xf64>, %w : tensor<3x3xf64>, %u : tensor<2x3xf64>)
  return %y, %dh0, %dxs, %dw, %du : tensor<?x4x3xf64>, tensor<?x3xf64>, tensor<?x4x2xf64>, tensor<3x3xf64>, tensor<2x3xf64>
}

// The last value only; the initial value is a constant, the carry is active by
// what the body captures.
func.func @captured(%w: tensor<3x3xf64>, %b: tensor<3xf64>, %dy: tensor<2x3xf64>) -> (tensor<2x3xf64>, tensor<3x3xf64>, tensor<3xf64>) {
  %h0 = arith.constant dense<0.5> : tensor<2x3xf64>
  %xs = arith.constant dense<0.25> : tensor<2x4x3xf64>
  %y = modular.scan step(%t) carry(%h = %h0 : tensor<2x3xf64>) over(%x = %xs : tensor<2x4x3xf64>) -> tensor<2x3xf64> {
    %a = modular.linear %h, %w, %b : tensor<2x3xf64>, tensor<3x3xf64>, tensor<3xf64> -> tensor<2x3xf64>
    %c = arith.addf %a, %x : tensor<2x3xf64>
    %n = modular.sigmoid %c : tensor<2x3xf64>
    modular.yield %n : tensor<2x3xf64>
  }
  %dw, %db = modular.pullback (%y : tensor<2x3xf64>) along (%dy : tensor<2x3xf64>) to (%w : tensor<3x3xf64>, %b : tensor<3xf64>)
  return %y, %dw, %db : tensor<2x3xf64>, tensor<3x3xf64>, tensor<3xf64>
}

// A layer inside: a choice for each step.
func.func @layer_inside(%h0: tensor<?x3xf64>, %w: tensor<2x3x3xf64>, %b: tensor<2x3xf64>, %i: tensor<?x4x1xi32>, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>, tensor<2x3x3xf64>, tensor<2x3xf64>) {
  %y = modular.scan step(%t) carry(%h = %h0 : tensor<?x3xf64>) over(%k = %i : tensor<?x4x1xi32>) -> tensor<?x3xf64> {
    %a = modular.to_selection %k : tensor<?x1xi32> -> !modular.selection<1 of 2>
    %p = modular.plan %a : !modular.selection<1 of 2> -> !modular.plan<1 of 2>
    %g = modular.grouped %p gather(%h : tensor<?x3xf64>)
      class [0, 1] parameters(%w : tensor<2x3x3xf64>, %b : tensor<2x3xf64>) {
      ^bb0(%hm: tensor<?x3xf64>, %wm: tensor<3x3xf64>, %bm: tensor<3xf64>):
        %l = modular.linear %hm, %wm, %bm : tensor<?x3xf64>, tensor<3x3xf64>, tensor<3xf64> -> tensor<?x3xf64>
        %s = modular.gelu %l : tensor<?x3xf64>
        modular.yield %s : tensor<?x3xf64>
      } : !modular.plan<1 of 2> -> rows(tensor<?x3xf64>) gradients()
    %c = modular.combine sum %p, %g : !modular.plan<1 of 2>, tensor<?x3xf64> -> tensor<?x3xf64>
    %n = math.tanh %c : tensor<?x3xf64>
    modular.yield %n : tensor<?x3xf64>
  }
  %dh0, %dw, %db = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%h0 : tensor<?x3xf64>, %w : tensor<2x3x3xf64>, %b : tensor<2x3xf64>)
  return %y, %dh0, %dw, %db : tensor<?x3xf64>, tensor<?x3xf64>, tensor<2x3x3xf64>, tensor<2x3xf64>
}

// A scan in a scan.
func.func @nested(%h0: tensor<?x3xf64>, %w: tensor<3x3xf64>, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>, tensor<3x3xf64>) {
  %xs = arith.constant dense<0.5> : tensor<5x2x1xf64>
  %y = modular.scan step(%t) carry(%h = %h0 : tensor<?x3xf64>) over(%x = %xs : tensor<5x2x1xf64>) -> tensor<?x3xf64> {
    %n = modular.scan step(%r) carry(%k = %h : tensor<?x3xf64>) over(%z = %xs : tensor<5x2x1xf64>) -> tensor<?x3xf64> {
      %l = modular.linear %k, %w : tensor<?x3xf64>, tensor<3x3xf64> -> tensor<?x3xf64>
      %m = math.tanh %l : tensor<?x3xf64>
      modular.yield %m : tensor<?x3xf64>
    }
    modular.yield %n : tensor<?x3xf64>
  }
  %dh0, %dw = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%h0 : tensor<?x3xf64>, %w : tensor<3x3xf64>)
  return %y, %dh0, %dw : tensor<?x3xf64>, tensor<?x3xf64>, tensor<3x3xf64>
}
