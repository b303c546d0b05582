// RUN: modc-opt %s --split-input-file --modular-lay-out-panels | FileCheck %s
// RUN: modc-opt %s --split-input-file --modular-lay-out-panels --remark-format=emitRemark --remarks-filter=.* -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

#rd = affine_map<(r, h, d) -> (r, d)>
#dh = affine_map<(r, h, d) -> (d, h)>
#rh = affine_map<(r, h, d) -> (r, h)>
#id = affine_map<(d, h) -> (d, h)>

// Products read it, and an elementwise op makes it: two panels of 64 columns, in
// all programs.
// CHECK-DAG: #[[$X:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d3)>
// CHECK-DAG: #[[$PANELS:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d3, d2)>
// CHECK-DAG: #[[$Y:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1 * 64 + d2)>
// CHECK-DAG: #[[$DX:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2)>
// CHECK-DAG: #[[$DW:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-DAG: #[[$COLUMN:.*]] = affine_map<(d0, d1, d2, d3) -> (d3, d0 * 64 + d2)>
// CHECK: module
// CHECK-SAME: {\22parameters\22:[{\22name\22:\22w\22,\22offset\22:64,\22panels\22:64
// CHECK-SAME: {\22name\22:\22b\22,\22offset\22:0}
// CHECK-NOT: \22panels\22
// CHECK: func.func @init
module attributes {modular.signature = "{\"parameters\":[{\"name\":\"w\",\"offset\":64},{\"name\":\"b\",\"offset\":0}],\"state\":[{\"name\":\"m.w\",\"offset\":0}]}"} {
  // CHECK-SAME: tensor<2x5x64xf32> {{[{][^}]*}}modular.panels = 64 : i64
  // CHECK-SAME: -> (tensor<2x5x64xf32> {modular.argument = 0
  // The numbers are drawn by the place that they have in the matrix.
  // CHECK: linalg.generic {{.*}}["parallel", "parallel", "parallel"]} outs(%{{.*}} : tensor<2x5x64xf32>)
  // CHECK: %[[D:.*]] = linalg.index 1
  // CHECK: %[[C:.*]] = linalg.index 2
  // CHECK: %[[P:.*]] = linalg.index 0
  // CHECK: %[[PW:.*]] = arith.muli %[[P]], %c64
  // CHECK: %[[H:.*]] = arith.addi %[[PW]], %[[C]]
  // CHECK: arith.addi %[[D]], %[[H]]
  func.func @init(%w: tensor<5x128xf32> {modular.role = "parameter", modular.name = "w", modular.offset = 64 : i64}) -> (tensor<5x128xf32> {modular.argument = 0 : i64}) {
    %e = tensor.empty() : tensor<5x128xf32>
    %drawn = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<5x128xf32>) {
    ^bb0(%out: f32):
      %d = linalg.index 0 : index
      %h = linalg.index 1 : index
      %s = arith.addi %d, %h : index
      %i = arith.index_cast %s : index to i32
      %f = arith.sitofp %i : i32 to f32
      linalg.yield %f : f32
    } -> tensor<5x128xf32>
    %r = bufferization.materialize_in_destination %drawn in %w : (tensor<5x128xf32>, tensor<5x128xf32>) -> tensor<5x128xf32>
    return %r : tensor<5x128xf32>
  }

  // CHECK-LABEL: func.func @infer
  // CHECK: linalg.generic {indexing_maps = [#[[$X]], #[[$PANELS]], #[[$Y]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%{{.*}} : tensor<?x5xf32>, tensor<2x5x64xf32>) outs(%{{.*}} : tensor<?x128xf32>)
  func.func @infer(%x: tensor<?x5xf32>, %y: tensor<?x128xf32>, %w: tensor<5x128xf32> {modular.role = "parameter", modular.name = "w", modular.offset = 64 : i64}) -> (tensor<?x128xf32> {modular.argument = 1 : i64}) {
    %r = linalg.generic {indexing_maps = [#rd, #dh, #rh], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x5xf32>, tensor<5x128xf32>) outs(%y : tensor<?x128xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x128xf32>
    return %r : tensor<?x128xf32>
  }

  // A bias is no matrix. The cotangent of rows, and the gradient with the step.
  // CHECK-LABEL: func.func @step
  // CHECK-SAME: tensor<2x5x64xf32> {{[{][^}]*}}modular.panels = 64
  // CHECK-SAME: tensor<2x5x64xf32> {{[{][^}]*}}modular.panels = 64
  // CHECK-SAME: tensor<128xf32>
  // CHECK: linalg.generic {{.*}} ["parallel", "reduction", "parallel", "reduction"]} ins(%{{.*}} : tensor<?x128xf32>, tensor<2x5x64xf32>) outs(%{{.*}} : tensor<?x5xf32>)
  // CHECK: linalg.fill {{.*}} tensor<2x5x64xf32>
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[$COLUMN]], #[[$DW]]], {{.*}} ins(%{{.*}} : tensor<?x5xf32>, tensor<?x128xf32>) outs(%{{.*}} : tensor<2x5x64xf32>)
  // CHECK: linalg.generic {{.*}} ["parallel", "parallel", "parallel"]} ins(%{{.*}} : tensor<2x5x64xf32>) outs(%{{.*}} : tensor<2x5x64xf32>)
  func.func @step(%x: tensor<?x5xf32>, %dy: tensor<?x128xf32>, %dx: tensor<?x5xf32>, %w: tensor<5x128xf32> {modular.role = "parameter", modular.name = "w", modular.offset = 64 : i64}, %m: tensor<5x128xf32> {modular.role = "gradient", modular.name = "w", modular.offset = 64 : i64}, %b: tensor<128xf32> {modular.role = "parameter", modular.name = "b", modular.offset = 0 : i64}) -> (tensor<?x5xf32> {modular.argument = 2 : i64}, tensor<5x128xf32> {modular.argument = 4 : i64}) {
    %zero = arith.constant 0.0 : f32
    %r = linalg.generic {indexing_maps = [affine_map<(r, d, h) -> (r, h)>, affine_map<(r, d, h) -> (d, h)>, affine_map<(r, d, h) -> (r, d)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%dy, %w : tensor<?x128xf32>, tensor<5x128xf32>) outs(%dx : tensor<?x5xf32>) {
    ^bb0(%a: f32, %c: f32, %out: f32):
      %p = arith.mulf %a, %c : f32
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    } -> tensor<?x5xf32>
    %z = linalg.fill ins(%zero : f32) outs(%m : tensor<5x128xf32>) -> tensor<5x128xf32>
    %g = linalg.generic {indexing_maps = [affine_map<(d, h, r) -> (r, d)>, affine_map<(d, h, r) -> (r, h)>, affine_map<(d, h, r) -> (d, h)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %dy : tensor<?x5xf32>, tensor<?x128xf32>) outs(%z : tensor<5x128xf32>) {
    ^bb0(%a: f32, %c: f32, %out: f32):
      %p = arith.mulf %a, %c : f32
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    } -> tensor<5x128xf32>
    %n = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%w : tensor<5x128xf32>) outs(%g : tensor<5x128xf32>) {
    ^bb0(%a: f32, %out: f32):
      %s = arith.addf %out, %a : f32
      linalg.yield %s : f32
    } -> tensor<5x128xf32>
    return %r, %n : tensor<?x5xf32>, tensor<5x128xf32>
  }
}
// REMARK: remark: [Passed] Panels {{.*}}'w' is kept in panels of 64 columns

// -----

#rd = affine_map<(r, h, d) -> (r, d)>
#dh = affine_map<(r, h, d) -> (d, h)>
#rh = affine_map<(r, h, d) -> (r, h)>

// Something looks into one, the other's columns fill no panels; the third is in
// panels, of 32 columns of f64, although its sums start where the second's do.
// CHECK-LABEL: func.func @mixed
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<5x128xf32> {modular.name = "read"
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<5x100xf32> {modular.name = "odd"
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<4x5x32xf64> {{[{][^}]*}}modular.name = "wide"
// REMARK-DAG: remark: [Missed] Panels {{.*}}'tensor.extract' reads it", Remark="'read' is kept as it is
// REMARK-DAG: remark: [Missed] Panels {{.*}}its columns are no multiple of a panel's", Remark="'odd' is kept as it is
// REMARK-DAG: remark: [Passed] Panels {{.*}}'wide' is kept in panels of 32 columns
func.func @mixed(%x: tensor<?x5xf32>, %x2: tensor<?x5xf64>, %y: tensor<?x128xf32>, %z: tensor<?x100xf32>, %v: tensor<?x128xf64>,
    %read: tensor<5x128xf32> {modular.role = "parameter", modular.name = "read", modular.offset = 0 : i64},
    %odd: tensor<5x100xf32> {modular.role = "parameter", modular.name = "odd", modular.offset = 2560 : i64},
    %wide: tensor<5x128xf64> {modular.role = "parameter", modular.name = "wide", modular.offset = 4608 : i64})
    -> (tensor<?x128xf32> {modular.argument = 2 : i64}, tensor<?x100xf32> {modular.argument = 3 : i64}, tensor<?x128xf64> {modular.argument = 4 : i64}, f32) {
  %c0 = arith.constant 0 : index
  %one = tensor.extract %read[%c0, %c0] : tensor<5x128xf32>
  %a = linalg.generic {indexing_maps = [#rd, #dh, #rh], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %read : tensor<?x5xf32>, tensor<5x128xf32>) outs(%y : tensor<?x128xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x128xf32>
  %b = linalg.generic {indexing_maps = [#rd, #dh, #rh], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %odd : tensor<?x5xf32>, tensor<5x100xf32>) outs(%z : tensor<?x100xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x100xf32>
  %c = linalg.generic {indexing_maps = [#rd, #dh, #rh], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x2, %wide : tensor<?x5xf64>, tensor<5x128xf64>) outs(%v : tensor<?x128xf64>) {
  ^bb0(%p: f64, %q: f64, %out: f64):
    %m = arith.mulf %p, %q : f64
    %s = arith.addf %out, %m : f64
    linalg.yield %s : f64
  } -> tensor<?x128xf64>
  return %a, %b, %c, %one : tensor<?x128xf32>, tensor<?x100xf32>, tensor<?x128xf64>, f32
}

// -----

#rd = affine_map<(r, h, d) -> (r, d)>
#dh = affine_map<(r, h, d) -> (d, h)>
#rh = affine_map<(r, h, d) -> (r, h)>

// Gradients that a loop adds up, from zeros that both of them start at.
// CHECK-LABEL: func.func @loop
// CHECK: scf.for {{.*}} -> (tensor<2x5x64xf32>, tensor<5x128xf32>)
func.func @loop(%x: tensor<?x5xf32>, %y: tensor<?x128xf32>, %n: index,
    %w: tensor<5x128xf32> {modular.role = "parameter", modular.name = "w", modular.offset = 0 : i64},
    %g: tensor<5x128xf32> {modular.role = "gradient", modular.name = "w", modular.offset = 0 : i64},
    %o: tensor<5x128xf32> {modular.role = "output", modular.name = "o"})
    -> (tensor<?x128xf32> {modular.argument = 1 : i64}, tensor<5x128xf32> {modular.argument = 4 : i64}, tensor<5x128xf32> {modular.argument = 5 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x128xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<5x128xf32>) -> tensor<5x128xf32>
  %r = linalg.generic {indexing_maps = [#rd, #dh, #rh], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x5xf32>, tensor<5x128xf32>) outs(%y : tensor<?x128xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x128xf32>
  %both:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %z, %b = %z) -> (tensor<5x128xf32>, tensor<5x128xf32>) {
    %f = linalg.generic {indexing_maps = [affine_map<(d, h, r) -> (r, d)>, affine_map<(d, h, r) -> (r, h)>, affine_map<(d, h, r) -> (d, h)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %r : tensor<?x5xf32>, tensor<?x128xf32>) outs(%a : tensor<5x128xf32>) {
    ^bb0(%p: f32, %q: f32, %out: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<5x128xf32>
    %h = linalg.generic {indexing_maps = [affine_map<(d, h, r) -> (r, d)>, affine_map<(d, h, r) -> (r, h)>, affine_map<(d, h, r) -> (d, h)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %r : tensor<?x5xf32>, tensor<?x128xf32>) outs(%b : tensor<5x128xf32>) {
    ^bb0(%p: f32, %q: f32, %out: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<5x128xf32>
    scf.yield %f, %h : tensor<5x128xf32>, tensor<5x128xf32>
  }
  %grad = bufferization.materialize_in_destination %both#0 in %g : (tensor<5x128xf32>, tensor<5x128xf32>) -> tensor<5x128xf32>
  %out = bufferization.materialize_in_destination %both#1 in %o : (tensor<5x128xf32>, tensor<5x128xf32>) -> tensor<5x128xf32>
  return %r, %grad, %out : tensor<?x128xf32>, tensor<5x128xf32>, tensor<5x128xf32>
}

// -----

#ik = affine_map<(i, j, k) -> (i, k)>
#kj = affine_map<(i, j, k) -> (k, j)>
#ij = affine_map<(i, j, k) -> (i, j)>

// A matrix on the left of a product, and one of many that a loop goes through.
// CHECK-LABEL: func.func @otherwise
// CHECK-SAME: tensor<5x128xf32> {modular.name = "left"
// CHECK-SAME: tensor<2x5x128xf32> {modular.name = "batch"
// REMARK: remark: [Missed] Panels {{.*}}an op reads it neither whole nor as the right matrix of a product", Remark="'left' is kept as it is
func.func @otherwise(%x: tensor<128x7xf32>, %y: tensor<5x7xf32>, %u: tensor<2x5xf32>, %v: tensor<2x128xf32>,
    %left: tensor<5x128xf32> {modular.role = "parameter", modular.name = "left", modular.offset = 0 : i64},
    %batch: tensor<2x5x128xf32> {modular.role = "parameter", modular.name = "batch", modular.offset = 2560 : i64})
    -> (tensor<5x7xf32> {modular.argument = 1 : i64}, tensor<2x128xf32> {modular.argument = 3 : i64}) {
  %a = linalg.generic {indexing_maps = [#ik, #kj, #ij], iterator_types = ["parallel", "parallel", "reduction"]} ins(%left, %x : tensor<5x128xf32>, tensor<128x7xf32>) outs(%y : tensor<5x7xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<5x7xf32>
  %b = linalg.generic {indexing_maps = [#ik, affine_map<(i, j, k) -> (i, k, j)>, #ij], iterator_types = ["parallel", "parallel", "reduction"]} ins(%u, %batch : tensor<2x5xf32>, tensor<2x5x128xf32>) outs(%v : tensor<2x128xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<2x128xf32>
  return %a, %b : tensor<5x7xf32>, tensor<2x128xf32>
}
