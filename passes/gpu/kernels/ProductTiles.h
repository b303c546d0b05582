//===- ProductTiles.h - Tiles of products -----------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernels of products share: which tile is the group's, how tiles of x
// and W come into shared memory, and how one is multiplied with the other.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_PRODUCTTILES_H
#define MODC_PASSES_GPU_KERNELS_PRODUCTTILES_H

#include "passes/gpu/kernels/ProductKernel.h"

namespace modc {

/// The positions of the group's tile, and of this invocation's part of it.
struct ProductTiles {
  using Value = mlir::Value;
  using Values = DeviceBuilder::Values;
  DeviceBuilder &b;
  const ProductTile &tile;
  /// Vectors of four: of a row of x's tile and of W's, and of a row of an
  /// invocation's part.
  int64_t vectorsOfX, vectorsOfW, vectorsOfPart;
  /// Vectors of a tile, and those of them that one invocation loads.
  int64_t sizeOfX, sizeOfW, shareOfX, shareOfW;
  Value thread, partColumn, partRow;
  Value member; ///< null without members
  Value firstPosition, end;

  ProductTiles(DeviceBuilder &b, const ProductTile &tile);

  /// Sets member and positions. There may be none: firstPosition ≥ end.
  void find(Value offsets, Value rowCount);
  /// Whether a row of the tile is its own in `distinct`, the same in all
  /// invocations; null, for true, without it.
  Value hasDistinct(Value distinct);

  /// A row that an invocation loads parts of.
  struct Row {
    Value exists, number;
  };
  /// The rows of its share of x's tile; `operandRows` may be null.
  llvm::SmallVector<Row> findRows(Value operandRows);
  /// Its share of the tile of x from column k on; 0 outside of x.
  Values fetchX(Value x, llvm::ArrayRef<Row> rows, Value k);
  void putX(llvm::ArrayRef<Value> vectors, Value shared, Value at);

  /// A matrix of each member, or one for all.
  struct Weights {
    Value w, b; ///< b may be null: zeros
    bool transposed;
    int64_t depth, width;
  };
  /// Its share of the tile of W at row k and `column`; 0 behind the last row.
  Values fetchW(const Weights &weights, Value k, Value column);
  void putW(const Weights &weights, llvm::ArrayRef<Value> vectors, Value shared,
            Value at);
  /// b in each row of an invocation's part, for columns from `column` on.
  Values startSums(const Weights &weights, Value column);

  /// A tile in shared memory: its first vector, and vectors of a row.
  struct Shared {
    Value buffer, first;
    int64_t rowLength;
  };
  /// Adds the product of `tile.depth` columns of x and as many rows of W.
  Values multiply(mlir::ValueRange sums, const Shared &x, const Shared &w);
  /// The shared memory of the tiles of a product.
  struct Memory {
    Value x, w;
  };
  Memory allocate();
  /// x·W + b of the group's rows, for columns from `column` on. `operandRows`
  /// may be null.
  Values sumProduct(Value x, Value operandRows, const Weights &weights,
                    const Memory &memory, Value column);

  /// Column j of an invocation's part of the columns from `column` on.
  Value columnOf(Value column, int64_t j) {
    return b.add(column, b.add(b.mul(partColumn, tile.width), j));
  }
  /// Row i of an invocation's part, in the tile.
  Value rowOf(int64_t i) { return b.add(b.mul(partRow, tile.height), i); }
  /// Element j of row i of the sums.
  Value sumOf(llvm::ArrayRef<Value> sums, int64_t i, int64_t j) {
    return b.lane(sums[i * vectorsOfPart + j / 4], j % 4);
  }
  /// For each element of an invocation's part that exists, of rows of `width`
  /// elements from `column` on; without sums, null stands for them. The row of
  /// its place is what `rows` has for the position, or the position.
  using ForElement =
      llvm::function_ref<void(Value sum, const ProductPlace &place)>;
  void forElements(llvm::ArrayRef<Value> sums, Value rows, Value column,
                   int64_t width, ForElement body);
  /// Stores what becomes of the sums of columns from `column` on.
  void storeSums(llvm::ArrayRef<Value> sums, Value y, Value resultRows,
                 Value column, ProductEpilogue epilogue);

private:
  /// The place of W's tile that load i of this invocation fills: neighbours in
  /// the group read neighbours in memory.
  struct PlaceOfW {
    Value row, vector;
  };
  PlaceOfW placeOfW(const Weights &weights, int64_t i);
};

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_PRODUCTTILES_H
