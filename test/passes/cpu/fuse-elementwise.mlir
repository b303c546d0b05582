// RUN: modc-opt %s --modular-fuse-elementwise | FileCheck %s
// RUN: modc-opt %s --modular-fuse-elementwise --remark-format=emitRemark --remarks-filter=modular-fuse-elementwise -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#vector = affine_map<(i) -> (i)>

// CHECK-LABEL: func.func @chain
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: math.exp
// CHECK-NOT: linalg.generic
func.func @chain(%x: tensor<?x4xf32>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = arith.addf %in, %in : f32
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.exp %in : f32
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  return %b : tensor<?x4xf32>
}

// One logarithm a row, not one an element.
// CHECK-LABEL: func.func @broadcast
// CHECK: linalg.generic
// CHECK: math.log
// CHECK: linalg.generic
// CHECK: arith.subf
func.func @broadcast(%s: tensor<?xf32>, %x: tensor<?x4xf32>, %f: tensor<?xf32>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %a = linalg.generic {indexing_maps = [#vector, #vector], iterator_types = ["parallel"]}
      ins(%s : tensor<?xf32>) outs(%f : tensor<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.log %in : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  %b = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %a : tensor<?x4xf32>, tensor<?xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: f32, %l: f32, %out: f32):
    %v = arith.subf %in, %l : f32
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  return %b : tensor<?x4xf32>
}

// A contraction keeps its operands.
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
// CHECK-LABEL: func.func @contraction
// CHECK: linalg.generic
// CHECK: arith.maximumf
// CHECK: linalg.generic
// CHECK: arith.mulf
func.func @contraction(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>, %e: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %zero = arith.constant 0.0 : f32
  %h = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = arith.maximumf %in, %zero : f32
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%h, %w : tensor<?x4xf32>, tensor<4x4xf32>) outs(%y : tensor<?x4xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x4xf32>
  return %r : tensor<?x4xf32>
}

// An elementwise op that reads rows by number has its other operands made in
// it; a sum that does is left alone, as it may be a product with a kernel.
// CHECK-LABEL: func.func @by_number
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: tensor.extract
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @by_number(%x: tensor<?x4xf32>, %t: tensor<?x4xf32>, %n: tensor<?xi32>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = arith.addf %in, %in : f32
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %b = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %n : tensor<?x4xf32>, tensor<?xi32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: f32, %i: i32, %out: f32):
    %r = arith.index_cast %i : i32 to index
    %k = linalg.index 1 : index
    %l = tensor.extract %t[%r, %k] : tensor<?x4xf32>
    %v = arith.subf %in, %l : f32
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  return %b : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @sum_by_number
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK: tensor.extract
// REMARK: [Missed] Fused {{.*}} Function=sum_by_number | Reason="a sum that reads rows by number reads plain operands beside them"
func.func @sum_by_number(%x: tensor<?x4xf32>, %t: tensor<?x4xf32>, %n: tensor<?xi32>, %e: tensor<?x4xf32>, %s: tensor<?xf32>) -> tensor<?xf32> {
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = arith.addf %in, %in : f32
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %b = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a, %n : tensor<?x4xf32>, tensor<?xi32>) outs(%s : tensor<?xf32>) {
  ^bb0(%in: f32, %i: i32, %out: f32):
    %r = arith.index_cast %i : i32 to index
    %k = linalg.index 1 : index
    %l = tensor.extract %t[%r, %k] : tensor<?x4xf32>
    %v = arith.mulf %in, %l : f32
    %w = arith.addf %out, %v : f32
    linalg.yield %w : f32
  } -> tensor<?xf32>
  return %b : tensor<?xf32>
}
