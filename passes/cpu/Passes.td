//===- Passes.td - Passes of passes/cpu --------------------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From programs to upstream ops on tensors (phase `tiled`), then to buffers,
// loops and vectors (phase `buffers`), in the order in which they run.
//
//===----------------------------------------------------------------------===//

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// tiled
//===----------------------------------------------------------------------===//

def NameOpsPass : Pass<"modular-name-ops", "mlir::func::FuncOp"> {
  let summary = "name ops by what they do";
  let description = [{
    Appends what an op does to the name in its location, which says where in the
    network it stands. The functions that tasks, loops and kernels become are
    called after it: what a profiler shows is `infer.layer0.grouped`.

    ```mlir
    %y = modular.linear %x, %w, %b : ... loc("head"("net.mlir":7:10))
    ```
    becomes
    ```mlir
    %y = modular.linear %x, %w, %b : ... loc("head.linear"("net.mlir":7:10))
    ```
  }];
  let statistics = [Statistic<"numNamed", "ops", "Number of ops named">];
}

def DecomposePass : Pass<"modular-decompose"> {
  let summary = "replace the dialect's tensor ops by upstream ops";
  let description = [{
    Linear maps become a contraction that starts at the bias, activations and
    softmax (`linalg.softmax` too) elementwise and row reductions, random numbers integer code and scans loops.

    ```mlir
    %y = modular.relu %x : tensor<?x64xf32>
    ```
    becomes
    ```mlir
    %e = tensor.empty(%n) : tensor<?x64xf32>
    %y = linalg.generic {...} ins(%x) outs(%e) {
      ^bb0(%a: f32, %out: f32):
        %p = arith.cmpf ogt, %a, %zero : f32
        %r = arith.select %p, %a, %zero : f32
        linalg.yield %r : f32
    }
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numDecomposed", "ops", "Number of ops decomposed">];
}

def FuseDispatchPass : Pass<"modular-fuse-dispatch"> {
  let summary = "make rows where members read them";
  let description = [{
    Elementwise ops whose rows one grouped op alone reads, by a dispatch, become
    part of that op's bodies, which gather what these ops read.

    ```mlir
    %d = linalg.generic {...} ins(%y, %t : tensor<?x8xf32>, tensor<?x8xf32>) ...
    %r = modular.dispatch sum %p, %d : !modular.plan<1 of 3>, tensor<?x8xf32> -> tensor<?x8xf32>
    %g = modular.grouped %p along(%r : tensor<?x8xf32>) class [0, 1, 2] {
      ^bb0(%rm: tensor<?x8xf32>):
        ...
    ```
    becomes
    ```mlir
    %g = modular.grouped %p gather(%y, %t : tensor<?x8xf32>, tensor<?x8xf32>) class [0, 1, 2] {
      ^bb0(%ym: tensor<?x8xf32>, %tm: tensor<?x8xf32>):
        %rm = linalg.generic {...} ins(%ym, %tm : tensor<?x8xf32>, tensor<?x8xf32>) ...
        ...
    ```
    Only where a row has one pick, as members would else make its row anew; where
    members have one body, as each class would else keep rows of its own; and where
    the op's weights fit in a second-level cache, as rows at any place would else be
    waited for beside the weights.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numFused", "dispatches", "Number of dispatches fused">];
}

def LayOutPanelsPass : Pass<"modular-lay-out-panels", "mlir::ModuleOp"> {
  let summary = "keep weights in panels of columns";
  let description = [{
    A parameter `tensor<DxHxf32>`, or a pool's stack `tensor<MxDxHxf32>`, becomes
    `tensor<PxDx64xf32>` (`tensor<MxPxDx64xf32>`), H = 64·P, together with its gradient and the
    optimizer's states, in all programs: if the module's products read it, each other use is
    elementwise, and H is a larger multiple of 64 (32 of f64). Products then read panels of one
    piece. The loop over a column h of such a tensor becomes two:

    ```mlir
    %y = linalg.generic {indexing_maps = [(r, h, d) -> (r, d), (r, h, d) -> (d, h),
                                          (r, h, d) -> (r, h)], ...}
        ins(%x, %w : tensor<?x512xf32>, tensor<512x512xf32>) outs(%z) ...
    ```
    becomes
    ```mlir
    %y = linalg.generic {indexing_maps = [(r, p, c, d) -> (r, d), (r, p, c, d) -> (p, d, c),
                                          (r, p, c, d) -> (r, p * 64 + c)], ...}
        ins(%x, %w : tensor<?x512xf32>, tensor<8x512x64xf32>) outs(%z) ...
    ```

    Arguments of programs get `modular.panels = 64`, tensors of the signature `"panels": 64`;
    offsets and bytes stay. Remarks `Panels` say of each parameter whether and why not.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numTensors", "tensors", "Number of arguments that are in panels">];
}

def LowerRoutingPass : Pass<"modular-lower-routing"> {
  let summary = "replace selections and plans by integer tensors";
  let description = [{
    A selection becomes `tensor<?xKxi32>`; a plan five tensors, made by one stable
    counting sort: the selection, the operand row and the pick of each position,
    the first position of each member, and the position of each pick (−1 for
    none). combine, dispatch and gate_cotangent become parallel loops over
    blocks of rows; distinct_rows one loop that walks a trie of lists. A plan that a
    `modular.grouped` uses stays behind an `unrealized_conversion_cast`, and so does
    a combine that only moves its rows, one pick each: `modular-lower-grouped`
    removes both.

    ```mlir
    %y = modular.combine sum %plan, %v : !modular.plan<1 of 2>, tensor<?x4xf32> -> tensor<?x4xf32>
    ```
    becomes
    ```mlir
    %y = scf.forall (%block) in (%blocks) shared_outs(%o = %e) -> (tensor<?x4xf32>) { ... }
    ```
  }];
  let options = [Option<"rowBlock", "row-block", "int64_t", "64",
                        "Rows of one task of a parallel loop">];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
                           "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numPlans", "plans", "Number of plans lowered">];
}

def LowerGroupedPass : Pass<"modular-lower-grouped"> {
  let summary = "replace grouped ops by loops over rows";
  let description = [{
    With `dispatch=naive`, a loop over rows and picks runs the body of the chosen
    member on one row: the reference. With `dispatch=grouped`, tasks of rows of
    one member run in parallel (at least `row-block` of them where the member has
    as many, more where the batch is large). Gradients that are sums over rows
    run in parallel over members and parts of their first dimension, and what
    they sum up is made by the tasks of rows; other gradients run in parallel over
    members, in blocks of rows that continue one sum. Neither changes an
    element's order of additions. Tasks lay the rows of a result that a combine
    would only move where it would: `scatter_rows` ends them then.

    ```mlir
    %h = modular.grouped %plan gather(%x : tensor<?x4xf32>)
      class [0, 1] parameters(%w : tensor<2x4x3xf32>) {...}
      : !modular.plan<1 of 2> -> rows(tensor<?x3xf32>) gradients()
    ```
    becomes
    ```mlir
    %h = scf.forall (%task) in (%tasks) shared_outs(%o = %e) -> (tensor<?x3xf32>) {
      ... gather rows, slice the member's parameters, the body ...
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %y into %o[%first, 0] [%count, 3] [1, 1]
      }
    }
    ```
  }];
  let options = [Option<"dispatch", "dispatch", "std::string", "\"grouped\"",
                        "naive or grouped">,
                 Option<"rowBlock", "row-block", "int64_t", "64",
                        "Rows that a task should have at least">];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numGrouped", "grouped ops",
                              "Number of grouped ops lowered">];
}

def LowerUpdatesPass : Pass<"modular-lower-updates"> {
  let summary = "replace updates by tasks, those of gradients where possible";
  let description = [{
    An update becomes a loop over the active slices, in place. Where one parallel
    loop computes the gradient in parts and nothing but the update and the norm
    reads it, its tasks update the same part of the parameter: behind the last
    reader of the parameter, and only where `clip_norm` is not above 0, as
    clipping needs the norm of the whole gradient first. With `clip_norm`, the
    same tasks write the gradient and a loop of its own updates. Slices that are
    not active are not computed, read or written. Tasks of a gradient that stays
    in memory leave out slices that `modular.defined_where` says are undefined.

    ```mlir
    %g = scf.forall (%t) in (8) shared_outs(%o = %e) -> (tensor<8x4x3xf32>) { ... }
    %d = bufferization.materialize_in_destination %g in %arena : ...
    %norm, %scale = modular.gradient_norm (%d : tensor<8x4x3xf32>) active(%on : tensor<8xi8>) clip %clip ...
    %n = modular.update %w, %d active %on steps %s lr %lr decay %wd scale %scale stacked { ... } : ...
    ```
    becomes
    ```mlir
    %u:3 = scf.forall (%t) in (8) shared_outs(%p = %w, %o = %arena, %q = %sums) -> (...) {
      ... for each active slice its gradient, the sum of its squares, the rule ...
    }
    %n = scf.forall (%t) in (%tasks) shared_outs(%p = %u#0) -> (tensor<8x4x3xf32>) { ... }
    ```
  }];
  let options = [Option<"fuse", "fuse", "bool", "true",
                        "Update where gradients are computed">];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
                           "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numFused", "updates",
                              "Number of updates in the tasks of gradients">,
                    Statistic<"numSkipped", "gradients-skipped",
                              "Number of gradients of which some slices are undefined">];
}

def FuseElementwisePass : Pass<"modular-fuse-elementwise"> {
  let summary = "make an elementwise op part of its only reader";
  let description = [{
    An elementwise op whose result one other op reads, element by element, moves
    into that op. Contractions keep plain operands, and nothing is computed more
    than once for it.

    ```mlir
    %d = linalg.generic ins(%x, %max) { subf }
    %e = linalg.generic ins(%d) { exp }
    ```
    becomes
    ```mlir
    %e = linalg.generic ins(%x, %max) { subf, exp }
    ```
  }];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numFused", "ops", "Number of producers fused">];
}

def ExpandMathPass : Pass<"modular-expand-math"> {
  let summary = "replace math functions by arithmetic";
  let description = [{
    Every `math` function but sqrt, fma, absf and floor becomes branch-free
    arithmetic on f64 (f32 functions are computed in f64 and rounded once), for
    every target: no call of a library, and loops that vectorize. docs/math.md
    states the error of each.

    ```mlir
    %y = math.exp %x : f32
    ```
    becomes
    ```mlir
    %w = arith.extf %x : f32 to f64
    ... arith.mulf, arith.addf, arith.bitcast ...
    %y = arith.truncf %z : f64 to f32
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::math::MathDialect"];
  let statistics = [Statistic<"numExpanded", "functions", "Number of functions expanded">];
}

//===----------------------------------------------------------------------===//
// buffers
//===----------------------------------------------------------------------===//

def PrepareDestinationsPass : Pass<"modular-prepare-destinations"> {
  let summary = "let every value be made in one place";
  let description = [{
    Runs before empty tensors are eliminated. Each use of an empty tensor gets one
    of its own, an op that writes over a value with other readers gets its own
    copy of it (its own fill, if it is one; a loop only that), and what reads a value after it was written into an argument
    reads the argument: the value can then be made there.

    ```mlir
    %e = tensor.empty() : tensor<4xf32>
    %a = linalg.fill ins(%x : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %0 = bufferization.materialize_in_destination %a in %p : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %1 = bufferization.materialize_in_destination %a in %q : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
    becomes
    ```mlir
    %0 = bufferization.materialize_in_destination %a in %p : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %1 = bufferization.materialize_in_destination %0 in %q : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let dependentDialects = ["mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numCloned", "cloned", "Number of empty tensors made">];
}

def OrderGlobalsPass : Pass<"modular-order-globals", "mlir::ModuleOp"> {
  let summary = "name and place constants by their first use";
  let description = [{
    Bufferization turns constant tensors into globals in an order that depends on
    addresses. With names and places that follow from their uses, one network
    always gives the same bytes.

    ```mlir
    memref.global "private" constant @__constant_2xi32_0 : memref<2xi32> = dense<0>
    ```
    becomes
    ```mlir
    memref.global "private" constant @constant0 : memref<2xi32> = dense<0>
    ```
  }];
  let statistics = [Statistic<"numOrdered", "constants", "Number of constants">];
}

def DropResultsPass : Pass<"modular-drop-results", "mlir::func::FuncOp"> {
  let summary = "drop results that are arguments";
  let description = [{
    A program writes its results into arguments; what it still returns after
    bufferization are those arguments.

    ```mlir
    func.func @f(%y: memref<4xf32>) -> memref<4xf32> { ... return %y : memref<4xf32> }
    ```
    becomes
    ```mlir
    func.func @f(%y: memref<4xf32>) { ... return }
    ```
  }];
  let statistics = [Statistic<"numDropped", "results", "Number of results dropped">];
}

def LowerCopiesPass : Pass<"modular-lower-copies"> {
  let summary = "replace copies between strided buffers by loops";
  let description = [{
    A `memref.copy` between buffers of identity layout is a call of `memcpy`. Any
    other one would become a call of MLIR's runtime library, which a model does not
    have, and becomes loops here; a copy of a buffer to itself goes. Runs twice:
    on what bufferization leaves, so that the loops' accesses fold with the views,
    and on the copies that `modular-plan-workspace` adds for carried buffers.

    Before:
    ```mlir
    memref.copy %a, %b : memref<4x2xf32, strided<[8, 1]>> to memref<4x2xf32>
    ```
    After:
    ```mlir
    scf.for %i = %c0 to %c4 step %c1 {
      scf.for %j = %c0 to %c2 step %c1 {
        %v = memref.load %a[%i, %j] : memref<4x2xf32, strided<[8, 1]>>
        memref.store %v, %b[%i, %j] : memref<4x2xf32>
      }
    }
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::memref::MemRefDialect",
                           "mlir::scf::SCFDialect"];
  let options = [
    Option<"plain", "plain", "bool", "false",
           "Also copies between buffers without strides">
  ];
  let statistics = [Statistic<"numLowered", "copies", "Number of copies lowered">];
}

def ParallelizeRowsPass : Pass<"modular-parallelize-rows", "mlir::func::FuncOp"> {
  let summary = "run large ops in tasks over rows";
  let description = [{
    An op on buffers that stands in no task and whose first loop is parallel
    becomes a parallel loop over blocks of rows, where a block is enough work for
    a task. The size of a block follows from static shapes.

    ```mlir
    linalg.generic ins(%x : memref<?x1024xf32>) outs(%y : memref<?x1024xf32>) { math.exp }
    ```
    becomes
    ```mlir
    scf.parallel (%i) = (%c0) to (%n) step (%c1) {
      linalg.generic ins(%rows_of_x) outs(%rows_of_y) { math.exp }
    }
    ```
  }];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::linalg::LinalgDialect",
                           "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numSplit", "ops", "Number of ops that became tasks">];
}

def FlattenElementwisePass : Pass<"modular-flatten-elementwise", "mlir::func::FuncOp"> {
  let summary = "run elementwise ops over one dimension";
  let description = [{
    An elementwise op on buffers without gaps becomes one over all of their
    elements: rows shorter than a vector do not keep it from using vectors.

    ```mlir
    linalg.generic ins(%x : memref<?x2xf32>) outs(%y : memref<?x2xf32>) { math.exp }
    ```
    becomes
    ```mlir
    %a = memref.reinterpret_cast %x to offset: [0], sizes: [%n], strides: [1] : ...
    %b = memref.reinterpret_cast %y to offset: [0], sizes: [%n], strides: [1] : ...
    linalg.generic ins(%a : memref<?xf32>) outs(%b : memref<?xf32>) { math.exp }
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numFlattened", "ops", "Number of ops flattened">];
}

def OrderLoopsPass : Pass<"modular-order-loops", "mlir::func::FuncOp"> {
  let summary = "run along rows of buffers";
  let description = [{
    A reduction over the rows of a buffer, such as the gradient of a bias, runs
    over columns inside and over rows outside. Each sum keeps its order.

    ```mlir
    linalg.generic {iterators (j parallel, i reduction)} ins(%dy[i, j]) outs(%db[j])
    ```
    becomes
    ```mlir
    linalg.generic {iterators (i reduction, j parallel)} ins(%dy[i, j]) outs(%db[j])
    ```
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numOrdered", "ops", "Number of ops with another order">];
}

def VectorizeReductionsPass : Pass<"modular-vectorize-reductions", "mlir::func::FuncOp"> {
  let summary = "reduce rows in lanes";
  let description = [{
    A sum or a maximum along rows of a known length becomes up to 16 sums, one a
    lane, that are combined by halves; what fills no vector follows one by one.
    The order depends on the length alone. An operand may be a row that a number
    chooses, which is read once a row.

    ```mlir
    linalg.generic {iterators (i parallel, k reduction)} ins(%y[i, k], %t[i, k]) outs(%e[i])
    ```
    becomes
    ```mlir
    scf.for %i = ... {
      %v = vector.load %y[%i, %c0] : memref<?x32xf32>, vector<16xf32>
      ... lanes, then shuffles and additions of halves ...
      memref.store %sum, %e[%i] : memref<?xf32>
    }
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::memref::MemRefDialect",
                           "mlir::scf::SCFDialect", "mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numReductions", "reductions",
                              "Number of reductions in lanes">];
}

def LowerContractionsPass : Pass<"modular-lower-contractions", "mlir::ModuleOp"> {
  let summary = "replace matrix products on buffers by calls of kernels";
  let description = [{
    Products `c[i, j] += a[i, k]·b[k, j]`, a or b possibly transposed, become
    calls of private functions, one a shape. A kernel is loops over blocks of k,
    panels of columns and tiles of rows, with a tile of c in vector registers
    while k ascends. Each element of c is one chain of fused additions that
    starts at its old value, whatever the tile. Columns that fill no vector come
    in vectors of smaller powers of two; where all of b is so narrow, a vector has
    the sums of several k, which are added up at the end. Where c is so narrow and
    a transposed, as in the gradient of a weight of 1, 2, 4 or 8 columns, lanes go
    along rows of a: a vector has the sums of one column and as many rows, and is
    transposed in registers where it meets c. A transposed b, and one
    that the nearest cache does not hold, is copied a panel at a time, into space
    of the caller's: the latter by the first tile that reads it. So is a block of k
    of a transposed a whose rows are a multiple of 512 bytes apart, for 72 rows of
    c and all panels. Other rows of a that are chosen by number are read where they
    are, and rows of c go to where a scatter_rows puts them. Large products that are in no parallel loop become one
    over blocks of rows of c.
    Products with a dynamic number of columns stay as they are.

    b or c may be stored in panels of w columns: element `[k, p·w + q]` is at
    `[p, k, q]`, and the op has loops p and q in place of one over columns (or over
    k, where b is transposed). Such a b is read in place: a panel is one piece of
    memory. Sums have the same order as with rows of one piece, so results have
    the same bits. Products with panels that tiles would cross stay as they are.

    ```mlir
    linalg.generic {... "reduction"} ins(%x, %w) outs(%y) { mulf, addf }
    ```
    becomes
    ```mlir
    func.call @matmul_nx784x64(%x, %w, %y) : (memref<?x784xf32, ...>, ...) -> ()

    func.func private @matmul_nx784x64(%x: memref<?x784xf32, ...>, ...) {
      scf.for %i = %c0 to %n step %c6 {
        %t:12 = scf.for %k = %c0 to %c784 step %c1 iter_args(...) -> (vector<8xf32>, ...) {
          %w0 = vector.load %w[%k, %j] : memref<784x64xf32>, vector<8xf32>
          ... memref.load, vector.broadcast, vector.fma ...
        }
        ...
      }
    }
    ```
  }];
  let options = [Option<"vectorBits", "vector-bits", "int64_t", "256",
                        "Width of a vector register">,
                 Option<"kBlock", "k-block", "int64_t", "256",
                        "Length of a block of k at most">,
                 Option<"rowBlock", "row-block", "int64_t", "64",
                        "Rows of one task of a parallel loop">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::func::FuncDialect",
                           "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect",
                           "mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numProducts", "products", "Number of products lowered">,
                    Statistic<"numStarts", "starts", "Number of fills that kernels do">,
                    Statistic<"numFinishes", "finishes",
                              "Number of elementwise ops that kernels do">,
                    Statistic<"numScatters", "scatters",
                              "Number of scatter_rows ops that kernels do">,
                    Statistic<"numKernels", "kernels", "Number of functions made for them">];
}
