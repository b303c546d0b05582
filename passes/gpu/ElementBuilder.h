//===- ElementBuilder.h - Elements of tensors, by demand --------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where an invocation makes one element of a result, ops on whole tensors
// become scalars: an element is followed through them to the elements that it
// is made of.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_ELEMENTBUILDER_H
#define MODC_PASSES_GPU_ELEMENTBUILDER_H

#include "passes/cpu/TensorBuilder.h"
#include <functional>
#include <map>
#include <vector>

namespace modc {

class ElementBuilder {
public:
  /// An element of a tensor that is in memory, or a scalar that is known (with
  /// no coordinates); null where the op behind the value computes it.
  using Load =
      std::function<mlir::Value(mlir::Value value, mlir::ValueRange at)>;
  /// How many slices a dimension has whose size only the call knows: so many
  /// times a constant. Null where nobody knows.
  using Size = std::function<std::pair<mlir::Value, int64_t>(mlir::Value tensor,
                                                             int64_t d)>;

  ElementBuilder(TensorBuilder &b, Load load, Size size)
      : b(b), load(std::move(load)), size(std::move(size)) {}

  /// Whether elements of the op's results can be followed to its operands.
  static bool supports(mlir::Operation *op);

  /// The element at these coordinates. Zero after an error.
  mlir::Value element(mlir::Value tensor, mlir::ValueRange at);
  /// The same of result `number` of a generic op, whatever `load` says of it.
  mlir::Value element(mlir::linalg::GenericOp op, unsigned number,
                      mlir::ValueRange at);
  /// A scalar that ops between the tensors use.
  mlir::Value scalar(mlir::Value value);

  /// Where result 0 of `op` goes on from, in place of its init: a value that is
  /// known of the one element that is asked for. Other reads of the init are
  /// not concerned.
  void setStart(mlir::linalg::GenericOp op, mlir::Value value) {
    startedOp = op;
    startValue = value;
  }

  /// What could not be followed, if anything.
  mlir::Value getUnknown() const { return unknown; }

private:
  using Values = llvm::SmallVector<mlir::Value>;
  /// What was made in a block: by the tensor or scalar, and the coordinates.
  using Scope = std::map<llvm::SmallVector<void *>, mlir::Value>;
  /// What was made in the blocks around; else what `make` makes.
  mlir::Value once(mlir::Value value, mlir::ValueRange at,
                   llvm::function_ref<mlir::Value()> make);
  mlir::Value makeScalar(mlir::Value value);
  mlir::Value compute(mlir::Operation *op, unsigned number,
                      mlir::ValueRange at);
  /// Of an op that only moves elements; null of any other.
  mlir::Value move(mlir::Operation *op, mlir::ValueRange at);
  mlir::Value insertSlice(mlir::tensor::InsertSliceOp op, mlir::ValueRange at);
  mlir::Value pad(mlir::tensor::PadOp op, mlir::ValueRange at);
  mlir::Value concat(mlir::tensor::ConcatOp op, mlir::ValueRange at);
  mlir::Value constant(mlir::arith::ConstantOp op, mlir::ValueRange at);
  Values payload(mlir::linalg::GenericOp op, mlir::ValueRange ivs,
                 mlir::ValueRange carried);
  std::pair<mlir::Value, int64_t> extentOf(mlir::linalg::GenericOp op,
                                           unsigned loop);
  mlir::Value index(mlir::OpFoldResult value);
  mlir::Value fail(mlir::Value value);

  TensorBuilder &b;
  Load load;
  Size size;
  mlir::linalg::GenericOp startedOp;
  mlir::Value startValue;
  mlir::Value unknown;
  /// Of the blocks that the builder is in, from outside to inside.
  std::vector<Scope> scopes = std::vector<Scope>(1);
};

} // namespace modc

#endif // MODC_PASSES_GPU_ELEMENTBUILDER_H
