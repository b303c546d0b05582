//===- FuseDispatch.cpp - Rows made where members read them ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-fuse-dispatch: what one grouped op alone reads by a dispatch, as a
// rule the gradient of an objective, is made by the op's bodies from the rows
// that they gather: one pass over a task's rows in place of one over all and
// another that moves them.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/OpNames.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/cpu/Grouped.h"

namespace modc {
#define GEN_PASS_DEF_FUSEDISPATCHPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// Whether bodies find the op's weights in a second-level cache. Beside a
/// stream of weights the rows, which lie anywhere, would be waited for; a
/// dispatch reads them where nothing else is to be fetched.
static bool hasNearWeights(GroupedOp op) {
  int64_t bytes = 0;
  for (Type type : op.getParameters().getTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    if (!tensor.hasStaticShape() || !tensor.getElementType().isIntOrFloat())
      return false;
    bytes += tensor.getNumElements() *
             llvm::divideCeil(tensor.getElementTypeBitWidth(), 8);
  }
  return bytes <= kNearBytes;
}

namespace {

/// How an elementwise op reads an operand: by row, or the same for each row.
enum class Reads { Rows, Whole };

std::optional<Reads> readsOf(linalg::GenericOp op, OpOperand *input) {
  AffineMap map = op.getMatchingIndexingMap(input);
  auto type = dyn_cast<RankedTensorType>(input->get().getType());
  if (!type)
    return Reads::Whole;
  if (!map.isProjectedPermutation())
    return std::nullopt;
  if (!map.isFunctionOfDim(0))
    return type.hasStaticShape() ? std::optional(Reads::Whole) : std::nullopt;
  if (map.getDimPosition(0) != 0 || type.getNumDynamicDims() != 1 ||
      !type.isDynamicDim(0))
    return std::nullopt;
  return Reads::Rows;
}

/// Whether row r of the op's result is made of row r of its operands, whatever
/// r is.
bool makesRows(linalg::GenericOp op) {
  if (op.getNumResults() != 1 || op.getNumReductionLoops() ||
      op.hasIndexSemantics() || !op.hasPureTensorSemantics())
    return false;
  OpOperand *init = op.getDpsInitOperand(0);
  auto type = cast<RankedTensorType>(init->get().getType());
  if (type.getRank() == 0 || type.getNumDynamicDims() != 1 ||
      !type.isDynamicDim(0) || op.payloadUsesValueFromOperand(init) ||
      !op.getMatchingIndexingMap(init).isIdentity())
    return false;
  for (OpOperand *input : op.getDpsInputOperands())
    if (!readsOf(op, input))
      return false;
  // What the body names beside its arguments are constants, which go along.
  WalkResult closed = op.getBody()->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (operand.getParentBlock() != op.getBody() &&
          !matchPattern(operand, m_Constant()))
        return WalkResult::interrupt();
    return isa<tensor::TensorDialect>(inner->getDialect())
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  return !closed.wasInterrupted();
}

/// The elementwise ops behind rows that are dispatched, and what these read.
struct Producers {
  /// In the order in which they run.
  SmallVector<linalg::GenericOp> ops;
  /// What they read by row, and what they read whole.
  llvm::SetVector<Value> rows, whole;

  /// None unless something in `block` makes `values` that nothing else reads.
  static std::optional<Producers> of(Value values, Block *block) {
    Producers result;
    if (!result.add(values, block))
      return std::nullopt;
    return result;
  }

private:
  bool add(Value value, Block *block) {
    auto op = value.getDefiningOp<linalg::GenericOp>();
    if (!op || op->getBlock() != block || !value.hasOneUse() || !makesRows(op))
      return false;
    for (OpOperand *input : op.getDpsInputOperands()) {
      Value from = input->get();
      // One number for all rows.
      if (auto fill = from.getDefiningOp<linalg::FillOp>())
        whole.insert(fill.getInputs()[0]);
      else if (readsOf(op, input) == Reads::Whole)
        whole.insert(from);
      else if (!add(from, block))
        rows.insert(from);
    }
    ops.push_back(op);
    return true;
  }
};

/// A grouped op and what is to be part of its bodies.
class Fusion {
public:
  Fusion(GroupedOp op, unsigned along, Producers producers)
      : op(op), along(along), producers(std::move(producers)) {}

  GroupedOp build(IRRewriter &rewriter) {
    rewriter.setInsertionPoint(op);
    SmallVector<Value> gathered(op.getGathered()), rest(op.getAlong());
    SmallVector<Value> shared(op.getShared());
    rest.erase(rest.begin() + along);
    llvm::append_range(gathered, producers.rows);
    for (Value value : producers.whole) {
      if (matchPattern(value, m_Constant()))
        continue;
      sharedValues.push_back(value);
      shared.push_back(isa<RankedTensorType>(value.getType())
                           ? value
                           : tensor::FromElementsOp::create(
                                 rewriter, op.getLoc(),
                                 RankedTensorType::get({}, value.getType()),
                                 value)
                                 .getResult());
    }
    auto fused = GroupedOp::create(
        rewriter, op.getLoc(), op.getResultTypes(), op.getPlan(), gathered,
        rest, op.getPoints(), shared, op.getParameters(), op.getClasses(),
        op.getParameterCounts(), op.getGradientCounts(), op.getRowsPerPoint(),
        op.getNumPointResults(), op.getNumClasses());
    // Only ops of one class are fused.
    fused.getBodies()[0].takeBody(op.getBodies()[0]);
    extend(rewriter, fused.getClassBody(0), shared);
    rewriter.replaceOp(op, fused.getResults());
    return fused;
  }

private:
  GroupedOp op;
  /// The operand that goes.
  unsigned along;
  Producers producers;
  SmallVector<Value> sharedValues;

  /// Gives a body the new arguments and the ops that make the old one's rows.
  void extend(IRRewriter &rewriter, Block &body, ValueRange shared) {
    IRMapping mapping;
    TensorBuilder b(op.getLoc(), rewriter);
    b.setInsertionPointToStart(&body);
    unsigned at = op.getGathered().size();
    // Also where they are gathered already: an argument with one reader is read
    // where its rows are.
    for (Value row : producers.rows)
      mapping.map(row, body.insertArgument(at++, row.getType(), op.getLoc()));
    BlockArgument old = body.getArgument(at + along);
    at += op.getAlong().size() + op.getPoints().size() + op.getShared().size();
    for (auto [value, tensor] :
         llvm::zip(sharedValues, shared.take_back(sharedValues.size()))) {
      Value argument = body.insertArgument(at++, tensor.getType(), op.getLoc());
      mapping.map(value, isa<RankedTensorType>(value.getType())
                             ? argument
                             : b.extract(argument, {}));
    }
    Value first = mapping.lookup(producers.rows.front());
    for (linalg::GenericOp producer : producers.ops)
      mapping.map(producer.getResult(0), clone(b, producer, first, mapping));
    old.replaceAllUsesWith(mapping.lookup(producers.ops.back().getResult(0)));
    body.eraseArgument(old.getArgNumber());
  }

  /// The producer's result for the rows of `like`.
  static Value clone(TensorBuilder &b, linalg::GenericOp producer, Value like,
                     IRMapping &mapping) {
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    unsigned loops = producer.getNumLoops();
    for (OpOperand *input : producer.getDpsInputOperands()) {
      Value from = input->get();
      AffineMap map = producer.getMatchingIndexingMap(input);
      if (auto fill = from.getDefiningOp<linalg::FillOp>()) {
        from = fill.getInputs()[0];
        map = AffineMap::get(loops, 0, b.getContext());
      }
      inputs.push_back(constantOr(b, from, mapping));
      maps.push_back(map);
    }
    OpOperand *init = producer.getDpsInitOperand(0);
    maps.push_back(producer.getMatchingIndexingMap(init));
    Value empty = b.empty(tensorType(init->get()), b.dim(like, 0));
    auto clone = linalg::GenericOp::create(
        b, empty.getType(), inputs, empty, maps,
        producer.getIteratorTypesArray(),
        [&](OpBuilder &builder, Location, ValueRange arguments) {
          IRMapping inner;
          inner.map(producer.getBody()->getArguments(), arguments);
          producer.getBody()->walk([&](Operation *each) {
            for (Value operand : each->getOperands())
              if (operand.getParentBlock() != producer.getBody() &&
                  !inner.contains(operand))
                inner.map(
                    operand,
                    builder.clone(*operand.getDefiningOp())->getResult(0));
          });
          for (Operation &each : *producer.getBody())
            builder.clone(each, inner);
        });
    clone->setLoc(producer.getLoc());
    return clone.getResult(0);
  }

  static Value constantOr(TensorBuilder &b, Value value, IRMapping &mapping) {
    if (Value mapped = mapping.lookupOrNull(value))
      return mapped;
    Value constant = b.clone(*value.getDefiningOp())->getResult(0);
    mapping.map(value, constant);
    return constant;
  }
};

struct FuseDispatchPass : modc::impl::FuseDispatchPassBase<FuseDispatchPass> {
  using FuseDispatchPassBase::FuseDispatchPassBase;

  void runOnOperation() override {
    missed.clear();
    SmallVector<GroupedOp> ops;
    getOperation()->walk([&](GroupedOp op) { ops.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (GroupedOp op : ops)
      while (GroupedOp fused = fuseOne(rewriter, op))
        op = fused;
  }

private:
  /// Null if no operand has producers that may move.
  GroupedOp fuseOne(IRRewriter &rewriter, GroupedOp op) {
    for (auto [i, along] : llvm::enumerate(op.getAlong())) {
      auto dispatch = along.getDefiningOp<DispatchOp>();
      if (!dispatch || !along.hasOneUse() ||
          dispatch.getPlan() != op.getPlan() ||
          dispatch->getBlock() != op->getBlock())
        continue;
      std::optional<Producers> producers =
          Producers::of(dispatch.getValues(), op->getBlock());
      if (!producers || producers->rows.empty())
        continue;
      linalg::GenericOp last = producers->ops.back();
      if (StringRef why = whyNotFused(op, dispatch); !why.empty()) {
        if (missed.insert(dispatch).second)
          remarkMissed(getArgument(), "Fused", last)
              << remark::add("is not part of '{0}', which alone reads its rows",
                             opNameOf(op->getLoc()))
              << remark::reason("{0}", why);
        continue;
      }
      remarkPassed(getArgument(), "Fused", last)
          << remark::add("is part of '{0}', which alone reads its rows",
                         opNameOf(op->getLoc()));
      SmallVector<linalg::GenericOp> dead = producers->ops;
      GroupedOp fused = Fusion(op, i, std::move(*producers)).build(rewriter);
      rewriter.eraseOp(dispatch);
      for (linalg::GenericOp producer : llvm::reverse(dead))
        rewriter.eraseOp(producer);
      ++numFused;
      return fused;
    }
    return {};
  }

  static StringRef whyNotFused(GroupedOp op, DispatchOp dispatch) {
    auto plan = op.getPlan().getDefiningOp<PlanOp>();
    if (!plan || plan.isDistinct())
      return "its rows are not those of the plan";
    if (cast<PlanType>(plan.getType()).getChoose() != 1)
      return "each pick of a row would compute it";
    if (dispatch.getGates())
      return "its rows are scaled by gates";
    if (op.getNumClasses() != 1)
      return "members of several classes would each keep rows of their own";
    if (!hasNearWeights(op))
      return "rows at any place would be waited for beside so many weights";
    return {};
  }

  /// What a missed remark was made on, as an op is looked at again.
  DenseSet<Operation *> missed;
};

} // namespace
