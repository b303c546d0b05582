// RUN: modc-opt %s -verify-diagnostics -split-input-file

// What mixes rows is refused at the op, with the reason. Each network is a module
// whose body does one thing that module_c2 forbids.

modular.network @reduces_rows {
  modular.module @m(%x: tensor<?x2xf32>, %e: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %zero = arith.constant dense<0.0> : tensor<2xf32>
    // expected-error @+1 {{'linalg.reduce' op reads rows other than its own: it reduces over dimension 0 of operand 0}}
    %s = linalg.reduce {arith.addf} ins(%x : tensor<?x2xf32>) outs(%zero : tensor<2xf32>) dimensions = [0]
    %y = linalg.broadcast ins(%s : tensor<2xf32>) outs(%e : tensor<?x2xf32>) dimensions = [0]
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

// Attention between the rows of a batch: x times its own transpose.

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
modular.network @two_row_loops {
  modular.module @m(%x: tensor<?x2xf32>, %init: tensor<?x?xf32>) -> tensor<?x?xf32> {
    // expected-error @+1 {{'linalg.generic' op reads rows other than its own: dimension 0 of operand 1 runs apart from the rows of operand 0}}
    %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %x : tensor<?x2xf32>, tensor<?x2xf32>) outs(%init : tensor<?x?xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %o, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    modular.yield %y : tensor<?x?xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

// A convolution over the batch: each row reads its neighbours.

#conv = affine_map<(d0, d1, d2) -> (d0 + d2, d1)>
#kernel = affine_map<(d0, d1, d2) -> (d2)>
#out = affine_map<(d0, d1, d2) -> (d0, d1)>
modular.network @window_of_rows {
  modular.module @m(%x: tensor<?x2xf32>, %init: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %k = modular.parameter "k" init(zeros) : tensor<3xf32>
    // expected-error @+1 {{'linalg.generic' op reads rows other than its own: dimension 0 of operand 0 is indexed by d0 + d2}}
    %y = linalg.generic {indexing_maps = [#conv, #kernel, #out], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %k : tensor<?x2xf32>, tensor<3xf32>) outs(%init : tensor<?x2xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %o, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
modular.network @row_number {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x2xf32>) {
    ^bb0(%o: f32):
      %i = linalg.index 0 : index
      // expected-error @+1 {{'arith.index_cast' op computes with the number of its row: rows are gathered, and have another number then}}
      %j = arith.index_cast %i : index to i32
      %f = arith.sitofp %j : i32 to f32
      linalg.yield %f : f32
    } -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
modular.network @reads_outside {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %c0 = arith.constant 0 : index
    %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x2xf32>) {
    ^bb0(%o: f32):
      %j = linalg.index 1 : index
      // expected-error @+1 {{'tensor.extract' op reads rows other than its own: operand 0 is rows in dimension 0 from outside of the region}}
      %f = tensor.extract %x[%c0, %j] : tensor<?x2xf32>
      linalg.yield %f : f32
    } -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @shared_follows_rows {
  modular.module @m(%x: tensor<?x2xf32>, shared %t: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'linalg.add' op reads rows other than its own: dimension 0 of operand 1 follows the rows, but the operand is the same for all rows}}
    %y = linalg.add ins(%x, %t : tensor<?x2xf32>, tensor<?x2xf32>) outs(%x : tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @shared_elementwise {
  modular.module @m(%x: tensor<?x2xf32>, shared %t: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'arith.addf' op mixes rows: operand 0 is rows in dimension 0, operand 1 is the same for all rows}}
    %y = arith.addf %x, %t : tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @softmax_over_rows {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'linalg.softmax' op reads rows other than its own: it sums over dimension 0 of operand 0}}
    %y = linalg.softmax dimension(0) ins(%x : tensor<?x2xf32>) outs(%x : tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @rows_not_first {
  modular.module @m(%x: tensor<?x2xf32>, %e: tensor<2x?xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  // expected-error @-3 {{'modular.module' op has input 1 of type 'tensor<2x?xf32>', but the first dimension counts rows and must be '?'}}
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @last_dimension_of_rows {
  modular.module @m(%x: tensor<?xf32>) -> tensor<?xf32> {
    // expected-error @+1 {{'modular.softmax' op reads rows other than its own: it works along dimension 0 of operand 0, which holds the rows}}
    %y = modular.softmax %x : tensor<?xf32>
    modular.yield %y : tensor<?xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @weight_of_rows {
  modular.module @m(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
    // expected-error @+1 {{'modular.linear' op reads rows other than its own: operand 1 is rows in dimension 0}}
    %y = modular.linear %x, %x : tensor<?x?xf32>, tensor<?x?xf32> -> tensor<?x?xf32>
    modular.yield %y : tensor<?x?xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @batch_size {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x2xf32>
    %i = arith.index_cast %n : index to i64
    // expected-error @+1 {{'arith.sitofp' op computes with the number of rows, which a row may not depend on}}
    %f = arith.sitofp %i : i64 to f32
    %e = tensor.empty(%n) : tensor<?x2xf32>
    %y = linalg.fill ins(%f : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @slice_of_rows {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x2xf32>
    // expected-error @+1 {{'tensor.extract_slice' op reads rows other than its own: it does not keep dimension 0 of its operand whole}}
    %y = tensor.extract_slice %x[1, 0] [%n, 2] [1, 1] : tensor<?x2xf32> to tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @insert_of_rows {
  modular.module @m(%x: tensor<?x2xf32>, %z: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x2xf32>
    // expected-error @+1 {{'tensor.insert_slice' op writes rows other than its own: it does not keep dimension 0 of its destination whole}}
    %y = tensor.insert_slice %z into %x[0, 0] [%n, 2] [2, 1] : tensor<?x2xf32> into tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @insert_of_free {
  modular.module @m(%x: tensor<?x2xf32>, shared %z: tensor<?x1xf32>) -> tensor<?x2xf32> {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x2xf32>
    // expected-error @+1 {{'tensor.insert_slice' op mixes rows: its source is the same for all rows, its destination is rows in dimension 0}}
    %y = tensor.insert_slice %z into %x[0, 0] [%n, 1] [1, 1] : tensor<?x1xf32> into tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @concat_of_rows {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'tensor.concat' op mixes rows: it concatenates along dimension 0, which holds the rows}}
    %y = tensor.concat dim(0) %x, %x : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @pad_of_rows {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %zero = arith.constant 0.0 : f32
    // expected-error @+1 {{'tensor.pad' op adds rows: it pads dimension 0, which holds the rows}}
    %y = tensor.pad %x low[1, 0] high[0, 0] {
    ^bb0(%i: index, %j: index):
      tensor.yield %zero : f32
    } : tensor<?x2xf32> to tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

// Pairs of neighbouring rows.

modular.network @expand_of_rows {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %n = tensor.dim %x, %c0 : tensor<?x2xf32>
    %half = arith.constant 4 : index
    // expected-error @+1 {{'tensor.expand_shape' op mixes rows: it groups 2 consecutive rows, but operand 0 has 1 for each input row}}
    %p = tensor.expand_shape %x [[0, 1], [2]] output_shape [%half, 2, 2] : tensor<?x2xf32> into tensor<?x2x2xf32>
    %y = tensor.collapse_shape %p [[0, 1], [2]] : tensor<?x2x2xf32> into tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

// After a transpose, rows are in dimension 1, and what stands before them mixes.

modular.network @collapse_of_rows {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?xf32> {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x2xf32>
    %e = tensor.empty(%n) : tensor<2x?xf32>
    %t = linalg.transpose ins(%x : tensor<?x2xf32>) outs(%e : tensor<2x?xf32>) permutation = [1, 0]
    // expected-error @+1 {{'tensor.collapse_shape' op mixes rows: dimension 0 of its operand, of size 2, merges with the rows in dimension 1}}
    %y = tensor.collapse_shape %t [[0, 1]] : tensor<2x?xf32> into tensor<?xf32>
    modular.yield %y : tensor<?xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

// Rows that were collapsed with tokens must be put apart again.

modular.network @token_result {
  modular.module @m(%x: tensor<?x3x2xf32>) -> tensor<?x2xf32> {
    %y = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x3x2xf32> into tensor<?x2xf32>
    // expected-error @+1 {{'modular.yield' op gives, as result 0, rows in dimension 0, 3 for each input row, but results have one row for each input row, in dimension 0}}
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @free_result {
  modular.module @m(%x: tensor<?x2xf32>, shared %t: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.yield' op gives, as result 0, a value that is the same for all rows, but results have one row for each input row, in dimension 0}}
    modular.yield %t : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @unknown_op {
  modular.module @m(%x: tensor<?x2xf32>, %i: tensor<?x1xindex>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'tensor.gather' op is not known to keep rows apart, so it can't stand in a body}}
    %y = tensor.gather %x[%i] gather_dims([0]) : (tensor<?x2xf32>, tensor<?x1xindex>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @scan_of_rows {
  modular.graph(%x: tensor<?x3x2xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "h" init(zeros) : tensor<1x2xf32>
    %h0 = tensor.cast %w : tensor<1x2xf32> to tensor<?x2xf32>
    // expected-error @+1 {{'modular.scan' op mixes rows: carried value 0 starts as the same for all rows and becomes rows in dimension 0}}
    %h = modular.scan step(%t) carry(%hp = %h0 : tensor<?x2xf32>) over(%xt = %x : tensor<?x3x2xf32>) -> tensor<?x2xf32> {
      modular.yield %xt : tensor<?x2xf32>
    }
    modular.output %h : tensor<?x2xf32>
  }
}

// -----

modular.network @shared_of_rows {
  modular.module @m(%x: tensor<?x2xf32>, shared %t: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.apply' op mixes rows: a shared operand of type 'tensor<?x2xf32>' has rows in dimension 0, and all rows see it whole}}
    %y = modular.apply @m as "m"(%x, %x) : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

// Upstream compares sizes only where all of them are static.

modular.network @sizes_of_contraction {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "w" init(zeros) : tensor<3x2xf32>
    // expected-error @+1 {{'linalg.matmul' op has dimension 0 of operand 1 of size 3, but dimension 1 of operand 0 of size 2}}
    %y = linalg.matmul ins(%x, %w : tensor<?x2xf32>, tensor<3x2xf32>) outs(%x : tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @sizes_of_windows {
  modular.module @m(%x: tensor<?x1x8xf32>, %o: tensor<?x1x7xf32>) -> tensor<?x1x7xf32> {
    %w = modular.parameter "w" init(zeros) : tensor<1x1x3xf32>
    // expected-error @+1 {{'linalg.conv_1d_ncw_fcw' op reads dimension 2 of operand 0 up to index 8, but its size is 8}}
    %y = linalg.conv_1d_ncw_fcw ins(%x, %w : tensor<?x1x8xf32>, tensor<1x1x3xf32>) outs(%o : tensor<?x1x7xf32>) -> tensor<?x1x7xf32>
    modular.yield %y : tensor<?x1x7xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}
