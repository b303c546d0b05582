//===- Temporaries.h - Which temporaries share memory -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Collects the temporaries of a function, or of one parallel loop, with the
// stretch of code in which each is live, and assigns those that never meet to
// one slot.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_ABI_TEMPORARIES_H
#define MODC_PASSES_CPU_ABI_TEMPORARIES_H

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <memory>
#include <vector>

namespace modc {

/// Memory of one function, or what each worker has of one parallel loop.
struct Temporaries {
  /// A temporary, or the scratch memory of a parallel loop's workers.
  struct Item {
    mlir::memref::AllocOp alloc;
    std::unique_ptr<Temporaries> workers;
    /// First and last op of the arena's block between which it is live.
    unsigned first = 0, last = 0;
    unsigned slot = 0;
  };
  /// The loop whose workers own the arena; null for a function's.
  mlir::scf::ParallelOp loop;
  std::vector<Item> items;
  unsigned slots = 0;

  /// Collects what is allocated in `block` and below. Fails with a diagnostic
  /// where a temporary is handed from one iteration of a loop to the next.
  static llvm::FailureOr<std::unique_ptr<Temporaries>>
  collect(mlir::Block &block, const mlir::BufferViewFlowAnalysis &aliases,
          mlir::scf::ParallelOp loop = nullptr);

private:
  void assignSlots();
};

} // namespace modc

#endif // MODC_PASSES_CPU_ABI_TEMPORARIES_H
