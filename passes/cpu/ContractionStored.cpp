//===- ContractionStored.cpp - Operands that are stored in panels ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where elements of b and c are that are stored in panels, and the loops of a
// kernel that reads such a b in place: a panel is one piece of memory.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/KernelBuilder.h"

using namespace mlir;
using namespace modc;

/// Rows up to which a panel whose rows one tile covers is read at once, not in
/// blocks: as fast as memory is, with sums in registers all the time. To ask
/// for what comes next only costs time, as a processor does so itself.
constexpr int64_t kFewRowsOfPanel = 23;
/// Where a panel's rows have several tiles: rows up to which tiles of up to so
/// many vectors of one row pay, and rows of b in a block, which later tiles
/// read from the nearest cache.
constexpr int64_t kFewRowsOfWideTiles = 8, kWideVectors = 8, kWideBlock = 32;

SmallVector<Value> KernelBuilder::placeIn(MemRefType type, Value row,
                                          Value column) {
  int64_t panel = Contraction::panelOf(type);
  if (!panel)
    return {row, column};
  return {createOrFold<arith::DivUIOp>(column, index(panel)), row,
          createOrFold<arith::RemUIOp>(column, index(panel))};
}

SmallVector<Value> KernelBuilder::placeOfC(const Part &place,
                                           DenseMap<Value, Value> &rows) {
  return placeIn(contraction.typeC(), rowOfC(place.row, rows), place.column);
}

void KernelBuilder::storedPanels() {
  int64_t full = schedule.panelColumns(), stored = contraction.panelOfB();
  int64_t depth = contraction.depth();
  auto emit = [&](int64_t columns, bool asks) {
    loop(index(0), index(contraction.columns()), stored, [&](Value from) {
      blocks(index(block), [&](Value first, Value last) {
        auto run = [&](Value j) {
          Panel part = {
              j, SmallVector<int64_t>(columns / schedule.lanes, schedule.lanes),
              first, last};
          if (asks)
            setNext(part);
          tiles(part, Value());
        };
        if (stored == columns)
          return run(from);
        // Of one block, which stays in the nearest cache meanwhile.
        Value to = createOrFold<arith::AddIOp>(from, index(stored));
        loop(from, to, columns, run);
      });
    });
  };
  int64_t rows = kFewRowsOfPanel, columns = full;
  if (stored > full) {
    // Lines of a panel are read one after another only if tiles are as wide.
    int64_t wide = std::min(stored, kWideVectors * schedule.lanes);
    columns = stored % wide ? full : wide;
    rows = kFewRowsOfWideTiles;
    block = std::min(block, kWideBlock);
  } else if (ShapedType::isDynamic(depth) || depth <= block) {
    return emit(full, /*asks=*/true);
  } else {
    block = depth;
  }
  Value few = arith::CmpIOp::create(*this, arith::CmpIPredicate::ule,
                                    countRows(), index(rows));
  auto branch = scf::IfOp::create(*this, few, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  emit(columns, /*asks=*/false);
  block = schedule.kBlock;
  setInsertionPointToStart(branch.elseBlock());
  emit(full, /*asks=*/true);
}
