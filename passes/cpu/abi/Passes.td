//===- Passes.td - From buffers to the model interface -----*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_ABI_PASSES_TD
#define MODC_PASSES_CPU_ABI_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlanWorkspacePass : Pass<"modular-plan-workspace", "::mlir::ModuleOp"> {
  let summary = "Place all temporaries in the workspace arena";
  let description = [{
    Compiled models allocate nothing. Each `memref.alloc` becomes a view of the
    workspace, at an offset that is a formula of the sizes N and S; buffers that
    are never live together share memory. A temporary of a parallel loop has one
    copy for each worker. A function `<program>_workspace` computes the bytes
    that a call needs, or -1 where they do not fit in 63 bits.

    A size may depend on a value of a loop if it is bounded by a formula of N and
    S: through a minimum, or as the upper bound of an induction variable. A buffer
    that a loop makes for its next iteration is copied to one in front of the loop.

    ```mlir
    func.func @p(%n: index {modular.role = "size", modular.name = "N"}) {
      %a = memref.alloc(%n) : memref<?x8xf32>
      ...
    }
    ```

    becomes

    ```mlir
    func.func @p(%n: index {...}, %w: memref<?xi8> {modular.role = "workspace"},
                 %workers: index {modular.role = "workers"}) {
      %a = memref.view %w[%offset][%n] : memref<?xi8> to memref<?x8xf32>
      ...
    }
    func.func private @p_workspace(%n: i64, %s: i64, %workers: i64) -> i64
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect"];
  let statistics = [
    Statistic<"placed", "placed", "temporaries placed in the workspace">,
    Statistic<"pinned", "pinned", "buffers that loops carry">,
    Statistic<"slots", "slots", "pieces of memory that they share">
  ];
}

def OutlineParallelPass : Pass<"modular-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "Turn outermost parallel loops into calls of the host's executor";
  let description = [{
    The body of each outermost `scf.parallel` becomes a function of a context, a
    task and a worker; the loop becomes a call of `modc_host.parallel_for`, which
    also gets the name of the loop's location. A loop of one trip runs where it
    stands, unless the host wants to see every region. Parallel loops inside a task become
    `scf.for`. Values from outside go through a structure on the stack; buffers
    that are distinct there are `noalias` in the task.

    ```mlir
    scf.parallel (%i) = (%c0) to (%n) step (%c1) { use(%i, %a) }
    ```

    becomes

    ```mlir
    llvm.store %a's pointer, %context
    llvm.call %parallel_for(%user, %tasks, @p.loop.task, %context, @modc_region0)

    llvm.func internal @p.loop.task(%context: !llvm.ptr, %task: i64, %worker: i64)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::LLVM::LLVMDialect"];
  let statistics = [
    Statistic<"outlined", "outlined", "parallel loops that became tasks">,
    Statistic<"serialized", "serialized", "parallel loops inside of tasks">
  ];
}

def OutlineLoopsPass : Pass<"modular-outline-loops", "mlir::ModuleOp"> {
  let summary = "turn the loops of programs into functions";
  let description = [{
    A loop of a program that starts no task and has no results becomes a private
    function of the pointers and numbers that it uses, where a pointer that
    nothing else of these points into is `llvm.noalias`.

    ```mlir
    scf.for %i = %c0 to %n step %c1 { ... memref.store %v, %y[%i] : memref<?xf32> }
    ```
    becomes
    ```mlir
    func.call @infer.loop(%x_pointer, %n, %y_pointer, %n) : (!llvm.ptr, i64, !llvm.ptr, i64) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect"];
  let statistics = [Statistic<"outlined", "outlined", "loops that became functions">];
}

def MergeFunctionsPass : Pass<"modular-merge-functions", "mlir::ModuleOp"> {
  let summary = "keep one of several equal private functions";
  let description = [{
    Tasks of several programs that do the same become one function, and so do the
    functions that call them. A function of several programs loses the program's
    part of its name.

    ```mlir
    func.func private @infer.layer0.grouped(...) {...}
    func.func private @score.layer0.grouped(...) {...}  // the same
    ```
    becomes
    ```mlir
    func.func private @layer0.grouped(...) {...}  // called by both
    ```
  }];
  let statistics = [Statistic<"numMerged", "functions", "Number of functions removed">];
}

def ModelAbiPass : Pass<"modular-model-abi", "::mlir::ModuleOp"> {
  let summary = "Give each program the entry of runtime/ModelAbi.h";
  let description = [{
    Each public function on memrefs becomes private, with one `noalias` pointer
    for each buffer, and gets a wrapper `void name(const modc_call *)` that takes
    its arguments from arenas, buffers, sizes and scalars of the call. The table
    `modc_programs` lists wrappers in the order of the functions.

    ```mlir
    func.func @infer(%w: memref<2x2xf32> {modular.role = "parameter", modular.offset = 64}, ...)
    ```

    becomes

    ```mlir
    llvm.func @infer(%call: !llvm.ptr) {
      %arena = llvm.load %call[1]
      func.call @infer_body(%arena + 64, ...)
    }
    func.func private @infer_body(%w: !llvm.ptr {llvm.noalias, llvm.align = 64 : i64}, ...)
    llvm.mlir.global constant @modc_programs() : !llvm.array<1 x struct<(ptr, ptr, ptr)>>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect"];
  let statistics = [
    Statistic<"programs", "programs", "programs in the table">
  ];
}

#endif // MODC_PASSES_CPU_ABI_PASSES_TD
