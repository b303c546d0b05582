//===- ElementKernel.cpp - Launches with an invocation an element ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scalars only: an element of a tensor, or one of a parameter and its states.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/ElementKernel.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/gpu/ElementBuilder.h"
#include "passes/gpu/LaunchLimits.h"
#include <limits>

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

bool modc::hasElements(Operation *op) {
  auto type = op->getNumResults() == 1
                  ? dyn_cast<RankedTensorType>(op->getResult(0).getType())
                  : RankedTensorType();
  return type && type.hasStaticShape() && ElementBuilder::supports(op);
}

LogicalResult modc::emitElements(KernelFunction &kernel,
                                 const Placement &placement, Operation *op,
                                 bool inPlace) {
  if (!hasElements(op))
    return op->emitOpError("cannot be run an invocation an element: it needs "
                           "one result of static shape");
  TensorBuilder &b = kernel.b;
  Value result = op->getResult(0);
  auto type = cast<RankedTensorType>(result.getType());
  Value e = kernel.beginLoop({type.getNumElements(), false, false, {}});
  SmallVector<Value> at = coordinatesOf(b, e, type.getShape());
  RowKernel rows(kernel, placement, {}, {});
  // What the op continues, where that is.
  Value start, before;
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    start = generic.getDpsInits()[0];
  else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    start = insert.getDest();
  bool missing = false;
  auto load = [&](Value value, ValueRange where) -> Value {
    if (value == result)
      return {};
    // Other elements of it may have been overwritten.
    if (inPlace && value == start && llvm::equal(where, at))
      return before;
    if (!isa<RankedTensorType>(value.getType()))
      return kernel.whole(value);
    SmallVector<Value> place(where);
    auto placed = placement.get(value);
    if (placed && placed->multiple == 1) {
      Value row = rows.row(value, place[placed->dim]);
      missing |= !row;
      place[placed->dim] = b.index(0);
      return row ? b.extract(row, place) : Value();
    }
    Operation *definition = value.getDefiningOp();
    if (!placed && definition && isCheap(definition) &&
        ElementBuilder::supports(definition))
      return {};
    return b.extract(kernel.whole(value), place);
  };
  auto size = [&](Value value, int64_t d) -> std::pair<Value, int64_t> {
    auto placed = placement.get(value);
    if (!placed || placed->dim != d)
      return {};
    RowCount count = placed->rows;
    count.plan = {};
    return {kernel.size(count), placed->multiple};
  };
  ElementBuilder elements(b, load, size);
  writeElements(kernel, at, 1, [&](ArrayRef<Value> old) {
    before = old[0];
    if (auto generic = dyn_cast<linalg::GenericOp>(op); generic && inPlace)
      elements.setStart(generic, before);
    return SmallVector<Value>{elements.element(result, at)};
  });
  if (missing || elements.getUnknown())
    return op->emitOpError("sums over rows that a device cannot number");
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

/// Of squares, and of squares times kSmall², each as two f32: squares overflow
/// where their norm, by which a gradient is clipped, does not.
constexpr int64_t kSums = 4;
constexpr double kSmall = 0x1p-96;

/// Parts of the first `count` gradients.
static int64_t countParts(GradientNormOp op, unsigned count) {
  int64_t parts = 0;
  for (Value gradient : op.getGradients().take_front(count))
    parts += llvm::divideCeil(
        cast<RankedTensorType>(gradient.getType()).getNumElements(), kSquares);
  return parts;
}

RankedTensorType modc::squareSumsType(GradientNormOp op) {
  return RankedTensorType::get(
      {countParts(op, op.getGradients().size()), kSums},
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

static Value isFinite(TensorBuilder &b, Value sum) {
  return arith::CmpFOp::create(
      b, arith::CmpFPredicate::OLT, sum,
      b.real(sum.getType(), std::numeric_limits<double>::infinity()));
}

/// (s, r) + x: what the sum rounds away goes to r (Knuth's TwoSum), which would
/// be no number where the sum is infinite.
static SmallVector<Value> addTwice(TensorBuilder &b, ValueRange sum, Value x) {
  Value s = arith::AddFOp::create(b, sum[0], x);
  Value virtualX = arith::SubFOp::create(b, s, sum[0]);
  Value rest = arith::AddFOp::create(
      b,
      arith::SubFOp::create(b, sum[0], arith::SubFOp::create(b, s, virtualX)),
      arith::SubFOp::create(b, x, virtualX));
  rest = arith::SelectOp::create(b, isFinite(b, s), rest,
                                 b.real(rest.getType(), 0));
  return {s, arith::AddFOp::create(b, sum[1], rest)};
}

void modc::emitSquareSums(KernelFunction &kernel, GradientNormOp op,
                          unsigned firstGradient, unsigned count) {
  TensorBuilder &b = kernel.b;
  Type f32 = b.getF32Type();
  Value zero = b.real(f32, 0);
  SmallVector<Value> none(kSums, zero);
  unsigned end = firstGradient + count;
  int64_t before = countParts(op, firstGradient);
  Value number =
      kernel.beginLoop({countParts(op, end) - before, false, false, {}});
  Value self = before ? b.add(number, b.index(before)) : number;
  // The part of one gradient, if it is that; else of a later one.
  std::function<SmallVector<Value>(unsigned, int64_t)> select =
      [&](unsigned i, int64_t first) -> SmallVector<Value> {
    if (i == end)
      return none;
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
      return b.loop(b.index(0), count, none, [&](Value k, ValueRange sums) {
        SmallVector<Value> at =
            coordinatesOf(b, b.add(begin, k), type.getShape());
        bool stacked = op.getStacked()[i];
        Value flag = b.extract(active, stacked ? at[0] : b.index(0));
        Value on = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, flag,
                                         b.integer(flag.getType(), 0));
        // Selected, as a gradient that is off may be undefined.
        Value g = arith::SelectOp::create(b, on, b.extract(gradient, at), zero);
        Value small = arith::MulFOp::create(b, g, b.real(f32, kSmall));
        SmallVector<Value> next =
            addTwice(b, sums.take_front(2), arith::MulFOp::create(b, g, g));
        next.append(addTwice(b, sums.drop_front(2),
                             arith::MulFOp::create(b, small, small)));
        return next;
      });
    };
    if (i + 1 == end)
      return its();
    return b.branch(isIts, its, [&] { return select(i + 1, first + parts); });
  };
  SmallVector<Value> sum = select(firstGradient, before);
  Value piece = tensor::ExtractSliceOp::create(
      b, kernel.destination(0), ArrayRef<OpFoldResult>{self, b.getIndexAttr(0)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(kSums)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(1)});
  for (int64_t k = 0; k < kSums; ++k)
    piece = b.insert(sum[k], piece, {b.index(0), b.index(k)});
  kernel.write(piece, 0, {self, b.getIndexAttr(0)},
               {b.getIndexAttr(1), b.getIndexAttr(kSums)});
}

SmallVector<Value> modc::emitGradientNorm(KernelFunction &kernel,
                                          GradientNormOp op, Value sums) {
  TensorBuilder &b = kernel.b;
  Type f32 = b.getF32Type();
  Value zero = b.real(f32, 0);
  SmallVector<Value> total =
      b.loop(b.index(0), b.index(tensorType(sums).getDimSize(0)),
             SmallVector<Value>(kSums, zero), [&](Value i, ValueRange sum) {
               SmallVector<Value> next;
               for (int64_t k = 0; k < kSums; k += 2) {
                 next.append(addTwice(b, sum.slice(k, 2),
                                      b.extract(sums, {i, b.index(k)})));
                 next.back() = arith::AddFOp::create(
                     b, next.back(), b.extract(sums, {i, b.index(k + 1)}));
               }
               return next;
             });
  auto root = [&](Value sum, Value rest) -> Value {
    return math::SqrtOp::create(b, arith::AddFOp::create(b, sum, rest));
  };
  Value large = arith::MulFOp::create(b, root(total[2], total[3]),
                                      b.real(f32, 1 / kSmall));
  Value norm = arith::SelectOp::create(b, isFinite(b, total[0]),
                                       root(total[0], total[1]), large);
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
