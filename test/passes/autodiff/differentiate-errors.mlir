// RUN: modc-opt %s --modular-differentiate --split-input-file --verify-diagnostics

// expected-note @below {{this value has a gradient}}
func.func @named(%w: tensor<2xf32> {modular.name = "experts.0.weight"}, %dy: tensor<2xf32>) -> tensor<2xf32> {
  %e = math.exp %w : tensor<2xf32>
  // expected-error @below {{'tensor.generate' op has no derivative, but is on the path from 'experts.0.weight'}}
  %y = tensor.generate {
  ^bb0(%i: index):
    %x = tensor.extract %e[%i] : tensor<2xf32>
    tensor.yield %x : f32
  } : tensor<2xf32>
  %dw = modular.pullback (%y : tensor<2xf32>) along (%dy : tensor<2xf32>) to (%w : tensor<2xf32>)
  return %dw : tensor<2xf32>
}

// -----

func.func @unnamed(%x: f32, %dy: f32) -> f32 {
  // expected-note @below {{this value has a gradient}}
  %w = math.exp %x : f32
  // expected-error @below {{'arith.remf' op has no derivative, but is on the path from a value to differentiate by}}
  %y = arith.remf %w, %x : f32
  %dw = modular.pullback (%y : f32) along (%dy : f32) to (%w : f32)
  return %dw : f32
}

// -----

// An op that no output depends on needs no derivative, nor one that depends on
// no input.

func.func @off_the_path(%x: f32, %dy: f32) -> f32 {
  %before = arith.remf %dy, %dy : f32
  %y = arith.mulf %x, %before : f32
  %beside = arith.remf %y, %x : f32
  %dx = modular.pullback (%y : f32) along (%dy : f32) to (%x : f32)
  return %dx : f32
}

// -----

func.func @product(%x: tensor<4xf32>, %init: tensor<f32>, %dy: tensor<f32>) -> tensor<4xf32> {
  // expected-error @below {{'linalg.reduce' op has no derivative: its reduction is not a sum, maximum or minimum}}
  %y = linalg.reduce { arith.mulf } ins(%x : tensor<4xf32>) outs(%init : tensor<f32>) dimensions = [0]
  %dx = modular.pullback (%y : tensor<f32>) along (%dy : tensor<f32>) to (%x : tensor<4xf32>)
  return %dx : tensor<4xf32>
}

// -----

#id = affine_map<(i) -> (i)>
func.func @gather(%table: tensor<9xf32>, %at: tensor<4xindex>, %dy: tensor<4xf32>) -> tensor<9xf32> {
  %empty = tensor.empty() : tensor<4xf32>
  // expected-error @below {{'linalg.generic' op has no derivative: its body reads a tensor by index}}
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%at : tensor<4xindex>) outs(%empty : tensor<4xf32>) {
  ^bb0(%i: index, %out: f32):
    %x = tensor.extract %table[%i] : tensor<9xf32>
    linalg.yield %x : f32
  } -> tensor<4xf32>
  %d = modular.pullback (%y : tensor<4xf32>) along (%dy : tensor<4xf32>) to (%table : tensor<9xf32>)
  return %d : tensor<9xf32>
}

// -----

func.func @pad_value(%x: tensor<2xf32>, %v: f32, %dy: tensor<3xf32>) -> f32 {
  // expected-error @below {{'tensor.pad' op has no derivative with respect to the padding value}}
  %y = tensor.pad %x low[1] high[0] {
  ^bb0(%i: index):
    tensor.yield %v : f32
  } : tensor<2xf32> to tensor<3xf32>
  %dv = modular.pullback (%y : tensor<3xf32>) along (%dy : tensor<3xf32>) to (%v : f32)
  return %dv : f32
}

// -----

func.func @shared_scores(%s: tensor<?x1x2xf32>, %a: !modular.selection<1 of 2>, %i: tensor<?xi32>, %dl: tensor<?xf32>) -> tensor<?x1x2xf32> {
  // expected-error @below {{'modular.log_probability' op has no derivative with scores that rows share}}
  %l = modular.log_probability %s at(%i : tensor<?xi32>), %a : tensor<?x1x2xf32>, !modular.selection<1 of 2> -> tensor<?xf32>
  %ds = modular.pullback (%l : tensor<?xf32>) along (%dl : tensor<?xf32>) to (%s : tensor<?x1x2xf32>)
  return %ds : tensor<?x1x2xf32>
}

// -----

func.func @shared_gates(%s: tensor<?x1x2xf32>, %a: !modular.selection<1 of 2>, %i: tensor<?xi32>, %dg: tensor<?x1xf32>) -> tensor<?x1x2xf32> {
  // expected-error @below {{'modular.gates' op has no derivative with scores that rows share}}
  %g = modular.gates %s at(%i : tensor<?xi32>), %a : tensor<?x1x2xf32>, !modular.selection<1 of 2> -> tensor<?x1xf32>
  %ds = modular.pullback (%g : tensor<?x1xf32>) along (%dg : tensor<?x1xf32>) to (%s : tensor<?x1x2xf32>)
  return %ds : tensor<?x1x2xf32>
}

// -----

func.func @shared_rows(%v: tensor<?x4xf32>, %a: !modular.selection<1 of 2>, %i: tensor<?xi32>, %n: index, %dy: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-note @below {{the plan is made here}}
  %p = modular.plan %a distinct(%i of %n : tensor<?xi32>) : !modular.selection<1 of 2> -> !modular.plan<1 of 2>
  // expected-error @below {{'modular.combine' op has no derivative with a plan of shared rows}}
  %y = modular.combine sum %p, %v : !modular.plan<1 of 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  %dv = modular.pullback (%y : tensor<?x4xf32>) along (%dy : tensor<?x4xf32>) to (%v : tensor<?x4xf32>)
  return %dv : tensor<?x4xf32>
}

// -----

func.func @distinct_grouped(%x: tensor<?x4xf32>, %w: tensor<2x4x4xf32>, %a: !modular.selection<1 of 2>, %i: tensor<?xi32>, %n: index, %dv: tensor<?x4xf32>) -> tensor<2x4x4xf32> {
  // expected-note @below {{the plan is made here}}
  %p = modular.plan %a distinct(%i of %n : tensor<?xi32>) : !modular.selection<1 of 2> -> !modular.plan<1 of 2>
  // expected-error @below {{'modular.grouped' op has no derivative with a plan of shared rows}}
  %v = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 1] parameters(%w : tensor<2x4x4xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x4xf32>):
      %y = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      modular.yield %y : tensor<?x4xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) gradients()
  %dw = modular.pullback (%v : tensor<?x4xf32>) along (%dv : tensor<?x4xf32>) to (%w : tensor<2x4x4xf32>)
  return %dw : tensor<2x4x4xf32>
}

// -----

func.func @shared_operand(%x: tensor<?x4xf32>, %k: tensor<?x4xf32>, %p: !modular.plan<1 of 2>, %dy: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{'modular.grouped' op has no gradient of a shared operand of type 'tensor<?x4xf32>': a sum over members needs a static shape}}
  %y = modular.grouped %p gather(%x : tensor<?x4xf32>) shared(%k : tensor<?x4xf32>)
    class [0, 1] {
    ^bb0(%xm: tensor<?x4xf32>, %km: tensor<?x4xf32>):
      modular.yield %xm : tensor<?x4xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) gradients()
  %dk = modular.pullback (%y : tensor<?x4xf32>) along (%dy : tensor<?x4xf32>) to (%k : tensor<?x4xf32>)
  return %dk : tensor<?x4xf32>
}

// -----

// A diagnostic inside a member's body names the value outside.

// expected-note @below {{this value has a gradient}}
func.func @in_body(%x: tensor<?x4xf32>, %w: tensor<2x4xf32> {modular.name = "experts.0.scale"}, %p: !modular.plan<1 of 2>, %dy: tensor<?x4xf32>) -> tensor<2x4xf32> {
  %y = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 1] parameters(%w : tensor<2x4xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4xf32>):
      %c0 = arith.constant 0 : index
      %n = tensor.dim %xm, %c0 : tensor<?x4xf32>
      // expected-error @below {{'tensor.generate' op has no derivative, but is on the path from 'experts.0.scale'}}
      %r = tensor.generate %n {
      ^bb0(%i: index, %j: index):
        %e = tensor.extract %wm[%j] : tensor<4xf32>
        tensor.yield %e : f32
      } : tensor<?x4xf32>
      modular.yield %r : tensor<?x4xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) gradients()
  %dw = modular.pullback (%y : tensor<?x4xf32>) along (%dy : tensor<?x4xf32>) to (%w : tensor<2x4xf32>)
  return %dw : tensor<2x4xf32>
}

// -----

func.func @rank(%x: tensor<4xf32>, %shape: tensor<?xindex>, %dy: tensor<2x2xf32>) -> tensor<4xf32> {
  %u = tensor.reshape %x(%shape) : (tensor<4xf32>, tensor<?xindex>) -> tensor<*xf32>
  // expected-error @below {{'tensor.cast' op has no derivative for tensors without a rank}}
  %y = tensor.cast %u : tensor<*xf32> to tensor<2x2xf32>
  %dx = modular.pullback (%y : tensor<2x2xf32>) along (%dy : tensor<2x2xf32>) to (%x : tensor<4xf32>)
  return %dx : tensor<4xf32>
}

// -----

#half = affine_map<(i) -> (i floordiv 2)>
#id = affine_map<(i) -> (i)>
func.func @repeat(%x: tensor<2xf32>, %dy: tensor<4xf32>) -> tensor<2xf32> {
  %empty = tensor.empty() : tensor<4xf32>
  // expected-error @below {{'linalg.generic' op has no derivative: indexing map affine_map<(d0) -> (d0 floordiv 2)> is not linear}}
  %y = linalg.generic {indexing_maps = [#half, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%empty : tensor<4xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  %dx = modular.pullback (%y : tensor<4xf32>) along (%dy : tensor<4xf32>) to (%x : tensor<2xf32>)
  return %dx : tensor<2xf32>
}

// -----

func.func @scan_scalar(%h0: tensor<?x3xf32>, %xs: tensor<?x4x3xf32>, %s: f32, %dy: tensor<?x3xf32>) -> f32 {
  // expected-error @below {{'modular.scan' op has no derivative with respect to a scalar from outside; make it a tensor}}
  %y = modular.scan step(%t) carry(%h = %h0 : tensor<?x3xf32>) over(%x = %xs : tensor<?x4x3xf32>) -> tensor<?x3xf32> {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %h, %c0 : tensor<?x3xf32>
    %scale = tensor.splat %s[%n] : tensor<?x3xf32>
    %b = arith.mulf %h, %scale : tensor<?x3xf32>
    modular.yield %b : tensor<?x3xf32>
  }
  %ds = modular.pullback (%y : tensor<?x3xf32>) along (%dy : tensor<?x3xf32>) to (%s : f32)
  return %ds : f32
}
