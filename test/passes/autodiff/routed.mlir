// RUN: modc-opt %s --modular-differentiate --mlir-print-op-generic \
// RUN:   | env PYTHONPATH=%source/test/numpy %python %S/Inputs/check_gradients.py

// Choices, dispatch and grouped execution against finite differences.

func.func @log_probability(%s: tensor<?x2x3xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?xf64>) -> (tensor<?xf64>, tensor<?x2x3xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %y = modular.log_probability %s, %a : tensor<?x2x3xf64>, !modular.selection<2 of 3> -> tensor<?xf64>
  %ds = modular.pullback (%y : tensor<?xf64>) along (%dy : tensor<?xf64>) to (%s : tensor<?x2x3xf64>)
  return %y, %ds : tensor<?xf64>, tensor<?x2x3xf64>
}

func.func @gates(%s: tensor<?x2x3xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x2xf64>) -> (tensor<?x2xf64>, tensor<?x2x3xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %y = modular.gates %s, %a : tensor<?x2x3xf64>, !modular.selection<2 of 3> -> tensor<?x2xf64>
  %ds = modular.pullback (%y : tensor<?x2xf64>) along (%dy : tensor<?x2xf64>) to (%s : tensor<?x2x3xf64>)
  return %y, %ds : tensor<?x2xf64>, tensor<?x2x3xf64>
}

func.func @tile_rows(%x: tensor<?x3xf64>, %dy: tensor<10x3xf64>) -> (tensor<10x3xf64>, tensor<?x3xf64>) {
  %two = arith.constant 2 : index
  %s = math.sin %x : tensor<?x3xf64>
  %t = modular.tile_rows %s times %two : tensor<?x3xf64> -> tensor<?x3xf64>
  %u = math.sin %t : tensor<?x3xf64>
  %y = tensor.cast %u : tensor<?x3xf64> to tensor<10x3xf64>
  %dx = modular.pullback (%y : tensor<10x3xf64>) along (%dy : tensor<10x3xf64>) to (%x : tensor<?x3xf64>)
  return %y, %dx : tensor<10x3xf64>, tensor<?x3xf64>
}

func.func @combine_sum(%x: tensor<?x3xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %d = modular.dispatch sum %p, %x : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %s = math.sin %d : tensor<?x3xf64>
  %y = modular.combine sum %p, %s : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %dx = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x3xf64>)
  return %y, %dx : tensor<?x3xf64>, tensor<?x3xf64>
}

func.func @combine_mean(%x: tensor<?x3xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %d = modular.dispatch sum %p, %x : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %s = math.sin %d : tensor<?x3xf64>
  %y = modular.combine mean %p, %s : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %dx = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x3xf64>)
  return %y, %dx : tensor<?x3xf64>, tensor<?x3xf64>
}

func.func @combine_concat(%x: tensor<?x3xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x6xf64>) -> (tensor<?x6xf64>, tensor<?x3xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %d = modular.dispatch sum %p, %x : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %s = math.sin %d : tensor<?x3xf64>
  %y = modular.combine concat %p, %s : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x6xf64>
  %dx = modular.pullback (%y : tensor<?x6xf64>) along (%dy : tensor<?x6xf64>) to (%x : tensor<?x3xf64>)
  return %y, %dx : tensor<?x6xf64>, tensor<?x3xf64>
}

func.func @combine_gated(%x: tensor<?x3xf64>, %g: tensor<?x2xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>, tensor<?x2xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %d = modular.dispatch sum %p, %x : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %s = math.sin %d : tensor<?x3xf64>
  %y = modular.combine gated %p, %s gates(%g : tensor<?x2xf64>) : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %dx, %dg = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x3xf64>, %g : tensor<?x2xf64>)
  return %y, %dx, %dg : tensor<?x3xf64>, tensor<?x3xf64>, tensor<?x2xf64>
}

func.func @combine_once(%x: tensor<?x3xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a duplicates once : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %d = modular.dispatch sum %p, %x : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %s = math.sin %d : tensor<?x3xf64>
  %y = modular.combine sum %p, %s : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %dx = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x3xf64>)
  return %y, %dx : tensor<?x3xf64>, tensor<?x3xf64>
}

func.func @combine_gated_once(%x: tensor<?x3xf64>, %g: tensor<?x2xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>, tensor<?x2xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a duplicates once : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %d = modular.dispatch sum %p, %x : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %s = math.sin %d : tensor<?x3xf64>
  %y = modular.combine gated %p, %s gates(%g : tensor<?x2xf64>) : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %dx, %dg = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x3xf64>, %g : tensor<?x2xf64>)
  return %y, %dx, %dg : tensor<?x3xf64>, tensor<?x3xf64>, tensor<?x2xf64>
}

func.func @dispatch_mean(%x: tensor<?x3xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %d = modular.dispatch mean %p, %x : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %s = math.sin %d : tensor<?x3xf64>
  %y = modular.combine sum %p, %s : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %dx = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x3xf64>)
  return %y, %dx : tensor<?x3xf64>, tensor<?x3xf64>
}

func.func @dispatch_concat(%x: tensor<?x6xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x6xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %d = modular.dispatch concat %p, %x : !modular.plan<2 of 3>, tensor<?x6xf64> -> tensor<?x3xf64>
  %s = math.sin %d : tensor<?x3xf64>
  %y = modular.combine sum %p, %s : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %dx = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x6xf64>)
  return %y, %dx : tensor<?x3xf64>, tensor<?x6xf64>
}

func.func @dispatch_gated(%x: tensor<?x3xf64>, %g: tensor<?x2xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>, tensor<?x2xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %d = modular.dispatch gated %p, %x gates(%g : tensor<?x2xf64>) : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %s = math.sin %d : tensor<?x3xf64>
  %y = modular.combine sum %p, %s : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %dx, %dg = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x3xf64>, %g : tensor<?x2xf64>)
  return %y, %dx, %dg : tensor<?x3xf64>, tensor<?x3xf64>, tensor<?x2xf64>
}

// Members of one body: a hidden layer, whose first product comes along as an
// additional result.
func.func @grouped_mlp(%x: tensor<?x3xf64>, %w: tensor<3x3x4xf64>, %b: tensor<3x4xf64>, %v: tensor<3x4x2xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x2xf64>) -> (tensor<?x2xf64>, tensor<?x3xf64>, tensor<3x3x4xf64>, tensor<3x4xf64>, tensor<3x4x2xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %h = modular.grouped %p gather(%x : tensor<?x3xf64>)
    class [0, 1, 2] parameters(%w : tensor<3x3x4xf64>, %b : tensor<3x4xf64>, %v : tensor<3x4x2xf64>) {
    ^bb0(%xm: tensor<?x3xf64>, %wm: tensor<3x4xf64>, %bm: tensor<4xf64>, %vm: tensor<4x2xf64>):
      %l = modular.linear %xm, %wm, %bm : tensor<?x3xf64>, tensor<3x4xf64>, tensor<4xf64> -> tensor<?x4xf64>
      %t = modular.gelu %l : tensor<?x4xf64>
      %o = modular.linear %t, %vm : tensor<?x4xf64>, tensor<4x2xf64> -> tensor<?x2xf64>
      modular.yield %o : tensor<?x2xf64>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf64>) gradients()
  %y = modular.combine sum %p, %h : !modular.plan<2 of 3>, tensor<?x2xf64> -> tensor<?x2xf64>
  %dx, %dw, %db, %dv = modular.pullback (%y : tensor<?x2xf64>) along (%dy : tensor<?x2xf64>) to (%x : tensor<?x3xf64>, %w : tensor<3x3x4xf64>, %b : tensor<3x4xf64>, %v : tensor<3x4x2xf64>)
  return %y, %dx, %dw, %db, %dv : tensor<?x2xf64>, tensor<?x3xf64>, tensor<3x3x4xf64>, tensor<3x4xf64>, tensor<3x4x2xf64>
}

// Members of different bodies, two row results, an operand along grouped order; a
// member without parameters, one that ignores an operand.
func.func @grouped_mixed(%x: tensor<?x3xf64>, %z: tensor<?x3xf64>, %w: tensor<2x3x3xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x3xf64>) -> (tensor<?x3xf64>, tensor<?x3xf64>, tensor<?x3xf64>, tensor<2x3x3xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a duplicates once : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %q = modular.dispatch sum %p, %z : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %h:2 = modular.grouped %p gather(%x : tensor<?x3xf64>) along(%q : tensor<?x3xf64>)
    class [0, 2] parameters(%w : tensor<2x3x3xf64>) {
    ^bb0(%xm: tensor<?x3xf64>, %zm: tensor<?x3xf64>, %wm: tensor<3x3xf64>):
      %l = modular.linear %xm, %wm : tensor<?x3xf64>, tensor<3x3xf64> -> tensor<?x3xf64>
      %t = modular.sigmoid %l : tensor<?x3xf64>
      %o = arith.mulf %t, %zm : tensor<?x3xf64>
      modular.yield %o, %t : tensor<?x3xf64>, tensor<?x3xf64>
    }
    class [1] {
    ^bb0(%xm: tensor<?x3xf64>, %zm: tensor<?x3xf64>):
      %t = math.sin %xm : tensor<?x3xf64>
      modular.yield %t, %xm : tensor<?x3xf64>, tensor<?x3xf64>
    } : !modular.plan<2 of 3> -> rows(tensor<?x3xf64>, tensor<?x3xf64>) gradients() gradients()
  %c = modular.combine mean %p, %h#0 : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %d = modular.combine sum %p, %h#1 : !modular.plan<2 of 3>, tensor<?x3xf64> -> tensor<?x3xf64>
  %y = arith.mulf %c, %d : tensor<?x3xf64>
  %dx, %dz, %dw = modular.pullback (%y : tensor<?x3xf64>) along (%dy : tensor<?x3xf64>) to (%x : tensor<?x3xf64>, %z : tensor<?x3xf64>, %w : tensor<2x3x3xf64>)
  return %y, %dx, %dz, %dw : tensor<?x3xf64>, tensor<?x3xf64>, tensor<?x3xf64>, tensor<2x3x3xf64>
}

// A shared operand gets a gradient summed over members of all classes.
func.func @grouped_shared(%x: tensor<?x3xf64>, %s: tensor<3x2xf64>, %w: tensor<2x2x2xf64>, %i: tensor<?x2xi32> {test.range = [0, 3]}, %dy: tensor<?x2xf64>) -> (tensor<?x2xf64>, tensor<?x3xf64>, tensor<3x2xf64>, tensor<2x2x2xf64>) {
  %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %h = modular.grouped %p gather(%x : tensor<?x3xf64>) shared(%s : tensor<3x2xf64>)
    class [0, 2] parameters(%w : tensor<2x2x2xf64>) {
    ^bb0(%xm: tensor<?x3xf64>, %sm: tensor<3x2xf64>, %wm: tensor<2x2xf64>):
      %e = math.sin %sm : tensor<3x2xf64>
      %l = modular.linear %xm, %e : tensor<?x3xf64>, tensor<3x2xf64> -> tensor<?x2xf64>
      %t = math.tanh %l : tensor<?x2xf64>
      %o = modular.linear %t, %wm : tensor<?x2xf64>, tensor<2x2xf64> -> tensor<?x2xf64>
      modular.yield %o : tensor<?x2xf64>
    }
    class [1] {
    ^bb0(%xm: tensor<?x3xf64>, %sm: tensor<3x2xf64>):
      %l = modular.linear %xm, %sm : tensor<?x3xf64>, tensor<3x2xf64> -> tensor<?x2xf64>
      %t = modular.softplus %l : tensor<?x2xf64>
      modular.yield %t : tensor<?x2xf64>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf64>) gradients() gradients()
  %y = modular.combine sum %p, %h : !modular.plan<2 of 3>, tensor<?x2xf64> -> tensor<?x2xf64>
  %dx, %ds, %dw = modular.pullback (%y : tensor<?x2xf64>) along (%dy : tensor<?x2xf64>) to (%x : tensor<?x3xf64>, %s : tensor<3x2xf64>, %w : tensor<2x2x2xf64>)
  return %y, %dx, %ds, %dw : tensor<?x2xf64>, tensor<?x3xf64>, tensor<3x2xf64>, tensor<2x2x2xf64>
}

// Attention: two rows a point, which pick heads that read the point's keys.
func.func @grouped_points(%x: tensor<6x3xf64>, %k: tensor<3x4x2xf64>, %wq: tensor<3x3x2xf64>, %i: tensor<6x2xi32> {test.range = [0, 3]}, %dy: tensor<6x2xf64>) -> (tensor<6x2xf64>, tensor<6x3xf64>, tensor<3x4x2xf64>, tensor<3x3x2xf64>) {
  %xr = tensor.cast %x : tensor<6x3xf64> to tensor<?x3xf64>
  %kr = tensor.cast %k : tensor<3x4x2xf64> to tensor<?x4x2xf64>
  %ir = tensor.cast %i : tensor<6x2xi32> to tensor<?x2xi32>
  %a = modular.to_selection %ir : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a duplicates once : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %h = modular.grouped %p gather(%xr : tensor<?x3xf64>) points(%kr : tensor<?x4x2xf64> rows 2)
    class [0, 1, 2] parameters(%wq : tensor<3x3x2xf64>) {
    ^bb0(%xm: tensor<?x3xf64>, %km: tensor<4x2xf64>, %wm: tensor<3x2xf64>):
      %empty = tensor.empty() : tensor<2x4xf64>
      %kt = linalg.transpose ins(%km : tensor<4x2xf64>) outs(%empty : tensor<2x4xf64>) permutation = [1, 0]
      %q = modular.linear %xm, %wm : tensor<?x3xf64>, tensor<3x2xf64> -> tensor<?x2xf64>
      %s = modular.linear %q, %kt : tensor<?x2xf64>, tensor<2x4xf64> -> tensor<?x4xf64>
      %t = modular.softmax %s : tensor<?x4xf64>
      %o = modular.linear %t, %km : tensor<?x4xf64>, tensor<4x2xf64> -> tensor<?x2xf64>
      modular.yield %o : tensor<?x2xf64>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf64>) gradients()
  %yr = modular.combine sum %p, %h : !modular.plan<2 of 3>, tensor<?x2xf64> -> tensor<?x2xf64>
  %y = tensor.cast %yr : tensor<?x2xf64> to tensor<6x2xf64>
  %dx, %dk, %dw = modular.pullback (%y : tensor<6x2xf64>) along (%dy : tensor<6x2xf64>) to (%x : tensor<6x3xf64>, %k : tensor<3x4x2xf64>, %wq : tensor<3x3x2xf64>)
  return %y, %dx, %dk, %dw : tensor<6x2xf64>, tensor<6x3xf64>, tensor<3x4x2xf64>, tensor<3x3x2xf64>
}

// Member 1 has no row: its gradient is 0, and nothing of it runs.
func.func @grouped_empty_member(%x: tensor<?x3xf64>, %w: tensor<3x3x2xf64>, %i: tensor<?x1xi32> {test.range = [0, 2]}, %dy: tensor<?x2xf64>) -> (tensor<?x2xf64>, tensor<?x3xf64>, tensor<3x3x2xf64>) {
  %two = arith.constant dense<2> : tensor<5x1xi32>
  %twos = tensor.cast %two : tensor<5x1xi32> to tensor<?x1xi32>
  %j = arith.muli %i, %twos : tensor<?x1xi32>
  %a = modular.to_selection %j : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %h = modular.grouped %p gather(%x : tensor<?x3xf64>)
    class [0, 1, 2] parameters(%w : tensor<3x3x2xf64>) {
    ^bb0(%xm: tensor<?x3xf64>, %wm: tensor<3x2xf64>):
      %l = modular.linear %xm, %wm : tensor<?x3xf64>, tensor<3x2xf64> -> tensor<?x2xf64>
      %t = math.tanh %l : tensor<?x2xf64>
      modular.yield %t : tensor<?x2xf64>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf64>) gradients()
  %y = modular.combine sum %p, %h : !modular.plan<1 of 3>, tensor<?x2xf64> -> tensor<?x2xf64>
  %dx, %dw = modular.pullback (%y : tensor<?x2xf64>) along (%dy : tensor<?x2xf64>) to (%x : tensor<?x3xf64>, %w : tensor<3x3x2xf64>)
  return %y, %dx, %dw : tensor<?x2xf64>, tensor<?x3xf64>, tensor<3x3x2xf64>
}

// The adjoint has an adjoint: a gradient of points and of a shared operand, pulled
// back once more.
func.func @grouped_twice(%x: tensor<6x3xf64>, %k: tensor<3x3x2xf64>, %s: tensor<2x2xf64>, %i: tensor<6x2xi32> {test.range = [0, 3]}, %dy: tensor<3x3x2xf64>) -> (tensor<3x3x2xf64>, tensor<6x3xf64>, tensor<3x3x2xf64>, tensor<2x2xf64>) {
  %xr = tensor.cast %x : tensor<6x3xf64> to tensor<?x3xf64>
  %kr = tensor.cast %k : tensor<3x3x2xf64> to tensor<?x3x2xf64>
  %ir = tensor.cast %i : tensor<6x2xi32> to tensor<?x2xi32>
  %a = modular.to_selection %ir : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %h = modular.grouped %p gather(%xr : tensor<?x3xf64>) points(%kr : tensor<?x3x2xf64> rows 2) shared(%s : tensor<2x2xf64>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x3xf64>, %km: tensor<3x2xf64>, %sm: tensor<2x2xf64>):
      %q = modular.linear %xm, %km : tensor<?x3xf64>, tensor<3x2xf64> -> tensor<?x2xf64>
      %t = math.tanh %q : tensor<?x2xf64>
      %o = modular.linear %t, %sm : tensor<?x2xf64>, tensor<2x2xf64> -> tensor<?x2xf64>
      modular.yield %o : tensor<?x2xf64>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf64>) gradients()
  %v = modular.combine sum %p, %h : !modular.plan<2 of 3>, tensor<?x2xf64> -> tensor<?x2xf64>
  %e = math.sin %v : tensor<?x2xf64>
  %dk = modular.pullback (%e : tensor<?x2xf64>) along (%v : tensor<?x2xf64>) to (%k : tensor<3x3x2xf64>)
  %dx2, %dk2, %ds2 = modular.pullback (%dk : tensor<3x3x2xf64>) along (%dy : tensor<3x3x2xf64>) to (%x : tensor<6x3xf64>, %k : tensor<3x3x2xf64>, %s : tensor<2x2xf64>)
  return %dk, %dx2, %dk2, %ds2 : tensor<3x3x2xf64>, tensor<6x3xf64>, tensor<3x3x2xf64>, tensor<2x2xf64>
}
