//===- ChainTiles.h - Tiles of two products ---------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernels with two products in a row share: rows of the first one that
// stay in shared memory as the second one's tile of x.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_CHAINTILES_H
#define MODC_PASSES_GPU_KERNELS_CHAINTILES_H

#include "passes/gpu/kernels/ChainKernel.h"
#include "passes/gpu/kernels/ProductTiles.h"

namespace modc {

struct ChainTiles {
  using Value = mlir::Value;
  using Values = ProductTiles::Values;
  using Weights = ProductTiles::Weights;
  DeviceBuilder &b;
  ProductTiles &tiles;
  const ProductTiles::Memory &memory;
  /// As vectors, `tile.columns` wide.
  Value rowsBetween;

  ChainTiles(ProductTiles &tiles, const ProductTiles::Memory &memory);

  /// Gets the sums of the second product for columns from `column` on.
  using Store =
      llvm::function_ref<void(llvm::ArrayRef<Value> sums, Value column)>;
  /// Both products for the rows of the group's tile. `middle` as in
  /// ChainKernel.h; all invocations of the group come here.
  void run(Value x, Value operandRows, const Weights &first,
           const Weights &second, ProductEpilogue middle, Store store);

private:
  Values sumSecond(const Weights &second, Value column);
  Value applyMiddle(Value sum, Value position, Value column, int64_t hidden,
                    ProductEpilogue middle);
  void storeBetween(llvm::ArrayRef<Value> sums, int64_t hidden,
                    ProductEpilogue middle);
};

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_CHAINTILES_H
