//===- GradientKernel.h - Gradients of weights on a device ------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernel of dW = xᵀ·g and db = Σ g over all rows, or over those of each
// member of a plan. Several such pieces make one launch.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_GRADIENTKERNEL_H
#define MODC_PASSES_GPU_KERNELS_GRADIENTKERNEL_H

#include "passes/gpu/kernels/ClassMembers.h"
#include "passes/gpu/kernels/PositionBlocks.h"
#include <optional>

namespace modc {

/// Sizes of tiles of dW, and rows that are loaded at once; each invocation has
/// `height` × `width` elements.
struct GradientTile {
  int64_t rows = 32, columns = 32, depth = 16;
  int64_t height = 4, width = 4;

  int64_t threads() const { return rows / height * (columns / width); }
  int64_t sharedBytes() const { return (rows + columns) * depth * 4; }

  static GradientTile small() { return {}; }
  static GradientTile large() { return {64, 64, 16, 8, 4}; }
};

/// Buffers of f32, and of i32 where they hold places.
struct GradientPiece {
  mlir::Value x;  ///< [rows, D]
  mlir::Value g;  ///< [rows, H], gradients of the product's results
  mlir::Value dw; ///< [M, D, H] or [D, H], out
  mlir::Value db; ///< [M, H] or [H], out, or null
  /// R, i32, the same in all invocations; not used with offsets.
  mlir::Value rowCount;
  /// [M + 1]: positions of member m are [offsets[m], offsets[m + 1]). Null: all
  /// rows have one W.
  mlir::Value offsets;
  /// Row of x, and row of g, of each position; null: the position itself.
  mlir::Value operandRows, resultRows;
  /// Members without positions keep what their slices hold, else these become
  /// 0.
  bool keepsEmpty = false;
  /// Sums are added to what dw and db hold; no partials then.
  bool adds = false;
  /// [blocks, D + 1, H], out, or null. Each block of kGradientBlock positions
  /// is then summed apart, db behind dW, and buildGradientSums adds the blocks:
  /// for many rows and few tiles. Blocks are numbered as in PositionBlocks.h,
  /// so that sums do not depend on the device.
  mlir::Value partials;
  /// Members that have slices in dw and db; none: all. Not with partials.
  std::optional<ClassMembers> members;
};
inline constexpr int64_t kGradientBlock = 1024;

/// Groups that a piece takes.
int64_t getGradientGroups(const GradientPiece &piece, const GradientTile &tile);

/// The body of a kernel of `tile.threads()` invocations and (as many groups as
/// the pieces take together, most blocks of a piece with partials, else 1)
/// groups. Each sum is one chain of multiply-adds over ascending positions that
/// starts at 0. No two pieces may share a buffer that one of them writes.
void buildGradients(DeviceBuilder &b, llvm::ArrayRef<GradientPiece> pieces,
                    const GradientTile &tile);

/// The body of a kernel of kGradientThreads invocations: dW and db of a piece
/// from its partials, added in order of blocks.
void buildGradientSums(DeviceBuilder &b, const GradientPiece &piece);
inline constexpr int64_t kGradientThreads = 64;
/// Its groups.
int64_t getGradientSumGroups(const GradientPiece &piece);

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_GRADIENTKERNEL_H
