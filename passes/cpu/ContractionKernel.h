//===- ContractionKernel.h - Register-tiled matrix products -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Emits a matrix product as loops over tiles whose accumulators stay in vector
// registers. The caller decides where the code goes.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_CONTRACTIONKERNEL_H
#define MODC_PASSES_CPU_CONTRACTIONKERNEL_H

#include "passes/cpu/Contraction.h"
#include <algorithm>

namespace modc {

/// What a kernel's function says of itself, for inspection: a dictionary with
/// shape ("nx784x64"), rows and columns of a tile, and packed.
constexpr const char *kKernelAttribute = "modular.kernel";

/// Rows of a tile of few columns: as many sums as additions take to follow one
/// another.
constexpr int64_t kNarrowRows = 8;

/// How a product of one shape is computed: a function of the shape, the layout
/// and the machine, never of the number of rows at hand.
struct KernelSchedule {
  KernelSchedule(const Contraction &contraction, int64_t vectorBits,
                 int64_t kBlock);

  int64_t lanes;   ///< elements of a full vector
  int64_t columns; ///< of c
  int64_t vectors; ///< vectors of a full tile's row
  int64_t kBlock;  ///< length of a block of k
  /// Values of k side by side in a vector of sums: 1 unless b is so narrow that
  /// a vector holds several of its rows.
  int64_t sums;
  /// Vectors of rows of a tile whose lanes go down the rows of c, along those
  /// of a; 0 where they go along rows of c.
  int64_t tall;
  /// Rounds of k in one of the loop of a tile.
  int64_t unrolled;
  /// Whether b is copied, a panel at a time, to where its rows are adjacent.
  bool packed;
  /// Whether blocks of a transposed a are copied to where its rows are
  /// adjacent.
  bool packsA;

  /// Whether no tile crosses panels that b or c is stored in.
  bool fitsPanels(const Contraction &contraction) const;
  /// Columns of a panel.
  int64_t panelColumns() const { return lanes * vectors; }
  /// Rows and columns of the tiles that most of c is made of.
  int64_t tileRows() const {
    if (sums > 1)
      return kNarrowRows;
    if (tall)
      return tall * lanes;
    int64_t parts = (tileColumns() + lanes - 1) / lanes;
    return std::clamp<int64_t>(6 * vectors / parts, 1, 12);
  }
  int64_t tileColumns() const { return std::min(columns, panelColumns()); }
  /// Rows of c that are computed from one copy of a, at most.
  static constexpr int64_t kGroupRows = 72;
  /// What a caller of the kernel provides, if the kernel copies a.
  mlir::MemRefType copyTypeOfA(mlir::Type element) const {
    return mlir::MemRefType::get({kBlock, kGroupRows}, element);
  }
  /// The same, if it packs b.
  mlir::MemRefType panelType(mlir::Type element) const {
    return mlir::MemRefType::get({kBlock, std::min(columns, panelColumns())},
                                 element);
  }
};

/// Emits loops over blocks of k, panels of columns and tiles of rows. Each
/// element of c is one chain of fused additions over ascending k that starts at
/// its old value, whatever its tile; where b is narrow, as many chains as rows
/// of b fill a vector, for any number of rows. `panel` and `ofA` are room for
/// copies of b and a: null, or of the schedule's types.
void buildContraction(mlir::OpBuilder &builder, mlir::Location loc,
                      const Contraction &contraction, mlir::Value panel,
                      mlir::Value ofA, const KernelSchedule &schedule);

} // namespace modc

#endif // MODC_PASSES_CPU_CONTRACTIONKERNEL_H
