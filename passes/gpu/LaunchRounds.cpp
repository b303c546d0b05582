//===- LaunchRounds.cpp - How long the loops of a launch run --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts as drivers with masks do: invocations that run side by side go through
// both branches of a condition, and once through each loop of a branch that
// none of them takes. A loop ends in a round of its own.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/LaunchRounds.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/gpu/TileKernels.h"

using namespace mlir;
using namespace modc;

static int64_t add(int64_t a, int64_t b) {
  // Neither is above kMany.
  return std::min(a + b, LaunchRounds::kMany);
}

static int64_t multiply(int64_t a, int64_t b) {
  int64_t product;
  return llvm::MulOverflow(a, b, product)
             ? LaunchRounds::kMany
             : std::min(product, LaunchRounds::kMany);
}

static LaunchRounds operator+(const LaunchRounds &a, const LaunchRounds &b) {
  return {add(a.fixed, b.fixed), add(a.perRow, b.perRow),
          add(a.loops, b.loops)};
}

/// A constant, or the constant of a minimum.
static std::optional<int64_t> getMost(Value bound) {
  Operation *op = bound.getDefiningOp();
  if (isa_and_nonnull<arith::MinUIOp, arith::MinSIOp>(op))
    for (Value operand : op->getOperands())
      if (auto number = getConstantIntValue(operand))
        return number;
  return getConstantIntValue(bound);
}

/// How often a loop runs, at most; none where that is not known here.
static std::optional<int64_t> getTrips(scf::ForOp loop) {
  auto first = getConstantIntValue(loop.getLowerBound());
  auto last = getMost(loop.getUpperBound());
  auto step = getConstantIntValue(loop.getStep());
  if (!first || !last || !step || *step <= 0)
    return std::nullopt;
  int64_t span;
  if (llvm::SubOverflow(*last, *first, span))
    return LaunchRounds::kMany;
  return span <= 0 ? 0 : (span - 1) / *step + 1;
}

static LaunchRounds ofBlock(Block &block);

static LaunchRounds ofOp(Operation *op) {
  SmallVector<LaunchRounds> branches;
  LaunchRounds inner;
  for (Region &region : op->getRegions())
    for (Block &nested : region) {
      branches.push_back(ofBlock(nested));
      inner = inner + branches.back();
    }
  if (op->hasAttr(kByGroups)) {
    int64_t loops = inner.loops;
    inner = {0, 0, loops};
    for (const LaunchRounds &branch : branches) {
      inner.fixed =
          std::max(inner.fixed, add(branch.fixed, loops - branch.loops));
      inner.perRow = std::max(inner.perRow, branch.perRow);
    }
  }
  auto loop = dyn_cast<scf::ForOp>(op);
  if (!loop && !isa<scf::WhileOp>(op))
    return inner;
  // The round that ends a loop goes through those inside as well.
  int64_t last = add(1, inner.loops);
  LaunchRounds result{last, 0, last};
  inner.fixed = add(inner.fixed, 1);
  if (std::optional<int64_t> trips = loop ? getTrips(loop) : std::nullopt) {
    result.fixed = add(result.fixed, multiply(inner.fixed, *trips));
    result.perRow = multiply(inner.perRow, *trips);
  } else {
    // A loop over rows in another one runs for each pair of them.
    result.perRow = inner.perRow == 0 ? inner.fixed : LaunchRounds::kMany;
  }
  return result;
}

static LaunchRounds ofBlock(Block &block) {
  LaunchRounds sum;
  for (Operation &op : block)
    sum = sum + ofOp(&op);
  return sum;
}

/// Groups that share memory go through rows and columns in tiles, with loops
/// over a tile: of a product two for each column of its rows, of a sum over
/// rows two for each row; a plan's group takes its rows side by side.
static LaunchRounds ofTiles(func::FuncOp function, StringRef kind) {
  int64_t widest = 0;
  for (Type type : function.getArgumentTypes())
    if (auto buffer = dyn_cast<MemRefType>(type))
      for (int64_t size : buffer.getShape())
        widest = std::max(widest, ShapedType::isDynamic(size) ? 0 : size);
  int64_t perRow = kind == "gradient" ? 2 : kind == "plan" ? 1 : 0;
  return {add(multiply(2, widest), 1024), perRow};
}

LaunchRounds LaunchRounds::of(func::FuncOp function) {
  auto tiles = function->getAttrOfType<DictionaryAttr>(kTileKernel);
  return tiles ? ofTiles(function, tiles.getAs<StringAttr>("kind").getValue())
               : ofBlock(function.getBody().front());
}
