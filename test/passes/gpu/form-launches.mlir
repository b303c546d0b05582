// RUN: modc-opt %s --modular-prepare-launches --modular-form-launches --canonicalize --cse | FileCheck %s
// Which ops of a program run in one launch; modc-conformance-tests runs them.

#each = affine_map<(d0) -> (d0)>
#column_row = affine_map<(d0, d1) -> (d1, d0)>
#column = affine_map<(d0, d1) -> (d0)>

// The example of the pass's description: the second op joins the launch that
// makes its operand, which writes to the output.
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x2xf32> {{{[^}]*}}}, %[[Y:[^:]*]]: tensor<?x4xf32> {{{[^}]*}}}, %[[W:[^:]*]]: tensor<2x4xf32> {{{[^}]*}}}, %[[B:[^:]*]]: tensor<4xf32>
// CHECK: %[[N:.*]] = tensor.dim %[[X]], %{{.*}}
// CHECK-NEXT: %[[R:.*]] = call @chain.linear(%[[Y]], %[[N]], %[[X]], %[[W]], %[[B]])
// CHECK-NEXT: return %[[R]]
func.func @chain(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                 %y: tensor<?x4xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"},
                 %w: tensor<2x4xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                 %b: tensor<4xf32> {modular.name = "b", modular.offset = 64 : i64, modular.role = "parameter"}) -> tensor<?x4xf32> {
  %l = modular.linear %x, %w, %b : tensor<?x2xf32>, tensor<2x4xf32>, tensor<4xf32> -> tensor<?x4xf32>
  %r = modular.relu %l : tensor<?x4xf32>
  %o = bufferization.materialize_in_destination %r in %y : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %o : tensor<?x4xf32>
}

// A sum of few numbers is one invocation's, which writes it where it belongs.
// CHECK-LABEL: func.func @small_sum(
// CHECK-SAME: %[[W:[^:]*]]: tensor<2x3xf32> {{{[^}]*}}}, %[[G:[^:]*]]: tensor<3xf32>
// CHECK: %[[R:.*]] = call @small_sum.{{.*}}(%[[G]], %[[W]])
// CHECK-NEXT: return %[[R]]
func.func @small_sum(%w: tensor<2x3xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                     %g: tensor<3xf32> {bufferization.writable = true, modular.name = "g", modular.offset = 0 : i64, modular.role = "gradient"}) -> tensor<3xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<3xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<3xf32>) -> tensor<3xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%w : tensor<2x3xf32>) outs(%start : tensor<3xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %r = arith.addf %acc, %a : f32
    linalg.yield %r : f32
  } -> tensor<3xf32>
  %o = bufferization.materialize_in_destination %sum in %g : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %o : tensor<3xf32>
}

// Flags of members that do not follow one another are read one by one.
// CHECK-LABEL: func.func @gathered_flags(
// CHECK: %[[STEPS:.*]] = call @gathered_flags.elementwise
// CHECK-NEXT: return %[[STEPS]]
func.func @gathered_flags(%touched: tensor<3xi32> {modular.name = "touched", modular.role = "input"},
                          %steps: tensor<2xi64> {bufferization.writable = true, modular.name = "steps", modular.offset = 0 : i64, modular.role = "state"}) -> tensor<2xi64> {
  %members = arith.constant dense<[0, 2]> : tensor<2xi64>
  %none = arith.constant 0 : i32
  %empty = tensor.empty() : tensor<3xi8>
  %flags = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]}
      ins(%touched : tensor<3xi32>) outs(%empty : tensor<3xi8>) {
  ^bb0(%t: i32, %o: i8):
    %on = arith.cmpi ne, %t, %none : i32
    %flag = arith.extui %on : i1 to i8
    linalg.yield %flag : i8
  } -> tensor<3xi8>
  %next = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]}
      ins(%members : tensor<2xi64>) outs(%steps : tensor<2xi64>) {
  ^bb0(%m: i64, %step: i64):
    %i = arith.index_cast %m : i64 to index
    %flag = tensor.extract %flags[%i] : tensor<3xi8>
    %one = arith.extui %flag : i8 to i64
    %sum = arith.addi %step, %one : i64
    linalg.yield %sum : i64
  } -> tensor<2xi64>
  return %next : tensor<2xi64>
}

// What reads other rows than its own waits for all of them.
// CHECK-LABEL: func.func @other_row(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x2xf32> {{{[^}]*}}}, %[[I:[^:]*]]: tensor<?xi32> {{{[^}]*}}}, %[[Y:[^:]*]]: tensor<?x2xf32>
// CHECK: %[[T:.*]] = bufferization.alloc_tensor(%[[N:.*]]) : tensor<?x2xf32>
// CHECK-NEXT: %[[R:.*]] = call @other_row.relu(%[[T]], %[[N]], %[[X]])
// CHECK-NEXT: call @other_row.take_rows(%[[Y]], %[[N]], %[[I]], %[[R]])
func.func @other_row(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                     %rows: tensor<?xi32> {modular.name = "rows", modular.role = "input", modular.rows = "N"},
                     %y: tensor<?x2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"}) -> tensor<?x2xf32> {
  %r = modular.relu %x : tensor<?x2xf32>
  %t = modular.take_rows %r at %rows : tensor<?x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  %o = bufferization.materialize_in_destination %t in %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %o : tensor<?x2xf32>
}

// A plan is four tensors, of fixed size but for the rows; a grouped op is a
// launch of its own, as is what brings positions back to rows.
// CHECK-LABEL: func.func @routed(
// CHECK: %[[S:.*]] = call @routed.to_selection(
// CHECK: %[[P:.*]]:4 = call @routed.plan({{.*}}, %[[S]], %[[N:.*]]) : (tensor<?xi32>, tensor<?xi32>, tensor<4xi32>, tensor<?x1xi32>, tensor<?x1xi32>, index)
// CHECK: %[[G:.*]] = call @routed.grouped(%{{[^,]*}}, %[[N]], %[[P]]#0, %[[P]]#1, %[[P]]#2, %[[P]]#3, %arg0, %arg3)
// CHECK: call @routed.combine(%arg2, %[[N]], %[[P]]#0, %[[P]]#1, %[[P]]#2, %[[P]]#3, %[[G]])
func.func @routed(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                  %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                  %y: tensor<?x2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"},
                  %w: tensor<3x2x2xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"}) -> tensor<?x2xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %plan gather(%x : tensor<?x2xf32>)
    class [0, 1, 2] parameters(%w : tensor<3x2x2xf32>) {
    ^bb0(%xm: tensor<?x2xf32>, %wm: tensor<2x2xf32>):
      %l = modular.linear %xm, %wm : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
      modular.yield %l : tensor<?x2xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf32>) gradients()
  %c = modular.combine sum %plan, %g : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  %o = bufferization.materialize_in_destination %c in %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %o : tensor<?x2xf32>
}

// Two classes in one pool: the launch asks which member a position is of.
// CHECK-LABEL: func.func @two_classes(
// CHECK: call @two_classes.plan(
// CHECK: call @two_classes.grouped(
// CHECK: call @two_classes.combine(
func.func @two_classes(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                       %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                       %y: tensor<?x2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"}) -> tensor<?x2xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %plan gather(%x : tensor<?x2xf32>)
    class [0, 2] {
    ^bb0(%xm: tensor<?x2xf32>):
      %r = modular.relu %xm : tensor<?x2xf32>
      modular.yield %r : tensor<?x2xf32>
    }
    class [1] {
    ^bb0(%xm: tensor<?x2xf32>):
      %r = math.sqrt %xm : tensor<?x2xf32>
      modular.yield %r : tensor<?x2xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf32>) gradients() gradients()
  %c = modular.combine sum %plan, %g : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  %o = bufferization.materialize_in_destination %c in %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %o : tensor<?x2xf32>
}

// A sum over rows is written straight to its place among the gradients.
// CHECK-LABEL: func.func @column_sums(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x2xf32> {{{[^}]*}}}, %[[D:[^:]*]]: tensor<2xf32>
// CHECK-NOT: alloc_tensor
// CHECK: %[[R:.*]] = call @column_sums.reduce(%[[D]], %{{.*}}, %[[X]])
// CHECK-NEXT: return %[[R]]
func.func @column_sums(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                       %db: tensor<2xf32> {bufferization.writable = true, modular.name = "b", modular.offset = 64 : i64, modular.role = "gradient"}) -> tensor<2xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x2xf32>) outs(%z : tensor<2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %out, %in : f32
    linalg.yield %a : f32
  } -> tensor<2xf32>
  %o = bufferization.materialize_in_destination %s in %db : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %o : tensor<2xf32>
}

// Rows that are only moved to positions are gathered by who reads them there.
// CHECK-LABEL: func.func @moved(
// CHECK: %[[P:.*]]:4 = call @moved.plan(
// CHECK-NOT: call @moved.dispatch
// CHECK: %[[G:.*]] = call @moved.grouped(%{{[^,]*}}, %{{[^,]*}}, %[[P]]#0, %[[P]]#1, %[[P]]#2, %[[P]]#3, %arg0, %arg1)
// CHECK: call @moved.combine(%arg3,
func.func @moved(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                 %dy: tensor<?x2xf32> {modular.name = "dy", modular.role = "input", modular.rows = "N"},
                 %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                 %y: tensor<?x2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"}) -> tensor<?x2xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %d = modular.dispatch sum %plan, %dy : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  %g = modular.grouped %plan gather(%x : tensor<?x2xf32>) along(%d : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x2xf32>, %dm: tensor<?x2xf32>):
      %m = arith.subf %xm, %dm : tensor<?x2xf32>
      modular.yield %m : tensor<?x2xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf32>) gradients()
  %c = modular.combine sum %plan, %g : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  %o = bufferization.materialize_in_destination %c in %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %o : tensor<?x2xf32>
}

// Gradients of members too, although what says where they are defined stands in
// between.
// CHECK-LABEL: func.func @member_gradient(
// CHECK: %[[P:.*]]:4 = call @member_gradient.plan(
// CHECK: call @member_gradient.grouped(%arg2,
func.func @member_gradient(%dy: tensor<?x2xf32> {modular.name = "dy", modular.role = "input", modular.rows = "N"},
                           %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"},
                           %db: tensor<3x2xf32> {bufferization.writable = true, modular.name = "b", modular.offset = 0 : i64, modular.role = "gradient"}) -> tensor<3x2xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %plan = modular.plan %selection : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %g = modular.grouped %plan gather(%dy : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%dym: tensor<?x2xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<2xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %sum = linalg.generic {indexing_maps = [#column_row, #column], iterator_types = ["parallel", "reduction"]} ins(%dym : tensor<?x2xf32>) outs(%z : tensor<2xf32>) {
      ^bb1(%in: f32, %out: f32):
        %a = arith.addf %out, %in : f32
        linalg.yield %a : f32
      } -> tensor<2xf32>
      modular.yield %sum : tensor<2xf32>
    } : !modular.plan<1 of 3> -> rows() gradients(tensor<3x2xf32>)
  %used = modular.usage %selection : !modular.selection<1 of 3> -> tensor<3xi32>
  %d = modular.defined_where %g, %used : tensor<3x2xf32>, tensor<3xi32>
  %o = bufferization.materialize_in_destination %d in %db : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %o : tensor<3x2xf32>
}

// Integers of a call are two words of one buffer, then come reals; the flags that
// the program makes are words. Parameters, states and steps change in place.
// CHECK-LABEL: func.func @update(
// CHECK-SAME: %[[WORDS:[^:]*]]: tensor<3xi32> {modular.offset = 0 : i64, modular.role = "scalar"}) ->
// CHECK: %[[F:.*]] = bufferization.alloc_tensor() : tensor<3xi32>
// CHECK-NEXT: %[[A:.*]]:2 = call @update.elementwise(%[[F]], %arg5, %arg0, %arg3) : (tensor<3xi32>, tensor<3xi64>, tensor<3xi32>, tensor<3xi8>)
// CHECK-NEXT: %[[U:.*]]:2 = call @update.update(%arg6, %arg7, %[[A]]#0, %[[A]]#1, %[[WORDS]], %arg4)
// CHECK-NEXT: return %[[U]]#0, %[[U]]#1, %[[A]]#1
func.func @update(%touched: tensor<3xi32> {modular.name = "touched", modular.role = "input"},
                  %seed: i64 {modular.name = "seed", modular.role = "integer"},
                  %lr: f32 {modular.name = "lr", modular.role = "real"},
                  %frozen: tensor<3xi8> {modular.name = "frozen", modular.role = "input"},
                  %dw: tensor<3x2xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "gradient"},
                  %steps: tensor<3xi64> {bufferization.writable = true, modular.name = "steps", modular.offset = 64 : i64, modular.role = "state"},
                  %w: tensor<3x2xf32> {bufferization.writable = true, modular.name = "w", modular.offset = 128 : i64, modular.role = "parameter"},
                  %m: tensor<3x2xf32> {bufferization.writable = true, modular.name = "w.m", modular.offset = 192 : i64, modular.role = "state"}) -> (tensor<3x2xf32>, tensor<3x2xf32>, tensor<3xi64>) {
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %c0_i32 = arith.constant 0 : i32
  %c0_i8 = arith.constant 0 : i8
  %e = tensor.empty() : tensor<3xi8>
  %active = linalg.generic {indexing_maps = [#each, #each, #each], iterator_types = ["parallel"]} ins(%touched, %frozen : tensor<3xi32>, tensor<3xi8>) outs(%e : tensor<3xi8>) {
  ^bb0(%t: i32, %f: i8, %out: i8):
    %1 = arith.cmpi eq, %f, %c0_i8 : i8
    %2 = arith.cmpi ne, %t, %c0_i32 : i32
    %3 = arith.andi %1, %2 : i1
    %4 = arith.extui %3 : i1 to i8
    linalg.yield %4 : i8
  } -> tensor<3xi8>
  %next = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]} ins(%active : tensor<3xi8>) outs(%steps : tensor<3xi64>) {
  ^bb0(%in: i8, %out: i64):
    %1 = arith.extui %in : i8 to i64
    %2 = arith.addi %out, %1 : i64
    linalg.yield %2 : i64
  } -> tensor<3xi64>
  %new, %newm = modular.update %w, %dw states(%m : tensor<3x2xf32>) active %active steps %next lr %lr decay %zero scale %one stacked {
  ^bb0(%p: f32, %g: f32, %s: f32, %rate: f32, %t: f32):
    %1 = arith.addf %s, %g : f32
    %2 = arith.mulf %rate, %1 : f32
    %3 = arith.subf %p, %2 : f32
    modular.yield %3, %1 : f32, f32
  } : tensor<3x2xf32>, tensor<3x2xf32>, tensor<3xi8>, tensor<3xi64>, f32, f32, f32 -> tensor<3x2xf32>, tensor<3x2xf32>
  return %new, %newm, %next : tensor<3x2xf32>, tensor<3x2xf32>, tensor<3xi64>
}

// A wide product has a kernel by tiles, and a launch to itself.
// CHECK-LABEL: func.func @wide(
// CHECK: %[[L:.*]] = call @wide.linear(
// CHECK: call @wide.relu(%arg1, %{{.*}}, %[[L]])
func.func @wide(%x: tensor<?x80xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                %y: tensor<?x10xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"},
                %w: tensor<80x10xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                %b: tensor<10xf32> {modular.name = "b", modular.offset = 3200 : i64, modular.role = "parameter"}) -> tensor<?x10xf32> {
  %l = modular.linear %x, %w, %b : tensor<?x80xf32>, tensor<80x10xf32>, tensor<10xf32> -> tensor<?x10xf32>
  %r = modular.relu %l : tensor<?x10xf32>
  %o = bufferization.materialize_in_destination %r in %y : (tensor<?x10xf32>, tensor<?x10xf32>) -> tensor<?x10xf32>
  return %o : tensor<?x10xf32>
}

// What a scan of one step stacks is the row's own where one launch makes and reads it:
// no op of the scan is left to ask for its size.
// CHECK-LABEL: func.func @one_step(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x3xf32> {{{[^}]*}}}, %[[Y:[^:]*]]: tensor<?x3xf32>
// CHECK-NOT: math.tanh
// CHECK: %[[N:.*]] = tensor.dim %[[X]],
// CHECK: %[[H:.*]] = call @one_step.tanh(
// CHECK-NEXT: %[[R:.*]] = call @one_step.insert_slice(%[[Y]], %[[N]], %[[H]]) :
// CHECK-NEXT: return %[[R]]
func.func @one_step(%x: tensor<?x3xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                    %y: tensor<?x3xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output", modular.rows = "N"}) -> tensor<?x3xf32> {
  %c0 = arith.constant 0 : index
  %h = math.tanh %x : tensor<?x3xf32>
  %n = tensor.dim %h, %c0 : tensor<?x3xf32>
  %none = bufferization.alloc_tensor(%n) : tensor<?x1x3xf32>
  %all = tensor.insert_slice %h into %none[0, 0, 0] [%n, 1, 3] [1, 1, 1] : tensor<?x3xf32> into tensor<?x1x3xf32>
  %rows = tensor.collapse_shape %all [[0, 1], [2]] : tensor<?x1x3xf32> into tensor<?x3xf32>
  %e = math.exp %rows : tensor<?x3xf32>
  %o = bufferization.materialize_in_destination %e in %y : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  return %o : tensor<?x3xf32>
}

// An invocation a row: the ops on its row.
// CHECK-LABEL: func.func private @chain.linear(
// CHECK-SAME: %[[Y:[^:]*]]: tensor<?x4xf32>, %[[N:[^:]*]]: index, %[[X:[^:]*]]: tensor<?x2xf32>, %[[W:[^:]*]]: tensor<2x4xf32>, %[[B:[^:]*]]: tensor<4xf32>)
// CHECK-SAME: modular.invocations = array<i64: 1, 1>
// CHECK: scf.forall (%[[I:.*]]) in (%[[N]]) shared_outs(%[[O:.*]] = %[[Y]])
// CHECK: %[[XI:.*]] = tensor.extract_slice %[[X]][%[[I]], 0] [1, 2] [1, 1]
// CHECK: %[[L:.*]] = modular.linear %[[XI]], %[[W]], %[[B]] : tensor<1x2xf32>
// CHECK: %[[R:.*]] = modular.relu %[[L]] : tensor<1x4xf32>
// CHECK: tensor.parallel_insert_slice %[[R]] into %[[O]][%[[I]], 0] [1, 4] [1, 1]

// CHECK-LABEL: func.func private @gathered_flags.elementwise(
// CHECK: %[[GATHERED:.*]] = tensor.extract %{{.*}} : tensor<3xi32>
// CHECK: %[[BYTE:.*]] = arith.trunci %[[GATHERED]] : i32 to i8
// CHECK: arith.extui %[[BYTE]] : i8 to i64

// The row that is read is the one that the indices say.
// CHECK-LABEL: func.func private @other_row.take_rows(
// CHECK: scf.forall (%[[I:.*]]) in
// CHECK: %[[J:.*]] = arith.index_cast %{{.*}} : i32 to index
// CHECK: %[[R:.*]] = tensor.extract_slice %{{.*}}[%[[J]], 0] [1, 2] [1, 1]
// CHECK: tensor.parallel_insert_slice %[[R]] into %{{.*}}[%[[I]], 0]

// Plans have a kernel of their own, by the numbers of arguments.
// CHECK-LABEL: func.func private @routed.plan(
// CHECK-SAME: modular.tile_kernel = {{{.*}}kind = "plan", {{.*}}rows = 5 : i64, selection = 4 : i64}

// An invocation a position, as many as the plan has; the member is the last one
// whose positions do not start behind it.
// CHECK-LABEL: func.func private @routed.grouped(
// CHECK-SAME: %{{[^:]*}}: tensor<?x2xf32>, %[[N:[^:]*]]: index, %[[ROWS:[^:]*]]: tensor<?xi32>, %{{[^:]*}}: tensor<?xi32>, %[[STARTS:[^:]*]]: tensor<4xi32>
// CHECK: %[[LAST:.*]] = tensor.extract %[[STARTS]][%c3]
// CHECK: %[[USED:.*]] = arith.index_cast %[[LAST]] : i32 to index
// CHECK: %[[MOST:.*]] = arith.minui %[[N]], %[[USED]] : index
// CHECK: scf.forall (%[[I:.*]]) in (%[[MOST]])
// CHECK: %[[AT:.*]] = arith.index_cast %[[I]] : index to i32
// CHECK: %[[MEMBER:.*]] = scf.for %[[K:.*]] = %c1 to %c3 step %c1 iter_args(%[[M:.*]] = %c0) -> (index) {
// CHECK: %[[START:.*]] = tensor.extract %[[STARTS]][%[[K]]]
// CHECK: %[[BEHIND:.*]] = arith.cmpi sge, %[[AT]], %[[START]] : i32
// CHECK: arith.select %[[BEHIND]], %[[K]], %[[M]] : index
// CHECK: %[[IN_CLASS:.*]] = tensor.extract %{{.*}}[%[[MEMBER]]]
// CHECK: %[[PLACE:.*]] = arith.index_cast %[[IN_CLASS]] : i32 to index
// CHECK: tensor.extract %[[ROWS]][%[[I]]]
// CHECK: %[[W:.*]] = tensor.extract_slice %{{.*}}[%[[PLACE]], 0, 0] [1, 2, 2] [1, 1, 1]
// CHECK: modular.linear %{{.*}}, %[[W]]

// The class of each member is in a table.
// CHECK-LABEL: func.func private @two_classes.grouped(
// CHECK-DAG: %[[CLASSES:.*]] = arith.constant dense<[0, 1, 0]> : tensor<3xi32>
// CHECK: scf.forall
// CHECK: %[[MEMBER:.*]] = scf.for
// CHECK: %[[CLASS:.*]] = tensor.extract %[[CLASSES]][%[[MEMBER]]]
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[CLASS]], %c0_i32
// CHECK: scf.if %[[FIRST]]
// CHECK: modular.relu
// CHECK: } else {
// CHECK: math.sqrt

// An invocation an element, which sums all rows.
// CHECK-LABEL: func.func private @column_sums.reduce(
// CHECK-SAME: %[[N:[^:]*]]: index
// CHECK-SAME: modular.invocations = array<i64: 2, -1>
// CHECK: scf.forall (%[[J:.*]]) in (2)
// CHECK: scf.for %{{.*}} = %c0 to %[[N]] step %c1
// CHECK: arith.addf

// The position's row, of both.
// CHECK-LABEL: func.func private @moved.grouped(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x2xf32>, %[[D:[^:]*]]: tensor<?x2xf32>)
// CHECK-DAG: tensor.extract_slice %[[X]][%{{.*}}, 0] [1, 2] [1, 1]
// CHECK-DAG: tensor.extract_slice %[[D]][%{{.*}}, 0] [1, 2] [1, 1]

// An invocation an element of the stack, which sums the positions of its member.
// CHECK-LABEL: func.func private @member_gradient.grouped(
// CHECK-SAME: modular.invocations = array<i64: 6, -1>
// CHECK: scf.forall (%[[J:.*]]) in (6)
// CHECK: %[[COLUMN:.*]] = arith.remui %[[J]], %c2
// CHECK: %[[MEMBER:.*]] = arith.divui %[[J]], %c2
// CHECK: %[[FIRST:.*]] = tensor.extract %[[STARTS:.*]][%[[MEMBER]]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[MEMBER]], %c1
// CHECK: tensor.extract %[[STARTS]][%[[NEXT]]]
// CHECK: %[[COUNT:.*]] = arith.subi
// CHECK: scf.for %{{.*}} = %c0 to %[[COUNT]] step %c1

// One invocation computes what is small; readers of flags cut them.
// CHECK-LABEL: func.func private @update.elementwise(
// CHECK-NOT: scf.forall
// CHECK: arith.extui %{{.*}} : i1 to i32
// CHECK: %[[FLAG:.*]] = arith.trunci %{{.*}} : i32 to i8
// CHECK: arith.extui %[[FLAG]] : i8 to i64

// Behind the two words of the seed comes the learning rate. What is not active
// keeps its value.
// CHECK-LABEL: func.func private @update.update(
// CHECK-SAME: %[[WORDS:[^:]*]]: tensor<3xi32>, %{{[^:]*}}: tensor<3x2xf32>) ->
// CHECK: scf.forall {{.*}} in (6)
// CHECK: %[[ACTIVE:.*]] = arith.cmpi ne, %{{.*}}, %c0_i32 : i32
// CHECK: %[[WORD:.*]] = tensor.extract %[[WORDS]][%c2]
// CHECK: arith.bitcast %[[WORD]] : i32 to f32
// CHECK-COUNT-2: arith.select %[[ACTIVE]], %{{.*}}, %{{.*}} : f32

// CHECK-LABEL: func.func private @wide.linear(
// CHECK-SAME: modular.tile_kernel = {b = 4 : i64, factor = 1 : i64, kind = "product", rows = 1 : i64, transposed = 0 : i64, w = 3 : i64, x = 2 : i64, y = 0 : i64}
// CHECK-LABEL: func.func private @wide.relu(
// CHECK-NOT: modular.tile_kernel
