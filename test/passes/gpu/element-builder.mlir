// RUN: modc-opt %s --modular-form-launches | FileCheck %s
// What an element is made of is made once, however often it is read: of a chain
// of squares each op is one, not 2^24 for the first.

#column_row = affine_map<(d0, d1) -> (d1, d0)>
#column = affine_map<(d0, d1) -> (d0)>

// CHECK-LABEL: func.func @squares(
func.func @squares(%dy: tensor<?x2xf32> {modular.name = "dy", modular.role = "input", modular.rows = "N"},
                   %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                   %w: tensor<3x2xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                   %dw: tensor<3x2xf32> {bufferization.writable = true, modular.name = "w", modular.offset = 0 : i64, modular.role = "gradient"}) -> tensor<3x2xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %plan gather(%dy : tensor<?x2xf32>)
    class [0, 1, 2] parameters(%w : tensor<3x2xf32>) {
    ^bb0(%dym: tensor<?x2xf32>, %wm: tensor<2xf32>):
      %s1 = arith.mulf %wm, %wm : tensor<2xf32>
      %s2 = arith.mulf %s1, %s1 : tensor<2xf32>
      %s3 = arith.mulf %s2, %s2 : tensor<2xf32>
      %s4 = arith.mulf %s3, %s3 : tensor<2xf32>
      %s5 = arith.mulf %s4, %s4 : tensor<2xf32>
      %s6 = arith.mulf %s5, %s5 : tensor<2xf32>
      %s7 = arith.mulf %s6, %s6 : tensor<2xf32>
      %s8 = arith.mulf %s7, %s7 : tensor<2xf32>
      %s9 = arith.mulf %s8, %s8 : tensor<2xf32>
      %s10 = arith.mulf %s9, %s9 : tensor<2xf32>
      %s11 = arith.mulf %s10, %s10 : tensor<2xf32>
      %s12 = arith.mulf %s11, %s11 : tensor<2xf32>
      %s13 = arith.mulf %s12, %s12 : tensor<2xf32>
      %s14 = arith.mulf %s13, %s13 : tensor<2xf32>
      %s15 = arith.mulf %s14, %s14 : tensor<2xf32>
      %s16 = arith.mulf %s15, %s15 : tensor<2xf32>
      %s17 = arith.mulf %s16, %s16 : tensor<2xf32>
      %s18 = arith.mulf %s17, %s17 : tensor<2xf32>
      %s19 = arith.mulf %s18, %s18 : tensor<2xf32>
      %s20 = arith.mulf %s19, %s19 : tensor<2xf32>
      %s21 = arith.mulf %s20, %s20 : tensor<2xf32>
      %s22 = arith.mulf %s21, %s21 : tensor<2xf32>
      %s23 = arith.mulf %s22, %s22 : tensor<2xf32>
      %s24 = arith.mulf %s23, %s23 : tensor<2xf32>
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<2xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %sum = linalg.generic {indexing_maps = [#column_row, #column, #column], iterator_types = ["parallel", "reduction"]} ins(%dym, %s24 : tensor<?x2xf32>, tensor<2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %square: f32, %out: f32):
        %p = arith.divf %in, %square : f32
        %a = arith.addf %out, %p : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      modular.yield %sum : tensor<2xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x2xf32>)
  %o = bufferization.materialize_in_destination %g in %dw : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %o : tensor<3x2xf32>
}

// What one loop makes is not there in the next.
// CHECK-LABEL: func.func @two_loops(
func.func @two_loops(%dy: tensor<?x2xf32> {modular.name = "dy", modular.role = "input", modular.rows = "N"},
                     %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                     %w: tensor<3x2xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                     %dw: tensor<3x2xf32> {bufferization.writable = true, modular.name = "w", modular.offset = 0 : i64, modular.role = "gradient"}) -> tensor<3x2xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %plan gather(%dy : tensor<?x2xf32>)
    class [0, 1, 2] parameters(%w : tensor<3x2xf32>) {
    ^bb0(%dym: tensor<?x2xf32>, %wm: tensor<2xf32>):
      %root = math.sqrt %wm : tensor<2xf32>
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<2xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %sum = linalg.generic {indexing_maps = [#column_row, #column, #column], iterator_types = ["parallel", "reduction"]} ins(%dym, %root : tensor<?x2xf32>, tensor<2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %r: f32, %out: f32):
        %p = arith.divf %in, %r : f32
        %a = arith.addf %out, %p : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      %more = linalg.generic {indexing_maps = [#column_row, #column, #column], iterator_types = ["parallel", "reduction"]} ins(%dym, %root : tensor<?x2xf32>, tensor<2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %r: f32, %out: f32):
        %p = arith.mulf %in, %r : f32
        %a = arith.addf %out, %p : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      %both = arith.subf %sum, %more : tensor<2xf32>
      modular.yield %both : tensor<2xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x2xf32>)
  %o = bufferization.materialize_in_destination %g in %dw : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %o : tensor<3x2xf32>
}

// CHECK-LABEL: func.func private @squares.grouped(
// CHECK-COUNT-24: arith.mulf
// CHECK-NOT: arith.mulf
// CHECK: arith.divf

// CHECK-LABEL: func.func private @two_loops.grouped(
// CHECK: scf.for
// CHECK: math.sqrt
// CHECK: scf.for
// CHECK: math.sqrt
