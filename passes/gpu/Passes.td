//===- Passes.td - Passes of passes/gpu --------------------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From kernels of a `gpu.module` to SPIR-V for Vulkan and to NVVM for CUDA, in
// the order in which they run (`addSpirvPasses` and `addNvvmPasses` of
// Pipeline.h, with upstream's passes between them).
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_PASSES_TD
#define MODC_PASSES_GPU_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// From programs to launches
//===----------------------------------------------------------------------===//

def FoldPermutationsPass : Pass<"modular-fold-permutations", "mlir::func::FuncOp"> {
  let summary = "read and write transposed tensors where they are";
  let description = [{
    A structured op that reads a transposed tensor reads the tensor itself, by
    another indexing map; one whose result is only transposed computes it in that
    order. Bodies that ask of an index of a loop whether it is within the loop's
    bounds, as adjoints of windows do, do not ask.

    ```mlir
    %t = linalg.transpose ins(%w : tensor<10x32xf32>) outs(%e : tensor<32x10xf32>) permutation = [1, 0]
    %y = linalg.matmul ins(%x, %t : ...) outs(%z : ...)
    ```
    becomes
    ```mlir
    %y = linalg.generic {indexing_maps = [(i, j, k) -> (i, k), (i, j, k) -> (j, k), (i, j, k) -> (i, j)], ...} ins(%x, %w : ...) outs(%z : ...)
    ```
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numRead", "read", "Number of operands read in another order">,
                    Statistic<"numWritten", "written", "Number of results computed in another order">];
}

def SplitSumsPass : Pass<"modular-split-sums", "mlir::func::FuncOp"> {
  let summary = "sum within a row before rows are summed";
  let description = [{
    A sum over rows and over 32 or more places of each becomes two, if its result
    is no larger than a row of what it sums: each row sums its own places, then
    rows are summed. So the gradient of a convolution is not the work of one
    invocation for each of its few elements.

    ```mlir
    %s = linalg.generic {iterator_types = ["parallel", "reduction", "reduction"], ...} ins(%dy : tensor<?x4x196xf32>) outs(%z : tensor<4xf32>)
    ```
    becomes
    ```mlir
    %p = linalg.generic {iterator_types = ["parallel", "parallel", "reduction"], ...} ins(%dy : tensor<?x4x196xf32>) outs(%y : tensor<?x4xf32>)
    %s = linalg.generic {iterator_types = ["parallel", "reduction"], ...} ins(%p : tensor<?x4xf32>) outs(%z : tensor<4xf32>)
    ```
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numSplit", "split", "Number of sums split">];
}

def SplitGroupedPass : Pass<"modular-split-grouped", "mlir::ModuleOp"> {
  let summary = "compute rows and sums over rows in ops of their own";
  let description = [{
    A `modular.grouped` with gradients becomes one that gives rows, among them
    all that gradients sum up, and one whose gradients sum arguments. Values with
    rows that are larger than what they are made of (windows, paddings, outer
    products) are made where they are summed. What gradients make of a sum is
    computed with it where each of its elements is read once, else by one more op,
    whose members take the sum as a parameter.

    ```mlir
    %dx, %dw = modular.grouped %p gather(%x) along(%dy) ... {
      %h = ...
      %s = linalg.generic ... ins(%h, %dym) // over rows
      modular.yield %dxm, %s
    } -> rows(...) gradients(...)
    ```
    becomes
    ```mlir
    %dx, %h = modular.grouped %p gather(%x) along(%dy) ... { modular.yield %dxm, %h }
    %dw = modular.grouped %p gather(%x) along(%dy, %h) ... {
      %s = linalg.generic ... ins(%hm, %dym)
      modular.yield %s
    } -> rows() gradients(...)
    ```
  }];
  let dependentDialects = ["modc::ModularDialect", "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numSplit", "split", "Number of ops split">];
}

def SplitProductsPass : Pass<"modular-split-products", "mlir::ModuleOp"> {
  let summary = "give each kernel of a grouped op one or two products";
  let description = [{
    A kernel by tiles computes one matrix product of a member's rows and what is
    made of its elements, or two where at most 64 columns are between them. A
    `modular.grouped` with bodies of more, of which one is wider than 32, becomes
    several, the rows between them in grouped order. Classes with fewer products
    have theirs in the last ones.

    ```mlir
    %y = modular.grouped %p gather(%x)
      class [0, 1] parameters(%w, %v) {
        %h = modular.linear %xm, %wm // 80 columns
        %g = modular.relu %h
        %o = modular.linear %g, %vm
        modular.yield %o
      }
      class [2] parameters(%u) {
        %o = modular.linear %xm, %um
        modular.yield %o
      } : !modular.plan<1 of 3> -> rows(tensor<?x10xf32>) gradients() gradients()
    ```
    becomes
    ```mlir
    %g = modular.grouped %p gather(%x)
      class [0, 1] parameters(%w, %v) {
        %h = modular.linear %xm, %wm
        %gm = ... // relu, as a generic op
        modular.yield %gm
      }
      class [2] parameters(%u) {
        %none = tensor.empty(%n) : tensor<?x80xf32>
        modular.yield %none
      } : ...
    %y = modular.grouped %p gather(%x) along(%g)
      class [0, 1] parameters(%w, %v) {
        %o = modular.linear %gm, %vm
        modular.yield %o
      }
      class [2] parameters(%u) {
        %o = modular.linear %xm, %um
        modular.yield %o
      } : ...
    ```
  }];
  let dependentDialects = ["modc::ModularDialect", "mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numSplit", "split", "Number of ops split">];
}

def PrepareLaunchesPass : Pass<"modular-prepare-launches", "mlir::ModuleOp"> {
  let summary = "give programs the form that launches take";
  let description = [{
    Scalars of the call (seed, step, learning rate) come in one tensor of words,
    with the role "scalar": integers as two words each, then reals. Named ops of
    linalg are generic ones.

    How many rows `modular.distinct_rows` finds is no size that a host could know.
    So they stay in their places: from here on `index` has the first row that
    agrees with each row, what is taken at `first` is what all rows have, and
    `first` itself, as the rows of a plan, has a row's parent where it is the first
    one and -1 where it has no positions.

    ```mlir
    func.func @update(%lr: f32 {modular.name = "lr", modular.role = "real"}) {
      ... %lr
    ```
    becomes
    ```mlir
    func.func @update(%unused: f32 {...}, %words: tensor<1xi32> {modular.offset = 0 : i64, modular.role = "scalar"}) {
      %word = tensor.extract %words[%c0] : tensor<1xi32>
      %lr = arith.bitcast %word : i32 to f32
      ... %lr
    ```
  }];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numScalars", "scalars", "Number of scalars taken from the buffer">];
}

def UnrollScansPass : Pass<"modular-unroll-scans", "mlir::ModuleOp"> {
  let summary = "turn recurrences of programs into their steps";
  let description = [{
    A `modular.scan` of a program becomes its body, once for each step. The number
    of the step is a cast that no folder looks into: what differs in it alone is
    still the same text, so that a kernel serves all steps. Elements that another
    scan reads are read where they are, others are inserted into one tensor.
    A sum over rows that is added to a carried value goes on from that. A number
    of steps that is not static is an error.

    ```mlir
    %h, %all = modular.scan step(%t) carry(%hp = %h0 : tensor<?x4xf32>)
        over(%x = %xs : tensor<?x2x4xf32>) -> tensor<?x4xf32>, tensor<?x2x4xf32> {
      %hn = arith.addf %hp, %x : tensor<?x4xf32>
      modular.yield %hn, %hn : tensor<?x4xf32>, tensor<?x4xf32>
    }
    ```
    becomes
    ```mlir
    %t0 = builtin.unrealized_conversion_cast %c0_i64 : i64 to index
    %x0 = tensor.extract_slice %xs[0, %t0, 0] [%n, 1, 4] [1, 1, 1] : ...
    %h1 = arith.addf %h0, %x0 : tensor<?x4xf32>
    %a0 = tensor.insert_slice %h1 into %all[0, %t0, 0] [%n, 1, 4] [1, 1, 1] : ...
    ... // the same of %t1, %h1 and %a0
    ```
  }];
  let dependentDialects = ["modc::ModularDialect", "mlir::arith::ArithDialect",
                           "mlir::bufferization::BufferizationDialect", "mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numSteps", "steps", "Number of steps unrolled">];
}

def FormLaunchesPass : Pass<"modular-form-launches", "mlir::ModuleOp"> {
  let summary = "turn programs into calls of kernels";
  let description = [{
    Ops that work row by row over the same rows are one launch, of an invocation
    a row; a plan, a grouped op, a sum over rows, an update are launches of their
    own. Where rows would take more than `most-buffers`, they go through memory in
    the middle. Each launch is a private function that takes tensors to write its results
    to, then what it reads, sizes among it; the program is left with calls.
    Rows that a dispatch only moves to positions are gathered by who reads them.
    Flags that a program makes are words, as bytes side by side would have to be
    written atomically. `modular.invocations` of a function says how many
    invocations a call has: a factor, and the argument that it is of. With
    `modular.distinct`, those alone do anything whose row that argument names
    itself: the rows of others are read in its place.

    ```mlir
    %y = modular.linear %x, %w, %b : ...
    %z = modular.relu %y : tensor<?x4xf32>
    ```
    becomes
    ```mlir
    %z = call @infer.linear(%empty, %n, %x, %w, %b) : ...
    func.func private @infer.linear(%o: tensor<?x4xf32>, %n: index, %x: ...) attributes {modular.invocations = array<i64: 1, 1>} {
      %r = scf.forall (%i) in (%n) shared_outs(%s = %o) -> (tensor<?x4xf32>) {
        %xi = tensor.extract_slice %x[%i, 0] [1, 2] [1, 1] : ...
        %yi = modular.linear %xi, %w, %b : ...
        %zi = modular.relu %yi : tensor<1x4xf32>
        scf.forall.in_parallel {
          tensor.parallel_insert_slice %zi into %s[%i, 0] [1, 4] [1, 1] : ...
    ```
  }];
  let dependentDialects = ["modc::ModularDialect", "mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
                           "mlir::bufferization::BufferizationDialect", "mlir::func::FuncDialect",
                           "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
                           "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect"];
  let options = [Option<"mostBuffers", "most-buffers", "unsigned", "modc::kBuffers",
                        "Buffers that a launch of rows takes, at most">];
  let statistics = [Statistic<"numLaunches", "launches", "Number of launches formed">];
}

def HoistViewsPass : Pass<"modular-hoist-views"> {
  let summary = "take views that all branches yield out of them";
  let description = [{
    ```mlir
    %v = scf.if %c -> (memref<1x4xf32, strided<[4, 1], offset: ?>>) {
      %a = memref.subview %y[%i, 0] [1, 4] [1, 1] : ...
      ...
      scf.yield %a
    } else {
      %b = memref.subview %y[%i, 0] [1, 4] [1, 1] : ...
      ...
      scf.yield %b
    }
    ```
    becomes
    ```mlir
    %v = memref.subview %y[%i, 0] [1, 4] [1, 1] : ...
    %unused = scf.if %c -> ... // which goes
    ```
    Branches that yield different buffers, of which one is a branch's own or
    which are only read after them, copy them to one that is made before.
  }];
  let dependentDialects = ["mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numHoisted", "views", "Number of views hoisted">];
}

def MergeLaunchesPass : Pass<"modular-merge-launches", "mlir::ModuleOp"> {
  let summary = "make one launch of launches that follow one another";
  let description = [{
    Calls of functions with a fixed number of invocations, of which none touches
    what another one or a call between them writes, become one call: invocations [0, n₁) are the first
    one's, the next n₂ the second one's. Each starts at a multiple of 64, so that
    no group works for two. At most 28 buffers go into one.

    ```mlir
    call @update.w(%w, %dw, %lr) // 100 invocations
    call @update.b(%b, %db, %lr) // 10
    ```
    becomes
    ```mlir
    call @update.b.merged(%w, %dw, %lr, %b, %db) // 128 + 64
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::func::FuncDialect",
                           "mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numMerged", "merged", "Number of launches that became part of another">];
}

def OutlineKernelsPass : Pass<"modular-outline-kernels", "mlir::ModuleOp"> {
  let summary = "turn functions of launches into kernels, and programs into a table";
  let description = [{
    Each private function becomes a `gpu.func` in a `gpu.module` of its name: its
    buffers are bindings, its sizes launch constants, its loop over invocations
    runs with 64 of them a group. Programs become a list of launches in the
    module's attribute `modular.device_programs`, with formulas of the sizes of a
    call for ranges, groups and constants. Kernels by tiles have two copies of the
    tiles of products where a group may share `shared-bytes`: the next one is
    loaded while one is multiplied.

    ```mlir
    func.func private @infer.linear(%o: memref<?x4xf32>, %x: ..., %n: index) {
      scf.forall (%i) in (%n) {...}
    ```
    becomes
    ```mlir
    gpu.func @kernel(%o: memref<?x4xf32, #gpu.address_space<global>>, ...) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %c = modular.launch_constant 0 : i32
      %n = arith.index_castui %c : i32 to index
      %i = ... // 64 · group + invocation
      %runs = arith.cmpi ult, %i, %n : index
      scf.if %runs {...}
    ```
  }];
  let dependentDialects = ["modc::ModularDialect", "mlir::arith::ArithDialect", "mlir::gpu::GPUDialect",
                           "mlir::math::MathDialect", "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect",
                           "mlir::vector::VectorDialect"];
  let options = [Option<"sharedBytes", "shared-bytes", "int64_t", "modc::kVulkanSharedBytes",
                        "Bytes that a group shares, at most">];
  let statistics = [Statistic<"numKernels", "kernels", "Number of kernels outlined">];
}

//===----------------------------------------------------------------------===//
// Both
//===----------------------------------------------------------------------===//

def ExpandKernelMathPass : Pass<"modular-expand-kernel-math", "mlir::gpu::GPUModuleOp"> {
  let summary = "replace math functions of kernels by arithmetic in f32";
  let description = [{
    As modular-expand-math, of the same functions and with the same values at
    their edges, but in f32 alone, on numbers and on vectors: kernels have no f64.
    Nothing relies on fused multiply-adds or on subnormal numbers. powf sums its
    logarithm and its exponential from two numbers each, so that what Adam divides
    by, 1 − β^t, is as good as f32 allows for any t. sine and cosine hold for
    |x| < 8192. docs/gpu.md states the error of each.

    ```mlir
    %y = math.exp %x : f32
    ```
    becomes
    ```mlir
    %n = arith.mulf %x, %log2e : f32
    ... arith.addf, arith.subf, arith.bitcast ...
    %y = arith.mulf %z, %power : f32
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::math::MathDialect"];
  let statistics = [Statistic<"numExpanded", "functions", "Number of functions expanded">];
}

def LowerKernelBuffersPass : Pass<"modular-lower-kernel-buffers", "mlir::gpu::GPUModuleOp"> {
  let summary = "leave loads and stores of buffers that kernels can have";
  let description = [{
    What bufferization makes and SPIR-V has no word for: elements of a constant
    global of the `gpu.module` are selected by their index (of up to 64) and the
    global goes, copies of buffers are loops, and booleans of an invocation or a
    group are stored as i32.

    ```mlir
    %table = memref.get_global @choices : memref<2xi32>
    %v = memref.load %table[%i] : memref<2xi32>
    ```
    becomes
    ```mlir
    %first = arith.cmpi eq, %i, %c0 : index
    %v = arith.select %first, %c5_i32, %c7_i32 : i32
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::memref::MemRefDialect",
                           "mlir::scf::SCFDialect"];
  let statistics = [
    Statistic<"numTables", "tables", "Number of constant tables selected from">,
    Statistic<"numCopies", "copies", "Number of copies that became loops">
  ];
}

def SplitWideNumbersPass : Pass<"modular-split-wide-numbers", "mlir::gpu::GPUModuleOp"> {
  let summary = "compute on numbers of 64 bits as two words";
  let description = [{
    Programs count points and steps in i64 and report some results in f64. A buffer
    of them becomes one of vectors of two words, of the same bytes, and what
    kernels compute of i64 becomes arithmetic on words, with carries. An f64 is
    made of an f32 or of the sum of two, and stored; subnormal numbers become
    zeros. Divisions of i64 and other arithmetic of f64 are errors.

    ```mlir
    %n = memref.load %steps[%i] : memref<?xi64>
    %next = arith.addi %n, %one : i64
    ```
    becomes
    ```mlir
    %n = memref.load %steps[%i] : memref<?xvector<2xi32>>
    %low, %carry = arith.addui_extended %n0, %one0 : i32, i1
    ...
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::memref::MemRefDialect",
                           "mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numSplit", "kernels", "Number of kernels with wide numbers">];
}

def CheckKernelsPass : Pass<"modular-check-kernels", "mlir::gpu::GPUModuleOp"> {
  let summary = "refuse kernels that one of the targets cannot have";
  let description = [{
    One form of kernels leads to Vulkan and to CUDA. What only one of the two
    could lower, or what upstream would lower wrongly without a word, is an error
    here: functions without a fixed size of their groups, numbers of 64 bits,
    buffers with a dynamic size that is not the first or with strides,
    `vector.load` and `vector.store` on buffers of scalars (no valid SPIR-V comes
    out), stores of bytes in loops without constant bounds (they are atomics in
    SPIR-V, after which lavapipe loses invocations there), and functions of `math` but sqrt, floor, absf and fma, whose
    accuracy would be the driver's.

    ```mlir
    %e = math.exp %x : f32
    ```
    becomes
    ```
    error: 'math.exp' op has no lowering in kernels; modular-expand-kernel-math replaces it
    ```
  }];
  let statistics = [Statistic<"numKernels", "kernels", "Number of kernels checked">];
}

//===----------------------------------------------------------------------===//
// SPIR-V
//===----------------------------------------------------------------------===//

def GuardEmptyLoopsPass : Pass<"modular-guard-empty-loops", "mlir::gpu::GPUModuleOp"> {
  let summary = "select what loops without a round give";
  let description = [{
    MLIR 22.1 lowers an `scf.for` with results to a SPIR-V loop whose body alone
    stores the variables of the results: a loop that makes no round gives whatever
    they held (llvm-project issue 211981), and no validator sees it. The initial
    value is selected for it here. Loops whose bounds are constants with at least
    one round need nothing.

    ```mlir
    %sum = scf.for %i = %lo to %hi step %c1 iter_args(%s = %zero) -> (f32) {...}
    ```
    becomes
    ```mlir
    %last = scf.for %i = %lo to %hi step %c1 iter_args(%s = %zero) -> (f32) {...}
    %runs = arith.cmpi slt, %lo, %hi : index
    %sum = arith.select %runs, %last, %zero : f32
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numGuarded", "loops", "Number of loops guarded">];
}

def GpuToSpirvPass : Pass<"modular-gpu-to-spirv", "mlir::ModuleOp"> {
  let summary = "convert kernels to the spirv dialect, for Vulkan 1.1";
  let description = [{
    Each `gpu.module` becomes a `spirv.module`: upstream's patterns of one
    conversion, with push constants for `modular.launch_constant`, barriers that
    order storage buffers besides shared memory, and arrays of an invocation as
    variables of its function. Upstream's own pass has no patterns for math and
    vectors. Indices have 32 bits.

    ```mlir
    gpu.func @k(%y: memref<?xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %n = modular.launch_constant 0 : i32
      gpu.barrier
    ```
    becomes
    ```mlir
    spirv.func @k(%y: !spirv.ptr<...StorageBuffer> {...}) attributes {spirv.entry_point_abi = #spirv.entry_point_abi<workgroup_size = [64, 1, 1]>} {
      %p = spirv.mlir.addressof @__push_constant_var__
      ...
      spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|UniformMemory|WorkgroupMemory>
    ```
  }];
  let dependentDialects = ["mlir::spirv::SPIRVDialect"];
  let statistics = [Statistic<"numConverted", "kernels", "Number of kernels converted">];
}

def ForbidContractionPass : Pass<"modular-forbid-contraction", "mlir::spirv::ModuleOp"> {
  let summary = "keep drivers from rewriting sums and products";
  let description = [{
    Decorates each addition, subtraction, product and quotient of floats
    `NoContraction`. Without it drivers may not only fuse a product and a sum, they
    do reassociate: Mesa makes x of (x + m) − m, which rounds x to an integer
    where exp needs it, and loses what compensated sums compensate.

    ```mlir
    %s = spirv.FAdd %x, %m : f32
    ```
    becomes
    ```mlir
    %s = spirv.FAdd %x, %m {no_contraction} : f32
    ```
  }];
  let dependentDialects = ["mlir::spirv::SPIRVDialect"];
  let statistics = [Statistic<"numForbidden", "ops", "Number of ops decorated">];
}

//===----------------------------------------------------------------------===//
// NVVM
//===----------------------------------------------------------------------===//

def PrepareNvvmPass : Pass<"modular-prepare-nvvm", "mlir::gpu::GPUModuleOp"> {
  let summary = "give kernels the form that convert-gpu-to-nvvm takes";
  let description = [{
    Launch constants become arguments behind the buffers; buffers lose their
    dynamic first size, which no address depends on, and are bare pointers then;
    shared buffers become attributions of the kernel. What kernels may use of
    `math` becomes intrinsics of LLVM, as upstream would call NVIDIA's libdevice.
    Each kernel asks for two groups on a multiprocessor at the least: `ptxas`
    otherwise plans for as many as the size of a group allows, and spills.

    ```mlir
    gpu.func @k(%y: memref<?xf32, #gpu.address_space<global>>) kernel {
      %n = modular.launch_constant 0 : i32
      %r = math.sqrt %x : f32
    ```
    becomes
    ```mlir
    gpu.func @k(%y: memref<1xf32, #gpu.address_space<global>>, %n: i32) kernel attributes {nvvm.minctasm = 2 : i32} {
      %r = llvm.call_intrinsic "llvm.sqrt.f32"(%x) : (f32) -> f32
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::LLVM::LLVMDialect",
                           "mlir::NVVM::NVVMDialect"];
  let statistics = [
    Statistic<"numKernels", "kernels", "Number of kernels prepared">,
    Statistic<"numIntrinsics", "intrinsics", "Number of functions that became intrinsics">
  ];
}

#endif // MODC_PASSES_GPU_PASSES_TD
