//===- SplitProducts.cpp - Bodies of several products ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel by tiles has one product, or two with narrow rows between them. A
// grouped op with bodies of more becomes several, each class in the last of
// them: what one reads of another is in grouped order.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/cpu/Decompose.h"
#include "passes/gpu/BodyUnits.h"
#include "passes/gpu/ReadValues.h"

namespace modc {
#define GEN_PASS_DEF_SPLITPRODUCTSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

class Splitter {
public:
  explicit Splitter(GroupedOp op) : op(op), b(op.getLoc(), op.getContext()) {
    b.setInsertionPoint(op);
  }

  /// Whether there was something to split.
  bool run() {
    bool isWorth = false;
    for (unsigned c = 0; c < op.getNumClasses(); ++c) {
      auto found = findUnits(op, c);
      if (!found)
        return false;
      isWorth |= isWorthTiles(*found);
      numStages = std::max(numStages, found->size());
      units.push_back(std::move(*found));
    }
    if (!isWorth || numStages < 2)
      return false;
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
      findStages(c);
    results.resize(op.getNumResults());
    for (size_t stage = 0; stage < numStages; ++stage)
      build(stage);
    op.replaceAllUsesWith(results);
    op.erase();
    return true;
  }

private:
  /// What one unit computes, from arguments and what is read of others.
  struct Slice {
    DenseSet<Operation *> ops;
    SetVector<Value> read;
  };
  /// A value of class c, where it is stored.
  using Key = std::pair<unsigned, Value>;

  BodyUnit *unitOf(unsigned c, size_t stage) {
    size_t first = numStages - units[c].size();
    return stage < first ? nullptr : &units[c][stage - first];
  }

  void findStages(unsigned c) {
    DenseSet<Value> before;
    slices.emplace_back();
    for (auto [i, unit] : llvm::enumerate(units[c])) {
      slices[c].push_back(slice(unit, before));
      for (ArrayRef<Value> list :
           {ArrayRef(unit.between), ArrayRef(unit.stored)})
        for (Value value : list) {
          before.insert(value);
          stageOf.try_emplace({c, value}, numStages - units[c].size() + i);
        }
    }
  }

  static Slice slice(const BodyUnit &unit, const DenseSet<Value> &before) {
    Slice result;
    SmallVector<Value> list(unit.stored);
    llvm::append_range(list, unit.between);
    while (!list.empty()) {
      Value value = list.pop_back_val();
      Operation *inner = value.getDefiningOp();
      if (!inner)
        continue;
      if (before.contains(value)) {
        result.read.insert(value);
        continue;
      }
      // All sizes that are not known are the number of rows.
      if (!result.ops.insert(inner).second || isa<tensor::DimOp>(inner))
        continue;
      llvm::append_range(list, getReadValues(inner));
    }
    return result;
  }

  Value yielded(unsigned c, size_t i) {
    return op.getClassBody(c).getTerminator()->getOperand(i);
  }
  /// The last stage in which a class has result i.
  size_t lastStage(size_t i) {
    std::optional<size_t> last;
    for (unsigned c = 0; c < op.getNumClasses(); ++c)
      if (auto found = stageOf.find({c, yielded(c, i)}); found != stageOf.end())
        last = std::max(last.value_or(0), found->second);
    return last.value_or(numStages - 1);
  }

  /// A result of a stage: a value of each class, or null.
  struct Result {
    Type type;
    SmallVector<Value> values;
  };

  void build(size_t stage) {
    unsigned numClasses = op.getNumClasses();
    SmallVector<Result> made;
    SmallVector<size_t> finals;
    for (size_t i = 0; i < op.getNumResults(); ++i) {
      if (lastStage(i) != stage)
        continue;
      Result result{op.getResult(i).getType(), {}};
      for (unsigned c = 0; c < numClasses; ++c)
        result.values.push_back(
            stageOf.contains({c, yielded(c, i)}) ? yielded(c, i) : Value());
      finals.push_back(i);
      made.push_back(std::move(result));
    }
    for (unsigned c = 0; c < numClasses; ++c)
      addCarried(c, stage, made);
    SmallVector<Value> along(op.getAlong());
    SmallVector<SmallVector<Value>> read(numClasses);
    SetVector<Value> carriers;
    for (unsigned c = 0; c < numClasses; ++c) {
      SetVector<Value> values;
      if (unitOf(c, stage))
        values = slices[c][stage - (numStages - units[c].size())].read;
      for (const Result &result : made)
        if (Value value = result.values[c];
            value && stageOf.lookup({c, value}) < stage)
          values.insert(value);
      read[c] = values.takeVector();
      for (Value value : read[c])
        carriers.insert(carrierOf.lookup({c, value}));
    }
    size_t numAlong = along.size();
    llvm::append_range(along, carriers);
    SmallVector<Type> types;
    for (const Result &result : made)
      types.push_back(result.type);
    SmallVector<int64_t> none(numClasses, 0);
    auto part = GroupedOp::create(
        b, op.getLoc(), types, op.getPlan(), op.getGathered(), along,
        op.getPoints(), op.getShared(), op.getParameters(), op.getClasses(),
        op.getParameterCounts(), none, op.getRowsPerPoint(),
        /*num_point_results=*/0, numClasses);
    for (unsigned c = 0; c < numClasses; ++c)
      buildBody(part.getBodies()[c], c, stage, made, read[c],
                op.getGathered().size() + numAlong, carriers.getArrayRef());
    for (auto [i, final] : llvm::enumerate(finals))
      results[final] = part.getResult(i);
    for (auto [i, result] : llvm::enumerate(made))
      for (unsigned c = 0; c < numClasses; ++c)
        if (result.values[c])
          carrierOf.try_emplace({c, result.values[c]}, part.getResult(i));
  }

  /// Results for what later stages read of class c and are no result of the op
  /// yet.
  void addCarried(unsigned c, size_t stage, SmallVectorImpl<Result> &made) {
    BodyUnit *unit = unitOf(c, stage);
    if (!unit)
      return;
    auto isReadLater = [&](Value value) {
      for (const Slice &slice : slices[c])
        if (slice.read.contains(value))
          return true;
      for (size_t i = 0; i < op.getNumResults(); ++i)
        if (yielded(c, i) == value && lastStage(i) > stage)
          return true;
      return false;
    };
    for (ArrayRef<Value> list :
         {ArrayRef(unit->between), ArrayRef(unit->stored)})
      for (Value value : list) {
        if (stageOf.lookup({c, value}) != stage || !isReadLater(value) ||
            llvm::any_of(made, [&](const Result &result) {
              return result.values[c] == value;
            }))
          continue;
        auto free = llvm::find_if(made, [&](const Result &result) {
          return result.type == value.getType() && !result.values[c];
        });
        if (free == made.end()) {
          made.push_back({value.getType(),
                          SmallVector<Value>(op.getNumClasses(), Value())});
          free = std::prev(made.end());
        }
        free->values[c] = value;
      }
  }

  void buildBody(Region &region, unsigned c, size_t stage,
                 ArrayRef<Result> made, ArrayRef<Value> read, size_t place,
                 ArrayRef<Value> carriers) {
    OpBuilder::InsertionGuard guard(b);
    Block &source = op.getClassBody(c);
    Block *body = b.createBlock(&region);
    IRMapping mapping;
    auto take = [&](ArrayRef<BlockArgument> arguments) {
      for (BlockArgument argument : arguments)
        mapping.map(argument,
                    body->addArgument(argument.getType(), op.getLoc()));
    };
    take(source.getArguments().take_front(place));
    for (Value carrier : carriers)
      body->addArgument(carrier.getType(), op.getLoc());
    take(source.getArguments().drop_front(place));
    for (Value value : read)
      mapping.map(
          value,
          body->getArgument(
              place + std::distance(
                          carriers.begin(),
                          llvm::find(carriers, carrierOf.lookup({c, value})))));
    if (unitOf(c, stage)) {
      const Slice &slice = slices[c][stage - (numStages - units[c].size())];
      for (Operation &inner : source.without_terminator()) {
        if (!slice.ops.contains(&inner))
          continue;
        if (auto dim = dyn_cast<tensor::DimOp>(inner)) {
          mapping.map(dim.getResult(), b.dim(body->getArgument(0), 0));
          continue;
        }
        b.clone(inner, mapping);
      }
    }
    SmallVector<Value> values;
    for (const Result &result : made) {
      Value value = result.values[c];
      values.push_back(value ? mapping.lookup(value)
                             : b.empty(cast<RankedTensorType>(result.type),
                                       b.dim(body->getArgument(0), 0)));
    }
    YieldOp::create(b, values);
  }

  GroupedOp op;
  TensorBuilder b;
  /// Of each class; the last unit of all is in the last stage.
  SmallVector<SmallVector<BodyUnit>> units;
  SmallVector<SmallVector<Slice>> slices;
  size_t numStages = 0;
  /// The stage that stores a value, and the result that then has it.
  DenseMap<Key, size_t> stageOf;
  DenseMap<Key, Value> carrierOf;
  SmallVector<Value> results;
};

struct SplitProductsPass
    : public modc::impl::SplitProductsPassBase<SplitProductsPass> {
  using SplitProductsPassBase::SplitProductsPassBase;

  void runOnOperation() override {
    SmallVector<GroupedOp> ops;
    getOperation()->walk([&](GroupedOp op) {
      if (!op.isByPoint() && op.getNumResults() > 0 &&
          op.getNumResults() == op.getRowResults().size())
        ops.push_back(op);
    });
    RewritePatternSet patterns(&getContext());
    populateDecomposeActivationPatterns(patterns);
    FrozenRewritePatternSet activations(std::move(patterns));
    for (GroupedOp op : ops) {
      bool isNarrow = llvm::none_of(op.getParameters(), [](Value parameter) {
        auto type = cast<RankedTensorType>(parameter.getType());
        return type.getRank() == 3 &&
               llvm::any_of(type.getShape().drop_front(),
                            [](int64_t size) { return size > 32; });
      });
      if (isNarrow)
        continue;
      simplify(op, activations);
      if (Splitter(op).run())
        ++numSplit;
    }
  }

private:
  /// Named ops as generic ones, which elements are made of.
  void simplify(GroupedOp op, const FrozenRewritePatternSet &activations) {
    SmallVector<Operation *> inner;
    op->walk([&](Operation *each) {
      if (each != op && !isa<LinearOp>(each))
        inner.push_back(each);
    });
    IRRewriter rewriter(op.getContext());
    SmallVector<Operation *> rest;
    for (Operation *each : inner) {
      auto named = dyn_cast<linalg::LinalgOp>(each);
      if (named && !isa<linalg::GenericOp, linalg::FillOp>(each)) {
        rewriter.setInsertionPoint(each);
        if (succeeded(linalg::generalizeNamedOp(rewriter, named)))
          continue;
      }
      rest.push_back(each);
    }
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    config.enableFolding(false);
    (void)applyOpPatternsGreedily(rest, activations, config);
  }
};

} // namespace
