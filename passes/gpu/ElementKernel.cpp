//===- ElementKernel.cpp - Launches with an invocation an element ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scalars only: loops over what is summed, and the body of the op on the
// elements that it names.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/ElementKernel.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/cpu/Grouped.h"
#include "passes/gpu/LaunchLimits.h"

using namespace mlir;
using namespace modc;

SmallVector<Value> modc::coordinatesOf(TensorBuilder &b, Value e,
                                       ArrayRef<int64_t> shape) {
  SmallVector<Value> result(shape.size());
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d) {
    result[d] =
        d == 0 ? e
               : arith::RemUIOp::create(b, e, b.index(shape[d])).getResult();
    if (d > 0)
      e = arith::DivUIOp::create(b, e, b.index(shape[d]));
  }
  return result;
}

void modc::writeElements(
    KernelFunction &kernel, ArrayRef<Value> at, unsigned count,
    function_ref<SmallVector<Value>(ArrayRef<Value>)> body) {
  TensorBuilder &b = kernel.b;
  SmallVector<OpFoldResult> offsets(at.begin(), at.end());
  SmallVector<OpFoldResult> ones(at.size(), b.getIndexAttr(1));
  SmallVector<Value> zeros(at.size(), b.index(0)), pieces, old;
  for (unsigned i = 0; i < count; ++i) {
    pieces.push_back(tensor::ExtractSliceOp::create(b, kernel.destination(i),
                                                    offsets, ones, ones));
    old.push_back(b.extract(pieces.back(), zeros));
  }
  for (auto [i, value] : llvm::enumerate(body(old)))
    kernel.write(b.insert(value, pieces[i], zeros), i, offsets, ones);
}

namespace {

/// One element of a generic op: `parallel` are the coordinates of its result,
/// `extent` and `load` give what a reduction runs over and an input's element,
/// `captured` what the body reads from outside.
Value emitReduction(TensorBuilder &b, linalg::GenericOp op,
                    ArrayRef<Value> parallel, Value init,
                    const IRMapping &captured,
                    function_ref<Value(unsigned)> extent,
                    function_ref<Value(OpOperand &, ArrayRef<Value>)> load) {
  SmallVector<Value> ivs(op.getNumLoops());
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (auto [d, at] : llvm::zip(out.getResults(), parallel))
    ivs[cast<AffineDimExpr>(d).getPosition()] = at;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  std::function<Value(unsigned, Value)> nest = [&](unsigned depth,
                                                   Value sum) -> Value {
    if (depth < reductions.size())
      return b.loop(b.index(0), extent(reductions[depth]), sum,
                    [&](Value i, ValueRange c) {
                      ivs[reductions[depth]] = i;
                      return SmallVector<Value>{nest(depth + 1, c[0])};
                    })[0];
    IRMapping mapping = captured;
    Block *body = op.getBody();
    for (OpOperand *input : op.getDpsInputOperands()) {
      BlockArgument argument = op.getMatchingBlockArgument(input);
      if (argument.use_empty())
        continue;
      SmallVector<Value> at;
      for (AffineExpr expr : op.getMatchingIndexingMap(input).getResults())
        at.push_back(
            affine::expandAffineExpr(b, b.getLoc(), expr, ivs, /*symbols=*/{}));
      mapping.map(argument, load(*input, at));
    }
    mapping.map(op.getRegionOutputArgs()[0], sum);
    for (Operation &inner : body->without_terminator()) {
      if (auto index = dyn_cast<linalg::IndexOp>(inner))
        mapping.map(index.getResult(), ivs[index.getDim()]);
      else
        b.clone(inner, mapping);
    }
    return mapping.lookupOrDefault(body->getTerminator()->getOperand(0));
  };
  return nest(0, init);
}

LogicalResult checkResult(linalg::GenericOp op) {
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (op.getNumDpsInits() == 1 && type.hasStaticShape() &&
      out.isProjectedPermutation())
    return success();
  return op.emitOpError("cannot be run an invocation an element: it needs one "
                        "result of static shape");
}

} // namespace

LogicalResult modc::emitElements(KernelFunction &kernel,
                                 const Placement &placement,
                                 linalg::GenericOp op, bool inPlace) {
  if (failed(checkResult(op)))
    return failure();
  TensorBuilder &b = kernel.b;
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  Value e = kernel.beginLoop({type.getNumElements(), false, false, {}});
  SmallVector<Value> at = coordinatesOf(b, e, type.getShape());
  RowKernel rows(kernel, placement, {}, {});
  Value start = op.getDpsInits()[0];
  auto fill = start.getDefiningOp<linalg::FillOp>();
  auto empty = start.getDefiningOp<tensor::EmptyOp>();
  bool missing = false;
  SetVector<Value> outside;
  getUsedValuesDefinedAbove(op->getRegions(), outside);
  IRMapping captured;
  for (Value value : outside)
    captured.map(value, kernel.whole(value));
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  auto extent = [&](unsigned d) -> Value {
    if (!ShapedType::isDynamic(ranges[d]))
      return b.index(ranges[d]);
    for (OpOperand *input : op.getDpsInputOperands())
      if (auto placed = placement.get(input->get())) {
        AffineMap map = op.getMatchingIndexingMap(input);
        if (map.getResult(placed->dim) == b.getAffineDimExpr(d)) {
          RowCount count = placed->rows;
          count.factor *= placed->multiple;
          count.plan = {};
          return kernel.size(count);
        }
      }
    missing = true;
    return b.index(0);
  };
  auto load = [&](OpOperand &input, ArrayRef<Value> where) -> Value {
    SmallVector<Value> place(where);
    auto placed = placement.get(input.get());
    Value tensor;
    if (placed && placed->multiple == 1) {
      tensor = rows.row(input.get(), place[placed->dim]);
      place[placed->dim] = b.index(0);
    } else {
      tensor = kernel.whole(input.get());
    }
    missing |= !tensor;
    return tensor ? b.extract(tensor, place) : Value();
  };
  writeElements(kernel, at, 1, [&](ArrayRef<Value> old) {
    Value init = fill               ? kernel.whole(fill.getInputs()[0])
                 : empty || inPlace ? old[0]
                                    : b.extract(kernel.whole(start), at);
    return SmallVector<Value>{
        emitReduction(b, op, at, init, captured, extent, load)};
  });
  if (missing)
    return op.emitOpError("sums over rows that a device cannot number");
  return success();
}

LogicalResult modc::emitMemberGradient(KernelFunction &kernel,
                                       const Placement &placement, GroupedOp op,
                                       unsigned c, unsigned i, bool adds) {
  TensorBuilder &b = kernel.b;
  Block &body = op.getClassBody(c);
  size_t first = op.getRowResults().size() + op.getPointResults().size();
  auto sum = body.getTerminator()
                 ->getOperand(first + i)
                 .getDefiningOp<linalg::GenericOp>();
  if (!sum || failed(checkResult(sum)))
    return op.emitOpError("has a gradient that is no sum over rows");
  linalg::FillOp fill = getZeroFill(sum.getDpsInits()[0]);
  if (!fill)
    return op.emitOpError("has a gradient that does not start from zero");
  auto type = cast<RankedTensorType>(op.getClassGradients(c)[i].getType());
  Value e = kernel.beginLoop({type.getNumElements(), false, false, {}});
  SmallVector<Value> at = coordinatesOf(b, e, type.getShape());
  PlanTensors plan = kernel.plan(op.getPlan());
  GroupedLowering lowering{b, op, plan, 1};
  std::pair<Value, Value> segment =
      lowering.segmentOf(lowering.memberOf(c, at[0]));
  Value begin = segment.first, count = segment.second;
  RowKernel rows(kernel, placement, {}, {});
  size_t numGathered = op.getGathered().size(), numAlong = op.getAlong().size();
  SmallVector<int64_t> ranges = sum.getStaticLoopRanges();
  bool missing = false;
  auto load = [&](OpOperand &input, ArrayRef<Value> where) -> Value {
    auto argument = dyn_cast<BlockArgument>(input.get());
    SmallVector<Value> place(where);
    Value tensor;
    if (argument && argument.getOwner() == &body &&
        argument.getArgNumber() < numGathered + numAlong) {
      unsigned number = argument.getArgNumber();
      Value position = b.add(begin, place[0]);
      if (number < numGathered)
        tensor = rows.row(op.getGathered()[number],
                          b.toIndex(b.extract(plan.rows, position)));
      else
        tensor = rows.row(op.getAlong()[number - numGathered], position);
      place[0] = b.index(0);
    }
    missing |= !tensor;
    return tensor ? b.extract(tensor, place) : b.real(type.getElementType(), 0);
  };
  auto extent = [&](unsigned d) -> Value {
    return ShapedType::isDynamic(ranges[d]) ? count : b.index(ranges[d]);
  };
  SetVector<Value> outside;
  getUsedValuesDefinedAbove(sum->getRegions(), outside);
  IRMapping captured;
  for (Value value : outside) {
    // Of what the member's body computes there is nothing here.
    Operation *made = value.getDefiningOp();
    missing |= !made || !made->hasTrait<OpTrait::ConstantLike>();
    captured.map(value, missing ? value : kernel.whole(value));
  }
  writeElements(kernel, at, 1, [&](ArrayRef<Value> old) {
    Value start = adds ? old[0] : b.real(type.getElementType(), 0);
    return SmallVector<Value>{emitReduction(b, sum, ArrayRef(at).drop_front(),
                                            start, captured, extent, load)};
  });
  if (missing)
    return op.emitOpError("has a gradient that sums over what is not rows");
  return success();
}

void modc::emitUpdate(KernelFunction &kernel, UpdateOp op) {
  TensorBuilder &b = kernel.b;
  auto type = cast<RankedTensorType>(op.getParameter().getType());
  Type element = type.getElementType();
  Value e = kernel.beginLoop({type.getNumElements(), false, false, {}});
  SmallVector<Value> at = coordinatesOf(b, e, type.getShape());
  Value slot = op.getStacked() ? at[0] : b.index(0);
  Value flag = b.extract(kernel.whole(op.getActive()), slot);
  Value active = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, flag,
                                       b.integer(flag.getType(), 0));
  // A network does not take 2^31 steps.
  Value step = arith::SIToFPOp::create(
      b, element,
      arith::TruncIOp::create(b, b.getI32Type(),
                              b.extract(kernel.whole(op.getSteps()), slot)));
  Value lr = kernel.whole(op.getLr()), decay = kernel.whole(op.getDecay());
  Value keep = arith::SubFOp::create(b, b.real(element, 1),
                                     arith::MulFOp::create(b, lr, decay));
  Value gradient =
      arith::MulFOp::create(b, b.extract(kernel.whole(op.getGradient()), at),
                            kernel.whole(op.getScale()));
  Block &rule = op.getRule().front();
  unsigned count = 1 + op.getStates().size();
  writeElements(kernel, at, count, [&](ArrayRef<Value> old) {
    IRMapping mapping;
    mapping.map(rule.getArgument(0), arith::MulFOp::create(b, old[0], keep));
    mapping.map(rule.getArgument(1), gradient);
    mapping.map(rule.getArgument(2), lr);
    mapping.map(rule.getArgument(3), step);
    for (auto [argument, value] :
         llvm::zip(rule.getArguments().drop_front(4), old.drop_front()))
      mapping.map(argument, value);
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getRule(), captured);
    for (Value value : captured)
      mapping.map(value, kernel.whole(value));
    for (Operation &inner : rule.without_terminator())
      b.clone(inner, mapping);
    SmallVector<Value> results;
    for (auto [value, before] :
         llvm::zip(rule.getTerminator()->getOperands(), old))
      results.push_back(arith::SelectOp::create(
          b, active, mapping.lookupOrDefault(value), before));
    return results;
  });
}

/// Elements of a gradient that one invocation squares. lavapipe 22.3 leaves all
/// loops of an invocation after 65,535 rounds together.
constexpr int64_t kSquares = 1024;

/// Parts of the first `count` gradients.
static int64_t countParts(GradientNormOp op, unsigned count) {
  int64_t parts = 0;
  for (Value gradient : op.getGradients().take_front(count))
    parts += llvm::divideCeil(
        cast<RankedTensorType>(gradient.getType()).getNumElements(), kSquares);
  return parts;
}

RankedTensorType modc::squareSumsType(GradientNormOp op) {
  return RankedTensorType::get({countParts(op, op.getGradients().size()), 2},
                               Float32Type::get(op.getContext()));
}

/// Adds what a launch that reads `value` has as arguments.
static void addArguments(Value value, SetVector<Value> &arguments) {
  Operation *op = value.getDefiningOp();
  if (!op || !isCheap(op)) {
    arguments.insert(value);
    return;
  }
  for (Value operand : op->getOperands())
    addArguments(operand, arguments);
}

unsigned modc::countSquares(GradientNormOp op, unsigned first) {
  SetVector<Value> arguments;
  unsigned count = 0;
  for (unsigned i = first; i < op.getGradients().size(); ++i, ++count) {
    addArguments(op.getGradients()[i], arguments);
    addArguments(op.getActive()[i], arguments);
    // Beside the sums; one gradient fits in any case.
    if (arguments.size() + 1 > kBuffers && count > 0)
      break;
  }
  return count;
}

/// (s, r) + x: what the sum rounds away goes to r (Knuth's TwoSum).
static SmallVector<Value> addTwice(TensorBuilder &b, ValueRange sum, Value x) {
  Value s = arith::AddFOp::create(b, sum[0], x);
  Value virtualX = arith::SubFOp::create(b, s, sum[0]);
  Value rest = arith::AddFOp::create(
      b,
      arith::SubFOp::create(b, sum[0], arith::SubFOp::create(b, s, virtualX)),
      arith::SubFOp::create(b, x, virtualX));
  return {s, arith::AddFOp::create(b, sum[1], rest)};
}

void modc::emitSquareSums(KernelFunction &kernel, GradientNormOp op,
                          unsigned firstGradient, unsigned count) {
  TensorBuilder &b = kernel.b;
  Type f32 = b.getF32Type();
  Value zero = b.real(f32, 0);
  unsigned end = firstGradient + count;
  int64_t before = countParts(op, firstGradient);
  Value number =
      kernel.beginLoop({countParts(op, end) - before, false, false, {}});
  Value self = before ? b.add(number, b.index(before)) : number;
  // The part of one gradient, if it is that; else of a later one.
  std::function<SmallVector<Value>(unsigned, int64_t)> select =
      [&](unsigned i, int64_t first) -> SmallVector<Value> {
    if (i == end)
      return {zero, zero};
    Value gradient = kernel.whole(op.getGradients()[i]);
    Value active = kernel.whole(op.getActive()[i]);
    auto type = tensorType(gradient);
    int64_t elements = type.getNumElements();
    int64_t parts = llvm::divideCeil(elements, kSquares);
    Value isIts = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, self,
                                        b.index(first + parts));
    auto its = [&] {
      Value begin = b.mul(b.sub(self, b.index(first)), b.index(kSquares));
      // So that LaunchRounds.h sees how long it is.
      Value count = arith::MinUIOp::create(b, b.sub(b.index(elements), begin),
                                           b.index(kSquares));
      return b.loop(
          b.index(0), count, {zero, zero}, [&](Value k, ValueRange sum) {
            SmallVector<Value> at =
                coordinatesOf(b, b.add(begin, k), type.getShape());
            bool stacked = op.getStacked()[i];
            Value flag = b.extract(active, stacked ? at[0] : b.index(0));
            Value on = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, flag,
                                             b.integer(flag.getType(), 0));
            Value g = b.extract(gradient, at);
            // Selected, as a gradient that is off may be undefined.
            return addTwice(b, sum,
                            arith::SelectOp::create(
                                b, on, arith::MulFOp::create(b, g, g), zero));
          });
    };
    if (i + 1 == end)
      return its();
    return b.branch(isIts, its, [&] { return select(i + 1, first + parts); });
  };
  SmallVector<Value> sum = select(firstGradient, before);
  Value piece = tensor::ExtractSliceOp::create(
      b, kernel.destination(0), ArrayRef<OpFoldResult>{self, b.getIndexAttr(0)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(2)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(1)});
  for (int64_t k : {0, 1})
    piece = b.insert(sum[k], piece, {b.index(0), b.index(k)});
  kernel.write(piece, 0, {self, b.getIndexAttr(0)},
               {b.getIndexAttr(1), b.getIndexAttr(2)});
}

SmallVector<Value> modc::emitGradientNorm(KernelFunction &kernel,
                                          GradientNormOp op, Value sums) {
  TensorBuilder &b = kernel.b;
  Type f32 = b.getF32Type();
  Value zero = b.real(f32, 0);
  SmallVector<Value> total =
      b.loop(b.index(0), b.index(tensorType(sums).getDimSize(0)), {zero, zero},
             [&](Value i, ValueRange sum) {
               SmallVector<Value> next =
                   addTwice(b, sum, b.extract(sums, {i, b.index(0)}));
               next[1] = arith::AddFOp::create(
                   b, next[1], b.extract(sums, {i, b.index(1)}));
               return next;
             });
  Value norm =
      math::SqrtOp::create(b, arith::AddFOp::create(b, total[0], total[1]));
  Value clip = kernel.whole(op.getClip());
  auto isAbove = [&](Value x, Value y) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, y);
  };
  Value clips =
      arith::AndIOp::create(b, isAbove(clip, zero), isAbove(norm, clip));
  Value scale = arith::SelectOp::create(
      b, clips, arith::DivFOp::create(b, clip, norm), b.real(f32, 1));
  Value wide = arith::ExtFOp::create(b, b.getF64Type(), norm);
  auto one = [&](Value value) -> Value {
    return b.insert(value, b.empty(RankedTensorType::get({1}, value.getType())),
                    b.index(0));
  };
  return {one(wide), one(scale)};
}
