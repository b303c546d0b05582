// RUN: modc-opt %s | FileCheck %s

// Bodies that keep rows apart by other ways than dimension 0 of everything.

#id = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-LABEL: modular.network @rows
modular.network @rows {
  // A transposed product: rows move to dimension 1 and back.
  // CHECK: modular.module @transposed
  modular.module @transposed(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
    %w = modular.parameter "w" init(zeros) : tensor<3x4xf32>
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x4xf32>
    %e = tensor.empty(%n) : tensor<4x?xf32>
    %xt = linalg.transpose ins(%x : tensor<?x4xf32>) outs(%e : tensor<4x?xf32>) permutation = [1, 0]
    %f = tensor.empty(%n) : tensor<3x?xf32>
    %z = linalg.fill ins(%zero : f32) outs(%f : tensor<3x?xf32>) -> tensor<3x?xf32>
    %yt = linalg.matmul ins(%w, %xt : tensor<3x4xf32>, tensor<4x?xf32>) outs(%z : tensor<3x?xf32>) -> tensor<3x?xf32>
    %g = tensor.empty(%n) : tensor<?x3xf32>
    %y = linalg.transpose ins(%yt : tensor<3x?xf32>) outs(%g : tensor<?x3xf32>) permutation = [1, 0]
    modular.yield %y : tensor<?x3xf32>
  }

  // Attention inside a row: tokens of one row see each other.
  // CHECK: modular.module @attention
  modular.module @attention(%x: tensor<?x3x4xf32>) -> tensor<?x3x3xf32> {
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x3x4xf32>
    %e = tensor.empty(%n) : tensor<?x3x3xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x3x3xf32>) -> tensor<?x3x3xf32>
    %f = tensor.empty(%n) : tensor<?x4x3xf32>
    %t = linalg.transpose ins(%x : tensor<?x3x4xf32>) outs(%f : tensor<?x4x3xf32>) permutation = [0, 2, 1]
    %s = linalg.batch_matmul ins(%x, %t : tensor<?x3x4xf32>, tensor<?x4x3xf32>) outs(%z : tensor<?x3x3xf32>) -> tensor<?x3x3xf32>
    %p = linalg.softmax dimension(2) ins(%s : tensor<?x3x3xf32>) outs(%e : tensor<?x3x3xf32>) -> tensor<?x3x3xf32>
    modular.yield %p : tensor<?x3x3xf32>
  }

  // Tokens become rows and come back; the number of rows is computed.
  // CHECK: modular.module @tokens
  modular.module @tokens(%x: tensor<?x3x4xf32>) -> tensor<?x3x2xf32> {
    %w = modular.parameter "w" init(zeros) : tensor<4x2xf32>
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %c3 = arith.constant 3 : index
    %n = tensor.dim %x, %c0 : tensor<?x3x4xf32>
    %m = arith.muli %n, %c3 : index
    %t = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x3x4xf32> into tensor<?x4xf32>
    %e = tensor.empty(%m) : tensor<?x2xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
    %s = linalg.matmul ins(%t, %w : tensor<?x4xf32>, tensor<4x2xf32>) outs(%z : tensor<?x2xf32>) -> tensor<?x2xf32>
    %k = arith.divui %m, %c3 : index
    %y = tensor.expand_shape %s [[0, 1], [2]] output_shape [%k, 3, 2] : tensor<?x2xf32> into tensor<?x3x2xf32>
    modular.yield %y : tensor<?x3x2xf32>
  }

  // An element of the own row, and a row of a table that the row's data names.
  // CHECK: modular.module @extracts
  modular.module @extracts(%x: tensor<?x4xf32>, %i: tensor<?x4xi32>) -> tensor<?x4xf32> {
    %table = modular.parameter "table" init(zeros) : tensor<10x4xf32>
    %c3 = arith.constant 3 : index
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x4xf32>
    %e = tensor.empty(%n) : tensor<?x4xf32>
    %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%i : tensor<?x4xi32>) outs(%e : tensor<?x4xf32>) {
    ^bb0(%index: i32, %o: f32):
      %row = linalg.index 0 : index
      %column = linalg.index 1 : index
      %back = arith.subi %c3, %column : index
      %own = tensor.extract %x[%row, %back] : tensor<?x4xf32>
      %word = arith.index_cast %index : i32 to index
      %entry = tensor.extract %table[%word, %column] : tensor<10x4xf32>
      %s = arith.addf %own, %entry : f32
      linalg.yield %s : f32
    } -> tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }

  // Slices, paddings and concatenations of other dimensions.
  // CHECK: modular.module @slices
  modular.module @slices(%x: tensor<?x4xf32>) -> tensor<?x6xf32> {
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x4xf32>
    %a = tensor.extract_slice %x[0, 1] [%n, 2] [1, 1] : tensor<?x4xf32> to tensor<?x2xf32>
    %b = tensor.pad %a low[0, 1] high[0, 1] {
    ^bb0(%p: index, %q: index):
      tensor.yield %zero : f32
    } : tensor<?x2xf32> to tensor<?x4xf32>
    %c = tensor.insert_slice %a into %b[0, 0] [%n, 2] [1, 2] : tensor<?x2xf32> into tensor<?x4xf32>
    %s = tensor.splat %zero[%n] : tensor<?x2xf32>
    %y = tensor.concat dim(1) %c, %s : (tensor<?x4xf32>, tensor<?x2xf32>) -> tensor<?x6xf32>
    modular.yield %y : tensor<?x6xf32>
  }

  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}
