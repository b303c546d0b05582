// RUN: not modc-opt %s --modular-to-tiled 2>&1 | FileCheck %s

// Positions of such a plan have no one row, whoever would gather them.
// CHECK: error: 'modular.dispatch' op needs a plan without 'distinct'

#id = affine_map<(i, j) -> (i, j)>

func.func @distinct(%y: tensor<?x5xf32>, %i: tensor<?xi32>, %m: index, %sel: tensor<?x1xi32>) -> tensor<?x5xf32> {
  %a = modular.to_selection %sel : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %p = modular.plan %a distinct(%i of %m : tensor<?xi32>) : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %sel, %c0 : tensor<?x1xi32>
  %e = tensor.empty(%n) : tensor<?x5xf32>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x5xf32>) outs(%e : tensor<?x5xf32>) {
  ^bb0(%u: f32, %o: f32):
    %r = arith.addf %u, %u : f32
    linalg.yield %r : f32
  } -> tensor<?x5xf32>
  %rows = modular.dispatch sum %p, %d : !modular.plan<1 of 3>, tensor<?x5xf32> -> tensor<?x5xf32>
  %g = modular.grouped %p along(%rows : tensor<?x5xf32>)
    class [0, 1, 2] {
    ^bb0(%rm: tensor<?x5xf32>):
      modular.yield %rm : tensor<?x5xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x5xf32>) gradients()
  return %g : tensor<?x5xf32>
}
