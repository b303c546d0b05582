// RUN: modc-opt %s -verify-diagnostics -split-input-file

// One negative test for each constraint of the routed level but modular.grouped; the
// function is named after it.


func.func @to_selection_c1(%x: tensor<?x3xi32>) {
  // expected-error @+1 {{'modular.to_selection' op needs the operand to be tensor<?x2xi32> for '!modular.selection<2 of 3>', got 'tensor<?x3xi32>'}}
  %y = modular.to_selection %x : tensor<?x3xi32> -> !modular.selection<2 of 3>
  return
}

// -----

func.func @from_selection_c1(%x: !modular.selection<2 of 3>) {
  // expected-error @+1 {{'modular.from_selection' op needs the result to be tensor<?x2xi32> for '!modular.selection<2 of 3>', got 'tensor<?xi32>'}}
  %y = modular.from_selection %x : !modular.selection<2 of 3> -> tensor<?xi32>
  return
}

// -----

func.func @mode_c1(%x: tensor<?x2x4xf32>) {
  // expected-error @+1 {{'modular.mode' op needs scores tensor<?x2x3xf> for '!modular.selection<2 of 3>', got 'tensor<?x2x4xf32>'}}
  %y = modular.mode %x : tensor<?x2x4xf32> -> !modular.selection<2 of 3>
  return
}

// -----

func.func @sample_c1(%x: tensor<?x1x3xf32>, %u: tensor<?x2xf32>) {
  // expected-error @+1 {{'modular.sample' op needs scores tensor<?x2x3xf> for '!modular.selection<2 of 3>', got 'tensor<?x1x3xf32>'}}
  %y = modular.sample %x, %u : tensor<?x1x3xf32>, tensor<?x2xf32> -> !modular.selection<2 of 3>
  return
}

// -----

func.func @sample_c2(%x: tensor<?x2x3xf32>, %u: tensor<?x3xf32>) {
  // expected-error @+1 {{'modular.sample' op needs uniforms tensor<?x2xf> for '!modular.selection<2 of 3>', got 'tensor<?x3xf32>'}}
  %y = modular.sample %x, %u : tensor<?x2x3xf32>, tensor<?x3xf32> -> !modular.selection<2 of 3>
  return
}

// -----

func.func @sample_c2_type(%x: tensor<?x2x3xf32>, %u: tensor<?x2xf64>) {
  // expected-error @+1 {{'modular.sample' op mixes element types: 'tensor<?x2x3xf32>', 'tensor<?x2xf64>'}}
  %y = modular.sample %x, %u : tensor<?x2x3xf32>, tensor<?x2xf64> -> !modular.selection<2 of 3>
  return
}

// -----

func.func @sample_c3(%x: tensor<?x2x3xf32>, %u: tensor<?x2xf32>, %i: tensor<?x1xi32>) {
  // expected-error @+1 {{'modular.sample' op needs rows of scores tensor<?xi32>, got 'tensor<?x1xi32>'}}
  %y = modular.sample %x at(%i : tensor<?x1xi32>), %u : tensor<?x2x3xf32>, tensor<?x2xf32> -> !modular.selection<2 of 3>
  return
}

// -----

func.func @keep_stored_c1(%a: !modular.selection<2 of 3>, %s: tensor<?x3xi32>) {
  // expected-error @+1 {{'modular.keep_stored' op needs stored choices tensor<?x2xi32> for '!modular.selection<2 of 3>', got 'tensor<?x3xi32>'}}
  %y = modular.keep_stored %a, %s : tensor<?x3xi32> -> !modular.selection<2 of 3>
  return
}

// -----

func.func @log_probability_c1(%x: tensor<?x2xf32>, %a: !modular.selection<2 of 3>) {
  // expected-error @+1 {{'modular.log_probability' op needs scores tensor<?x2x3xf> for '!modular.selection<2 of 3>', got 'tensor<?x2xf32>'}}
  %y = modular.log_probability %x, %a : tensor<?x2xf32>, !modular.selection<2 of 3> -> tensor<?xf32>
  return
}

// -----

func.func @log_probability_c2(%x: tensor<?x2x3xf32>, %a: !modular.selection<2 of 3>) {
  // expected-error @+1 {{'modular.log_probability' op needs a result tensor<?xf> for '!modular.selection<2 of 3>', got 'tensor<?x2xf32>'}}
  %y = modular.log_probability %x, %a : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?x2xf32>
  return
}

// -----

func.func @log_probability_c3(%x: tensor<?x2x3xf32>, %a: !modular.selection<2 of 3>, %i: tensor<4xi32>) {
  // expected-error @+1 {{'modular.log_probability' op needs rows of scores tensor<?xi32>, got 'tensor<4xi32>'}}
  %y = modular.log_probability %x at(%i : tensor<4xi32>), %a : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?xf32>
  return
}

// -----

func.func @gates_c1(%x: tensor<?x2xf32>, %a: !modular.selection<2 of 3>) {
  // expected-error @+1 {{'modular.gates' op needs scores tensor<?x2x3xf>}}
  %y = modular.gates %x, %a : tensor<?x2xf32>, !modular.selection<2 of 3> -> tensor<?x2xf32>
  return
}

// -----

func.func @gates_c2(%x: tensor<?x2x3xf32>, %a: !modular.selection<2 of 3>) {
  // expected-error @+1 {{'modular.gates' op needs a result tensor<?x2xf> for '!modular.selection<2 of 3>', got 'tensor<?x3xf32>'}}
  %y = modular.gates %x, %a : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?x3xf32>
  return
}

// -----

func.func @usage_c1(%a: !modular.selection<2 of 3>) {
  // expected-error @+1 {{'modular.usage' op needs a result tensor<3xi32> for '!modular.selection<2 of 3>', got 'tensor<2xi32>'}}
  %y = modular.usage %a : !modular.selection<2 of 3> -> tensor<2xi32>
  return
}

// -----

func.func @gates_c3(%x: tensor<?x2x3xf32>, %a: !modular.selection<2 of 3>, %i: tensor<4xi32>) {
  // expected-error @+1 {{'modular.gates' op needs rows of scores tensor<?xi32>, got 'tensor<4xi32>'}}
  %y = modular.gates %x at(%i : tensor<4xi32>), %a : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?x2xf32>
  return
}

// -----

func.func @plan_c1(%a: !modular.selection<2 of 3>) {
  // expected-error @+1 {{'modular.plan' op makes '!modular.plan<1 of 3>' of '!modular.selection<2 of 3>'}}
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<1 of 3>
  return
}

// -----

func.func @plan_c2(%a: !modular.selection<2 of 3>, %i: tensor<?x1xi32>, %n: index) {
  // expected-error @+1 {{'modular.plan' op needs operand rows tensor<?xi32>, got 'tensor<?x1xi32>'}}
  %p = modular.plan %a distinct(%i of %n : tensor<?x1xi32>) : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  return
}

// -----

func.func @plan_c2_count(%a: !modular.selection<2 of 3>, %i: tensor<?xi32>) {
  // expected-error @+1 {{'modular.plan' op has operand rows without their count}}
  %p = "modular.plan"(%a, %i) {operandSegmentSizes = array<i32: 1, 1, 0>} : (!modular.selection<2 of 3>, tensor<?xi32>) -> !modular.plan<2 of 3>
  return
}

// -----

func.func @plan_c3(%a: !modular.selection<2 of 3>, %i: tensor<?xi32>, %n: index) {
  // expected-error @+1 {{'modular.plan' op is unique, which needs operand rows and 1 pick a row, not '!modular.plan<2 of 3>' with operand rows}}
  %p = modular.plan %a distinct(%i of %n : tensor<?xi32>) unique : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  return
}

// -----

func.func @plan_c3_rows(%a: !modular.selection<1 of 3>) {
  // expected-error @+1 {{'modular.plan' op is unique, which needs operand rows and 1 pick a row, not '!modular.plan<1 of 3>' without operand rows}}
  %p = modular.plan %a unique : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  return
}

// -----

func.func @plan_c2_rows(%a: !modular.selection<2 of 3>, %n: index) {
  // expected-error @+1 {{'modular.plan' op has a count without operand rows}}
  %p = "modular.plan"(%a, %n) {operandSegmentSizes = array<i32: 1, 0, 1>} : (!modular.selection<2 of 3>, index) -> !modular.plan<2 of 3>
  return
}

// -----

func.func @combine_c1(%p: !modular.plan<2 of 3>, %v: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.combine' op composes by 'gated' and has no gates}}
  %y = modular.combine gated %p, %v : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @combine_c1_sum(%p: !modular.plan<2 of 3>, %v: tensor<?x4xf32>, %g: tensor<?x2xf32>) {
  // expected-error @+1 {{'modular.combine' op composes by 'sum' and has gates}}
  %y = modular.combine sum %p, %v gates(%g : tensor<?x2xf32>) : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @combine_c1_shape(%p: !modular.plan<2 of 3>, %v: tensor<?x4xf32>, %g: tensor<?x3xf32>) {
  // expected-error @+1 {{'modular.combine' op needs gates tensor<?x2xf> for '!modular.plan<2 of 3>', got 'tensor<?x3xf32>'}}
  %y = modular.combine gated %p, %v gates(%g : tensor<?x3xf32>) : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @combine_c2(%p: !modular.plan<2 of 3>, %v: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.combine' op composes by 'sum' with '!modular.plan<2 of 3>', so values in grouped order 'tensor<?x4xf32>' do not go with rows 'tensor<?x8xf32>'}}
  %y = modular.combine sum %p, %v : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @combine_c2_concat(%p: !modular.plan<2 of 3>, %v: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.combine' op composes by 'concat' with '!modular.plan<2 of 3>', so values in grouped order 'tensor<?x4xf32>' do not go with rows 'tensor<?x4xf32>'}}
  %y = modular.combine concat %p, %v : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @dispatch_c1(%p: !modular.plan<2 of 3>, %v: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.dispatch' op composes by 'concat' with '!modular.plan<2 of 3>', so values in grouped order 'tensor<?x8xf32>' do not go with rows 'tensor<?x4xf32>'}}
  %y = modular.dispatch concat %p, %v : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @gate_cotangent_c1(%p: !modular.plan<2 of 3>, %v: tensor<?x4xf32>, %d: tensor<?x3xf32>) {
  // expected-error @+1 {{'modular.gate_cotangent' op multiplies 'tensor<?x4xf32>' by 'tensor<?x3xf32>', which must agree in all dimensions but the first}}
  %y = modular.gate_cotangent %p, %v, %d : !modular.plan<2 of 3>, tensor<?x4xf32>, tensor<?x3xf32> -> tensor<?x2xf32>
  return
}

// -----

func.func @gate_cotangent_c2(%p: !modular.plan<2 of 3>, %v: tensor<?x4xf32>, %d: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.gate_cotangent' op needs a result tensor<?x2xf> for '!modular.plan<2 of 3>', got 'tensor<?x3xf32>'}}
  %y = modular.gate_cotangent %p, %v, %d : !modular.plan<2 of 3>, tensor<?x4xf32>, tensor<?x4xf32> -> tensor<?x3xf32>
  return
}

// -----

func.func @tile_rows_c1(%x: tensor<4x2xf32>, %s: index) {
  // expected-error @+1 {{'modular.tile_rows' op maps 'tensor<4x2xf32>' to 'tensor<4x2xf32>', which must be equal and have a dynamic first dimension}}
  %y = modular.tile_rows %x times %s : tensor<4x2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @take_rows_c1(%x: tensor<4x2xf32>, %i: tensor<?xi32>) {
  // expected-error @+1 {{'modular.take_rows' op maps 'tensor<4x2xf32>' to 'tensor<4x2xf32>', which must be equal and have a dynamic first dimension}}
  %y = modular.take_rows %x at %i : tensor<4x2xf32>, tensor<?xi32> -> tensor<4x2xf32>
  return
}

// -----

func.func @take_rows_c2(%x: tensor<?x2xf32>, %i: tensor<?x1xi32>) {
  // expected-error @+1 {{'modular.take_rows' op needs row numbers tensor<?xi32>, got 'tensor<?x1xi32>'}}
  %y = modular.take_rows %x at %i : tensor<?x2xf32>, tensor<?x1xi32> -> tensor<?x2xf32>
  return
}

// -----

func.func @scatter_rows_c1(%x: memref<?x2xf32>, %y: memref<?x3xf32>, %i: memref<?xi32>) {
  // expected-error @+1 {{'modular.scatter_rows' op puts rows of 'memref<?x2xf32>' into 'memref<?x3xf32>', which must be equal but for a layout and have a dynamic first dimension}}
  modular.scatter_rows %x into %y at %i : memref<?x2xf32> into memref<?x3xf32>, memref<?xi32>
  return
}

// -----

func.func @scatter_rows_c1_mixed(%x: tensor<?x2xf32>, %y: memref<?x2xf32>, %i: memref<?xi32>) {
  // expected-error @+1 {{'modular.scatter_rows' op puts rows of 'tensor<?x2xf32>' into 'memref<?x2xf32>', which must be}}
  modular.scatter_rows %x into %y at %i : tensor<?x2xf32> into memref<?x2xf32>, memref<?xi32>
  return
}

// -----

func.func @scatter_rows_c2(%x: memref<?x2xf32>, %y: memref<?x2xf32>, %i: memref<4xi32>) {
  // expected-error @+1 {{'modular.scatter_rows' op needs row numbers memref<?xi32>, got 'memref<4xi32>'}}
  modular.scatter_rows %x into %y at %i : memref<?x2xf32> into memref<?x2xf32>, memref<4xi32>
  return
}

// -----

func.func @scatter_rows_c3(%x: tensor<?x2xf32>, %y: tensor<?x2xf32>, %i: tensor<?xi32>) {
  // expected-error @+1 {{'modular.scatter_rows' op on tensors must end a task, in an 'scf.forall.in_parallel'}}
  modular.scatter_rows %x into %y at %i : tensor<?x2xf32> into tensor<?x2xf32>, tensor<?xi32>
  return
}

// -----

func.func @distinct_rows_c1(%k: tensor<?xi32>, %p: tensor<?xi32>, %n: index) {
  // expected-error @+1 {{'modular.distinct_rows' op needs keys tensor<?xPxi32> with P ≥ 1, got 'tensor<?xi32>'}}
  %i, %f = modular.distinct_rows %k below 3 of %p in %n : tensor<?xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  return
}

// -----

func.func @distinct_rows_c2(%k: tensor<?x2xi32>, %p: tensor<?x1xi32>, %n: index) {
  // expected-error @+1 {{'modular.distinct_rows' op needs parents tensor<?xi32>, got 'tensor<?x1xi32>'}}
  %i, %f = modular.distinct_rows %k below 3 of %p in %n : tensor<?x2xi32>, tensor<?x1xi32> -> tensor<?xi32>, tensor<?xi32>
  return
}

// -----

func.func @distinct_rows_c2_first(%k: tensor<?x2xi32>, %p: tensor<?xi32>, %n: index) {
  // expected-error @+1 {{'modular.distinct_rows' op needs first rows tensor<?xi32>, got 'tensor<4xi32>'}}
  %i, %f = modular.distinct_rows %k below 3 of %p in %n : tensor<?x2xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<4xi32>
  return
}

// -----

func.func @distinct_rows_c3(%k: tensor<?x2xi32>, %p: tensor<?xi32>, %n: index) {
  // expected-error @+1 {{'modular.distinct_rows' op needs keys below at least 1, got 0}}
  %i, %f = modular.distinct_rows %k below 0 of %p in %n : tensor<?x2xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  return
}

// -----

func.func @uniform_c1(%s: i64, %p: tensor<?xi64>, %i: index) {
  // expected-error @+1 {{'modular.uniform' op needs a result tensor<?xKxf>, got 'tensor<?xf32>'}}
  %y = modular.uniform seed %s step %s points %p candidates %i slot %i purpose 1 : tensor<?xi64> -> tensor<?xf32>
  return
}

// -----

func.func @uniform_c2(%s: i64, %p: tensor<?x2xi64>, %i: index) {
  // expected-error @+1 {{'modular.uniform' op needs points tensor<?xi64>, got 'tensor<?x2xi64>'}}
  %y = modular.uniform seed %s step %s points %p candidates %i slot %i purpose 1 : tensor<?x2xi64> -> tensor<?x2xf32>
  return
}

// -----

func.func @uniform_c2_rows(%s: i64, %p: tensor<?xi64>, %i: index) {
  // expected-error @+1 {{'modular.uniform' op has 0 rows per point, not at least 1}}
  %y = modular.uniform seed %s step %s points %p candidates %i slot %i purpose 1 {rows_per_point = 0 : i64} : tensor<?xi64> -> tensor<?x2xf32>
  return
}

// -----

func.func @initialize_c1(%s: i64) {
  // expected-error @+1 {{'modular.initialize' op stacks 2 tensors, but its result is 'tensor<3x2xf32>'}}
  %w = modular.initialize(zeros) ["a", "b"] seed %s : tensor<3x2xf32>
  return
}

// -----

func.func @initialize_c1_none(%s: i64) {
  // expected-error @+1 {{'modular.initialize' op has no name}}
  %w = modular.initialize(zeros) [] seed %s : tensor<3x2xf32>
  return
}

// -----

func.func @initialize_c2(%s: i64) {
  // expected-error @+1 {{'modular.initialize' op needs a static shape, got 'tensor<?x2xf32>'}}
  %w = modular.initialize(zeros) ["a"] seed %s : tensor<?x2xf32>
  return
}

// -----

func.func @keep_best_c1(%j: tensor<?x1xf32>, %a: tensor<?x2xi32>, %s: index) {
  // expected-error @+1 {{'modular.keep_best' op needs objectives tensor<?xf>, got 'tensor<?x1xf32>'}}
  %b:3 = modular.keep_best %j, %a candidates %s : tensor<?x1xf32>, tensor<?x2xi32> -> tensor<?x2xi32>, tensor<?xf32>, tensor<?xf32>
  return
}

// -----

func.func @keep_best_c1_choices(%j: tensor<?xf32>, %a: tensor<?x2xi32>, %s: index) {
  // expected-error @+1 {{'modular.keep_best' op needs choices tensor<?xPxi32>, got 'tensor<?x2xi32>' and 'tensor<?x3xi32>'}}
  %b:3 = modular.keep_best %j, %a candidates %s : tensor<?xf32>, tensor<?x2xi32> -> tensor<?x3xi32>, tensor<?xf32>, tensor<?xf32>
  return
}

// -----

func.func @pullback_c1(%x: tensor<?xf32>, %y: tensor<?x2xf32>) {
  // expected-error @+1 {{'modular.pullback' op has cotangent 0 of type 'tensor<?x2xf32>' but that of the values is 'tensor<?xf32>'}}
  %g = modular.pullback (%x : tensor<?xf32>) along (%y : tensor<?x2xf32>) to (%x : tensor<?xf32>)
  return
}

// -----

func.func @pullback_c2(%x: tensor<?xf32>) {
  // expected-error @+1 {{'modular.pullback' op has result 0 of type 'tensor<?x2xf32>' but that of the inputs is 'tensor<?xf32>'}}
  %g = "modular.pullback"(%x, %x, %x) <{operandSegmentSizes = array<i32: 1, 1, 1>}> : (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @pullback_c2_unranked(%x: tensor<*xf32>) {
  // expected-error @+1 {{'modular.pullback' op differentiates 'tensor<*xf32>', which is neither a scalar nor a tensor with a rank}}
  %g = "modular.pullback"(%x, %x, %x) <{operandSegmentSizes = array<i32: 1, 1, 1>}> : (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @pullback_c2_integers(%x: tensor<?xi32>) {
  // expected-error @+1 {{'modular.pullback' op differentiates 'tensor<?xi32>', which is not of floats}}
  %g = modular.pullback (%x : tensor<?xi32>) along (%x : tensor<?xi32>) to (%x : tensor<?xi32>)
  return
}

// -----

func.func @defined_where_c1(%d: tensor<3x2xf32>, %t: tensor<2xi32>) {
  // expected-error @+1 {{'modular.defined_where' op has 3 slices of 'tensor<3x2xf32>', but flags 'tensor<2xi32>'}}
  %s = modular.defined_where %d, %t : tensor<3x2xf32>, tensor<2xi32>
  return
}

// -----

func.func @defined_where_c1_scalar(%d: tensor<f32>, %t: tensor<1xi32>) {
  // expected-error @+1 {{'modular.defined_where' op has a value 'tensor<f32>', whose slices are not known}}
  %s = modular.defined_where %d, %t : tensor<f32>, tensor<1xi32>
  return
}

// -----

func.func @gradient_norm_c1(%d: tensor<3x2xf32>, %a: tensor<3xi8>, %c: f32) {
  // expected-error @+1 {{'modular.gradient_norm' op has 1 gradients but 0 flags}}
  %n, %s = modular.gradient_norm (%d : tensor<3x2xf32>) active(%a : tensor<3xi8>) clip %c stacked [] : f32 -> f64, f32
  return
}

// -----

func.func @gradient_norm_c1_scalar(%d: tensor<f32>, %a: tensor<1xi8>, %c: f32) {
  // expected-error @+1 {{'modular.gradient_norm' op has a gradient 'tensor<f32>', which is no stack}}
  %n, %s = modular.gradient_norm (%d : tensor<f32>) active(%a : tensor<1xi8>) clip %c stacked [true] : f32 -> f64, f32
  return
}

// -----

func.func @gradient_norm_c1_dynamic(%d: tensor<?xf32>, %a: tensor<1xi8>, %c: f32) {
  // expected-error @+1 {{'modular.gradient_norm' op has a gradient 'tensor<?xf32>', whose size is not known}}
  %n, %s = modular.gradient_norm (%d : tensor<?xf32>) active(%a : tensor<1xi8>) clip %c stacked [false] : f32 -> f64, f32
  return
}

// -----

func.func @gradient_norm_c2(%d: tensor<3x2xf32>, %a: tensor<2xi8>, %c: f32) {
  // expected-error @+1 {{'modular.gradient_norm' op has 3 slices of 'tensor<3x2xf32>', but active is 'tensor<2xi8>'}}
  %n, %s = modular.gradient_norm (%d : tensor<3x2xf32>) active(%a : tensor<2xi8>) clip %c stacked [true] : f32 -> f64, f32
  return
}

// -----

func.func @update_c1(%w: tensor<3x2xf32>, %d: tensor<3xf32>, %a: tensor<3xi8>, %n: tensor<3xi64>, %r: f32) {
  // expected-error @+1 {{'modular.update' op has a parameter 'tensor<3x2xf32>' but a gradient 'tensor<3xf32>'}}
  %q = modular.update %w, %d active %a steps %n lr %r decay %r scale %r stacked {
  ^bb0(%p: f32, %g: f32, %l: f32, %t: f32):
    modular.yield %p : f32
  } : tensor<3x2xf32>, tensor<3xf32>, tensor<3xi8>, tensor<3xi64>, f32, f32, f32 -> tensor<3x2xf32>
  return
}

// -----

func.func @update_c2(%w: tensor<3x2xf32>, %d: tensor<3x2xf32>, %a: tensor<2xi8>, %n: tensor<3xi64>, %r: f32) {
  // expected-error @+1 {{'modular.update' op has 3 slices, but active is 'tensor<2xi8>' and steps 'tensor<3xi64>'}}
  %q = modular.update %w, %d active %a steps %n lr %r decay %r scale %r stacked {
  ^bb0(%p: f32, %g: f32, %l: f32, %t: f32):
    modular.yield %p : f32
  } : tensor<3x2xf32>, tensor<3x2xf32>, tensor<2xi8>, tensor<3xi64>, f32, f32, f32 -> tensor<3x2xf32>
  return
}

// -----

func.func @update_c3(%w: tensor<3x2xf32>, %d: tensor<3x2xf32>, %a: tensor<3xi8>, %n: tensor<3xi64>, %r: f32) {
  // expected-error @+1 {{'modular.update' op has 3 region arguments but the rule has 4}}
  %q = modular.update %w, %d active %a steps %n lr %r decay %r scale %r stacked {
  ^bb0(%p: f32, %g: f32, %l: f32):
    modular.yield %p : f32
  } : tensor<3x2xf32>, tensor<3x2xf32>, tensor<3xi8>, tensor<3xi64>, f32, f32, f32 -> tensor<3x2xf32>
  return
}
