//===- SplitSums.cpp - Sums within a row before sums over rows ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A gradient of a convolution sums over all places of all rows, by one
// invocation an element: too long a loop. The rows sum up their own places side
// by side, where that is no more than they hold anyway.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/cpu/Grouped.h"

namespace modc {
#define GEN_PASS_DEF_SPLITSUMSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// Places of a row from which on it is worth a value of its own.
constexpr int64_t kPlaces = 32;
/// Rounds that an invocation makes for its row, at most. lavapipe 22.3 leaves
/// all loops of an invocation after 65,535 rounds together.
constexpr int64_t kRounds = 1 << 15;

namespace {

struct RowSum {
  linalg::GenericOp op;
  /// The loop over rows; an input, and the dimension of it that they are.
  unsigned loop = 0;
  Value source;
  int64_t dim = 0;

  static std::optional<RowSum> match(linalg::GenericOp op) {
    if (!op.hasPureTensorSemantics() || !isSum(op) ||
        !cast<RankedTensorType>(op.getResult(0).getType()).hasStaticShape())
      return std::nullopt;
    SmallVector<unsigned> reductions;
    op.getReductionDims(reductions);
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    std::optional<unsigned> rows;
    int64_t places = 1;
    for (unsigned loop : reductions) {
      if (ShapedType::isDynamic(ranges[loop])) {
        if (rows)
          return std::nullopt;
        rows = loop;
      } else if (llvm::MulOverflow(places, ranges[loop], places)) {
        return std::nullopt;
      }
    }
    int64_t elements =
        cast<RankedTensorType>(op.getResult(0).getType()).getNumElements();
    if (!rows || places < kPlaces || places > kRounds ||
        elements > kRounds / places)
      return std::nullopt;
    RowSum sum{op, *rows, {}, 0};
    int64_t widest = 0;
    for (OpOperand *input : op.getDpsInputOperands()) {
      auto type = dyn_cast<RankedTensorType>(input->get().getType());
      AffineMap map = op.getMatchingIndexingMap(input);
      auto dim =
          map.getResultPosition(getAffineDimExpr(*rows, op.getContext()));
      if (!type || !dim || type.getNumDynamicDims() != 1)
        continue;
      int64_t width = 1;
      for (int64_t size : type.getShape())
        width *= ShapedType::isDynamic(size) ? 1 : size;
      widest = std::max(widest, width);
      sum.source = input->get();
      sum.dim = *dim;
    }
    if (elements > widest)
      return std::nullopt;
    return sum;
  }

  void split() {
    TensorBuilder b(op.getLoc(), op.getContext());
    b.setInsertionPoint(op);
    auto type = tensorType(op.getResult(0));
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    llvm::append_range(shape, type.getShape());
    Value count = b.dim(source, dim);
    Value zero = b.fill(
        b.empty(RankedTensorType::get(shape, type.getElementType()), count),
        0.0);
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    maps.back() = maps.back().insertResult(b.getAffineDimExpr(loop), 0);
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    iterators[loop] = utils::IteratorType::parallel;
    auto within = linalg::GenericOp::create(b, zero.getType(), op.getInputs(),
                                            zero, maps, iterators);
    IRMapping mapping;
    op.getRegion().cloneInto(&within.getRegion(), mapping);
    // Over rows: the last loop.
    int64_t rank = type.getRank();
    SmallVector<AffineExpr> row = {b.getAffineDimExpr(rank)};
    for (int64_t d = 0; d < rank; ++d)
      row.push_back(b.getAffineDimExpr(d));
    AffineMap from = AffineMap::get(rank + 1, 0, row, b.getContext());
    AffineMap to = from.dropResult(0);
    Value sum = b.generic(within.getResult(0), op.getDpsInits()[0], {from, to},
                          1, [&](ValueRange v) {
                            return SmallVector<Value>{
                                arith::AddFOp::create(b, v[1], v[0])};
                          })[0];
    op.replaceAllUsesWith(ValueRange{sum});
    op.erase();
  }
};

struct SplitSumsPass : public modc::impl::SplitSumsPassBase<SplitSumsPass> {
  using SplitSumsPassBase::SplitSumsPassBase;

  void runOnOperation() override {
    SmallVector<RowSum> sums;
    getOperation().walk([&](linalg::GenericOp op) {
      if (auto sum = RowSum::match(op))
        sums.push_back(*sum);
    });
    for (RowSum &sum : sums) {
      sum.split();
      ++numSplit;
    }
  }
};

} // namespace
