//===- PieceKernel.h - Products of several classes --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernel of a pool whose members have different bodies: a group computes a
// tile of one member, by the piece of that member's class.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_PIECEKERNEL_H
#define MODC_PASSES_GPU_KERNELS_PIECEKERNEL_H

#include "passes/gpu/kernels/ChainKernel.h"
#include "passes/gpu/kernels/ClassMembers.h"
#include <functional>

namespace modc {

/// What the tiles of one class's members are: values of elements, of sums of a
/// product, or of sums of two products in a row.
struct ProductPiece {
  ClassMembers members;
  mlir::Value x = {}; ///< [rows, D], null without a product
  bool gathered = false;
  mlir::Value w = {}; ///< [C, D, H]; transposed: [C, H, D]
  mlir::Value b = {}; ///< [C, H], or null: zeros
  mlir::Value v =
      {}; ///< [C, H, O]; transposed: [C, O, H]; or null: one product
  mlir::Value c = {}; ///< [C, O], or null: zeros
  bool transposedW = false, transposedV = false;
  /// Columns of what is stored: O, or H.
  int64_t width = 0;
  /// Between two products; as `middle` of ChainKernel.h.
  std::function<mlir::Value(DeviceBuilder &, mlir::Value sum,
                            const ProductPlace &)>
      middle = {};
  /// Stores what becomes of a sum, which is null without a product. The row of
  /// the place is its position, the member its place in the class.
  std::function<void(DeviceBuilder &, mlir::Value sum, const ProductPlace &)>
      store = {};
};

/// The body of a kernel of `tile.threads()` invocations and a grid of
/// (`getProductTiles`, `getPieceColumns`) groups. `offsets` are those of all
/// members; x of a `gathered` piece is read at `operandRows`. Every member is
/// of one class, or of none and has nothing to do. Sums as in ProductKernel.h.
void buildPieces(DeviceBuilder &b, llvm::ArrayRef<ProductPiece> pieces,
                 mlir::Value offsets, mlir::Value operandRows,
                 const ProductTile &tile);
/// Groups of the second dimension.
int64_t getPieceColumns(llvm::ArrayRef<ProductPiece> pieces,
                        const ProductTile &tile);

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_PIECEKERNEL_H
