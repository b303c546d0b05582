//===- UpdateTasks.cpp - Updates and gradients in parts -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The optimizer's step, in place and only on slices that are active, and the
// norm of a gradient from the sums of its parts.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/UpdateTasks.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace modc;

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// Elements of a gradient that are worth a task of their own, and as many parts
/// as a product's other operand is read by. Only a gradient of which a part
/// would outgrow a second-level cache has more. Smaller ones are in a few equal
/// parts: all rows may be those of one member.
constexpr int64_t kPartElements = 1 << 14;
constexpr int64_t kParts = 8;
constexpr int64_t kFewElements = 1 << 11;
constexpr int64_t kFewParts = 4;
constexpr int64_t kLargestPart = 1 << 16;
/// Parts of a matrix are full tiles in registers, but for the last; those of
/// one in panels are whole panels.
constexpr int64_t kPartRows = 12;

SliceParts SliceParts::of(ArrayRef<int64_t> shape) {
  if (shape.empty() || ShapedType::getNumElements(shape) == 0)
    return {};
  int64_t elements = ShapedType::getNumElements(shape);
  SliceParts result;
  if (elements < kPartElements) {
    result.count = std::clamp<int64_t>(elements / kFewElements, 1, kFewParts);
    while (shape[0] % result.count)
      --result.count;
    result.size = shape[0] / result.count;
    return result;
  }
  int64_t most =
      std::max<int64_t>(kParts, llvm::divideCeil(elements, kLargestPart));
  int64_t parts = std::clamp<int64_t>(elements / kPartElements, 1, most);
  result.size = llvm::divideCeil(shape[0], parts);
  if (shape.size() == 3) {
    // As many in each part: a kernel has to know how many panels c is in.
    while (shape[0] % result.size)
      --result.size;
  } else {
    result.size =
        std::min<int64_t>(llvm::alignTo(result.size, kPartRows), shape[0]);
  }
  result.count = llvm::divideCeil(shape[0], result.size);
  return result;
}

Value modc::isActive(TensorBuilder &b, Value active, Value i) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                               b.extract(active, i),
                               b.integer(b.getI8Type(), 0));
}

bool modc::hoist(Value value, Operation *op) {
  Operation *definition = value.getDefiningOp();
  if (!definition)
    return true;
  if (definition->getBlock() != op->getBlock()) {
    Operation *outer = definition->getBlock()->findAncestorOpInBlock(*op);
    return outer && definition->isBeforeInBlock(outer);
  }
  if (definition->isBeforeInBlock(op))
    return true;
  if (definition == op || !isMemoryEffectFree(definition))
    return false;
  SetVector<Value> operands(definition->operand_begin(),
                            definition->operand_end());
  getUsedValuesDefinedAbove(definition->getRegions(), operands);
  if (!llvm::all_of(operands, [&](Value v) { return hoist(v, op); }))
    return false;
  definition->moveBefore(op);
  return true;
}

//===----------------------------------------------------------------------===//
// Updates
//===----------------------------------------------------------------------===//

/// Elements of one task of an update: enough that handing it out costs nothing.
constexpr int64_t kUpdateElements = 16384;

/// Parts into which `size` equal rows of `row` elements split evenly, so that
/// each has about kUpdateElements.
static int64_t getNumParts(int64_t size, int64_t row) {
  int64_t parts = std::max<int64_t>(1, size * row / kUpdateElements);
  parts = std::min(parts, size);
  while (size % parts)
    --parts;
  return parts;
}

SmallVector<Value> modc::buildRule(TensorBuilder &b, UpdateOp op, Value step,
                                   Value gradient, ValueRange targets,
                                   Value scale) {
  Block &rule = op.getRule().front();
  Type element = tensorType(op.getParameter()).getElementType();
  Value one = b.real(element, 1);
  Value keep = arith::SubFOp::create(
      b, one, arith::MulFOp::create(b, op.getLr(), op.getDecay()));
  Value count = arith::SIToFPOp::create(b, element, step);
  IRMapping mapping;
  mapping.map(rule.getArgument(2), op.getLr());
  mapping.map(rule.getArgument(3), count);
  DenseSet<Operation *> perElement;
  auto isPerElement = [&](Value v) {
    if (auto argument = dyn_cast<BlockArgument>(v))
      return argument.getOwner() == &rule && argument.getArgNumber() != 2 &&
             argument.getArgNumber() != 3;
    return perElement.contains(v.getDefiningOp());
  };
  for (Operation &inner : rule.without_terminator()) {
    if (llvm::any_of(inner.getOperands(), isPerElement) ||
        inner.getNumRegions())
      perElement.insert(&inner);
    else
      b.clone(inner, mapping);
  }
  SmallVector<Value> inputs = {gradient};
  SmallVector<AffineMap> maps(
      1 + targets.size(),
      b.getMultiDimIdentityMap(tensorType(gradient).getRank()));
  return b.generic(inputs, targets, maps, 0, [&](ValueRange v) {
    mapping.map(rule.getArgument(0), arith::MulFOp::create(b, v[1], keep));
    Value scaled = v[0];
    if (scale)
      scaled = arith::MulFOp::create(b, scaled, scale);
    mapping.map(rule.getArgument(1), scaled);
    for (auto [argument, value] :
         llvm::zip(rule.getArguments().drop_front(4), v.drop_front(2)))
      mapping.map(argument, value);
    for (Operation &inner : rule.without_terminator())
      if (perElement.contains(&inner))
        b.clone(inner, mapping);
    SmallVector<Value> results;
    for (Value value : rule.getTerminator()->getOperands())
      results.push_back(mapping.lookupOrDefault(value));
    return results;
  });
}

/// The rule on a scalar under `active[i] != 0`.
static SmallVector<Value> buildGuardedRule(TensorBuilder &b, UpdateOp op,
                                           Value i, Value gradient,
                                           ValueRange targets) {
  return b.branch(
      isActive(b, op.getActive(), i),
      [&] {
        Value step = b.extract(op.getSteps(), i);
        return buildRule(b, op, step, gradient, targets, op.getScale());
      },
      [&] { return SmallVector<Value>(targets); });
}

void modc::lowerUpdate(RewriterBase &rewriter, UpdateOp op, Value enabled) {
  rewriter.setInsertionPoint(op);
  TensorBuilder b(op.getLoc(), rewriter);
  b.setInsertionPoint(op);
  SmallVector<Value> targets = {op.getParameter()};
  llvm::append_range(targets, op.getStates());
  RankedTensorType type = tensorType(op.getParameter());
  bool stacked = op.getStacked();
  if (type.getRank() == 0) {
    rewriter.replaceOp(
        op, buildGuardedRule(b, op, b.index(0), op.getGradient(), targets));
    return;
  }
  // Task t works on part t % parts of slice t / parts; a part is a block of
  // the first dimension of a slice.
  int64_t slices = stacked ? type.getDimSize(0) : 1;
  ArrayRef<int64_t> shape = type.getShape().drop_front(stacked);
  int64_t size = shape.empty() ? 1 : shape[0];
  int64_t parts = getNumParts(size, ShapedType::getNumElements(shape) / size);
  OpFoldResult tasks = b.getIndexAttr(slices * parts);
  if (enabled)
    tasks =
        arith::SelectOp::create(b, enabled, b.index(slices * parts), b.index(0))
            .getResult();
  auto forall = scf::ForallOp::create(b, ArrayRef<OpFoldResult>{tasks}, targets,
                                      std::nullopt);
  b.setInsertionPoint(forall.getTerminator());
  Value task = forall.getInductionVar(0);
  Value slice = arith::DivUIOp::create(b, task, b.index(parts));
  Value part = arith::RemUIOp::create(b, task, b.index(parts));
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes = b.sizes(op.getParameter());
  if (stacked) {
    offsets[0] = slice;
    sizes[0] = b.getIndexAttr(1);
  }
  SmallVector<int64_t> partShape(shape);
  if (!shape.empty()) {
    // No rows where there is nothing to do: what stays is then not the
    // result of a branch, which bufferization would copy.
    Value rows = b.index(size / parts);
    offsets[stacked] = b.mul(part, rows);
    sizes[stacked] =
        arith::SelectOp::create(b, isActive(b, op.getActive(), slice), rows,
                                b.index(0))
            .getResult();
    partShape[0] = ShapedType::kDynamic;
  }
  auto partType = RankedTensorType::get(partShape, type.getElementType());
  auto extract = [&](Value v) -> Value {
    return tensor::ExtractSliceOp::create(b, partType, v, offsets, sizes,
                                          strides);
  };
  // Through the shared arguments: reading the outer values would copy them.
  SmallVector<Value> pieces;
  for (BlockArgument shared : forall.getRegionIterArgs())
    pieces.push_back(extract(shared));
  Value gradient = extract(op.getGradient());
  SmallVector<Value> results =
      shape.empty() ? buildGuardedRule(b, op, slice, gradient, pieces)
                    : buildRule(b, op, b.extract(op.getSteps(), slice),
                                gradient, pieces, op.getScale());
  b.setInsertionPointToEnd(forall.getTerminator().getBody());
  for (auto [result, shared] : llvm::zip(results, forall.getRegionIterArgs()))
    tensor::ParallelInsertSliceOp::create(b, result, shared, offsets, sizes,
                                          strides);
  rewriter.replaceOp(op, forall.getResults());
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

Value modc::sliceOne(TensorBuilder &b, Value vector, Value i) {
  SmallVector<OpFoldResult> one = {b.getIndexAttr(1)};
  return tensor::ExtractSliceOp::create(b, vector, SmallVector<OpFoldResult>{i},
                                        one, one);
}

void modc::insertOne(TensorBuilder &b, Value one, Value vector, Value i) {
  SmallVector<OpFoldResult> size = {b.getIndexAttr(1)};
  tensor::ParallelInsertSliceOp::create(
      b, one, vector, SmallVector<OpFoldResult>{i}, size, size);
}

/// Σ x over a vector of f64.
static Value buildSum(TensorBuilder &b, Value vector) {
  Value zero = b.fill(b.empty(RankedTensorType::get({}, b.getF64Type())), 0.0);
  AffineMap identity = b.getMultiDimIdentityMap(1);
  Value sum = b.generic(
      vector, zero, {identity, AffineMap::get(1, 0, b.getContext())}, 1,
      [&](ValueRange v) {
        return SmallVector<Value>{arith::AddFOp::create(b, v[1], v[0])};
      })[0];
  return b.extract(sum, {});
}

static Value toDouble(TensorBuilder &b, Value x) {
  if (x.getType() == b.getF64Type())
    return x;
  return arith::ExtFOp::create(b, b.getF64Type(), x);
}

/// sum + x². That of an f32 is exact in f64, and fused gives the same bits.
static Value addSquare(TensorBuilder &b, Value sum, Value x) {
  auto flags = x.getType() == b.getF64Type() ? arith::FastMathFlags::none
                                             : arith::FastMathFlags::contract;
  x = toDouble(b, x);
  return arith::AddFOp::create(b, sum, arith::MulFOp::create(b, x, x, flags),
                               flags);
}

Value modc::buildSquareSum(TensorBuilder &b, Value part) {
  RankedTensorType type = tensorType(part);
  int64_t rank = type.getRank();
  auto addSquares = [](OpBuilder &n, Location l, ValueRange v) {
    TensorBuilder inner(l, n);
    inner.setInsertionPoint(n.getInsertionBlock(), n.getInsertionPoint());
    linalg::YieldOp::create(inner, addSquare(inner, v[1], v[0]));
  };
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  // One row of all elements: parts are whole rows, one behind the other.
  if (type.hasStaticShape()) {
    if (rank > 1) {
      SmallVector<ReassociationIndices> all(1);
      llvm::append_range(all[0], llvm::seq(rank));
      part = tensor::CollapseShapeOp::create(b, part, all);
      identity = b.getMultiDimIdentityMap(1);
    }
    auto sumType = RankedTensorType::get({}, b.getF64Type());
    Value zero = b.fill(b.empty(sumType), 0.0);
    auto sum = linalg::GenericOp::create(
        b, sumType, part, zero,
        ArrayRef<AffineMap>{identity, AffineMap::get(1, 0, b.getContext())},
        ArrayRef{utils::IteratorType::reduction}, addSquares);
    return b.extract(sum.getResult(0), {});
  }
  auto sumType =
      RankedTensorType::get({type.getShape().back()}, b.getF64Type());
  SmallVector<Value> sizes;
  if (sumType.isDynamicDim(0))
    sizes.push_back(b.dim(part, rank - 1));
  Value zeros = b.fill(b.empty(sumType, sizes), 0.0);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  iterators.back() = utils::IteratorType::parallel;
  AffineMap last =
      AffineMap::get(rank, 0, b.getAffineDimExpr(rank - 1), b.getContext());
  auto columns = linalg::GenericOp::create(b, sumType, part, zeros,
                                           ArrayRef<AffineMap>{identity, last},
                                           iterators, addSquares);
  return buildSum(b, columns.getResult(0));
}

Value modc::buildPartSums(TensorBuilder &b, Value gradient, Value active,
                          bool stacked) {
  RankedTensorType type = tensorType(gradient);
  int64_t slices = stacked ? type.getDimSize(0) : 1;
  ArrayRef<int64_t> shape = type.getShape().drop_front(stacked);
  SliceParts parts = SliceParts::of(shape);
  Value sums =
      b.empty(RankedTensorType::get({slices * parts.count}, b.getF64Type()));
  // One number each.
  if (shape.empty())
    return b.loop(
        b.index(0), b.index(slices), sums, [&](Value i, ValueRange carried) {
          Value g = b.extract(gradient, stacked ? ValueRange(i) : ValueRange());
          Value sum = arith::SelectOp::create(
              b, isActive(b, active, i),
              addSquare(b, b.real(b.getF64Type(), 0), g),
              b.real(b.getF64Type(), 0));
          return SmallVector<Value>{b.insert(sum, carried[0], i)};
        })[0];
  auto sumPart = [&](Value task, Value piece) -> Value {
    Value slice = task, offset = b.index(0);
    OpFoldResult size = b.getIndexAttr(parts.size);
    if (parts.count > 1) {
      slice = arith::DivUIOp::create(b, task, b.index(parts.count));
      Value part = arith::RemUIOp::create(b, task, b.index(parts.count));
      offset = b.mul(part, b.index(parts.size));
      AffineExpr at;
      bindDims(b.getContext(), at);
      if (shape[0] % parts.size)
        size =
            affine::AffineMinOp::create(
                b,
                AffineMap::get(
                    1, 0, {b.getAffineConstantExpr(parts.size), shape[0] - at},
                    b.getContext()),
                ValueRange{offset})
                .getResult();
    }
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes = b.sizes(gradient);
    if (stacked) {
      offsets[0] = slice;
      sizes[0] = b.getIndexAttr(1);
    }
    offsets[stacked] = offset;
    sizes[stacked] = size;
    SmallVector<int64_t> partShape(shape);
    partShape[0] = isa<Value>(size) ? ShapedType::kDynamic : parts.size;
    Value part = tensor::ExtractSliceOp::create(
        b, RankedTensorType::get(partShape, type.getElementType()), gradient,
        offsets, sizes, strides);
    Value trips = arith::SelectOp::create(b, isActive(b, active, slice),
                                          b.index(1), b.index(0));
    Value zero = b.insert(b.real(b.getF64Type(), 0), piece, b.index(0));
    return b.loop(b.index(0), trips, zero, [&](Value, ValueRange carried) {
      return SmallVector<Value>{
          b.insert(buildSquareSum(b, part), carried[0], b.index(0))};
    })[0];
  };
  // A loop over one task would fold and leave a copy behind.
  if (slices * parts.count == 1)
    return sumPart(b.index(0), sums);
  auto forall = scf::ForallOp::create(
      b, ArrayRef<OpFoldResult>{b.getIndexAttr(slices * parts.count)}, sums,
      std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(forall.getTerminator());
  Value task = forall.getInductionVar(0),
        shared = forall.getRegionIterArgs()[0];
  Value piece = sumPart(task, sliceOne(b, shared, task));
  b.setInsertionPointToEnd(forall.getTerminator().getBody());
  insertOne(b, piece, shared, task);
  return forall.getResult(0);
}

void modc::lowerGradientNorm(RewriterBase &rewriter, GradientNormOp op,
                             const DenseMap<unsigned, Value> &sums) {
  TensorBuilder b(op.getLoc(), rewriter);
  b.setInsertionPoint(op);
  Type f64 = b.getF64Type();
  Value total = b.real(f64, 0);
  for (unsigned i = 0, e = op.getGradients().size(); i < e; ++i) {
    Value parts = sums.lookup(i);
    if (!parts)
      parts = buildPartSums(b, op.getGradients()[i], op.getActive()[i],
                            op.getStacked()[i]);
    total = arith::AddFOp::create(b, total, buildSum(b, parts));
  }
  Value norm = math::SqrtOp::create(b, total);
  Value clip = op.getClip();
  Type element = clip.getType();
  if (element != f64)
    clip = arith::ExtFOp::create(b, f64, clip);
  auto isAbove = [&](Value x, Value y) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, y);
  };
  Value clips = arith::AndIOp::create(b, isAbove(clip, b.real(f64, 0)),
                                      isAbove(norm, clip));
  Value scale = arith::SelectOp::create(
      b, clips, arith::DivFOp::create(b, clip, norm), b.real(f64, 1));
  if (element != f64)
    scale = arith::TruncFOp::create(b, element, scale);
  rewriter.replaceOp(op, {norm, scale});
}
