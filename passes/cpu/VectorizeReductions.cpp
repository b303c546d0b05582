//===- VectorizeReductions.cpp - Reductions along rows --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums and maxima along rows, of losses and of softmax, and of all elements of
// a gradient, as lanes that are combined in the end; rows may be chosen by
// numbers. How many lanes follows from the length alone, so every target and
// every batch adds in the same order.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/cpu/ContractionFusion.h"
#include "passes/cpu/LoweringRemarks.h"

namespace modc {
#define GEN_PASS_DEF_VECTORIZEREDUCTIONSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// Lanes of a long row.
constexpr int64_t kLanes = 16;
/// Shorter rows stay as they are.
constexpr int64_t kShortest = 4;

namespace {

/// A reduction over the last loop, rows outside, if any.
struct RowReduction {
  linalg::GenericOp op;
  int64_t length;
  /// The ops that combine a value with the sum so far, and that value.
  SmallVector<Operation *> combiner;
  Value value;
  /// Whether a value may be combined twice: lanes then start at the initial
  /// value, as a scalar does, and a NaN is ignored or kept as there.
  bool idempotent = true;

  static std::optional<RowReduction> match(linalg::GenericOp op);

  /// Ops of the body whose values change along a row.
  SmallPtrSet<Operation *, 8> varying;

  /// Whether a value changes along a row; one from outside the body does not.
  bool varies(Value value) const;
  /// Whether rounds that follow each other can run `inner` in lanes.
  bool hasLanes(Operation &inner) const;

  Value sum() const { return linalg::GenericOp(op).getRegionOutputArgs()[0]; }
};

} // namespace

/// What is combined with the sum so far; null if no order of rounds is as good
/// as any other, up to rounding.
static Value getValue(RowReduction &reduction) {
  Value sum = reduction.sum();
  Operation *end =
      reduction.op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  if (isa_and_nonnull<arith::AddFOp, arith::MulFOp, arith::MaximumFOp,
                      arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp,
                      arith::MaxSIOp, arith::MinSIOp>(end)) {
    if (!sum.hasOneUse() || llvm::count(end->getOperands(), sum) != 1)
      return {};
    reduction.combiner = {end};
    reduction.idempotent = !isa<arith::AddFOp, arith::MulFOp>(end);
    return end->getOperand(end->getOperand(0) == sum ? 1 : 0);
  }
  // The larger or the smaller of two.
  auto select = dyn_cast_or_null<arith::SelectOp>(end);
  auto compare =
      select ? select.getCondition().getDefiningOp<arith::CmpFOp>() : nullptr;
  if (!compare || !compare->hasOneUse() || !llvm::hasNItems(sum.getUses(), 2) ||
      select.getFalseValue() != sum || compare.getRhs() != sum ||
      compare.getLhs() != select.getTrueValue() ||
      (compare.getPredicate() != arith::CmpFPredicate::OGT &&
       compare.getPredicate() != arith::CmpFPredicate::OLT))
    return {};
  reduction.combiner = {compare, select};
  return compare.getLhs();
}

bool RowReduction::varies(Value value) const {
  if (Operation *inner = value.getDefiningOp())
    return varying.contains(inner);
  auto argument = dyn_cast<BlockArgument>(value);
  linalg::GenericOp generic = op;
  if (!argument || argument.getOwner() != generic.getBody())
    return false;
  OpOperand *operand = generic.getMatchingOpOperand(argument);
  return generic.isDpsInit(operand) ||
         generic.getMatchingIndexingMap(operand).isFunctionOfDim(
             generic.getNumLoops() - 1);
}

/// A row that is read where a number says: elements that follow each other.
static bool loadsRow(const RowReduction &reduction, memref::LoadOp load) {
  auto type = cast<MemRefType>(load.getMemref().getType());
  ValueRange at = load.getIndices();
  if (at.empty() || !type.areTrailingDimsContiguous(1) ||
      !hasVectorElements(type) || llvm::any_of(at.drop_back(), [&](Value i) {
        return reduction.varies(i);
      }))
    return false;
  auto last = at.back().getDefiningOp<linalg::IndexOp>();
  return last && reduction.varies(last);
}

bool RowReduction::hasLanes(Operation &inner) const {
  if (isa<linalg::IndexOp>(inner))
    return true;
  if (auto load = dyn_cast<memref::LoadOp>(inner))
    return !varying.contains(load) || loadsRow(*this, load);
  return isa<arith::ArithDialect>(inner.getDialect()) &&
         (inner.hasTrait<OpTrait::ConstantLike>() ||
          OpTrait::hasElementwiseMappableTraits(&inner));
}

std::optional<RowReduction> RowReduction::match(linalg::GenericOp op) {
  unsigned last = op.getNumLoops() - 1;
  if (!op.hasPureBufferSemantics() || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() != 1 ||
      op.getIteratorTypesArray()[last] != utils::IteratorType::reduction)
    return std::nullopt;
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (out.getNumResults() != last || !out.isProjectedPermutation())
    return std::nullopt;
  RowReduction result;
  result.op = op;
  result.length = ShapedType::kDynamic;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    auto type = dyn_cast<MemRefType>(input->get().getType());
    if (!map.isProjectedPermutation() || (!type && map.getNumResults()))
      return std::nullopt;
    if (!map.isFunctionOfDim(last))
      continue;
    if (map.getDimPosition(map.getNumResults() - 1) != last ||
        !type.areTrailingDimsContiguous(1) || !hasVectorElements(type) ||
        type.isDynamicDim(type.getRank() - 1))
      return std::nullopt;
    result.length = type.getShape().back();
  }
  if (ShapedType::isDynamic(result.length) || result.length < kShortest)
    return std::nullopt;
  result.value = getValue(result);
  if (!result.value || result.value.getParentBlock() != op.getBody())
    return std::nullopt;
  for (Operation &inner : op.getBody()->without_terminator()) {
    auto index = dyn_cast<linalg::IndexOp>(inner);
    if (index ? index.getDim() == last
              : llvm::any_of(inner.getOperands(),
                             [&](Value v) { return result.varies(v); }))
      result.varying.insert(&inner);
    if (!result.hasLanes(inner))
      return std::nullopt;
  }
  return result;
}

namespace {

struct ReductionBuilder : ImplicitLocOpBuilder {
  RowReduction reduction;
  linalg::GenericOp op;
  /// Loops outside.
  SmallVector<Value> place;

  ReductionBuilder(RowReduction reduction)
      : ImplicitLocOpBuilder(reduction.op.getLoc(), reduction.op),
        reduction(reduction), op(reduction.op) {}

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(*this, value);
  }

  /// `type`, or a vector of it.
  static Type lanesOf(Type type, int64_t lanes) {
    return lanes ? VectorType::get(lanes, type) : type;
  }

  /// A scalar for every lane; itself if there are no lanes.
  Value spread(Value value, int64_t lanes) {
    return lanes ? vector::BroadcastOp::create(
                       *this, VectorType::get(lanes, value.getType()), value)
                       .getResult()
                 : value;
  }

  /// k, or k and the numbers that follow it.
  Value numbers(Value k, int64_t lanes) {
    if (!lanes)
      return k;
    SmallVector<int64_t> following = llvm::to_vector(llvm::seq(lanes));
    return arith::AddIOp::create(
        *this, spread(k, lanes),
        arith::ConstantOp::create(*this, getIndexVectorAttr(following)));
  }

  /// Clones `inner` with operands as `mapping` has them, scalars for every
  /// lane.
  void clone(Operation &inner, IRMapping &mapping, int64_t lanes) {
    OperationState state(getLoc(), inner.getName());
    for (Value operand : inner.getOperands()) {
      Value value = mapping.lookupOrDefault(operand);
      state.operands.push_back(
          isa<VectorType>(value.getType()) ? value : spread(value, lanes));
    }
    for (Type type : inner.getResultTypes())
      state.types.push_back(lanesOf(type, lanes));
    state.addAttributes(inner.getAttrs());
    mapping.map(inner.getResults(), create(state)->getResults());
  }

  /// The values of a round at k, or of `lanes` rounds from k on.
  Value valuesAt(Value k, int64_t lanes) {
    IRMapping mapping;
    unsigned last = op.getNumLoops() - 1;
    for (auto [i, input] : llvm::enumerate(op.getDpsInputOperands())) {
      AffineMap map = op.getMatchingIndexingMap(input);
      Value value = input->get();
      if (auto type = dyn_cast<MemRefType>(value.getType())) {
        SmallVector<Value> at;
        for (unsigned r = 0; r < map.getNumResults(); ++r) {
          unsigned loop = map.getDimPosition(r);
          at.push_back(loop == last ? k : place[loop]);
        }
        value = load(value, at, map.isFunctionOfDim(last) ? lanes : 0);
      }
      mapping.map(op.getBody()->getArgument(i), value);
    }
    for (Operation &inner : op.getBody()->without_terminator()) {
      if (llvm::is_contained(reduction.combiner, &inner))
        continue;
      bool varies = reduction.varying.contains(&inner);
      auto index = dyn_cast<linalg::IndexOp>(inner);
      auto row = dyn_cast<memref::LoadOp>(inner);
      if (index) {
        mapping.map(index.getResult(),
                    varies ? numbers(k, lanes) : place[index.getDim()]);
      } else if (row && varies) {
        SmallVector<Value> at;
        for (Value i : row.getIndices().drop_back())
          at.push_back(mapping.lookupOrDefault(i));
        at.push_back(k);
        mapping.map(row.getResult(), load(row.getMemref(), at, lanes));
      } else if (varies) {
        clone(inner, mapping, lanes);
      } else {
        ImplicitLocOpBuilder::clone(inner, mapping);
      }
    }
    Value value = mapping.lookupOrDefault(reduction.value);
    return isa<VectorType>(value.getType()) ? value : spread(value, lanes);
  }

  /// An element, or `lanes` that follow each other.
  Value load(Value from, ValueRange at, int64_t lanes) {
    if (!lanes)
      return memref::LoadOp::create(*this, from, at);
    Type element = cast<MemRefType>(from.getType()).getElementType();
    return vector::LoadOp::create(*this, VectorType::get(lanes, element), from,
                                  at);
  }

  /// Both combined: `sum` in the place of the sum so far.
  Value combine(Value sum, Value value) {
    auto type = dyn_cast<VectorType>(sum.getType());
    IRMapping mapping;
    mapping.map(reduction.sum(), sum);
    mapping.map(reduction.value, value);
    for (Operation *inner : reduction.combiner)
      clone(*inner, mapping, type ? type.getNumElements() : 0);
    return mapping.lookup(reduction.combiner.back()->getResult(0));
  }

  /// Halves combined until one lane is left.
  Value combineLanes(Value value) {
    int64_t lanes = cast<VectorType>(value.getType()).getNumElements();
    for (lanes /= 2; lanes; lanes /= 2) {
      SmallVector<int64_t> low, high;
      for (int64_t i = 0; i < lanes; ++i) {
        low.push_back(i);
        high.push_back(lanes + i);
      }
      value = combine(vector::ShuffleOp::create(*this, value, value, low),
                      vector::ShuffleOp::create(*this, value, value, high));
    }
    return vector::ExtractOp::create(*this, value, ArrayRef<int64_t>{0});
  }

  /// One row.
  void reduceRow() {
    int64_t lanes = std::min<int64_t>(
        kLanes, int64_t(llvm::bit_floor(uint64_t(reduction.length))));
    int64_t full = reduction.length / lanes * lanes;
    OpOperand *init = op.getDpsInitOperand(0);
    AffineMap map = op.getMatchingIndexingMap(init);
    SmallVector<Value> at;
    for (unsigned r = 0; r < map.getNumResults(); ++r)
      at.push_back(place[map.getDimPosition(r)]);
    Value start = memref::LoadOp::create(*this, init->get(), at);
    Value sums = valuesAt(index(0), lanes);
    if (reduction.idempotent)
      sums = combine(spread(start, lanes), sums);
    if (full > lanes) {
      auto loop = scf::ForOp::create(*this, index(lanes), index(full),
                                     index(lanes), sums);
      OpBuilder::InsertionGuard guard(*this);
      setInsertionPointToStart(loop.getBody());
      Value next = combine(loop.getRegionIterArg(0),
                           valuesAt(loop.getInductionVar(), lanes));
      scf::YieldOp::create(*this, next);
      sums = loop.getResult(0);
    }
    Value sum = combineLanes(sums);
    if (!reduction.idempotent)
      sum = combine(start, sum);
    for (int64_t k = full; k < reduction.length; ++k)
      sum = combine(sum, valuesAt(index(k), 0));
    memref::StoreOp::create(*this, sum, init->get(), at);
  }

  void build() {
    SmallVector<Range> ranges = cast<linalg::LinalgOp>(op.getOperation())
                                    .createLoopRanges(*this, getLoc());
    for (const Range &range : ArrayRef(ranges).drop_back()) {
      Value size = getValueOrCreateConstantIndexOp(*this, getLoc(), range.size);
      auto loop = scf::ForOp::create(*this, index(0), size, index(1));
      place.push_back(loop.getInductionVar());
      setInsertionPointToStart(loop.getBody());
    }
    reduceRow();
    op.erase();
  }
};

struct VectorizeReductionsPass
    : modc::impl::VectorizeReductionsPassBase<VectorizeReductionsPass> {
  using VectorizeReductionsPassBase::VectorizeReductionsPassBase;

  void runOnOperation() override {
    SmallVector<RowReduction> reductions;
    getOperation()->walk([&](linalg::GenericOp op) {
      if (std::optional<RowReduction> reduction = RowReduction::match(op))
        reductions.push_back(*reduction);
      else
        remarkOnReduction(op, kShortest);
    });
    for (RowReduction &reduction : reductions) {
      remarkPassed(getArgument(), "Vectorized", reduction.op) << remark::add(
          "a reduction along rows of {0} runs in vectors", reduction.length);
      ReductionBuilder(reduction).build();
    }
    numReductions += reductions.size();
  }
};

} // namespace
