//===- PairLists.h - Distinct pairs, by lists ----- -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers the distinct (parent, key) pairs that a loop meets, in order of their
// first occurrence. A list for each parent takes memory in the number of pairs,
// where a table would take parents times keys.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_PAIRLISTS_H
#define MODC_PASSES_CPU_PAIRLISTS_H

#include "passes/cpu/TensorBuilder.h"

namespace modc {

/// Builds the IR. What the lists hold is carried by loops as `State`: four
/// tensors of i32 and the number of pairs so far, i32.
struct PairLists {
  using Value = mlir::Value;
  using State = llvm::SmallVector<Value>;
  TensorBuilder &b;
  /// Number of carried values.
  static constexpr unsigned numCarried = 5;

  /// No pair of `parents` parents yet, and room for `pairs`.
  State create(Value parents, Value pairs);

  /// The number of a pair, i32, and whether it is a new one.
  struct Found {
    Value pair, isNew;
  };
  /// Finds (parent, key) and adds it if it is not there. Parent is an index,
  /// key an i32.
  Found add(State &state, Value parent, Value key);

  static Value getSize(mlir::ValueRange state) { return state[4]; }
  /// Runs `body` on the pairs of a parent: number as index, key as i32.
  llvm::SmallVector<Value> forEach(
      mlir::ValueRange state, Value parent, mlir::ValueRange inits,
      llvm::function_ref<State(Value pair, Value key, mlir::ValueRange)> body);
};

} // namespace modc

#endif // MODC_PASSES_CPU_PAIRLISTS_H
