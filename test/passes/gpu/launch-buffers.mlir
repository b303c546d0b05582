// RUN: modc-opt %s --modular-form-launches=most-buffers=6 --canonicalize --cse | FileCheck %s
// RUN: modc-opt %s --modular-form-launches --canonicalize --cse | FileCheck %s --check-prefix=ONE
// Rows that take too many buffers are two launches.

// There are no buffers of truth values: what compares and what chooses are in
// one, although the middle is between them.
// CHECK-LABEL: func.func @comparison(
// CHECK: %[[SUM:.*]] = call @comparison.addf({{.*}}) : (tensor<?x2xf32>, index, tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
// CHECK: %[[CHOICE:.*]] = call @comparison.cmpf(%{{.*}}, %{{.*}}, %[[SUM]], {{.*}}) : (tensor<?x2xf32>, index, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
// CHECK: call @comparison.mulf(%{{.*}}, %{{.*}}, %[[CHOICE]], %arg6)
// CHECK-NEXT: return
// ONE-LABEL: func.func @comparison(
// ONE-COUNT-1: call
// ONE-NEXT: return
func.func @comparison(%a: tensor<?x2xf32> {modular.name = "a", modular.role = "input", modular.rows = "N"},
                      %b: tensor<?x2xf32> {modular.name = "b", modular.role = "input", modular.rows = "N"},
                      %c: tensor<?x2xf32> {modular.name = "c", modular.role = "input", modular.rows = "N"},
                      %d: tensor<?x2xf32> {modular.name = "d", modular.role = "input", modular.rows = "N"},
                      %e: tensor<?x2xf32> {modular.name = "e", modular.role = "input", modular.rows = "N"},
                      %y: tensor<?x2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"},
                      %f: tensor<?x2xf32> {modular.name = "f", modular.role = "input", modular.rows = "N"}) -> tensor<?x2xf32> {
  %sum = arith.addf %a, %b : tensor<?x2xf32>
  %above = arith.cmpf ogt, %sum, %c : tensor<?x2xf32>
  %choice = arith.select %above, %d, %e : tensor<?x2xi1>, tensor<?x2xf32>
  %more = arith.mulf %choice, %f : tensor<?x2xf32>
  %o = bufferization.materialize_in_destination %more in %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %o : tensor<?x2xf32>
}

// Nowhere to cut.
// CHECK-LABEL: func.func @comparison_alone(
// CHECK-COUNT-1: call
// CHECK-NEXT: return
func.func @comparison_alone(%a: tensor<?x2xf32> {modular.name = "a", modular.role = "input", modular.rows = "N"},
                            %b: tensor<?x2xf32> {modular.name = "b", modular.role = "input", modular.rows = "N"},
                            %c: tensor<?x2xf32> {modular.name = "c", modular.role = "input", modular.rows = "N"},
                            %d: tensor<?x2xf32> {modular.name = "d", modular.role = "input", modular.rows = "N"},
                            %e: tensor<?x2xf32> {modular.name = "e", modular.role = "input", modular.rows = "N"},
                            %f: tensor<?x2xf32> {modular.name = "f", modular.role = "input", modular.rows = "N"}) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %above = arith.cmpf ogt, %a, %b : tensor<?x2xf32>
  %more:2 = linalg.generic {indexing_maps = [affine_map<(n, j) -> (n, j)>, affine_map<(n, j) -> (n, j)>, affine_map<(n, j) -> (n, j)>, affine_map<(n, j) -> (n, j)>, affine_map<(n, j) -> (n, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%above, %c, %d : tensor<?x2xi1>, tensor<?x2xf32>, tensor<?x2xf32>) outs(%e, %f : tensor<?x2xf32>, tensor<?x2xf32>) {
  ^bb0(%t: i1, %x: f32, %y: f32, %p: f32, %q: f32):
    %l = arith.select %t, %x, %p : f32
    %r = arith.select %t, %y, %q : f32
    linalg.yield %l, %r : f32, f32
  } -> (tensor<?x2xf32>, tensor<?x2xf32>)
  return %more#0, %more#1 : tensor<?x2xf32>, tensor<?x2xf32>
}

// A launch over the positions of a plan reads its four tensors, whatever else it
// reads.
// CHECK-LABEL: func.func @positions(
// CHECK: %[[G:.*]]:2 = call @positions.grouped(
// CHECK: %[[SUM:.*]] = call @positions.addf({{.*}}, %[[G]]#0, %[[G]]#1)
// CHECK: call @positions.mulf({{.*}}, %[[SUM]], %[[G]]#0)
// ONE-LABEL: func.func @positions(
// ONE: %[[G:.*]]:2 = call @positions.grouped(
// ONE: call @positions.addf({{.*}}, %[[G]]#0, %[[G]]#1)
// ONE-NOT: call @positions.mulf
func.func @positions(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                     %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                     %y: tensor<?x2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"}) -> tensor<?x2xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g:2 = modular.grouped %plan gather(%x : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x2xf32>):
      %r = math.sqrt %xm : tensor<?x2xf32>
      %e = math.absf %xm : tensor<?x2xf32>
      modular.yield %r, %e : tensor<?x2xf32>, tensor<?x2xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf32>, tensor<?x2xf32>) gradients()
  %sum = arith.addf %g#0, %g#1 : tensor<?x2xf32>
  %product = arith.mulf %sum, %g#0 : tensor<?x2xf32>
  %c = modular.combine sum %plan, %product : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  %o = bufferization.materialize_in_destination %c in %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %o : tensor<?x2xf32>
}
