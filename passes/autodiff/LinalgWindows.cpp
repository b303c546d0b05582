//===- LinalgWindows.cpp - Windows of linalg operands ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Folds a tensor over loop indices back to the positions that an operand's map
// reads: the adjoint of taking windows. Each position gathers, so nothing is
// scattered.
//
//===----------------------------------------------------------------------===//

#include "dialect/VJPBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/autodiff/LinalgVJP.h"

using namespace mlir;
using namespace modc;

AffineMap modc::getUnfoldedMap(AffineMap map) {
  if (map.isProjectedPermutation())
    return map;
  SmallVector<AffineExpr> dims;
  for (unsigned i = 0; i < map.getNumDims(); ++i)
    if (map.isFunctionOfDim(i))
      dims.push_back(getAffineDimExpr(i, map.getContext()));
  return AffineMap::get(map.getNumDims(), 0, dims, map.getContext());
}

SmallVector<OpFoldResult> modc::getLoopSizes(OpBuilder &builder,
                                             linalg::LinalgOp op,
                                             ArrayRef<AffineExpr> dims) {
  SmallVector<OpFoldResult> sizes;
  for (AffineExpr dim : dims)
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      std::optional<unsigned> position = map.getResultPosition(dim);
      if (!position)
        continue;
      sizes.push_back(
          tensor::getMixedSize(builder, op.getLoc(), operand.get(), *position));
      break;
    }
  return sizes;
}

namespace {

/// One result of a map: constant + Σ coefficients[d]·d.
struct LinearResult {
  SmallVector<int64_t> coefficients;
  int64_t constant = 0;
  /// The dimension that the position gives when the others are known; none
  /// where the position is only compared.
  std::optional<unsigned> solved;
};

} // namespace

/// Adds `factor`·`expr`; fails if it is not linear.
static bool addTerms(AffineExpr expr, int64_t factor, LinearResult &result) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    result.coefficients[dim.getPosition()] += factor;
    return true;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    result.constant += factor * constant.getValue();
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return addTerms(binary.getLHS(), factor, result) &&
           addTerms(binary.getRHS(), factor, result);
  auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return expr.getKind() == AffineExprKind::Mul && constant &&
         addTerms(binary.getLHS(), factor * constant.getValue(), result);
}

/// Splits the map's dimensions: each result solves for one, the one with the
/// largest step (the output's, in a convolution); the rest are loops.
static bool solve(AffineMap map, SmallVectorImpl<LinearResult> &results,
                  SmallVectorImpl<unsigned> &loops) {
  SmallVector<bool> taken(map.getNumDims(), false);
  for (AffineExpr expr : map.getResults()) {
    LinearResult &result = results.emplace_back();
    result.coefficients.resize(map.getNumDims());
    if (!addTerms(expr, 1, result))
      return false;
    int64_t largest = 0;
    for (unsigned d = 0; d < map.getNumDims(); ++d)
      if (!taken[d] && result.coefficients[d] > largest) {
        largest = result.coefficients[d];
        result.solved = d;
      }
    for (unsigned d = 0; d < map.getNumDims(); ++d)
      if (result.coefficients[d] && !taken[d]) {
        taken[d] = true;
        if (d != result.solved)
          loops.push_back(d);
      }
  }
  return true;
}

Value modc::foldWindows(OpBuilder &builder, Location loc, Value unfolded,
                        AffineMap map, Value like) {
  SmallVector<LinearResult> results;
  SmallVector<unsigned> loops;
  if (!solve(map, results, loops))
    return {};
  auto type = cast<RankedTensorType>(like.getType());
  unsigned rank = type.getRank(), numLoops = rank + loops.size();
  // Where each dimension of the map stands in `unfolded`.
  SmallVector<unsigned> places(map.getNumDims());
  for (auto [i, expr] : llvm::enumerate(getUnfoldedMap(map).getResults()))
    places[cast<AffineDimExpr>(expr).getPosition()] = i;

  // The loops that are no dimension of the result get their bounds from a
  // tensor whose elements nobody reads.
  SmallVector<OpFoldResult> bounds;
  SmallVector<AffineExpr> loopDims;
  for (auto [i, d] : llvm::enumerate(loops)) {
    bounds.push_back(tensor::getMixedSize(builder, loc, unfolded, places[d]));
    loopDims.push_back(builder.getAffineDimExpr(rank + i));
  }
  MLIRContext *context = builder.getContext();
  Value shape =
      tensor::EmptyOp::create(builder, loc, bounds, type.getElementType());
  AffineMap shapeMap = AffineMap::get(numLoops, 0, loopDims, context);
  AffineMap resultMap =
      AffineMap::getMultiDimIdentityMap(numLoops, context).getMajorSubMap(rank);
  SmallVector<Value> solvedSizes(map.getNumDims());
  for (LinearResult &result : results)
    if (result.solved)
      solvedSizes[*result.solved] = getValueOrCreateConstantIndexOp(
          builder, loc,
          tensor::getMixedSize(builder, loc, unfolded, places[*result.solved]));

  return createGeneric(
      builder, loc, shape, {shapeMap, resultMap},
      createZeros(builder, loc, like),
      [&](OpBuilder &b, Location l, ValueRange x) -> Value {
        auto number = [&](int64_t value) -> Value {
          return arith::ConstantIndexOp::create(b, l, value);
        };
        auto compare = [&](arith::CmpIPredicate predicate, Value lhs,
                           Value rhs) -> Value {
          return arith::CmpIOp::create(b, l, predicate, lhs, rhs);
        };
        Value valid = arith::ConstantIntOp::create(b, l, 1, 1);
        auto require = [&](Value condition) {
          valid = arith::AndIOp::create(b, l, valid, condition);
        };
        SmallVector<Value> known(map.getNumDims());
        for (auto [i, d] : llvm::enumerate(loops))
          known[d] = linalg::IndexOp::create(b, l, rank + i);
        for (auto [i, result] : llvm::enumerate(results)) {
          Value rest = linalg::IndexOp::create(b, l, i);
          if (result.constant)
            rest = arith::SubIOp::create(b, l, rest, number(result.constant));
          for (unsigned d = 0; d < map.getNumDims(); ++d) {
            int64_t step = result.coefficients[d];
            if (!step || d == result.solved)
              continue;
            Value part = arith::MulIOp::create(b, l, known[d], number(step));
            rest = arith::SubIOp::create(b, l, rest, part);
          }
          if (!result.solved) {
            require(compare(arith::CmpIPredicate::eq, rest, number(0)));
            continue;
          }
          // rest = step·index, if there is such an index.
          unsigned d = *result.solved;
          Value step = number(result.coefficients[d]);
          Value index = arith::FloorDivSIOp::create(b, l, rest, step);
          require(compare(arith::CmpIPredicate::eq,
                          arith::MulIOp::create(b, l, index, step), rest));
          require(compare(arith::CmpIPredicate::sge, index, number(0)));
          require(compare(arith::CmpIPredicate::slt, index, solvedSizes[d]));
          known[d] = index;
        }
        SmallVector<Value> indices;
        for (AffineExpr expr : getUnfoldedMap(map).getResults())
          indices.push_back(arith::SelectOp::create(
              b, l, valid, known[cast<AffineDimExpr>(expr).getPosition()],
              number(0)));
        Value element = tensor::ExtractOp::create(b, l, unfolded, indices);
        Value zero = createZeros(b, l, element);
        Value term = arith::SelectOp::create(b, l, valid, element, zero);
        return arith::AddFOp::create(b, l, x.back(), term);
      });
}
