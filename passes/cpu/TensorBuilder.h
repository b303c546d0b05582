//===- TensorBuilder.h - Short forms for building tensor IR -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Helpers with which lowerings write tensors, loops and linalg.generic ops in
// a few words. Index arithmetic is on the index type and folds constants.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_TENSORBUILDER_H
#define MODC_PASSES_CPU_TENSORBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace modc {

/// An op builder with a location and the ops that lowerings need most.
struct TensorBuilder : mlir::ImplicitLocOpBuilder {
  using mlir::ImplicitLocOpBuilder::ImplicitLocOpBuilder;
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;

  Value index(int64_t value);
  Value integer(mlir::Type type, int64_t value);
  Value real(mlir::Type type, double value);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  /// A size times a number.
  mlir::OpFoldResult scale(mlir::OpFoldResult size, int64_t by);
  /// i32 to index, signed.
  Value toIndex(Value value);
  Value toInteger(Value value, mlir::Type type);

  /// Size of a dimension: a constant where it is static.
  Value dim(Value tensor, int64_t d);
  llvm::SmallVector<mlir::OpFoldResult> sizes(Value tensor);
  /// An undefined tensor of this type; dynamic sizes are those of `like`.
  Value empty(mlir::RankedTensorType type, ValueRange dynamicSizes = {});
  Value emptyLike(Value like, mlir::Type element);
  Value fill(Value tensor, Value scalar);
  Value fill(Value tensor, double value);
  Value fillInteger(Value tensor, int64_t value);
  Value extract(Value tensor, ValueRange at);
  Value insert(Value scalar, Value tensor, ValueRange at);

  /// Slice [first, first + count) of dimension 0.
  Value rows(Value tensor, Value first, Value count);
  Value insertRows(Value slice, Value tensor, Value first, Value count);
  /// Slice i of dimension 0, without it.
  Value row(Value tensor, Value i);
  Value insertRow(Value slice, Value tensor, Value i);
  /// Slice i of dimension `d`, without it.
  Value slice(Value tensor, Value i, unsigned d);
  Value insertSlice(Value slice, Value tensor, Value i, unsigned d);

  /// for i in [first, last): carried values.
  using LoopBody =
      llvm::function_ref<llvm::SmallVector<Value>(Value i, ValueRange carried)>;
  llvm::SmallVector<Value> loop(Value first, Value last, ValueRange inits,
                                LoopBody body);
  /// Fills rows [0, n) of the outputs in parallel blocks of `block` rows, the
  /// last of what is left: `body` gives such a block of each output, from what
  /// stands there.
  using BlockBody = llvm::function_ref<llvm::SmallVector<Value>(
      Value first, Value count, ValueRange pieces)>;
  llvm::SmallVector<Value> parallelBlocks(Value n, int64_t block,
                                          ValueRange outputs, BlockBody body);
  /// The same, row by row: `body` gives row i of each output.
  llvm::SmallVector<Value> parallelRows(Value n, int64_t block,
                                        ValueRange outputs, LoopBody body);
  /// if: both regions yield values of the same types.
  llvm::SmallVector<Value>
  branch(Value condition, llvm::function_ref<llvm::SmallVector<Value>()> yes,
         llvm::function_ref<llvm::SmallVector<Value>()> no);

  /// A linalg.generic; `reductions` of the last dimensions are reductions. Maps
  /// stand in the order inputs, outputs. Arguments of the body likewise.
  using GenericBody =
      llvm::function_ref<llvm::SmallVector<Value>(ValueRange arguments)>;
  llvm::SmallVector<Value> generic(ValueRange inputs, ValueRange outputs,
                                   llvm::ArrayRef<mlir::AffineMap> maps,
                                   unsigned reductions, GenericBody body);
  /// Elementwise over tensors of one shape; the result has element type
  /// `element`.
  Value map(ValueRange inputs, mlir::Type element,
            llvm::function_ref<Value(ValueRange)> body);
  /// Elementwise, written over `output`, whose old values the body does not
  /// see.
  Value mapInto(ValueRange inputs, Value output,
                llvm::function_ref<Value(ValueRange)> body);
};

/// The element type and rank of a ranked tensor value.
inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

} // namespace modc

#endif // MODC_PASSES_CPU_TENSORBUILDER_H
