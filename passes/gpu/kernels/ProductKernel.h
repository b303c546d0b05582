//===- ProductKernel.h - Products of rows on a device -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernel of y = x·W + b, over all rows or over the positions of a plan with
// a W and a b for each member. A group computes a tile of y from tiles of x and
// W in shared memory.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_PRODUCTKERNEL_H
#define MODC_PASSES_GPU_KERNELS_PRODUCTKERNEL_H

#include "passes/gpu/kernels/PositionBlocks.h"

namespace modc {

/// Sizes of tiles; each invocation has `height` × `width` elements of y.
struct ProductTile {
  int64_t rows, columns, depth;
  int64_t height, width;
  /// Double buffering: loads of the next tiles are under way while these are
  /// multiplied. Takes twice the shared memory, and saves a barrier a tile.
  bool twice = false;

  int64_t threads() const { return rows / height * (columns / width); }
  int64_t sharedBytes() const {
    return (twice ? 2 : 1) * (rows + columns) * depth * 4;
  }

  /// For members of few rows.
  static ProductTile few() { return {8, 32, 16, 2, 4}; }
  static ProductTile small() { return {32, 32, 16, 4, 4}; }
  static ProductTile standard() { return {32, 64, 16, 4, 8}; }
  static ProductTile large() { return {64, 64, 16, 8, 4}; }
  /// With double buffering if a group then shares no more than `bytes`, of
  /// which `rest` are for something else than tiles.
  ProductTile within(int64_t bytes, int64_t rest = 0) const {
    ProductTile tile = *this;
    tile.twice = true;
    tile.twice = tile.sharedBytes() + rest <= bytes;
    return tile;
  }

  /// Of products with so many columns.
  static ProductTile forWidth(int64_t columns) {
    return columns > small().columns ? standard() : small();
  }
};

/// Buffers of f32, and of i32 where they hold places.
struct ProductBuffers {
  mlir::Value x; ///< [rows, D]
  mlir::Value w; ///< [M, D, H] or [D, H]; transposed: [M, H, D] or [H, D]
  mlir::Value b; ///< [M, H] or [H], or null: zeros
  mlir::Value y; ///< [rows, H], out
  /// R, i32, the same in all invocations; not used with offsets.
  mlir::Value rowCount;
  /// [M + 1]: positions of member m are [offsets[m], offsets[m + 1]). Null: all
  /// rows have one W.
  mlir::Value offsets;
  /// Row of x, and row of y, of each position; null: the position itself.
  mlir::Value operandRows, resultRows;
  /// [rows]: what row each stands for; null: itself. Of a tile without a row
  /// that is its own, nothing is computed or stored. Not with offsets.
  mlir::Value distinct;
  bool transposed = false;
};

/// Where an element of the result stands; index values.
struct ProductPlace {
  mlir::Value position, row, column;
  mlir::Value member; ///< null without members
};

/// What is stored in place of a sum, f32; `place.row` is the row of y.
using ProductEpilogue = llvm::function_ref<mlir::Value(
    DeviceBuilder &b, mlir::Value sum, const ProductPlace &place)>;

/// The body of a kernel of `tile.threads()` invocations and a grid of
/// (`getProductTiles`, ⌈H / tile.columns⌉) groups. Each sum is one chain of
/// multiply-adds over ascending k that starts at b, so that its bits depend
/// neither on the tile nor on how many rows a member has. More groups than
/// there are tiles do nothing.
void buildProduct(DeviceBuilder &b, const ProductBuffers &buffers,
                  const ProductTile &tile, ProductEpilogue epilogue = {});

/// Tiles of so many rows: enough for any grouping of them by `members`, 0
/// without members.
inline int64_t getProductTiles(int64_t rows, int64_t members,
                               const ProductTile &tile) {
  return getPositionBlocks(rows, members, tile.rows);
}

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_PRODUCTKERNEL_H
