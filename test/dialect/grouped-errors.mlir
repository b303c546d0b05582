// RUN: modc-opt %s -verify-diagnostics -split-input-file

// One negative test for each constraint of modular.grouped; the function is named
// after it.


func.func @grouped_c1(%p: !modular.plan<2 of 3>, %x: tensor<?x4xf32>, %w: tensor<2x4x2xf32>, %v: tensor<1x4x2xf32>) {
  // expected-error @+1 {{'modular.grouped' op has member 1 in class 0 and in class 1}}
  %h, %dw = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 1] parameters(%w : tensor<2x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x2xf32>):
      %y = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y, %wm : tensor<?x2xf32>, tensor<4x2xf32>
    }
    class [1] parameters(%v : tensor<1x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %vm: tensor<4x2xf32>):
      %y = modular.linear %xm, %vm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf32>) gradients(tensor<2x4x2xf32>) gradients()
  return
}

// -----

func.func @grouped_c1_missing(%p: !modular.plan<2 of 3>, %x: tensor<?x4xf32>, %w: tensor<2x4x2xf32>, %v: tensor<1x4x2xf32>) {
  // expected-error @+1 {{'modular.grouped' op has member 3 in class 0, but the plan has 3 members}}
  %h, %dw = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 3] parameters(%w : tensor<2x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x2xf32>):
      %y = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y, %wm : tensor<?x2xf32>, tensor<4x2xf32>
    }
    class [1] parameters(%v : tensor<1x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %vm: tensor<4x2xf32>):
      %y = modular.linear %xm, %vm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf32>) gradients(tensor<2x4x2xf32>) gradients()
  return
}

// -----

func.func @grouped_c1_order(%p: !modular.plan<2 of 3>, %x: tensor<?x4xf32>, %w: tensor<2x4x2xf32>, %v: tensor<1x4x2xf32>) {
  // expected-error @+1 {{'modular.grouped' op has class 0 whose members do not ascend}}
  %h, %dw = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [2, 0] parameters(%w : tensor<2x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x2xf32>):
      %y = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y, %wm : tensor<?x2xf32>, tensor<4x2xf32>
    }
    class [1] parameters(%v : tensor<1x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %vm: tensor<4x2xf32>):
      %y = modular.linear %xm, %vm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf32>) gradients(tensor<2x4x2xf32>) gradients()
  return
}

// -----

func.func @grouped_c1_empty(%p: !modular.plan<2 of 3>, %x: tensor<?x4xf32>, %w: tensor<2x4x2xf32>, %v: tensor<1x4x2xf32>) {
  // expected-error @+1 {{'modular.grouped' op has class 1 without members}}
  %h, %dw = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 2] parameters(%w : tensor<2x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x2xf32>):
      %y = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y, %wm : tensor<?x2xf32>, tensor<4x2xf32>
    }
    class [] parameters(%v : tensor<1x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %vm: tensor<4x2xf32>):
      %y = modular.linear %xm, %vm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf32>) gradients(tensor<2x4x2xf32>) gradients()
  return
}

// -----

func.func @grouped_c1_none(%p: !modular.plan<2 of 3>, %x: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.grouped' op has member 2 in no class}}
  %h = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 1] {
    ^bb0(%xm: tensor<?x4xf32>):
      modular.yield %xm : tensor<?x4xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x4xf32>) gradients()
  return
}

// -----

func.func @grouped_c1_lists(%p: !modular.plan<2 of 3>, %x: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.grouped' op has 1 classes, 1 regions, 0 parameter counts and 1 gradient counts}}
  %h = "modular.grouped"(%p, %x) <{classes = [array<i64: 0, 1, 2>], parameter_counts = array<i64>, gradient_counts = array<i64: 0>, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0>}> ({
    ^bb0(%xm: tensor<?x4xf32>):
      modular.yield %xm : tensor<?x4xf32>
    }) : (!modular.plan<2 of 3>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @grouped_c2(%p: !modular.plan<2 of 3>, %x: tensor<?x4xf32>, %w: tensor<3x4x2xf32>, %v: tensor<1x4x2xf32>) {
  // expected-error @+1 {{'modular.grouped' op has class 0 of 2 members, but its parameter 0 is 'tensor<3x4x2xf32>'}}
  %h, %dw = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 2] parameters(%w : tensor<3x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x2xf32>):
      %y = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y, %wm : tensor<?x2xf32>, tensor<4x2xf32>
    }
    class [1] parameters(%v : tensor<1x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %vm: tensor<4x2xf32>):
      %y = modular.linear %xm, %vm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf32>) gradients(tensor<2x4x2xf32>) gradients()
  return
}

// -----

func.func @grouped_c2_gradient(%p: !modular.plan<2 of 3>, %x: tensor<?x4xf32>, %w: tensor<2x4x2xf32>, %v: tensor<1x4x2xf32>) {
  // expected-error @+1 {{'modular.grouped' op has class 0 of 2 members, but its gradient 0 is 'tensor<1x4x2xf32>'}}
  %h, %dw = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 2] parameters(%w : tensor<2x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x2xf32>):
      %y = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y, %wm : tensor<?x2xf32>, tensor<4x2xf32>
    }
    class [1] parameters(%v : tensor<1x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %vm: tensor<4x2xf32>):
      %y = modular.linear %xm, %vm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf32>) gradients(tensor<1x4x2xf32>) gradients()
  return
}

// -----

func.func @grouped_c3(%p: !modular.plan<2 of 3>, %x: tensor<?x4xf32>, %w: tensor<2x4x2xf32>, %v: tensor<1x4x2xf32>) {
  // expected-error @+1 {{'modular.grouped' op has 1 region argument but class 0 has 2}}
  %h, %dw = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 2] parameters(%w : tensor<2x4x2xf32>) {
    ^bb0(%y: tensor<?x2xf32>):
      %wm = tensor.empty() : tensor<4x2xf32>
      modular.yield %y, %wm : tensor<?x2xf32>, tensor<4x2xf32>
    }
    class [1] parameters(%v : tensor<1x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %vm: tensor<4x2xf32>):
      %y = modular.linear %xm, %vm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf32>) gradients(tensor<2x4x2xf32>) gradients()
  return
}

// -----

func.func @grouped_c4(%p: !modular.plan<2 of 3>, %x: tensor<?x4xf32>, %w: tensor<2x4x2xf32>, %v: tensor<1x4x2xf32>) {
  // expected-note @+1 {{class 0 is here}}
  %h, %dw = modular.grouped %p gather(%x : tensor<?x4xf32>)
    class [0, 2] parameters(%w : tensor<2x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %wm: tensor<4x2xf32>):
      %y = modular.linear %xm, %wm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      // expected-error @+1 {{'modular.yield' op has 1 value but class 0 has 2}}
      modular.yield %y : tensor<?x2xf32>
    }
    class [1] parameters(%v : tensor<1x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %vm: tensor<4x2xf32>):
      %y = modular.linear %xm, %vm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf32>) gradients(tensor<2x4x2xf32>) gradients()
  return
}

// -----

func.func @grouped_c5(%p: !modular.plan<1 of 2>, %x: tensor<?x4xf32>, %k: tensor<3x4xf32>) {
  // expected-error @+1 {{'modular.grouped' op has points operand 0 of type 'tensor<3x4xf32>', which has no dynamic first dimension}}
  %h = modular.grouped %p gather(%x : tensor<?x4xf32>) points(%k : tensor<3x4xf32> rows 2)
    class [0, 1] {
    ^bb0(%xm: tensor<?x4xf32>, %km: tensor<4xf32>):
      modular.yield %xm : tensor<?x4xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) gradients()
  return
}

// -----

func.func @grouped_c5_result(%p: !modular.plan<1 of 2>, %x: tensor<?x4xf32>, %k: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.grouped' op has points result 0 of type 'tensor<3x4xf32>', which has no dynamic first dimension}}
  %h, %dk = modular.grouped %p gather(%x : tensor<?x4xf32>) points(%k : tensor<?x4xf32> rows 2)
    class [0, 1] {
    ^bb0(%xm: tensor<?x4xf32>, %km: tensor<4xf32>):
      modular.yield %xm, %km : tensor<?x4xf32>, tensor<4xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) points(tensor<3x4xf32>) gradients()
  return
}

// -----

func.func @grouped_c5_rows(%p: !modular.plan<1 of 2>, %x: tensor<?x4xf32>, %k: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.grouped' op has 0 rows per point, not at least 1}}
  %h = modular.grouped %p gather(%x : tensor<?x4xf32>) points(%k : tensor<?x4xf32> rows 0)
    class [0, 1] {
    ^bb0(%xm: tensor<?x4xf32>, %km: tensor<4xf32>):
      modular.yield %xm : tensor<?x4xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) gradients()
  return
}
