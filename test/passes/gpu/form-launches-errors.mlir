// RUN: modc-opt %s --modular-prepare-launches --modular-form-launches -verify-diagnostics -split-input-file
// What cannot run on a device is named where it is written.

// Steps one after the other.
func.func @recurrent(%h: tensor<?x4xf32> {modular.name = "h", modular.role = "input", modular.rows = "N"},
                     %xs: tensor<?x6x4xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                     %w: tensor<2x4x4xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"},
                     %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"}) -> tensor<?x4xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 2>
  // expected-error @+1 {{'modular.scan' op is no launch; modular-unroll-scans turns it into its steps}}
  %f, %a = modular.scan step(%t) carry(%c = %h : tensor<?x4xf32>) over(%x = %xs : tensor<?x6x4xf32>)
      -> tensor<?x4xf32>, tensor<?x6x4xf32> {
    %plan = modular.plan %selection : !modular.selection<1 of 2> -> !modular.plan<1 of 2>
    %g = modular.grouped %plan gather(%c : tensor<?x4xf32>)
      class [0, 1] parameters(%w : tensor<2x4x4xf32>) {
      ^bb0(%cm: tensor<?x4xf32>, %wm: tensor<4x4xf32>):
        %l = modular.linear %cm, %wm : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
        modular.yield %l : tensor<?x4xf32>
      } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) gradients()
    %n = modular.combine sum %plan, %g : !modular.plan<1 of 2>, tensor<?x4xf32> -> tensor<?x4xf32>
    modular.yield %n, %n : tensor<?x4xf32>, tensor<?x4xf32>
  }
  return %f : tensor<?x4xf32>
}

// -----

// A sum over more rows a point than there are.
func.func @by_point(%x: tensor<?x4xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                    %keys: tensor<?x6x2xf32> {modular.name = "k", modular.role = "input", modular.rows = "N"},
                    %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"}) -> tensor<?x4xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 2>
  %plan = modular.plan %selection : !modular.selection<1 of 2> -> !modular.plan<1 of 2>
  // expected-error @+1 {{'modular.grouped' op has 6 rows a point, but its plan has 1 for each}}
  %g, %k = modular.grouped %plan gather(%x : tensor<?x4xf32>) points(%keys : tensor<?x6x2xf32> rows 6)
    class [0, 1] {
    ^bb0(%xm: tensor<?x4xf32>, %km: tensor<6x2xf32>):
      modular.yield %xm, %km : tensor<?x4xf32>, tensor<6x2xf32>
    } : !modular.plan<1 of 2> -> rows(tensor<?x4xf32>) points(tensor<?x6x2xf32>) gradients()
  %c = modular.combine sum %plan, %g : !modular.plan<1 of 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %c : tensor<?x4xf32>
}

// -----

// Who reads flags is known.
#each = affine_map<(d0) -> (d0)>
func.func @flags(%frozen: tensor<4xi8> {modular.name = "frozen", modular.role = "input"},
                 %y: tensor<4xi8> {bufferization.writable = true, modular.name = "y", modular.role = "output"}) -> tensor<4xi8> {
  %one = arith.constant 1 : i8
  %e = tensor.empty() : tensor<4xi8>
  %active = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]} ins(%frozen : tensor<4xi8>) outs(%e : tensor<4xi8>) {
  ^bb0(%f: i8, %out: i8):
    %1 = arith.xori %f, %one : i8
    linalg.yield %1 : i8
  } -> tensor<4xi8>
  // expected-error @+1 {{'bufferization.materialize_in_destination' op takes flags of 8 bits, a device makes them of 32}}
  %o = bufferization.materialize_in_destination %active in %y : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  return %o : tensor<4xi8>
}

// -----

// A gradient of all rows of a member at once, by an op that is no sum.
func.func @no_sum(%dy: tensor<?x4xf32> {modular.name = "dy", modular.role = "input", modular.rows = "N"},
                  %s: tensor<?x1xi32> {modular.name = "selection", modular.role = "input", modular.rows = "N"}) -> tensor<2x4xf32> {
  %selection = modular.to_selection %s : tensor<?x1xi32> -> !modular.selection<1 of 2>
  %plan = modular.plan %selection : !modular.selection<1 of 2> -> !modular.plan<1 of 2>
  // expected-error @+1 {{'modular.grouped' op has a gradient that a device cannot compute}}
  %g = modular.grouped %plan gather(%dy : tensor<?x4xf32>)
    class [0, 1] {
    ^bb0(%dym: tensor<?x4xf32>):
      %c0 = arith.constant 0 : index
      // expected-note @+1 {{it is made of this value}}
      %first = tensor.generate {
      ^bb1(%j: index):
        %v = tensor.extract %dym[%c0, %j] : tensor<?x4xf32>
        tensor.yield %v : f32
      } : tensor<4xf32>
      modular.yield %first : tensor<4xf32>
    } : !modular.plan<1 of 2> -> rows() gradients(tensor<2x4xf32>)
  return %g : tensor<2x4xf32>
}

// -----

// A sum over rows whose body reads a tensor behind a condition.
func.func @conditional(%x: tensor<?x4xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                       %w: tensor<4xf32> {modular.name = "w", modular.offset = 0 : i64, modular.role = "parameter"}) -> tensor<4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{'linalg.generic' op cannot be run an invocation an element: it needs one result of static shape}}
  %s = linalg.generic {indexing_maps = [affine_map<(j, n) -> (n, j)>, affine_map<(j, n) -> (j)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x4xf32>) outs(%z : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %j = linalg.index 0 : index
    %c = arith.cmpf ogt, %in, %zero : f32
    %v = scf.if %c -> f32 {
      %r = tensor.extract %w[%j] : tensor<4xf32>
      scf.yield %r : f32
    } else {
      scf.yield %zero : f32
    }
    %a = arith.addf %out, %v : f32
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return %s : tensor<4xf32>
}

// -----

// The rows that are not first have no values.
#each = affine_map<(i) -> (i)>
func.func @sums_distinct_rows(%x: tensor<?x2xf32> {modular.name = "x", modular.role = "input", modular.rows = "N"},
                              %picks: tensor<?x1xi32> {modular.name = "picks", modular.role = "input", modular.rows = "S*N"},
                              %s: index {modular.name = "S", modular.role = "size"},
                              %y: tensor<2xf32> {bufferization.writable = true, modular.name = "y", modular.role = "output"}) -> tensor<2xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%n) : tensor<?xi32>
  %counting = linalg.generic {indexing_maps = [#each], iterator_types = ["parallel"]} outs(%e : tensor<?xi32>) {
  ^bb0(%o: i32):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i32
    linalg.yield %j : i32
  } -> tensor<?xi32>
  %parents = modular.tile_rows %counting times %s : tensor<?xi32> -> tensor<?xi32>
  %index, %first = modular.distinct_rows %picks below 3 of %parents in %n : tensor<?x1xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  %p = modular.take_rows %picks at %first : tensor<?x1xi32>, tensor<?xi32> -> tensor<?x1xi32>
  %a = modular.to_selection %p : tensor<?x1xi32> -> !modular.selection<1 of 3>
  %of = modular.take_rows %parents at %first : tensor<?xi32>, tensor<?xi32> -> tensor<?xi32>
  %plan = modular.plan %a distinct(%of of %n : tensor<?xi32>) unique : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %v = modular.grouped %plan gather(%x : tensor<?x2xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x2xf32>):
      %ym = math.absf %xm : tensor<?x2xf32>
      modular.yield %ym : tensor<?x2xf32>
    } : !modular.plan<1 of 3> -> rows(tensor<?x2xf32>) gradients()
  %once = modular.combine sum %plan, %v : !modular.plan<1 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  %none = tensor.empty() : tensor<2xf32>
  %start = linalg.fill ins(%zero : f32) outs(%none : tensor<2xf32>) -> tensor<2xf32>
  // expected-error @+1 {{'linalg.generic' op sums over distinct rows, but a device has them among all rows}}
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%once : tensor<?x2xf32>) outs(%start : tensor<2xf32>) {
  ^bb0(%b: f32, %acc: f32):
    %r = arith.addf %acc, %b : f32
    linalg.yield %r : f32
  } -> tensor<2xf32>
  %w = bufferization.materialize_in_destination %sum in %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %w : tensor<2xf32>
}
