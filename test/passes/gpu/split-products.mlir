// RUN: modc-opt %s --modular-split-products --canonicalize --cse | FileCheck %s

// The example of the pass's description: 80 columns between two products, and a
// class of one product, which is in the second op.
// CHECK-LABEL: func.func @wide_between(
// CHECK-SAME: %[[P:[^:]*]]: !modular.plan<1 of 3>, %[[X:[^:]*]]: tensor<?x100xf32>,
// CHECK: %[[G:.*]] = modular.grouped %[[P]] gather(%[[X]] : tensor<?x100xf32>)
// CHECK: class [0, 1]
// CHECK: %[[H:.*]] = modular.linear
// CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[H]]
// CHECK: modular.yield %[[R]] : tensor<?x80xf32>
// CHECK: class [2]
// CHECK-NOT: modular.linear
// CHECK: %[[NONE:.*]] = tensor.empty(%{{.*}}) : tensor<?x80xf32>
// CHECK: modular.yield %[[NONE]] : tensor<?x80xf32>
// CHECK: -> rows(tensor<?x80xf32>) gradients() gradients()
// CHECK: %[[Y:.*]] = modular.grouped %[[P]] gather(%[[X]] : tensor<?x100xf32>) along(%[[G]] : tensor<?x80xf32>)
// CHECK: class [0, 1]
// CHECK: ^bb0(%{{[^:]*}}: tensor<?x100xf32>, %[[GM:[^:]*]]: tensor<?x80xf32>,
// CHECK: %[[O:.*]] = modular.linear %[[GM]]
// CHECK: modular.yield %[[O]] : tensor<?x10xf32>
// CHECK: class [2]
// CHECK: ^bb0(%[[XM:[^:]*]]: tensor<?x100xf32>,
// CHECK: %[[U:.*]] = modular.linear %[[XM]]
// CHECK: modular.yield %[[U]] : tensor<?x10xf32>
// CHECK: return %[[Y]]
func.func @wide_between(%plan: !modular.plan<1 of 3>, %x: tensor<?x100xf32>, %w: tensor<2x100x80xf32>, %v: tensor<2x80x10xf32>, %u: tensor<1x100x10xf32>) -> tensor<?x10xf32> {
  %y = modular.grouped %plan gather(%x : tensor<?x100xf32>)
    class [0, 1] parameters(%w : tensor<2x100x80xf32>, %v : tensor<2x80x10xf32>) {
    ^bb0(%xm: tensor<?x100xf32>, %wm: tensor<100x80xf32>, %vm: tensor<80x10xf32>):
      %h = modular.linear %xm, %wm : tensor<?x100xf32>, tensor<100x80xf32> -> tensor<?x80xf32>
      %g = modular.relu %h : tensor<?x80xf32>
      %o = modular.linear %g, %vm : tensor<?x80xf32>, tensor<80x10xf32> -> tensor<?x10xf32>
      modular.yield %o : tensor<?x10xf32>
    }
    class [2] parameters(%u : tensor<1x100x10xf32>) {
    ^bb0(%xm: tensor<?x100xf32>, %um: tensor<100x10xf32>):
      %o = modular.linear %xm, %um : tensor<?x100xf32>, tensor<100x10xf32> -> tensor<?x10xf32>
      modular.yield %o : tensor<?x10xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x10xf32>) gradients() gradients()
  return %y : tensor<?x10xf32>
}

// 64 columns between them stay in shared memory.
// CHECK-LABEL: func.func @narrow_between(
// CHECK-COUNT-1: modular.grouped
// CHECK-NOT: modular.grouped
// CHECK: return
func.func @narrow_between(%plan: !modular.plan<1 of 2>, %x: tensor<?x100xf32>, %w: tensor<2x100x64xf32>, %v: tensor<2x64x10xf32>) -> tensor<?x10xf32> {
  %y = modular.grouped %plan gather(%x : tensor<?x100xf32>)
    class [0, 1] parameters(%w : tensor<2x100x64xf32>, %v : tensor<2x64x10xf32>) {
    ^bb0(%xm: tensor<?x100xf32>, %wm: tensor<100x64xf32>, %vm: tensor<64x10xf32>):
      %h = modular.linear %xm, %wm : tensor<?x100xf32>, tensor<100x64xf32> -> tensor<?x64xf32>
      %o = modular.linear %h, %vm : tensor<?x64xf32>, tensor<64x10xf32> -> tensor<?x10xf32>
      modular.yield %o : tensor<?x10xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x10xf32>) gradients()
  return %y : tensor<?x10xf32>
}

// The second product's elements are made of the first one's: it reads them.
// CHECK-LABEL: func.func @gated(
// CHECK: %[[A:.*]] = modular.grouped
// CHECK: %[[AM:.*]] = modular.linear
// CHECK-NEXT: modular.yield %[[AM]]
// CHECK: modular.grouped {{.*}} along(%[[A]] : tensor<?x40xf32>)
// CHECK: ^bb0(%[[XM:[^:]*]]: tensor<?x100xf32>, %[[AM:[^:]*]]: tensor<?x40xf32>,
// CHECK: %[[B:.*]] = modular.linear %[[XM]]
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[AM]], %[[B]]
// CHECK-NEXT: modular.yield %[[M]]
// CHECK-NOT: modular.grouped
// CHECK: return
func.func @gated(%plan: !modular.plan<1 of 2>, %x: tensor<?x100xf32>, %w: tensor<2x100x40xf32>, %v: tensor<2x100x40xf32>) -> tensor<?x40xf32> {
  %y = modular.grouped %plan gather(%x : tensor<?x100xf32>)
    class [0, 1] parameters(%w : tensor<2x100x40xf32>, %v : tensor<2x100x40xf32>) {
    ^bb0(%xm: tensor<?x100xf32>, %wm: tensor<100x40xf32>, %vm: tensor<100x40xf32>):
      %a = modular.linear %xm, %wm : tensor<?x100xf32>, tensor<100x40xf32> -> tensor<?x40xf32>
      %b = modular.linear %xm, %vm : tensor<?x100xf32>, tensor<100x40xf32> -> tensor<?x40xf32>
      %m = arith.mulf %a, %b : tensor<?x40xf32>
      modular.yield %m : tensor<?x40xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x40xf32>) gradients()
  return %y : tensor<?x40xf32>
}

// What needs a whole row is left to one invocation.
// CHECK-LABEL: func.func @row_sums(
// CHECK-COUNT-1: modular.grouped
// CHECK-NOT: modular.grouped
// CHECK: return
func.func @row_sums(%plan: !modular.plan<1 of 2>, %x: tensor<?x100xf32>, %w: tensor<2x100x80xf32>, %v: tensor<2x80x10xf32>) -> tensor<?x10xf32> {
  %y = modular.grouped %plan gather(%x : tensor<?x100xf32>)
    class [0, 1] parameters(%w : tensor<2x100x80xf32>, %v : tensor<2x80x10xf32>) {
    ^bb0(%xm: tensor<?x100xf32>, %wm: tensor<100x80xf32>, %vm: tensor<80x10xf32>):
      %h = modular.linear %xm, %wm : tensor<?x100xf32>, tensor<100x80xf32> -> tensor<?x80xf32>
      %s = modular.softmax %h : tensor<?x80xf32>
      %o = modular.linear %s, %vm : tensor<?x80xf32>, tensor<80x10xf32> -> tensor<?x10xf32>
      modular.yield %o : tensor<?x10xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x10xf32>) gradients()
  return %y : tensor<?x10xf32>
}
