//===- KernelBuilder.h - Parts of the code of a kernel ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Emits the vector code of a matrix product: panels of b, copies of them and of
// a, tiles of c in registers. For ContractionKernel.cpp and the files that
// share its work.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_KERNELBUILDER_H
#define MODC_PASSES_CPU_KERNELBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/cpu/ContractionKernel.h"

namespace modc {

/// Emits the loops around the tiles and the tiles.
struct KernelBuilder : mlir::ImplicitLocOpBuilder {
  Contraction contraction;
  KernelSchedule schedule;
  mlir::Type element;
  /// The packed panel, or null to read b in place.
  mlir::Value panel;
  /// A block of k of a group of rows of a transposed a, [k, i], or null to read
  /// a in place.
  mlir::Value copyOfA;
  /// Length of a block of k in the code that is being built, or what divides
  /// it.
  int64_t block;
  /// What code for too few rows to copy b goes by.
  struct FewRows {
    mlir::Value block; ///< rows of b that are read side by side
    mlir::Value ahead; ///< columns ahead of those that are read, to ask for
  };
  std::optional<FewRows> few;
  KernelBuilder(mlir::Location loc, mlir::OpBuilder &builder,
                Contraction contraction, const KernelSchedule &schedule)
      : ImplicitLocOpBuilder(loc, builder), contraction(contraction),
        schedule(schedule), element(contraction.element()),
        block(schedule.kBlock) {}
  /// A block of k and the columns of b that `widths` cover from j.
  struct Panel {
    mlir::Value j;
    llvm::SmallVector<int64_t> widths;
    mlir::Value first, last; ///< k
    /// b from where the panel starts that is read after this one.
    mlir::Value next = {};
  };
  mlir::Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(*this, value);
  }
  mlir::Value size(mlir::Value buffer, int64_t d) {
    return createOrFold<mlir::memref::DimOp>(buffer, d);
  }
  mlir::Value offset(mlir::Value value, int64_t by) {
    return by ? createOrFold<mlir::arith::AddIOp>(value, index(by)) : value;
  }
  mlir::Value difference(mlir::Value x, mlir::Value y) {
    return createOrFold<mlir::arith::SubIOp>(x, y);
  }
  void loop(mlir::Value first, mlir::Value last, int64_t step,
            llvm::function_ref<void(mlir::Value)> body) {
    loop(first, last, index(step), body);
  }
  void loop(mlir::Value first, mlir::Value last, mlir::Value step,
            llvm::function_ref<void(mlir::Value)> body) {
    auto op = mlir::scf::ForOp::create(*this, first, last, step);
    mlir::OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }
  /// Where row `row` of the product's a is.
  mlir::Value rowOfA(mlir::Value row);
  /// Where row `row` of the product's c is; loaded unless it is `known`.
  mlir::Value rowOfC(mlir::Value row,
                     llvm::DenseMap<mlir::Value, mlir::Value> &known);
  /// Rows of the product.
  mlir::Value countRows() {
    if (contraction.rowsOfC)
      return size(contraction.rowsOfC, 0);
    return size(contraction.c,
                Contraction::dimensionOfRows(contraction.typeC()));
  }
  /// Length of the sums.
  mlir::Value countTerms();
  mlir::Value loadB(int64_t width, mlir::ValueRange at);
  /// Where an element of the matrix is that a buffer of `type` stores.
  llvm::SmallVector<mlir::Value> placeIn(mlir::MemRefType type, mlir::Value row,
                                         mlir::Value column);
  llvm::SmallVector<mlir::Value> placeOfB(mlir::Value row, mlir::Value column) {
    return placeIn(contraction.typeB(), row, column);
  }
  /// Widths of the vectors that cover `columns`: full ones, then powers of two.
  llvm::SmallVector<int64_t> widths(int64_t columns);
  /// Copies a panel of the transposed b: squares in registers, the rest an
  /// element at a time.
  void packTransposed(const Panel &part, mlir::Value space);
  void copyElements(const Panel &part, mlir::Value first, mlir::Value last,
                    int64_t begin, int64_t end, mlir::Value space);
  /// Transposes width × width elements of b from [j, k] to [row, column], by
  /// exchanging ever larger squares (Eklundh 1972).
  void transposeSquare(int64_t width, mlir::Value j, mlir::Value k,
                       mlir::Value row, mlir::Value column, mlir::Value space);
  /// Copies the block of k from `first` to `last` of a transposed a, and all
  /// its columns.
  void packA(mlir::Value first, mlir::Value last);
  /// A vector of a tile: where it belongs in c.
  struct Part {
    mlir::Value row, column;
    mlir::VectorType type;
  };
  /// `value` as a vector of every lane's value.
  mlir::Value broadcast(mlir::VectorType type, mlir::Value value) {
    return mlir::vector::BroadcastOp::create(*this, type, value);
  }
  using Arrange = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      llvm::ArrayRef<mlir::Value>)>;
  /// What the sums of a tile start at: a vector for each part, or what
  /// `arrange` makes of these, of the same types.
  llvm::SmallVector<mlir::Value> startSums(llvm::ArrayRef<Part> parts,
                                           const Panel &part,
                                           Arrange arrange = nullptr);
  void store(mlir::Value buffer, llvm::ArrayRef<Part> parts,
             mlir::ValueRange values);
  void storeSums(llvm::ArrayRef<Part> parts, mlir::ValueRange sums);
  /// Where a vector of c is.
  llvm::SmallVector<mlir::Value>
  placeOfC(const Part &place, llvm::DenseMap<mlir::Value, mlir::Value> &rows);
  /// One input of the finish at a place of c.
  mlir::Value loadInput(unsigned number, const Part &place);
  /// What the finish makes of a vector of sums.
  mlir::Value applyFinish(mlir::Value sum, const Part &place);
  /// Stores what becomes of the sums of a tile.
  void endSums(llvm::ArrayRef<Part> parts, mlir::ValueRange sums,
               const Panel &part);
  /// Whether one block of k is known to be all.
  bool isOnlyBlock() const;
  /// Whether all blocks of k are known to be multiples of `of` long.
  bool isMultiple(int64_t of) const;
  int64_t elementsOfLine() { return 64 * 8 / element.getIntOrFloatBitWidth(); }
  /// Pieces of a panel that are asked for at once: adjacent lines of a cache,
  /// up to one for each round of k in the loop of a tile.
  struct Pieces {
    int64_t count; ///< of a full panel
    int64_t ofRow; ///< of one row of b
    int64_t lines; ///< of a piece
  };
  Pieces piecesOfPanel();
  /// Bits of a part of a piece, in places of pieces.
  static constexpr int64_t kPieceBits = 16;
  /// Asks for the piece of the next panel, `next`, that is at `place`: a number
  /// of pieces with kPieceBits bits behind the point.
  void prefetch(mlir::Value next, mlir::Value place);
  /// A share of the pieces of the next panel.
  struct Share {
    mlir::Value number, of; ///< null: of none
    mlir::Value when;       ///< i1; null for always
  };
  /// Rows [i, i + rows) of the panel's columns, which asks for a share of the
  /// next panel. Copies b to `copy`, where that is not null, as it reads it.
  void tile(mlir::Value i, int64_t rows, const Panel &part, Share share = {},
            mlir::Value copy = {});
  /// A tile whose vectors cover several rows of b.
  void narrowTile(mlir::Value i, int64_t rows, const Panel &part);
  /// A tile of so many vectors of rows, whose lanes go down them.
  void tallTile(mlir::Value i, int64_t vectors, const Panel &part);
  /// All rows of one panel. Rows that fill no tile come in smaller tiles; each
  /// element has its own sum, so this does not change it. The first tile copies
  /// the panel to `copy`, unless that is null, and the others read it there.
  void tiles(const Panel &part, mlir::Value copy);
  /// Sets where the panel starts that follows `part`. After the last one of b
  /// this is where b ends: members lie one after another, and tasks go through
  /// them in this order.
  void setNext(Panel &part);
  /// Groups of rows of c, each from copies of a in `ofA`.
  void groups(mlir::Value space, mlir::Value ofA);
  /// Blocks of k of `step`. Sums of nothing start and end too.
  void
  blocks(mlir::Value step,
         llvm::function_ref<void(mlir::Value first, mlir::Value last)> body);
  /// All panels, packed into `space` unless that is null.
  void panels(mlir::Value space);
  /// All panels of a b that is stored in such.
  void storedPanels();
  void build(mlir::Value space);
};

} // namespace modc

#endif // MODC_PASSES_CPU_KERNELBUILDER_H
